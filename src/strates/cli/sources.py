"""What SOURCE means: a file, or a built-in data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from strates import datasets
from strates.datasets.csv_format import sniff_csv
from strates.datasets.read_parquet import open_parquet, parquet_columns
from strates.datasets.table_file import find_table
from strates.exceptions import ParameterError, TableError, TargetError, did_you_mean

#: A table that would take more memory than this (bytes) is streamed, unless --no-stream is given.
STREAM_ABOVE = 512 * 2**20
#: Bytes that a value of a table in memory takes, about: a number, a text.
_NUMBER_BYTES, _TEXT_BYTES = 8, 60
#: A text file grows about so much in memory, a compressed one first by so much on its own.
_TEXT_GROWTH, _GZIP_GROWTH = 1.5, 5


@dataclass(frozen=True)
class Source:
    """A table that was named on the command line.

    Attributes
    ----------
    given : str
        What the user typed.
    path : pathlib.Path or None
        The file; None for a built-in set.
    encoding : str or None
        Of a text file.
    missing : tuple of str
        What means a missing value in a text file.
    """

    given: str
    path: Path | None
    encoding: str | None = None
    missing: tuple[str, ...] = datasets.MISSING_MARKS

    @property
    def name(self) -> str:
        """The name that files made from this table bear: that of the file without its extensions."""
        if self.path is None:
            return self.given
        name = self.path.name.removesuffix(".gz")
        return Path(name).stem or name

    @property
    def default_target(self) -> str | None:
        """The column to predict, where it is known."""
        return datasets.load(self.given).target if self.path is None else None

    def read(self) -> pd.DataFrame:
        """Return the whole table."""
        if self.path is None:
            return datasets.load(self.given).frame
        return datasets.read_table(self.path, **self._reading)

    def stream(self, target: str | None = None, **options: Any) -> datasets.TableStream:
        """Open the file for reading it chunk by chunk."""
        if self.path is None:
            raise ParameterError(f"--stream is for files; the built-in set {self.given!r} is in memory. Drop --stream.")
        return datasets.open_stream(self.path, target, **options, **self._reading)

    def columns(self) -> list[str]:
        """Return the names of the columns, reading no more than it takes."""
        if self.path is None:
            return list(datasets.load(self.given).frame.columns)
        file = find_table(self.path)
        if file.kind == "parquet":
            with open_parquet(file.path) as opened:
                return list(parquet_columns(opened))
        return list(sniff_csv(file, **self._reading).header)

    def bytes_in_memory(self) -> float:
        """Estimate what the whole table would take in memory, in bytes, without reading it."""
        if self.path is None:
            return 0.0
        file = find_table(self.path)
        if file.kind == "parquet":
            stream = self.stream()
            row = sum(_TEXT_BYTES if word == "text" else _NUMBER_BYTES for word in stream.types.values())
            return float(row * stream.n_rows)
        return self.path.stat().st_size * _TEXT_GROWTH * (_GZIP_GROWTH if file.compressed else 1)

    @property
    def _reading(self) -> dict[str, Any]:
        return {"encoding": self.encoding, "missing": self.missing}


def find_source(given: str, *, encoding: str | None = None, missing: str | Sequence[str] | None = None) -> Source:
    """Find out what SOURCE names. A file takes precedence over a built-in set of the same name.

    Parameters
    ----------
    given : str
        What the user typed.
    encoding : str, optional
        Of a text file.
    missing : str or sequence of str, optional
        Marks of a missing value; a text has them separated by commas.

    Returns
    -------
    Source

    Raises
    ------
    TableError
        There is neither; the message gives the nearest names of both.
    """
    if isinstance(missing, str):
        missing = [mark for mark in missing.split(",") if mark]
    marks = datasets.MISSING_MARKS if missing is None else tuple(missing)
    path = Path(given).expanduser()
    if path.exists() or path.suffix or os.sep in given:
        return Source(given, path, encoding, marks)
    try:
        datasets.load(given)
    except ParameterError:
        names = datasets.list_datasets()["name"]
        try:
            find_table(path)
        except TableError as error:
            raise TableError(
                f"{error} Nor is there a built-in data set {given!r}. {did_you_mean(given, names)}"
            ) from None
    return Source(given, None, encoding, marks)


def choose_target(source: Source, target: str | None) -> str:
    """Return the column to predict.

    Parameters
    ----------
    source : Source
    target : str or None
        What ``--target`` gave.

    Returns
    -------
    str

    Raises
    ------
    TargetError
        None was given for a file, or there is no such column.
    """
    target = source.default_target if target is None else target
    names = source.columns()
    if target is None:
        shown = ", ".join(names[:30]) + (f", ... ({len(names)} in all)" if len(names) > 30 else "")
        raise TargetError(f"Which column of {source.given} is to be predicted? Add --target and one of: {shown}.")
    if target not in names:
        raise TargetError(f"{source.given} has no column {target!r} to predict. {did_you_mean(target, names)}")
    return target


def is_streamed(source: Source, asked: bool | None) -> bool:
    """Return whether to read a table chunk by chunk: when asked, or when it would fill ``STREAM_ABOVE`` bytes."""
    if asked is None:
        return source.path is not None and source.bytes_in_memory() > STREAM_ABOVE
    return asked
