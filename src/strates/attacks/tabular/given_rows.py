"""What a user gives an attack on a table, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from strates._types import AnyArray
from strates.exceptions import DataError, TargetError, did_you_mean


def as_frame(X: Any, what: str) -> tuple[pd.DataFrame, bool]:
    """Return rows as a table, and whether they were an array."""
    if isinstance(X, pd.DataFrame):
        frame, as_array = X, False
    else:
        array = np.asarray(X)
        if array.ndim != 2 or array.dtype.kind not in "fiub":
            raise DataError(
                f"{what} has shape {array.shape} and dtype {array.dtype}; expected rows by columns of numbers. Give a "
                "DataFrame where columns have types of their own; for images there are PGD and its like."
            )
        frame, as_array = pd.DataFrame(array, columns=[f"x{place}" for place in range(array.shape[1])]), True
    if 0 in frame.shape:
        raise DataError(f"{what} has shape {frame.shape}; expected one row and one column at least.")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f"{what} has two columns {twice!r}; give each a name of its own.")
    return frame, as_array


def each_row(target: Any, n_rows: int) -> Any:
    """Return a label for each row, where one is given for all."""
    return [target] * n_rows if np.ndim(target) == 0 else target


def label_codes(labels: Any, classes: AnyArray, n_rows: int, what: str) -> NDArray[np.intp]:
    """Return the numbers of labels among the classes."""
    values = np.asarray(labels, dtype=object).ravel()
    if len(values) != n_rows:
        raise DataError(f"X has {n_rows} rows and {what} has {len(values)} labels; they must be as many.")
    place = {label: code for code, label in enumerate(classes.tolist())}
    unknown = [value for value in values.tolist() if value not in place]
    if unknown:
        raise TargetError(
            f"{what} holds {unknown[0]!r}, which the classifier never learned. "
            f"{did_you_mean(str(unknown[0]), map(str, place))}"
        )
    return np.array([place[value] for value in values.tolist()], dtype=np.intp)
