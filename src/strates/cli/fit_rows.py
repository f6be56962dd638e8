"""The rows that a model learned from and those that were held out, found again in its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from strates.cli.film_plan import read_request
from strates.cli.model_card import ModelCard
from strates.cli.sources import Source, is_streamed
from strates.cli.table_parts import read_parts, stream_parts
from strates.exceptions import DataError, ModelFileError


@dataclass(frozen=True, eq=False)
class FitRows:
    """Rows of a table as a fit divided it.

    Attributes
    ----------
    X : DataFrame of shape (n_rows, n_features)
        Rows that were learned from.
    y : array-like of shape (n_rows,)
    X_test, y_test : the same, or None
        Rows that were held out.
    same_table : bool
        Whether the table is the one of the fit, by its fingerprint.
    notes : list of str
        What is to be said of the table.
    """

    X: Any
    y: Any
    X_test: Any
    y_test: Any
    same_table: bool
    notes: list[str]


def rows_of_the_fit(source: Source, card: ModelCard) -> FitRows | None:
    """Split a table as the fit did.

    Parameters
    ----------
    source : Source
    card : ModelCard

    Returns
    -------
    FitRows or None
        None where it is another table.
    """
    try:
        request = read_request(card.command)
        if is_streamed(source, request.stream):
            watched = bool(card.settings.get("early_stopping"))
            parts = stream_parts(source, card.target, request.test_size, request.seed, watched=watched)
        else:
            parts = read_parts(source, card.target, request.test_size, request.seed)
    except (DataError, ModelFileError):
        return None  # what is wrong with it is said where all its rows are read
    if parts.data.fingerprint != card.fingerprint:
        return None
    names = [column.name for column in card.columns]
    return FitRows(parts.X_train[names], parts.y_train, parts.X_test[names], parts.y_test, True, list(parts.notes))
