"""A Parquet file, a few thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa

from strates.datasets.column_types import arrow_type, conform, plain
from strates.datasets.read_parquet import open_parquet, parquet_explained

# of each column, so that a pass holds little more than the pages being decoded
_ROWS_AT_ONCE = 1 << 14


class ParquetSource:
    """A Parquet file as a source; its pieces are the row groups.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    columns : list of str
        Those to read.
    words : mapping of str to str
        "number", "boolean", "datetime" or "text" for columns to be turned into that.
    """

    def __init__(self, path: Path, columns: list[str], words: Mapping[str, str]) -> None:
        self.path = path
        self._words = dict(words)
        with open_parquet(path) as opened:
            metadata = opened.metadata
            sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
            empty = plain(opened.schema_arrow.empty_table().select(columns), str(path))
        self._starts: list[int] = [0, *accumulate(sizes)]
        self.types: dict[str, Any] = {
            field.name: arrow_type(words[field.name]) if field.name in words else field.type for field in empty.schema
        }

    def count_rows(self) -> int:
        """Return the number of rows, from the file's metadata."""
        return self._starts[-1]

    def count_pieces(self) -> int:
        """Return the number of row groups."""
        return len(self._starts) - 1

    def tables(self, columns: list[str], piece: int | None = None) -> Iterator[pa.Table]:
        """Yield small tables of the whole file, or of one row group."""
        row = 1 if piece is None else self._starts[piece] + 1
        groups = None if piece is None else [piece]
        with parquet_explained(self.path), open_parquet(self.path) as opened:
            for batch in opened.iter_batches(_ROWS_AT_ONCE, row_groups=groups, columns=columns):
                table = plain(pa.Table.from_batches([batch]).select(columns), str(self.path))
                yield conform(table, self._words, str(self.path), first_row=row)
                row += batch.num_rows
