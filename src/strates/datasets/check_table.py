"""What no table may hold when a classifier is to use it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from strates.exceptions import DataError


def check_table(frame: pd.DataFrame) -> None:
    """Refuse a table with no row or column, duplicate names or infinite numbers.

    Parameters
    ----------
    frame : pandas.DataFrame
        Features, with or without the target.

    Raises
    ------
    DataError
        Naming the column, the first row by the frame's index, and how to mend it.

    Examples
    --------
    >>> check_table(pd.DataFrame({"speed": [1.0, float("inf")]}))
    Traceback (most recent call last):
    strates.exceptions.DataError: Column 'speed' holds an infinite value (inf) in row 1 of the index...
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"Expected a pandas DataFrame, got {type(frame).__name__}. Wrap it: pandas.DataFrame(data).")
    if frame.shape[1] == 0:
        raise DataError("The table has no column; expected at least one feature. Check which columns were chosen.")
    if len(frame) == 0:
        raise DataError(f"The table has {frame.shape[1]} columns and no row; expected at least one row.")
    twice = frame.columns[frame.columns.duplicated()].unique()
    if len(twice):
        shown = ", ".join(repr(name) for name in twice[:8])
        raise DataError(f"Duplicate column names: {shown}. Give each column its own name.")
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        if not pd.api.types.is_float_dtype(column.dtype):
            continue
        infinite = np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan))
        if infinite.any():
            first, count = int(infinite.argmax()), int(infinite.sum())
            others = "" if count == 1 else f" and in {count - 1} other{'s' if count > 2 else ''}"
            raise DataError(
                f"Column {name!r} holds an infinite value ({column.iloc[first]}) in row {frame.index[first]} of the "
                "index"
                f"{others}; expected finite numbers. Correct it (a division by zero?) or make it missing: "
                "frame.replace([numpy.inf, -numpy.inf], numpy.nan)."
            )
