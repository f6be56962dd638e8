"""A delimited text, a few megabytes at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.types as kinds

from strates.datasets.column_types import arrow_type, plain
from strates.datasets.csv_format import CsvFormat
from strates.datasets.read_csv import check_last_row, explained, parse_csv, with_dates_as_text
from strates.exceptions import TableError

_SAMPLE_CHARACTERS = 1 << 23
# the reader parses some thirty blocks ahead, and a record has to fit into one
_BLOCK_BYTES = 1 << 20
_RECORDS_PER_BLOCK = 16
_PIECE_BYTES = 1 << 22
_LARGEST_PIECE_BYTES = 1 << 26


class CsvSource:
    """A delimited text as a source; its types are found from its first 8 MB and then hold for all of it.

    Pieces are stretches of about 4 MB that end with a record. A compressed text, or one in UTF-16, cannot be entered
    in the middle and is one piece.

    Parameters
    ----------
    format_ : CsvFormat
        How the text is written.
    columns : list of str
        Those to read.
    words : mapping of str to str
        "number", "boolean", "datetime" or "text" for columns whose type is known.
    """

    def __init__(self, format_: CsvFormat, columns: list[str], words: Mapping[str, str]) -> None:
        self.path = format_.file.path
        self._format = format_
        self._block_bytes = _BLOCK_BYTES
        fixed = {name: arrow_type(words[name]) for name in columns if name in words}
        self.types: dict[str, Any] = self._find_types(columns, fixed)

    def count_rows(self) -> int:
        """Return the number of rows, from one pass over the text."""
        first = next(iter(self.types))
        return sum(table.num_rows for table in self._read_on([first], {first: pa.string()}))

    def count_pieces(self) -> int:
        """Return the number of pieces."""
        return max(1, len(self._bounds) - 1)

    def tables(self, columns: list[str], piece: int | None = None) -> Iterator[pa.Table]:
        """Yield small tables of the whole text, or of one piece."""
        types = {name: self.types[name] for name in columns}
        if piece is None or not self._bounds:
            yield from self._read_on(columns, types)
            return
        start, end = self._bounds[piece], self._bounds[piece + 1]
        with self.path.open("rb") as opened:
            opened.seek(start)
            content = opened.read(end - start)
        if content.strip():
            skip = self._format.header_rows if piece == 0 else 0
            with explained(self._format, types):
                yield parse_csv(
                    io.BytesIO(content), self._format, columns=columns, types=types, skip=skip, threads=False
                )

    def _read_on(self, columns: list[str], types: dict[str, Any]) -> Iterator[pa.Table]:
        """Yield the whole text in order, in bounded memory."""
        format_ = self._format
        table = None
        with explained(format_, types):
            reader = pyarrow.csv.open_csv(
                format_.open_arrow(),
                read_options=format_.read_options(skip=format_.header_rows, block_size=self._block_bytes),
                parse_options=format_.parse_options(),
                convert_options=format_.convert_options(columns=columns, types=types),
            )
            for batch in reader:
                if batch.num_rows:
                    table = pa.Table.from_batches([batch])
                    yield table
        if table is not None:
            check_last_row(table, format_)

    def _find_types(self, columns: list[str], fixed: dict[str, Any]) -> dict[str, Any]:
        format_ = self._format
        with explained(format_, fixed), format_.open_text() as text:
            sample = text.read(_SAMPLE_CHARACTERS).encode()
            whole = not text.read(1)
        if not whole:
            cut, _ = _last_record_end(sample, quotes_before=0)
            sample = sample[: cut or None]

        def parse(names: list[str], types: dict[str, Any]) -> pa.Table:
            with explained(format_, types):
                return parse_csv(
                    io.BytesIO(sample),
                    format_,
                    columns=names,
                    types=types,
                    skip=format_.header_rows,
                    encoding="utf8",
                )

        table = with_dates_as_text(parse(columns, fixed), lambda names, types: parse(names, {**types, **fixed}))
        if table.num_rows == 0:
            raise TableError(
                f"{self.path} has a header ({len(format_.header)} columns) and no row below it; expected at least one. "
                "Export the table again."
            )
        self._block_bytes = max(_BLOCK_BYTES, _RECORDS_PER_BLOCK * (len(sample) // table.num_rows))
        plain_types = {field.name: field.type for field in plain(table.select(columns), str(self.path)).schema}
        # a column of whole numbers so far may have decimals, or a missing value, further down
        return {name: pa.float64() if kinds.is_integer(type_) else type_ for name, type_ in plain_types.items()}

    @cached_property
    def _bounds(self) -> list[int]:
        """Byte positions between the pieces; empty where the text can only be read from its start."""
        if self._format.file.compressed or "\n".encode(self._format.encoding.replace("-sig", "")) != b"\n":
            return []
        bounds = [0]
        position = quotes = 0
        with self.path.open("rb") as opened:
            while block := opened.read(_PIECE_BYTES):
                cut, quotes_after = _last_record_end(block, quotes_before=quotes)
                quotes = quotes_after
                if cut:
                    bounds.append(position + cut)
                position += len(block)
                if position - bounds[-1] > _LARGEST_PIECE_BYTES:
                    return []
        if quotes % 2:
            return []
        return bounds if bounds[-1] == position else [*bounds, position]


def _last_record_end(block: bytes, *, quotes_before: int) -> tuple[int, int]:
    """Return the position behind the last line end outside quotation marks, 0 if none, and the count of marks so far.

    A line end lies outside when the marks before it are even in number: each opening mark has its closing one, and
    a doubled mark within a value counts twice.
    """
    total = quotes_before + block.count(b'"')
    quotes, end = total, len(block)
    while (cut := block.rfind(b"\n", 0, end)) >= 0:
        quotes -= block.count(b'"', cut, end)
        if quotes % 2 == 0:
            return cut + 1, total
        end = cut
    return 0, total
