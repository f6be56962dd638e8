"""The values that a column of a table may take, and what a change to one of them costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from strates._types import FloatArray

#: Columns of text with more values are text, not categories: :func:`strates.tabular_pipeline` has the same bound.
MAX_CATEGORIES = 40
_FEW_CATEGORIES = 10
_MOST_DECIMALS = 6
_FINEST = 1e-4  # of the scale: a grid is no finer, or its steps would be of no use to a reader
_ROUND_NUMBERS = 10  # values, at least, from whose trailing zeros a grid of tens, hundreds, ... is inferred


@dataclass(frozen=True, eq=False)
class ColumnDomain:
    """What one column may hold.

    Numbers lie on a grid of multiples of ``step`` between ``low`` and ``high``; categories are numbered in the order of
    ``values``.

    Attributes
    ----------
    name : Any
        The column's label.
    position : int
        Its place in the table.
    values : tuple or None
        The categories; None of numbers.
    low, high : float
        Ends of the range, of numbers.
    step : float
        Of the grid.
    decimals : int
        How many digits the grid's points have behind the point; negative where they end in zeros.
    scale : float
        The change of a number that costs ``cost``: the interquartile range, or the standard deviation where that is 0.
    cost : float
        Of a change by ``scale``, or to another category.
    direction : {-1, 0, 1}
        Whether a number may only fall, do both, or only rise.
    """

    name: Any
    position: int
    values: tuple[Any, ...] | None = None
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    decimals: int = 0
    scale: float = 1.0
    cost: float = 1.0
    direction: int = 0

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.values is None

    @property
    def signs(self) -> tuple[int, ...]:
        """The directions in which a number may move."""
        return (self.direction,) if self.direction else (-1, 1)

    def encode(self, column: pd.Series[Any]) -> FloatArray:
        """Return a column as numbers: its own, or those of the categories; NaN where it is missing or unknown."""
        if self.values is None:
            numbers = np.array(column.to_numpy(dtype=float, na_value=np.nan), dtype=float)
            return np.where(np.isfinite(numbers), numbers, np.nan)
        number = {value: place for place, value in enumerate(self.values)}
        # a category that the background lacks is none to move to, but may be left
        codes = [np.nan if pd.isna(value) else float(number.get(value, -1)) for value in column.tolist()]
        return np.array(codes, dtype=float)

    def room(self, values: FloatArray, sign: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return, for numbers, the first point of the grid in a direction, and how many there are from it to the end.

        Parameters
        ----------
        values : ndarray of shape (n,)
        sign : {-1, 1}

        Returns
        -------
        first : ndarray of shape (n,)
            In steps from 0.
        count : ndarray of shape (n,)
            Zero at the end, and for a missing number.
        """
        known = np.nan_to_num(values) / self.step
        slack = 1e-6  # of a step: 0.3 / 0.1 is a little less than 3
        low, high = np.ceil(self.low / self.step - slack), np.floor(self.high / self.step + slack)
        if sign > 0:
            first = np.maximum(np.floor(known + slack) + 1, low)
            count = high - first + 1
        else:
            first = np.minimum(np.ceil(known - slack) - 1, high)
            count = first - low + 1
        count = np.where(np.isnan(values), 0, np.maximum(count, 0))
        return first.astype(np.int64), count.astype(np.int64)

    def point(self, steps: NDArray[np.int64]) -> FloatArray:
        """Return points of the grid as numbers, such as 39.1 and not 39.10000000000001."""
        return np.round(steps * self.step, max(self.decimals, 0))

    def distance(self, before: FloatArray, after: FloatArray) -> FloatArray:
        """Return what changes cost, of shape (n,)."""
        if self.values is not None:
            return np.where(before == after, 0.0, self.cost)
        return np.asarray(self.cost * np.abs(after - before) / self.scale)


def number_grid(numbers: FloatArray, dtype: Any, scale: float) -> tuple[float, int]:
    """Return the step of the grid that a column's numbers lie on, and its decimals.

    It is the largest power of ten of which all are multiples: 1 for whole numbers, 0.1 where they have one decimal, 100
    where all of ten or more end in two zeros; but no finer than 1/10,000 of their scale.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
        Finite; one at least.
    dtype : dtype
        Of the column.
    scale : float

    Returns
    -------
    step : float
    decimals : int

    Examples
    --------
    >>> number_grid(np.array([39.1, 40.0, 42.25]), np.float64, 1.0)
    (0.01, 2)
    >>> number_grid(np.arange(12) * 100.0, np.int64, 400.0)
    (100.0, -2)
    """
    short = np.float32 if pd.api.types.is_dtype_equal(dtype, np.float32) else np.float64
    distinct = np.unique(numbers)
    kept = distinct.astype(short)

    def written(decimals: int) -> bool:
        return bool((np.round(distinct, decimals).astype(short) == kept).all())

    finest = -int(np.floor(np.log10(scale * _FINEST)))
    decimals = next((d for d in range(_MOST_DECIMALS) if written(d)), finest)
    if decimals == 0 and len(distinct) >= _ROUND_NUMBERS:
        while decimals > -12 and written(decimals - 1):
            decimals -= 1
    decimals = min(decimals, finest)
    return float(10.0**-decimals), decimals


def number_scale(numbers: FloatArray) -> float:
    """Return the interquartile range, the standard deviation where that is zero, or zero for a constant."""
    if not len(numbers):
        return 0.0
    low, high = np.quantile(numbers, [0.25, 0.75])
    return float(high - low) or float(numbers.std())


def categories_of(column: pd.Series[Any]) -> list[Any]:
    """Return the values of a column, the commonest first, without those that are missing."""
    return list(column.dropna().value_counts().index)


def is_text(values: Sequence[Any], n_rows: int) -> bool:
    """Return whether so many values mean text rather than categories."""
    return len(values) > MAX_CATEGORIES or (len(values) > _FEW_CATEGORIES and 2 * len(values) > n_rows)
