"""What a network's inputs are in the units of a table's columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from strates._types import FloatArray

_POINTS = 401


@dataclass(frozen=True, eq=False)
class InputColumns:
    """Inputs that are one column of numbers each, and what their values are in it.

    Attributes
    ----------
    inputs : dict of int to ndarray of shape (n_points,)
        By the input's place: its values at some points, ascending.
    values : dict of int to ndarray of shape (n_points,)
        The column's at the same points.
    """

    inputs: dict[int, FloatArray]
    values: dict[int, FloatArray]

    def value(self, place: int, number: float) -> float | None:
        """Return what an input's number is in its column; None where it is no column of numbers, or far outside.

        Examples
        --------
        >>> doubled = InputColumns({0: np.array([0.0, 2.0])}, {0: np.array([0.0, 1.0])})
        >>> doubled.value(0, 1.0), doubled.value(0, 5.0), doubled.value(1, 1.0)
        (0.5, None, None)
        """
        inputs = self.inputs.get(place)
        if inputs is None or not inputs[0] <= number <= inputs[-1]:
            return None
        return float(np.interp(number, inputs, self.values[place]))


def input_columns(steps: Any, table: pd.DataFrame, names: tuple[str, ...]) -> InputColumns:
    """Ask the steps before a network what they make of values of each column of numbers.

    Parameters
    ----------
    steps : fitted Pipeline
        All but the classifier.
    table : DataFrame of shape (n_rows, n_columns)
        Rows as they take them.
    names : tuple of str
        Of the network's inputs.

    Returns
    -------
    InputColumns
        Of the columns that become one input of the same name, which rises with them.
    """
    numbers = [
        name
        for name in table.select_dtypes("number").columns
        if str(name) in names and table[name].notna().any() and table[name].nunique() > 1
    ]
    if not numbers:
        return InputColumns({}, {})
    asked = table.iloc[[0] * _POINTS].reset_index(drop=True)
    for name in numbers:
        low, high = float(table[name].min()), float(table[name].max())
        asked[name] = np.linspace(low - (high - low), high + (high - low), _POINTS)
    answers = np.asarray(steps.transform(asked), float)
    inputs, values = {}, {}
    for name in numbers:
        place = names.index(str(name))
        if (np.diff(answers[:, place]) > 0).all():
            inputs[place], values[place] = answers[:, place], asked[name].to_numpy()
    return InputColumns(inputs, values)
