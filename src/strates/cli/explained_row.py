"""One row of a table that a model is to explain, and the class to explain it by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from strates.cli.columns import LearnedColumn
from strates.cli.evaluate_job import as_labels
from strates.cli.fresh_rows import open_rows
from strates.cli.model_card import ModelCard
from strates.cli.sources import Source
from strates.exceptions import DataError, ParameterError, TargetError, did_you_mean


@dataclass(frozen=True, eq=False)
class ExplainedRow:
    """A row, and a label for it.

    Attributes
    ----------
    X : DataFrame of shape (1, n_features)
    label : object
        One of the model's classes: the row's own, or the one that was asked for.
    own : object
        The row's class as the table has it; None where it has none.
    notes : list of str
        What is to be said of the row.
    """

    X: pd.DataFrame
    label: Any
    own: Any
    notes: list[str]

    @property
    def is_supposed(self) -> bool:
        """Whether the row is explained by a class that is not known to be its own."""
        return self.own is None or bool(self.label != self.own)


def read_row(source: Source, card: ModelCard, classes: list[Any], number: int, label: str | None) -> ExplainedRow:
    """Find a row, reading no further than it takes.

    Parameters
    ----------
    source : Source
    card : ModelCard
    classes : list
        The model's labels.
    number : int
        The row, from 0.
    label : str or None
        The class to explain the row by; None for its own.

    Returns
    -------
    ExplainedRow

    Raises
    ------
    DataError
        A column is missing or of another type, or there are no rows.
    ParameterError
        There is no such row, or no such class.
    TargetError
        The row's class is needed, and the table does not tell it.
    """
    asked = None if label is None else _class_named(label, classes)
    present = source.columns()
    if label is None and card.target not in present:
        raise TargetError(
            f"{source.given} has no column {card.target!r}, and without its class a row has no loss. "
            f"{did_you_mean(card.target, present)} Or say with --label which class to suppose."
        )
    extra = (card.target,) if card.target in present else ()
    # read as text where the model's labels are text, even if all here look like numbers
    types = {card.target: "text"} if extra and all(isinstance(one, str) for one in classes) else {}
    rows, seen = open_rows(source, card, extra=extra, types=types), 0
    for X, chunk in rows:
        place = number - seen
        if place < len(chunk):
            own = chunk[card.target].iloc[place] if extra else None
            if label is None:
                asked = own = _own_class(own, classes, card.target, f"Row {number} of {source.given}")
            else:
                own = _known_class(own, classes)
            row = X.iloc[[place]]
            return ExplainedRow(row, asked, own, _new_categories(card.columns, row))
        seen += len(chunk)
    if not seen:
        raise DataError(f"{source.given} has no rows to explain; expected at least one. Check the file.")
    count = "1 row" if seen == 1 else f"{seen:,} rows"
    raise ParameterError(
        f"--row {number}: {source.given} has {count}, counted from 0. Give a number from 0 to {seen - 1}."
    )


def _class_named(label: str, classes: list[Any]) -> Any:
    for one in classes:
        if str(one) == label:
            return one
    raise ParameterError(f"--label {label!r} is not a class that the model knows. {did_you_mean(label, classes)}")


def _own_class(value: Any, classes: list[Any], target: str, where: str) -> Any:
    advice = f"To explain it as if it were of some class, add --label and one of: {', '.join(map(str, classes[:12]))}"
    advice += ", ..." if len(classes) > 12 else "."
    if pd.isna(value):
        raise TargetError(f"{where} has no label in {target!r}, and without its class a row has no loss. {advice}")
    known = _known_class(value, classes)
    if known not in classes:
        raise TargetError(
            f"{where} has the label {str(value)!r} in {target!r}, which the model never learned. {advice}"
        )
    return known


def _known_class(value: Any, classes: list[Any]) -> Any:
    """Return a label of a table as the model has it, as text where it has it not, and None where it is missing."""
    if value is None or pd.isna(value):
        return None
    try:
        return as_labels(pd.Series([value]), classes, "", "")[0].item()
    except TargetError:
        return str(value)


def _new_categories(columns: tuple[LearnedColumn, ...], row: pd.DataFrame) -> list[str]:
    notes = []
    for column in columns:
        value = row[column.name].iloc[0]
        if column.categories is not None and not pd.isna(value) and str(value) not in column.categories:
            notes.append(
                f"The row holds {str(value)!r} in column {column.name!r}, which the model never saw. It takes it for "
                "none of the categories that it knows."
            )
    return notes
