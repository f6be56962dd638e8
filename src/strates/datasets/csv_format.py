"""How a delimited text is written: found out from its first records."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import pyarrow.csv

from strates.datasets.column_names import check_names
from strates.datasets.csv_trouble import damaged_gzip, not_in_encoding
from strates.datasets.table_file import TableFile
from strates.exceptions import ParameterError, TableError

MISSING_MARKS = ("NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", "?")
"""What a delimited text writes for a missing value, besides nothing at all. ``None`` and ``none`` are not among them:
they name a category in many tables."""

_DELIMITERS = (",", ";", "\t", "|")
_HEAD_BYTES = 1 << 22
_RECORDS_TO_SNIFF = 100
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+")
# the longer mark first: UTF-32's starts with UTF-16's
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class CsvFormat:
    """The dialect of one delimited text.

    Attributes
    ----------
    file : TableFile
        Where the text is.
    encoding : str
        A codec's name; UTF-8 is spelled "utf-8-sig", which also takes a leading byte-order mark.
    delimiter : str
        One character.
    decimal : str
        "." or ",".
    header : tuple of str
        The columns' names, without surrounding spaces.
    header_rows : int
        Records before the first row of data: the header and any blank line above it.
    missing : tuple of str
        What means a missing value, besides nothing or spaces.
    """

    file: TableFile
    encoding: str
    delimiter: str
    decimal: str
    header: tuple[str, ...]
    header_rows: int
    missing: tuple[str, ...]

    @property
    def is_utf8(self) -> bool:
        """Whether the bytes are UTF-8, hence need no translation."""
        return self.encoding == "utf-8-sig"

    def open_text(self) -> TextIO:
        """Open the text with its own line endings, as the csv module wants it."""
        return io.TextIOWrapper(self.file.open_bytes(), encoding=self.encoding, newline="")

    def open_arrow(self) -> Any:
        """Open the bytes as a pyarrow stream, gzip undone."""
        return pyarrow.input_stream(str(self.file.path), compression="gzip" if self.file.compressed else None)

    def read_options(self, *, skip: int, block_size: int, encoding: str | None = None) -> Any:
        """Return pyarrow's ``ReadOptions``: ``skip`` records to pass over, ``block_size`` in bytes."""
        return pyarrow.csv.ReadOptions(
            column_names=self.header,
            skip_rows_after_names=skip,
            block_size=block_size,
            encoding=encoding or ("utf8" if self.is_utf8 else self.encoding),
        )

    def parse_options(self) -> Any:
        """Return pyarrow's ``ParseOptions``; quoted values may hold line breaks."""
        return pyarrow.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True)

    def convert_options(self, *, columns: list[str], types: dict[str, Any]) -> Any:
        """Return pyarrow's ``ConvertOptions`` for some columns, those in ``types`` being of a given type."""
        # numbers are read without the spaces around them, so marks have to be known with theirs
        padded = [form for mark in self.missing for form in (mark, f" {mark}", f"{mark} ", f" {mark} ")]
        marks = [*(" " * width for width in range(9)), *padded]
        return pyarrow.csv.ConvertOptions(
            include_columns=columns,
            column_types=types,
            null_values=marks,
            strings_can_be_null=True,
            true_values=["true", "True", "TRUE"],
            false_values=["false", "False", "FALSE"],
            decimal_point=self.decimal,
        )


def sniff_csv(file: TableFile, *, encoding: str | None = None, missing: Sequence[str] = MISSING_MARKS) -> CsvFormat:
    """Find out how a delimited text is written.

    Parameters
    ----------
    file : TableFile
        What to look into; up to 4 MB are read.
    encoding : str or None
        A codec's name. ``None`` is UTF-8, or UTF-16/32 where a byte-order mark says so.
    missing : sequence of str
        What means a missing value.

    Returns
    -------
    CsvFormat

    Raises
    ------
    TableError
        Nothing but blank lines, a header that is not usable, bytes that are not of the encoding, a damaged gzip.
    ParameterError
        An encoding that Python does not know.
    """
    if isinstance(missing, str):
        raise ParameterError(f"missing is the text {missing!r}; expected a tuple of texts: ({missing!r},).")
    head, whole = _read_head(file)
    codec = _codec(head, encoding)
    if codec == "utf-8-sig" and b"\0" in head:
        raise TableError(
            f"{file.path} holds NUL bytes, which no text has: it is binary data, or text in UTF-16 without its mark. "
            "Export it as CSV in UTF-8, or pass encoding='utf-16'."
        )
    text = _decode(file, head, codec, whole)
    if not text.strip():
        raise TableError(
            f"{file.path} holds blank lines only; expected a header line and rows. Export the table again."
        )
    delimiter = file.delimiter or _find_delimiter(text)
    records = _records(text, delimiter)
    first = next(index for index, record in enumerate(records) if record)
    header = tuple(name.lstrip("\ufeff").strip() for name in records[first])
    check_names(header, str(file.path))
    decimal = "," if delimiter != "," and _has_decimal_commas(records[first + 1 :]) else "."
    return CsvFormat(file, codec, delimiter, decimal, header, first + 1, tuple(missing))


def _read_head(file: TableFile) -> tuple[bytes, bool]:
    try:
        with file.open_bytes() as opened:
            head = opened.read(_HEAD_BYTES)
            return head, len(head) < _HEAD_BYTES
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged_gzip(file, error) from error


def _codec(head: bytes, encoding: str | None) -> str:
    if encoding is not None:
        try:
            name = codecs.lookup(encoding).name
        except LookupError as error:
            raise ParameterError(
                f"encoding is {encoding!r}, which Python does not know. Try 'utf-8', 'cp1252' (Windows, western "
                "Europe), "
                "'latin-1' or 'utf-16'."
            ) from error
        return "utf-8-sig" if name == "utf-8" else name
    return next((codec for mark, codec in _BYTE_ORDER_MARKS if head.startswith(mark)), "utf-8-sig")


def _decode(file: TableFile, head: bytes, codec: str, whole: bool) -> str:
    try:
        # the head may end within a character: only at the end of the file is that an error
        text = codecs.getincrementaldecoder(codec)().decode(head, final=whole)
    except UnicodeDecodeError as error:
        raise not_in_encoding(file, codec) from error
    cut = max(text.rfind("\n"), text.rfind("\r"))
    return text if whole or cut < 0 else text[: cut + 1]


def _records(text: str, delimiter: str) -> list[list[str]]:
    """Return the first records, blank ones included: an empty list each."""
    records: list[list[str]] = []
    filled = 0
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            records.append(record)
            filled += bool(record)
            if filled == _RECORDS_TO_SNIFF:
                break
    except csv.Error:
        # a field of more than 128 KiB: the records before it are enough to find the dialect
        if not filled:
            records.append(text.strip().splitlines()[0].split(delimiter))
    return records


def _find_delimiter(text: str) -> str:
    """Take the delimiter that cuts the most records into as many fields as the header, then into the most fields."""
    best, chosen = (0.0, 1), ","
    for delimiter in _DELIMITERS:
        records = [record for record in _records(text, delimiter) if record]
        width = len(records[0])
        if width > 1:
            agreeing = sum(len(record) == width for record in records) / len(records)
            if (agreeing, width) > best:
                best, chosen = (agreeing, width), delimiter
    return chosen


def _has_decimal_commas(records: list[list[str]]) -> bool:
    fields = [field.strip() for record in records for field in record]
    return any(map(_DECIMAL_COMMA.fullmatch, fields)) and not any(map(_DECIMAL_POINT.fullmatch, fields))
