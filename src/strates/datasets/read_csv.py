"""A whole delimited text as a pyarrow table, its types found from all of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.types as kinds

from strates.datasets.column_types import arrow_type
from strates.datasets.csv_format import CsvFormat
from strates.datasets.csv_trouble import explain, first_misfit, unclosed_quote
from strates.exceptions import TableError

# a record has to fit into one block
_BLOCK_BYTES = 1 << 24


@contextmanager
def explained(format_: CsvFormat, types: dict[str, Any] | None = None) -> Iterator[None]:
    """Turn what the fast reader raises into a TableError that says where."""
    try:
        yield
    except (pa.ArrowInvalid, OSError, EOFError, UnicodeError) as error:
        raise explain(format_, error, types) from error


def parse_csv(
    source: Any,
    format_: CsvFormat,
    *,
    columns: list[str],
    types: dict[str, Any],
    skip: int,
    encoding: str | None = None,
    threads: bool = True,
) -> pa.Table:
    """Parse one text, or a part of it that starts at a record, with the types left open found from it."""
    options = format_.read_options(skip=skip, block_size=_BLOCK_BYTES, encoding=encoding)
    options.use_threads = threads
    return pyarrow.csv.read_csv(
        source,
        read_options=options,
        parse_options=format_.parse_options(),
        convert_options=format_.convert_options(columns=columns, types=types),
    )


def with_dates_as_text(table: pa.Table, again: Callable[[list[str], dict[str, Any]], pa.Table]) -> pa.Table:
    """Read anew, as text, the columns that were taken for dates or times of day.

    Whether a text is a date is left to the preprocessing, which learns the format from the training rows: dates
    guessed file by file would change type with one odd value.
    """
    dates = [field.name for field in table.schema if kinds.is_temporal(field.type)]
    if dates:
        texts = again(dates, dict.fromkeys(dates, pa.string()))
        for name in dates:
            table = table.set_column(table.schema.get_field_index(name), name, texts.column(name))
    return table


def read_csv(format_: CsvFormat, columns: list[str], words: Mapping[str, str]) -> pa.Table:
    """Read a whole text.

    Parameters
    ----------
    format_ : CsvFormat
        How it is written.
    columns : list of str
        The wanted columns.
    words : mapping of str to str
        "number", "boolean", "datetime" or "text" for the columns whose type is known beforehand.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    TableError
        Ragged rows, wrong encoding, a damaged gzip, values that are not of the known type, no row.
    """
    # numbers keep the choice between integer and float: that they are numbers is checked afterwards
    fixed = {name: arrow_type(words[name]) for name in columns if words.get(name, "number") != "number"}

    def read(names: list[str], types: dict[str, Any]) -> pa.Table:
        with explained(format_, types):
            return parse_csv(format_.open_arrow(), format_, columns=names, types=types, skip=format_.header_rows)

    table = with_dates_as_text(read(columns, fixed), lambda names, types: read(names, {**types, **_kept(fixed, names)}))
    _check_content(table, format_)
    for name in columns:
        if words.get(name) == "number" and not _may_be_number(table.schema.field(name).type):
            found = first_misfit(format_, name, _is_number(format_.decimal), "numbers")
            raise found or TableError(f"{format_.file.path}: column {name!r} should hold numbers but does not.")
    return table


def _kept(fixed: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: fixed[name] for name in names if name in fixed}


def _check_content(table: pa.Table, format_: CsvFormat) -> None:
    if table.num_rows == 0:
        raise TableError(
            f"{format_.file.path} has a header ({len(format_.header)} columns) and no row below it; expected at least "
            "one. "
            "Export the table again."
        )
    for field in table.schema:
        if kinds.is_binary(field.type):
            raise explain(format_, UnicodeError("invalid UTF8 data"))
    check_last_row(table, format_)


def check_last_row(table: pa.Table, format_: CsvFormat) -> None:
    """Refuse a text whose last value is all that follows a quotation mark that is never closed."""
    last = (column[-1].as_py() for column in table.columns if kinds.is_string(column.type))
    # looked for only where a value of the last row holds a line end, as such a value does
    if any(value is not None and "\n" in value for value in last):
        found = unclosed_quote(format_)
        if found is not None:
            raise found


def _may_be_number(type_: Any) -> bool:
    return bool(kinds.is_integer(type_) or kinds.is_floating(type_) or kinds.is_boolean(type_) or kinds.is_null(type_))


def _is_number(decimal: str) -> Callable[[str], bool]:
    def is_number(value: str) -> bool:
        try:
            float(value.replace(decimal, "."))
        except ValueError:
            return False
        return True

    return is_number
