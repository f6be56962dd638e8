"""The columns that a model learned from, and whether another table has them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from strates.datasets import column_types
from strates.exceptions import DataError
from strates.inspection import Record

#: With so many distinct texts or more, a column is encoded by its characters, and no text is unknown (skrub's default).
TEXT_FROM = 40
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_WORDS = {"number": "numbers", "boolean": "true or false", "datetime": "dates", "text": "text"}
_MENDS = {
    "number": "Write numbers only, and leave a missing one empty",
    "boolean": "Write true or false, and leave a missing value empty",
    "datetime": "Write dates like 2030-12-31, and leave a missing one empty",
    "text": "Write the categories as they were",
}


@dataclass(frozen=True)
class LearnedColumn(Record):
    """A feature as it was at the fit.

    Attributes
    ----------
    name : str
    type : str
        "number", "boolean", "datetime" or "text".
    categories : tuple of str or None
        Every text that it held; None where it is no column of categories.
    numeric : bool
        Whether a text column held a text that reads as a number.
    """

    name: str
    type: str
    categories: tuple[str, ...] | None = None
    numeric: bool = False


def learn_columns(X: pd.DataFrame, kinds: Mapping[str, str] | None = None) -> tuple[LearnedColumn, ...]:
    """Take down the columns of a table.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_features)
    kinds : mapping of str to str, optional
        What skrub's ``TableVectorizer`` took each column for (its ``column_to_kind_``): a text may be a date.

    Returns
    -------
    tuple of LearnedColumn

    Examples
    --------
    >>> [column.type for column in learn_columns(pd.DataFrame({"mass": [3.5], "island": ["Dream"]}))]
    ['number', 'text']
    """
    learned = []
    for name, word in column_types(X).items():
        if word != "text":
            learned.append(LearnedColumn(name, word))
            continue
        texts = X[name].dropna().astype(str).unique()
        kind = "low_cardinality" if kinds is None else kinds.get(name)
        categories = tuple(sorted(texts)) if kind == "low_cardinality" and len(texts) < TEXT_FROM else None
        learned.append(LearnedColumn(name, word, categories, any(map(_NUMBER.fullmatch, texts))))
    return tuple(learned)


def check_names(learned: Sequence[LearnedColumn], present: Sequence[str], where: str) -> list[str]:
    """Refuse a table that lacks a column.

    Parameters
    ----------
    learned : sequence of LearnedColumn
    present : sequence of str
        Columns of the table.
    where : str
        The table, for the message.

    Returns
    -------
    list of str
        Columns that the model does not know, which are left alone.

    Raises
    ------
    DataError
        Naming what is missing, and what might be meant.
    """
    names = [column.name for column in learned]
    missing = [name for name in names if name not in present]
    extra = [name for name in present if name not in names]
    if not missing:
        return extra
    lowered = {name.strip().lower(): name for name in extra}
    shown = []
    for name in missing[:8]:
        near = difflib.get_close_matches(name.strip().lower(), lowered, n=1, cutoff=0.6)
        shown.append(f"{name!r} (is it {lowered[near[0]]!r}?)" if near else repr(name))
    more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
    raise DataError(
        f"{where} lacks {_count(len(missing), 'column')} of the {len(names)} that the model learned from: "
        f"{', '.join(shown)}{more}. Add {'it' if len(missing) == 1 else 'them'}, under the same name"
        f"{'' if len(missing) == 1 else 's'}; where the values are unknown, leave them empty."
    )


def check_types(
    learned: Sequence[LearnedColumn], found: Mapping[str, str], rows: pd.DataFrame | None, where: str
) -> None:
    """Refuse a table in which a column turned from numbers, booleans or dates into something else.

    Whether a column of text still is one, only its values tell: see :class:`TableCheck`.

    Parameters
    ----------
    learned : sequence of LearnedColumn
    found : mapping of str to str
        The type of each column of the table.
    rows : DataFrame or None
        The first rows, to show a value at fault.
    where : str
        The table, for the message.

    Raises
    ------
    DataError
        Naming the column, both types, and how to mend it.
    """
    for column in learned:
        word = found[column.name]
        # text may be dates that a text file does not mark as such; a column without a value has numbers' type
        may_be_read = column.type in (word, "text", "datetime") or (column.type, word) == ("boolean", "number")
        if not may_be_read:
            raise DataError(_changed(column, word, where, _example(column, word, rows)))


def _changed(column: LearnedColumn, word: str, where: str, example: str = "") -> str:
    return (
        f"Column {column.name!r} of {where} holds {_WORDS[word]}{example}, but the model learned it as "
        f"{_WORDS[column.type]}. {_MENDS[column.type]}; or train again on data where {column.name!r} holds "
        f"{_WORDS[word]}."
    )


def _example(column: LearnedColumn, word: str, rows: pd.DataFrame | None) -> str:
    values = pd.Series(dtype="str") if rows is None else rows[column.name].dropna()
    if word == "text" and column.type == "number":
        values = values[~values.astype(str).map(_is_number)]
    return f" ({str(values.iloc[0])!r} in row {values.index[0] + 1})" if len(values) else ""


@dataclass
class TableCheck:
    """Looks at the values of a table that passes chunk by chunk, and counts the categories that are new.

    Attributes
    ----------
    learned : tuple of LearnedColumn
    where : str
        The table, for messages.
    unknown : dict of str to dict
        For each column the new categories and their rows.
    """

    learned: tuple[LearnedColumn, ...]
    where: str
    unknown: dict[str, dict[str, int]] = field(default_factory=dict)
    _seen: bool = False

    def see(self, chunk: pd.DataFrame) -> None:
        """Look at a chunk.

        Raises
        ------
        DataError
            A column of text holds nothing but numbers, which it never did.
        """
        for column in self.learned:
            if column.type != "text":
                continue
            values = chunk[column.name].dropna().astype(str)
            if not self._seen and not column.numeric and len(values) and values.map(_is_number).all():
                raise DataError(
                    _changed(column, "number", self.where, f" ({values.iloc[0]!r} in row {values.index[0] + 1})")
                )
            if column.categories is not None:
                self._count(column.name, values[~values.isin(column.categories)])
        self._seen = True

    def _count(self, name: str, values: pd.Series[Any]) -> None:
        if not len(values):
            return
        counts = self.unknown.setdefault(name, {})
        for value, count in values.value_counts().items():
            counts[str(value)] = counts.get(str(value), 0) + int(count)

    def notes(self) -> list[str]:
        """Return a sentence for each column with new categories."""
        notes = []
        for name, counts in self.unknown.items():
            ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            shown = ", ".join(f"{value!r} ({count})" for value, count in ordered[:5])
            shown += f" and {len(ordered) - 5} more" if len(ordered) > 5 else ""
            notes.append(
                f"Column {name!r} holds {_count(len(ordered), 'category', 'categories')} that the model never saw, in "
                f"{_count(sum(counts.values()), 'row')}: {shown}. It takes them for none of those that it knows."
            )
        return notes


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _count(n: int, noun: str, plural: str = "") -> str:
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
