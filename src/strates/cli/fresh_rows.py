"""A table that a model has not seen, checked against what it learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from strates.cli.columns import TableCheck, check_names, check_types
from strates.cli.model_card import ModelCard
from strates.cli.sources import Source
from strates.datasets import check_table, column_types
from strates.exceptions import TableError, did_you_mean

#: Rows of a chunk.
CHUNK_ROWS = 32768


@dataclass(frozen=True, eq=False)
class FreshRows:
    """Chunks of a table whose columns are those of a model.

    Attributes
    ----------
    chunks : iterable of DataFrame
    names : list of str
        The features, in the model's order.
    ignored : list of str
        Columns that the model does not know and that were not asked for.
    check : TableCheck
        Has seen the chunks that were taken so far.
    """

    chunks: Any
    names: list[str]
    ignored: list[str]
    check: TableCheck

    def __iter__(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Yield the features of a chunk, and all that was read of it."""
        for chunk in self.chunks:
            X = chunk[self.names]
            self.check.see(X)
            yield X, chunk


def open_rows(
    source: Source, card: ModelCard, *, extra: Sequence[str] = (), types: dict[str, str] | None = None
) -> FreshRows:
    """Open a table for a model, having checked its columns by name and type.

    Parameters
    ----------
    source : Source
    card : ModelCard
        Of the model.
    extra : sequence of str
        Columns wanted besides the model's.
    types : dict of str to str, optional
        Of extra columns whose type is known.

    Returns
    -------
    FreshRows

    Raises
    ------
    DataError
        A column is missing, or is of another type.
    """
    present = source.columns()
    ignored = check_names(card.columns, present, source.given)
    for name in extra:
        if name not in present:
            raise TableError(f"{source.given} has no column {name!r}. {did_you_mean(name, present)}")
    names = [column.name for column in card.columns]
    wanted = list(dict.fromkeys([*names, *extra]))
    check = TableCheck(card.columns, source.given)
    ignored = [name for name in ignored if name not in extra]
    if source.path is None:
        frame = source.read()[wanted]
        check_types(card.columns, column_types(frame), frame, source.given)
        check_table(frame[names])
        return FreshRows([frame], names, ignored, check)
    as_it_stands = source.stream(columns=names, chunk_rows=CHUNK_ROWS)
    check_types(card.columns, as_it_stands.types, next(iter(as_it_stands), None), source.given)
    known = {column.name: column.type for column in card.columns} | (types or {})
    return FreshRows(source.stream(columns=wanted, types=known, chunk_rows=CHUNK_ROWS), names, ignored, check)
