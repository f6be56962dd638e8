"""A Parquet file opened with its troubles explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from strates.datasets.column_names import check_names
from strates.exceptions import TableError

# of every column: with it a pass reads page by page, and holds neither a row group nor, as a memory map would, the file
_BUFFER_BYTES = 1 << 18
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


@contextmanager
def parquet_explained(path: Path) -> Iterator[None]:
    """Turn what pyarrow raises on a damaged file into a TableError."""
    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise TableError(
            f"{path} is a damaged Parquet file ({error}); expected one that reads to its end. Copy or write it again."
        ) from error


def open_parquet(path: Path) -> Any:
    """Return a ``ParquetFile`` whose names have been checked and that has rows.

    Read through small buffers: a pass over the file then holds pages, not whole row groups.
    """
    with parquet_explained(path):
        opened = pyarrow.parquet.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    check_names(parquet_columns(opened), str(path))
    if opened.metadata.num_rows == 0:
        raise TableError(
            f"{path} has {opened.metadata.num_columns} columns and no row; expected at least one. Write the table "
            "again."
        )
    return opened


def parquet_columns(opened: Any) -> list[str]:
    """Return the columns, without the unnamed index that pandas may have written beside them."""
    return [name for name in opened.schema_arrow.names if not _PANDAS_INDEX.fullmatch(name)]


def read_parquet(path: Path, columns: list[str]) -> pa.Table:
    """Read some columns of a whole file."""
    with parquet_explained(path), open_parquet(path) as opened:
        return opened.read(columns=columns).select(columns)
