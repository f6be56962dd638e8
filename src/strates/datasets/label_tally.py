"""The labels of a column too long to hold, counted as it passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.types as kinds

from strates.datasets.target import check_labels, check_not_continuous, class_names
from strates.exceptions import TargetError

_MOST_LABELS = 100_000


@dataclass(frozen=True, eq=False)
class LabelTally:
    """What one pass over the target found.

    Attributes
    ----------
    counts : dict of label to int
        Rows of each class, the classes sorted.
    unlabelled : int
        Rows without a label.
    names : dict of value to label
        What stands in the file, and the label that it means: ``"1"`` or ``1.0`` mean ``1``.
    """

    counts: dict[Any, int]
    unlabelled: int
    names: dict[Any, Any]

    def labels(self, column: Any) -> pd.Series[Any]:
        """Turn a column without missing values, as it stands in the file, into labels."""
        values: pd.Series[Any] = column.to_pandas()
        first = next(iter(self.counts))
        dtype: Any = "str" if isinstance(first, str) else bool if isinstance(first, bool) else np.int64
        return values.map(self.names).astype(dtype)


def labelled(table: pa.Table, target: str) -> pa.Table:
    """Return the rows that have a label, text labels without the spaces around them."""
    position = table.schema.get_field_index(target)
    column = table.column(position)
    if kinds.is_string(column.type):
        column = pyarrow.compute.utf8_trim_whitespace(column)
        table = table.set_column(position, target, column)
        return table.filter(pyarrow.compute.not_equal(column, ""))
    return table.filter(pyarrow.compute.invert(pyarrow.compute.is_null(column, nan_is_null=True)))


def tally_labels(tables: Iterator[pa.Table], target: str, *, decimal: str | None, as_text: bool) -> LabelTally:
    """Count the labels in one pass and check that they can be learned.

    Parameters
    ----------
    tables : iterator of pyarrow.Table
        The target alone.
    target : str
        Its name.
    decimal : str or None
        Of numbers in a text file; ``None`` where the file has types of its own.
    as_text : bool
        Leave labels as the text that they are, even if they are all numbers.

    Returns
    -------
    LabelTally

    Raises
    ------
    TargetError
        As :func:`split_target`.
    """
    found: dict[Any, int] = {}
    rows = 0
    for table in tables:
        rows += table.num_rows
        column = labelled(table, target).column(0)
        if kinds.is_timestamp(column.type):
            raise TargetError(f"The target {target!r} holds dates; expected classes. Make classes of them first.")
        for pair in pyarrow.compute.value_counts(column).to_pylist():
            found[pair["values"]] = found.get(pair["values"], 0) + pair["counts"]
        if len(found) > _MOST_LABELS:
            break
    names = _meaning(found, decimal, as_text=as_text)
    counts: dict[Any, int] = {}
    for value, count in found.items():
        counts[names[value]] = counts.get(names[value], 0) + count
    if any(isinstance(label, float) and not np.isfinite(label) for label in counts):
        raise TargetError(f"The target {target!r} holds infinite values; expected classes. Remove those rows.")
    if len(found) > _MOST_LABELS:
        check_not_continuous(counts, target)
        raise TargetError(
            f"The target {target!r} has more than {_MOST_LABELS} distinct labels, as an identifier has; expected a few "
            "classes with many rows each. Choose another target, or merge its classes."
        )
    check_labels(counts, target)
    if isinstance(next(iter(counts)), float):
        texts = class_names(counts, target)
        names = {value: texts[label] for value, label in names.items()}
        counts = {texts[label]: count for label, count in counts.items()}
    ordered = {label: counts[label] for label in sorted(counts)}
    return LabelTally(counts=ordered, unlabelled=rows - sum(counts.values()), names=names)


def _meaning(found: dict[Any, int], decimal: str | None, *, as_text: bool) -> dict[Any, Any]:
    """Return the label that each value means: a boolean, an integer, a float or a text."""
    values = list(found)
    if not values or as_text:
        return {value: value for value in values}
    if decimal is not None:
        if set(values) <= {"true", "True", "TRUE", "false", "False", "FALSE"}:
            return {value: value.lower() == "true" for value in values}
        meant = _numbers([value.replace(decimal, ".") for value in values])
        if meant is None:
            return {value: value for value in values}
    else:
        meant = values
    if isinstance(meant[0], float) and all(np.isfinite(number) and number == np.floor(number) for number in meant):
        meant = [int(number) for number in meant]
    return dict(zip(values, meant, strict=True))


def _numbers(texts: list[str]) -> list[Any] | None:
    """Return the numbers that all of the texts are, whole ones exactly, or None."""
    for type_ in (pa.int64(), pa.float64()):
        try:
            numbers: list[Any] = pyarrow.compute.cast(pa.array(texts), type_).to_pylist()
        except pa.ArrowInvalid:
            continue
        return numbers if np.isfinite(numbers).all() else None
    return None
