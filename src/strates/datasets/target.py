"""The column to predict, taken off a table and made fit for classification."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from strates.datasets.check_table import check_table
from strates.exceptions import DataError, StratesWarning, TargetError, did_you_mean

# up to so many distinct numbers may be classes whatever the rows
_FEW = 20
# more distinct numbers than that are classes if they have so many rows each, on average
_ROWS_PER_CLASS = 5


def split_target(frame: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Split a table into features and labels, and check that the labels can be learned.

    Parameters
    ----------
    frame : pandas.DataFrame
        Features and target.
    target : str
        The column to predict.

    Returns
    -------
    X : pandas.DataFrame of shape (n_samples, n_features)
        The other columns, for the rows that have a label; the frame's index is kept.
    y : pandas.Series of shape (n_samples,)
        The labels, none missing: int64 (also for whole numbers stored as floats), bool or text. A few distinct numbers
        with decimals (marks from 0.5 to 5) become text, ``"0.5"``.

    Raises
    ------
    TargetError
        No such column (the nearest names are given); a continuous target; nearly as many labels as rows; fewer than
        two rows or one class only; a class with a single row; labels of mixed types.
    DataError
        What :func:`check_table` refuses in the features.

    Warns
    -----
    StratesWarning
        Rows without a label, which are left out; numbers with decimals taken as class names.

    Examples
    --------
    >>> frame = pd.DataFrame({"height": [3, 4, 9, 8], "kind": ["oak", "oak", "pine", "pine"]})
    >>> X, y = split_target(frame, "kind")
    >>> list(X.columns), y.tolist()
    (['height'], ['oak', 'oak', 'pine', 'pine'])
    """
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"Expected a pandas DataFrame, got {type(frame).__name__}. Wrap it: pandas.DataFrame(data).")
    check_target_name(target, list(frame.columns))
    if isinstance(frame[target], pd.DataFrame):
        raise TargetError(f"The target {target!r} names several columns. Give each column its own name.")
    labelled = frame[target].notna()
    warn_of_unlabelled(int((~labelled).sum()), len(frame), target)
    kept = frame if labelled.all() else frame[labelled]
    y = _plain_labels(kept[target], target)
    tally = y.value_counts(sort=False)
    counts: dict[Any, int] = dict(zip(tally.index.tolist(), tally.tolist(), strict=True))
    check_labels(counts, target)
    X = kept.drop(columns=[target])
    if X.shape[1] == 0:
        raise DataError(f"The table has no column besides the target {target!r}; expected at least one feature.")
    check_table(X)
    return X, y.map(class_names(counts, target)) if pd.api.types.is_float_dtype(y.dtype) else y


def check_target_name(target: str, columns: list[str]) -> None:
    """Refuse a target that is not a column, giving the nearest names."""
    if target not in columns:
        raise TargetError(f"There is no column {target!r} to predict. {did_you_mean(str(target), map(str, columns))}")


def warn_of_unlabelled(count: int, total: int, target: str) -> None:
    """Warn that rows without a label are left out."""
    if count:
        warnings.warn(
            f"{count} of {total} rows have no label in the target {target!r} and are left out. If NA or the like is "
            "the name "
            "of a class, read the file with missing=().",
            StratesWarning,
            stacklevel=3,
        )


