"""What is in a table, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from strates.datasets.fingerprint import table_fingerprint
from strates.exceptions import TargetError, did_you_mean
from strates.inspection.mistakes import value_text
from strates.inspection.outcome import class_names
from strates.inspection.record import Record

MAX_CATEGORIES = 40  # above it skrub's TableVectorizer, too, treats a column of strings as text


@dataclass(frozen=True)
class ColumnSummary(Record):
    """One column.

    Attributes
    ----------
    name : str
        Its name.
    kind : str
        ``number``, ``category``, ``text`` (more than 40 distinct strings), ``boolean``, ``date``, ``constant`` or
        ``empty``.
    n_missing : int
        Rows without a value.
    n_distinct : int
        Distinct values, missing ones aside.
    summary : str
        Range and median of numbers, range of dates, commonest values with their counts of others.
    """

    name: str
    kind: str
    n_missing: int
    n_distinct: int
    summary: str


@dataclass(frozen=True)
class DataSummary(Record):
    """A table with its target.

    Attributes
    ----------
    n_rows : int
        Rows.
    target : str
        The column to predict.
    columns : tuple of ColumnSummary
        The other columns, in order.
    classes : tuple of str
        The labels, the commonest first.
    counts : tuple of int
        Rows of each label.
    n_missing_target : int
        Rows without a label.
    n_complete : int
        Rows without any missing value.
    n_duplicates : int
        Rows that repeat an earlier one, target included.
    fingerprint : str
        64 hexadecimal digits that change when a value, the order of the rows, or a column's name changes.
    """

    n_rows: int
    target: str
    columns: tuple[ColumnSummary, ...]
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    n_missing_target: int
    n_complete: int
    n_duplicates: int
    fingerprint: str


def _hashable(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return the column, as strings where its values (lists, dicts) cannot be counted."""
    if column.dtype != object:
        return column
    try:
        pd.factorize(column)
    except TypeError:
        return column.map(str, na_action="ignore")
    return column


def _kind(column: pd.Series[Any], n_distinct: int) -> str:
    if n_distinct == 0:
        return "empty"
    if n_distinct == 1:
        return "constant"
    if pd.api.types.is_bool_dtype(column) or all(
        isinstance(value, (bool, np.bool_)) for value in column.dropna().unique()
    ):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        return "number"
    return "category" if isinstance(column.dtype, pd.CategoricalDtype) or n_distinct <= MAX_CATEGORIES else "text"


def _commonest(column: pd.Series[Any], n_shown: int = 3) -> str:
    counts = column.value_counts()
    counts = counts[counts > 0]
    shown = [f"{value_text(value)} ({count})" for value, count in list(counts.items())[:n_shown]]
    others = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {others} more" if others > 0 else "")


def _summarize_column(name: Any, column: pd.Series[Any]) -> ColumnSummary:
    column = _hashable(column)
    n_missing, n_distinct = int(column.isna().sum()), int(column.nunique())
    kind = _kind(column, n_distinct)
    if kind == "empty":
        summary = "no value"
    elif kind == "constant":
        summary = f"always {value_text(column.dropna().iloc[0])}"
    elif kind == "number":
        low, high, median = column.min(), column.max(), column.median()
        summary = f"{value_text(low)} to {value_text(high)}, median {value_text(median)}"
    elif kind == "date":
        summary = f"{column.min():%Y-%m-%d} to {column.max():%Y-%m-%d}"
    elif kind == "text":
        summary = f"e.g. {value_text(column.dropna().iloc[0])}"
    else:
        summary = _commonest(column)
    return ColumnSummary(str(name), kind, n_missing, n_distinct, summary)


def summarize_data(frame: pd.DataFrame, target: Any) -> DataSummary:
    """Describe a table, column by column.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        The whole table, target included.
    target : str
        The column to predict.

    Returns
    -------
    DataSummary

    Raises
    ------
    TargetError
        ``target`` is not a column, or several columns bear its name.

    Examples
    --------
    >>> frame = pd.DataFrame({"mass": [3.5, 4.0, None], "sex": ["f", "m", "f"], "kind": ["a", "b", "a"]})
    >>> summary = summarize_data(frame, "kind")
    >>> [(column.name, column.kind, column.n_missing, column.summary) for column in summary.columns]
    [('mass', 'number', 1, '3.5 to 4, median 3.75'), ('sex', 'category', 0, 'f (2), m (1)')]
    >>> summary.classes, summary.counts
    (('a', 'b'), (2, 1))
    """
    places = [number for number, name in enumerate(frame.columns) if name == target]
    if len(places) != 1:
        if places:
            raise TargetError(f"{len(places)} columns are named {target!r}; the target must be one. Rename the others.")
        raise TargetError(f"The table has no column {target!r}. {did_you_mean(str(target), map(str, frame.columns))}")
    labels = _hashable(frame.iloc[:, places[0]])
    balance = labels.value_counts()
    balance = balance[balance > 0]
    columns = tuple(
        _summarize_column(name, frame.iloc[:, number])
        for number, name in enumerate(frame.columns)
        if number != places[0]
    )
    plain = pd.concat([_hashable(frame.iloc[:, number]) for number in range(frame.shape[1])], axis=1)
    return DataSummary(
        n_rows=len(frame),
        target=str(target),
        columns=columns,
        classes=class_names(balance.index.tolist()),
        counts=tuple(int(count) for count in balance),
        n_missing_target=int(labels.isna().sum()),
        n_complete=int(frame.notna().all(axis=1).sum()),
        n_duplicates=int(plain.duplicated().sum()),
        fingerprint=table_fingerprint(frame),
    )
