"""The four kinds of column, and how a table is made to have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.types as kinds

from strates.exceptions import ParameterError, TableError, did_you_mean

COLUMN_TYPES = ("number", "boolean", "datetime", "text")

_ARROW_TYPES = {
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "datetime": pa.timestamp("us"),
    "text": pa.string(),
}


def column_types(frame: pd.DataFrame) -> dict[str, str]:
    """Say of each column whether it holds numbers, booleans, dates or text.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any table.

    Returns
    -------
    dict of str to str
        ``"number"``, ``"boolean"``, ``"datetime"`` or ``"text"`` for each column; what :func:`read_table` and
        :func:`open_stream` take as ``types``, so that a later file is read as this one was.

    Examples
    --------
    >>> column_types(pd.DataFrame({"age": [31, 40], "town": ["Lyon", "Pau"]}))
    {'age': 'number', 'town': 'text'}
    """
    return {str(name): column_type(frame.dtypes.iloc[position]) for position, name in enumerate(frame.columns)}


def column_type(dtype: Any) -> str:
    """Return the word for one dtype."""
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_numeric_dtype(dtype):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "datetime"
    return "text"


def check_types(types: Mapping[str, str] | None) -> dict[str, str]:
    """Return ``types`` as a dict, having refused words that are not of ``COLUMN_TYPES``."""
    asked = dict(types or {})
    for column, word in asked.items():
        if word not in COLUMN_TYPES:
            raise ParameterError(f"types gives {word!r} for column {column!r}. {did_you_mean(str(word), COLUMN_TYPES)}")
    return asked


def arrow_type(word: str) -> Any:
    """Return the pyarrow type that stands for one of the four words."""
    return _ARROW_TYPES[word]


def plain(table: pa.Table, where: str) -> pa.Table:
    """Reduce a table's columns to numbers, booleans, dates and text.

    Dictionaries are written out, decimals become floats, times of day are refused like anything nested: a
    column has to be a number or a category for a classifier to use it.

    Raises
    ------
    TableError
        Naming a column of another kind.
    """
    columns = table.columns
    for position, field in enumerate(table.schema):
        column = columns[position]
        type_ = column.type
        if kinds.is_dictionary(type_):
            column = pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks], type=type_.value_type)
            columns[position], type_ = column, column.type
        wanted = _plain_type(type_)
        if wanted is None:
            raise TableError(
                f"{where}: column {field.name!r} holds values of type {type_}; expected numbers, booleans, dates or "
                "text. "
                f"Convert the column, or leave it out by naming the others in columns=[...]."
            )
        if wanted != type_:
            try:
                column = pyarrow.compute.cast(column, wanted)
            except pa.ArrowInvalid as error:
                raise TableError(
                    f"{where}: column {field.name!r} holds values of type {type_} that are not text in UTF-8 "
                    f"({error}). "
                    "Convert the column, or leave it out by naming the others in columns=[...]."
                ) from error
            columns[position] = column
    return pa.Table.from_arrays(columns, names=table.column_names)


def _plain_type(type_: Any) -> Any:
    if kinds.is_integer(type_) or kinds.is_boolean(type_) or kinds.is_timestamp(type_):
        return type_
    if kinds.is_float32(type_) or kinds.is_float64(type_):
        return type_
    if kinds.is_null(type_) or kinds.is_decimal(type_) or kinds.is_float16(type_):
        return pa.float64()
    if kinds.is_date(type_):
        return pa.timestamp("us")
    if any(is_text(type_) for is_text in (kinds.is_string, kinds.is_large_string, kinds.is_string_view)):
        return pa.string()
    if any(is_bytes(type_) for is_bytes in (kinds.is_binary, kinds.is_large_binary, kinds.is_binary_view)):
        return pa.string()
    return None


def conform(table: pa.Table, types: Mapping[str, str], where: str, *, first_row: int = 1) -> pa.Table:
    """Turn columns into the types asked for; ``first_row`` is the number of the table's first row, for the message.

    Raises
    ------
    TableError
        A value that cannot be turned: column, row (counting from 1) and value are named.
    """
    columns = table.columns
    for position, field in enumerate(table.schema):
        word = types.get(field.name)
        if word is None or _is_of(field.type, word):
            continue
        column, wanted = columns[position], arrow_type(word)
        try:
            column = pyarrow.compute.cast(column, wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            row, value = _first_misfit(column, wanted)
            raise TableError(
                f"{where}: column {field.name!r} should hold {_WORDS[word]} but holds {value!r} in row "
                f"{first_row + row} (counting "
                f"from 1). Correct the value, or use a table whose {field.name!r} has the type it had in the first one."
            ) from error
        columns[position] = column
    return pa.Table.from_arrays(columns, names=table.column_names)


_WORDS = {"number": "numbers", "boolean": "true or false", "datetime": "dates", "text": "text"}


def word_of(type_: Any) -> str:
    """Return the word for a type that :func:`plain` has left."""
    return next(word for word in COLUMN_TYPES if _is_of(type_, word))


def _is_of(type_: Any, word: str) -> bool:
    if word == "number":
        return bool(kinds.is_integer(type_) or kinds.is_floating(type_))
    if word == "boolean":
        return bool(kinds.is_boolean(type_))
    if word == "datetime":
        return bool(kinds.is_timestamp(type_))
    return bool(kinds.is_string(type_))


def _first_misfit(column: Any, wanted: Any) -> tuple[int, Any]:
    for row, value in enumerate(column):
        try:
            pyarrow.compute.cast(value, wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return row, value.as_py()
    return 0, column[0].as_py()


def to_frame(table: pa.Table, *, steady: bool = False) -> pd.DataFrame:
    """Turn a plain table into a frame.

    Parameters
    ----------
    table : pyarrow.Table
        What :func:`plain` returned.
    steady : bool, default=False
        Let dtypes depend on the table's types only, never on whether a value is missing: integers become
        float64 and booleans pandas' nullable "boolean" even where none is missing.

    Returns
    -------
    pandas.DataFrame
        Missing numbers are NaN in float64, missing booleans make the nullable "boolean", text is pandas' ``str``
        with surrounding spaces taken off. Values that are only spaces are missing.
    """
    columns = table.columns
    for position, field in enumerate(table.schema):
        if kinds.is_string(field.type):
            columns[position] = _trimmed(columns[position])
        elif kinds.is_integer(field.type) and steady:
            columns[position] = columns[position].cast(pa.float64(), safe=False)
    # built once: replacing columns one by one takes a minute for twenty thousand of them
    table = pa.Table.from_arrays(columns, names=table.column_names)
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, date_as_object=False)
    for position, field in enumerate(table.schema):
        if kinds.is_boolean(field.type) and (steady or table.column(position).null_count):
            frame[field.name] = frame[field.name].astype("boolean")
    return frame


def _trimmed(column: Any) -> Any:
    trimmed = pyarrow.compute.utf8_trim_whitespace(column)
    blank = pyarrow.compute.equal(trimmed, "")
    if pyarrow.compute.any(blank).as_py():
        return pyarrow.compute.if_else(blank, pa.scalar(None, pa.string()), trimmed)
    return trimmed