def _plain_labels(y: pd.Series[Any], target: str) -> pd.Series[Any]:
    """Undo categories and nullable dtypes; whole floats become integers."""
    if isinstance(y.dtype, pd.CategoricalDtype):
        y = y.astype(y.cat.categories.dtype)
    if pd.api.types.is_datetime64_any_dtype(y.dtype) or pd.api.types.is_timedelta64_dtype(y.dtype):
        raise TargetError(
            f"The target {target!r} holds dates; expected classes. Make classes of them first, such as the weekday: "
            f"frame[{target!r}].dt.day_name()."
        )
    if pd.api.types.is_bool_dtype(y.dtype):
        return y.astype(bool)
    if pd.api.types.is_numeric_dtype(y.dtype):
        values = y.to_numpy(dtype=np.float64)
        if np.isinf(values).any():
            raise TargetError(f"The target {target!r} holds infinite values; expected classes. Remove those rows.")
        whole = pd.api.types.is_integer_dtype(y.dtype) or bool((values == np.floor(values)).all())
        return y.astype(np.int64 if whole else np.float64)
    kinds = sorted({type(label).__name__ for label in y.unique()})
    if len(kinds) > 1:
        raise TargetError(
            f"The target {target!r} holds labels of mixed types ({', '.join(kinds)}); expected one. Make them all "
            "text: "
            f"frame[{target!r}] = frame[{target!r}].astype(str)."
        )
    return y


def check_labels(counts: Mapping[Any, int], target: str) -> None:
    """Refuse labels from which no classifier can be learned.

    Parameters
    ----------
    counts : mapping of label to int
        Rows of each label, missing ones left out.
    target : str
        The column, for the message.

    Raises
    ------
    TargetError
    """
    rows, distinct = sum(counts.values()), len(counts)
    if rows < 2:
        raise TargetError(
            f"The target {target!r} has {rows} row{'' if rows == 1 else 's'} with a label; expected at least two rows "
            "of each of "
            "two classes. Add rows."
        )
    if distinct == 1:
        raise TargetError(
            f"The target {target!r} has one class only, {next(iter(counts))!r}, in all {rows} rows; expected at least "
            "two "
            "classes. Add rows of another class, or choose another target."
        )
    check_not_continuous(counts, target)
    single = [label for label, count in counts.items() if count == 1]
    if single:
        shown = ", ".join(repr(label) for label in single[:8]) + (", ..." if len(single) > 8 else "")
        several = len(single) > 1
        raise TargetError(
            f"The target {target!r} has {'classes' if several else 'a class'} with a single row: {shown}; expected at "
            "least two "
            f"rows a class, one to learn from and one to test. Remove {'those rows' if several else 'that row'}, or "
            "merge "
            f"{'these classes' if several else 'the class'} with another."
        )


def check_not_continuous(counts: Mapping[Any, int], target: str) -> None:
    """Refuse a quantity, and a name that nearly every row has for itself."""
    rows, distinct = sum(counts.values()), len(counts)
    if _are_numbers(counts):
        fractions = any(isinstance(label, float) and label != np.floor(label) for label in counts)
        if fractions:
            continuous = distinct > min(_FEW, rows / 2)
        else:
            continuous = distinct > max(_FEW, rows / _ROWS_PER_CLASS)
        if continuous:
            raise TargetError(
                f"The target {target!r} looks continuous: {distinct} distinct "
                f"{'numbers' if fractions else 'whole numbers'} in "
                f"{rows} rows; expected a few classes. To predict the quantity itself use a regression library; to "
                "predict a "
                f"range of it make classes first: frame[{target!r}] = pandas.qcut(frame[{target!r}], 3).astype(str)."
            )
    elif distinct > max(_FEW, rows / 2):
        raise TargetError(
            f"The target {target!r} has {distinct} distinct labels in {rows} rows, as an identifier has; expected a "
            "few classes "
            "with many rows each. Choose another target, or merge its classes."
        )


def _are_numbers(labels: Mapping[Any, int]) -> bool:
    return all(isinstance(label, (int, float, np.number)) and not isinstance(label, bool) for label in labels)


def class_names(labels: Mapping[Any, int], target: str) -> dict[Hashable, str]:
    """Return text for each of a few numbers with decimals: a classifier takes such numbers for a quantity."""
    names: dict[Hashable, str] = {label: repr(float(label)) for label in labels}
    warnings.warn(
        f"The target {target!r} holds numbers with decimals; its {len(names)} distinct values were taken as the names "
        "of "
        f"classes: {', '.join(list(names.values())[:8])}{', ...' if len(names) > 8 else ''}.",
        StratesWarning,
        stacklevel=3,
    )
    return names
