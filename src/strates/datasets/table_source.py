"""What a stream asks of a file, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa


class TableSource(Protocol):
    """A table in a file, readable in order or piece by piece, a little at a time.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    types : dict of str to pyarrow.DataType
        The columns that are read, in order, with the type that every part has.
    """

    path: Path
    types: dict[str, Any]

    def count_rows(self) -> int:
        """Return the number of rows."""

    def count_pieces(self) -> int:
        """Return the number of pieces that can be read without reading what comes before them."""

    def tables(self, columns: list[str], piece: int | None = None) -> Iterator[pa.Table]:
        """Yield small tables of some columns: the whole file in order, or one piece of it in order."""


def rechunk(tables: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Yield tables of exactly ``rows`` rows, the last one shorter."""
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        while count >= rows:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, rows)
            waiting, count = [joined.slice(rows)], count - rows
            del joined
    if count:
        yield pa.concat_tables(waiting)
