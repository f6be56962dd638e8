"""A short proof that two tables are the same."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from strates.datasets.column_types import column_type


def table_fingerprint(frame: pd.DataFrame) -> str:
    """Hash a table: its columns, their types, every value, and the order of both.

    The index is left out; so is whether a number is stored as integer or float, in 32 bits or 64, and whether a text is
    a category. Numbers count as float64: two integers above 2**53 may be taken for one.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table of numbers, booleans, dates and text.

    Returns
    -------
    str
        The SHA-256, 64 hexadecimal digits.

    Examples
    --------
    >>> one = table_fingerprint(pd.DataFrame({"a": [1, 2]}))
    >>> one == table_fingerprint(pd.DataFrame({"a": [1.0, 2.0]})), one == table_fingerprint(pd.DataFrame({"a": [2, 1]}))
    (True, False)
    """
    digest = hashlib.sha256(f"{len(frame)} rows".encode())
    for position, name in enumerate(map(str, frame.columns)):
        column = frame.iloc[:, position]
        word = column_type(column.dtype)
        digest.update(f"\0{len(name)}:{name}:{word}".encode())
        digest.update(_column_bytes(column, word))
    return digest.hexdigest()


def _column_bytes(column: pd.Series[Any], word: str) -> bytes:
    absent = column.isna().to_numpy()
    if word == "text":
        texts = [b"" if gone else str(value).encode() for value, gone in zip(column, absent, strict=True)]
        lengths = np.fromiter(map(len, texts), dtype="<i8", count=len(texts))
        return absent.tobytes() + lengths.tobytes() + b"".join(texts)
    if word == "datetime":
        # in microseconds, whatever the unit; pandas keeps a zone's instants in UTC
        instants = pd.DatetimeIndex(column).as_unit("us").asi8
        return absent.tobytes() + instants.astype("<i8").tobytes()
    values = column.to_numpy(dtype=np.float64, na_value=np.nan).astype("<f8")
    # one NaN for all, and no minus zero
    return absent.tobytes() + (np.where(absent, np.nan, values) + 0.0).tobytes()
