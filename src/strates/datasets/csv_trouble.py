"""What went wrong in a delimited text, found by reading it again with Python's own csv module.

The fast reader stops at the first trouble but counts rows in its own way, and not at all when it has
several threads. These functions are slow and run only once something has failed.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

from strates.datasets.table_file import TableFile
from strates.exceptions import TableError

if TYPE_CHECKING:
    from strates.datasets.csv_format import CsvFormat

# a field may be longer than the csv module's default of 128 KiB; this is the most that a C long of 32 bits holds
_LONGEST_FIELD = 2**31 - 1


def damaged_gzip(file: TableFile, error: Exception) -> TableError:
    """Return the error for a gzip file that does not unpack."""
    return TableError(
        f"{file.path} is a damaged gzip file ({error}); expected one that unpacks to its end. It may have been cut "
        "short: "
        "copy or compress it again."
    )


def not_in_encoding(file: TableFile, codec: str) -> TableError:
    """Return the error that says which byte, where, is not of the encoding."""
    decoder = codecs.getincrementaldecoder(codec)()
    name = {"utf-8-sig": "UTF-8"}.get(codec, codec)
    before = lines = 0
    with file.open_bytes() as opened:
        while block := opened.read(1 << 20):
            # what the decoder still holds of the last block comes before this one
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                bad: bytes = error.object
                line = lines + bad.count(b"\n", 0, error.start) + 1
                position = before - pending + error.start
                return TableError(
                    f"{file.path} is not written in {name}: byte 0x{bad[error.start]:02X} at position {position} (line "
                    f"{line}) does not belong there. {_other_encoding(bad, error.start, codec)}"
                )
            before += len(block)
            lines += block.count(b"\n")
    return TableError(
        f"{file.path} is not written in {name}: its last character is cut short. Save the file again as UTF-8, or pass "
        "the encoding it has."
    )


def _other_encoding(content: bytes, position: int, codec: str) -> str:
    if codec != "utf-8-sig":
        return "Pass the encoding that the file has, or save it again as UTF-8."
    before = re.split(rb"[\r\n]", content[max(0, position - 12) : position])[-1]
    after = re.split(rb"[\r\n]", content[position : position + 12])[0]
    shown = (before + after).decode("cp1252", errors="replace")
    advice = "if so, pass encoding='cp1252'; or save the file again as UTF-8."
    return f"Read as Windows-1252 that place says {shown!r}: {advice}"


def explain(format_: CsvFormat, error: Exception, types: dict[str, Any] | None = None) -> TableError:
    """Turn what pyarrow raised on a text into an error that says where and how to mend it.

    Parameters
    ----------
    format_ : CsvFormat
        The text.
    error : Exception
        What pyarrow raised.
    types : dict of str to pyarrow.DataType, optional
        The types that columns were read as.

    Returns
    -------
    TableError
    """
    path, message = format_.file.path, str(error)
    if format_.file.compressed and ("zlib" in message or "compressed stream" in message):
        return damaged_gzip(format_.file, error)
    if isinstance(error, UnicodeError) or "invalid UTF8" in message:
        return not_in_encoding(format_.file, format_.encoding)
    if "Expected" in message and "columns" in message:
        found = _first_ragged(format_)
        if found is not None:
            return found
    if "conversion error" in message and types:
        found = _first_misfit(format_, types)
        if found is not None:
            return found
    return TableError(
        f"{path} could not be read as text in columns separated by {format_.delimiter!r}: {message}. "
        "A quotation mark that is opened and never closed is the usual cause."
    )


def unclosed_quote(format_: CsvFormat) -> TableError | None:
    """Return the error for a text that ends within quotation marks: one value swallowed all after the opening one."""
    start = 1
    try:
        for _, line in _records(format_, strict=True):
            start = line + 1
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return TableError(
                f'{format_.file.path}: a quotation mark (") opened in line {start} is never closed, and the rest of '
                "the "
                'file was taken for one value. Close it, or write it twice ("") where it is part of a value.'
            )
    return None


def first_misfit(format_: CsvFormat, column: str, fits: Callable[[str], bool], expected: str) -> TableError | None:
    """Return the error for the first value of a column that does not fit, if there is one."""
    position = format_.header.index(column)
    for record, line in _data(format_):
        if position < len(record):
            value = record[position].strip()
            if value and value not in format_.missing and not fits(value):
                return TableError(
                    f"{format_.file.path}, line {line}: column {column!r} should hold {expected} but holds {value!r} "
                    "there. "
                    "Correct the value, write NA for a missing one, or read the column as text: "
                    f"types={{{column!r}: 'text'}}."
                )
    return None


def _first_misfit(format_: CsvFormat, types: dict[str, Any]) -> TableError | None:
    for column, type_ in types.items():
        if not pa.types.is_string(type_):
            found = first_misfit(format_, column, _fits(type_, format_.decimal), _EXPECTED.get(type_, str(type_)))
            if found is not None:
                return found
    return None


_EXPECTED = {pa.float64(): "numbers", pa.bool_(): "true or false", pa.timestamp("us"): "dates (like 2030-12-31)"}


def _fits(type_: Any, decimal: str) -> Callable[[str], bool]:
    def fits(value: str) -> bool:
        if pa.types.is_boolean(type_):
            return value in ("true", "True", "TRUE", "false", "False", "FALSE")
        try:
            pyarrow.compute.cast(pa.array([value.replace(decimal, ".")]), type_)
        except pa.ArrowInvalid:
            return False
        return True

    return fits


def _first_ragged(format_: CsvFormat) -> TableError | None:
    width = len(format_.header)
    for record, line in _data(format_):
        if len(record) != width:
            unclosed = unclosed_quote(format_) if any("\n" in field for field in record) else None
            return unclosed or TableError(
                f"{format_.file.path}, line {line}: found {len(record)} field{'' if len(record) == 1 else 's'}, "
                "expected "
                f"{width} as in the header (separated by {format_.delimiter!r}). Put a value that holds "
                f"{format_.delimiter!r} in quotation marks, and give each row as many fields as the header."
            )
    return None


def _data(format_: CsvFormat) -> Any:
    records = _records(format_, strict=False)
    for _ in range(format_.header_rows):
        next(records)
    return ((record, line) for record, line in records if record)


def _records(format_: CsvFormat, *, strict: bool) -> Any:
    """Yield each record with the number of its last line."""
    limit = csv.field_size_limit(_LONGEST_FIELD)
    try:
        with format_.open_text() as text:
            reader = csv.reader(text, delimiter=format_.delimiter, strict=strict)
            for record in reader:
                yield record, reader.line_num
    finally:
        csv.field_size_limit(limit)
