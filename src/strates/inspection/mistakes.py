"""The rows on which the classifier is sure and wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates.inspection.importance import can_shuffle, column_names
from strates.inspection.outcome import Outcome, class_names
from strates.inspection.record import Record

_MAX_VALUES = 30


@dataclass(frozen=True)
class Mistake(Record):
    """A row predicted wrong.

    Attributes
    ----------
    row : str
        Its label in the table's index, or its position in an array.
    true, predicted : str
        Its class, and the answer.
    probability : float
        Probability given to the answer.
    true_probability : float
        Probability given to the true class.
    values : dict of str to str
        The row, column by column (the first 30); empty for images and sparse matrices.
    """

    row: str
    true: str
    predicted: str
    probability: float
    true_probability: float
    values: dict[str, str]


def value_text(value: Any) -> str:
    """Return a cell as people read it: about five digits of a number, nothing for a missing value.

    Parameters
    ----------
    value : Any
        A cell of a table.

    Returns
    -------
    str

    Examples
    --------
    >>> value_text(39.099998), value_text(179310.5), value_text(None), value_text("male")
    ('39.1', '179310', '', 'male')
    """
    if value is None or value != value or str(value) in {"<NA>", "NaT"}:  # NaN alone differs from itself
        return ""
    if isinstance(value, (float, np.floating)):
        number = float(value)
        whole = abs(number) < 1e15 and (abs(number) >= 1e4 or number.is_integer())
        return f"{number:.0f}" if whole else f"{number:.5g}"
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _is_missing(value: Any) -> bool:
    return value is None or str(value) in {"<NA>", "NaT", "nan"}


def _values(X: Any, row: int) -> dict[str, str]:
    if not can_shuffle(X):
        return {}
    cells = X.iloc[row].tolist() if hasattr(X, "columns") else X[row].tolist()
    pairs = list(zip(column_names(X), cells, strict=True))[:_MAX_VALUES]
    return {name: value_text(None if _is_missing(cell) else cell) for name, cell in pairs}


def confident_mistakes(outcome: Outcome, X: Any, *, n_mistakes: int = 12) -> tuple[Mistake, ...]:
    """Return the wrong answers that were given the highest probability.

    Parameters
    ----------
    outcome : Outcome
        What the classifier said of ``X``.
    X : DataFrame or array of n_rows rows
        The rows.
    n_mistakes : int, default=12
        How many to return at most.

    Returns
    -------
    tuple of Mistake
        The surest first.
    """
    names = class_names(outcome.classes)
    wrong = np.flatnonzero(~outcome.correct)
    given = outcome.probability[wrong, outcome.predicted[wrong]]
    found = []
    for row in wrong[np.argsort(-given, kind="stable")][:n_mistakes].tolist():
        truth, answer = outcome.truth[row], outcome.predicted[row]
        found.append(
            Mistake(
                row=str(X.index[row]) if hasattr(X, "index") else str(row),
                true=names[truth],
                predicted=names[answer],
                probability=float(outcome.probability[row, answer]),
                true_probability=float(outcome.probability[row, truth]),
                values=_values(X, row),
            )
        )
    return tuple(found)
