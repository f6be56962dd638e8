"""The right kind of stream for a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from strates.datasets.column_names import choose_columns
from strates.datasets.column_types import check_types
from strates.datasets.csv_format import MISSING_MARKS, sniff_csv
from strates.datasets.csv_source import CsvSource
from strates.datasets.parquet_source import ParquetSource
from strates.datasets.read_parquet import open_parquet, parquet_columns
from strates.datasets.table_file import find_table
from strates.datasets.table_source import TableSource
from strates.datasets.table_stream import TableStream
from strates.datasets.target import check_target_name
from strates.exceptions import DataError, ParameterError


def open_stream(
    path: str | os.PathLike[str],
    target: str | None = None,
    *,
    chunk_rows: int = 65536,
    columns: Sequence[str] | None = None,
    types: Mapping[str, str] | None = None,
    encoding: str | None = None,
    missing: Sequence[str] = MISSING_MARKS,
) -> TableStream:
    """Open a table of any size for reading chunk by chunk; the file is looked into but not yet read.

    Parameters
    ----------
    path : str or path-like
        What :func:`read_table` takes. Parquet is several times faster than text, and shuffles better.
    target : str, optional
        The column to predict; ``None`` for a table to make predictions for.
    chunk_rows : int, default=65536
        Rows of a chunk, hence of what is held in memory.
    columns : sequence of str, optional
        Those to read, in that order; the target is added to them. All by default.
    types : mapping of str to {"number", "boolean", "datetime", "text"}, optional
        Of columns whose type is known, as :func:`column_types` gives it. In a text file the other columns have the type
        that fits the first 8 MB; a later value that does not fit is an error that names its line.
    encoding : str, optional
        As for :func:`read_table`.
    missing : sequence of str, default=MISSING_MARKS
        As for :func:`read_table`.

    Returns
    -------
    TableStream
        Iterate it, or use ``chunks``, ``sample``, ``classes``.

    Raises
    ------
    TableError
        As :func:`read_table`; what is wrong further down in the file is raised when it is reached.
    TargetError
        No such target; the message gives the nearest names.
    ParameterError
        ``chunk_rows`` below 1, an unknown type or encoding.

    See Also
    --------
    read_table : For a table that fits in memory.

    Examples
    --------
    >>> import pandas as pd
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "numbers.parquet")
    ...     pd.DataFrame({"x": range(10), "y": ["a", "b"] * 5}).to_parquet(path)
    ...     numbers = open_stream(path, "y", chunk_rows=4)
    ...     shapes = [chunk.shape for chunk in numbers.chunks(shuffle=True, seed=0)]
    >>> shapes, numbers.n_rows, numbers.classes().tolist()
    ([(4, 2), (4, 2), (2, 2)], 10, ['a', 'b'])
    """
    if isinstance(chunk_rows, bool) or not isinstance(chunk_rows, int) or chunk_rows < 1:
        raise ParameterError(f"chunk_rows is {chunk_rows!r}; it has to be an integer of at least 1, such as 65536.")
    file = find_table(path)
    words = check_types(types)
    text_target = target is not None and words.get(target) == "text"
    if file.kind == "parquet":
        with open_parquet(file.path) as opened:
            names = parquet_columns(opened)
        chosen = _with_target(names, columns, target, file.path)
        source: TableSource = ParquetSource(file.path, chosen, {name: words[name] for name in chosen if name in words})
        return TableStream(source, target, chunk_rows, decimal=None, text_target=text_target)
    format_ = sniff_csv(file, encoding=encoding, missing=missing)
    chosen = _with_target(list(format_.header), columns, target, file.path)
    # labels are read as text and understood once all are known: a late "unknown" makes them text, not an error
    known = words if target is None else {**words, target: "text"}
    source = CsvSource(format_, chosen, known)
    return TableStream(source, target, chunk_rows, decimal=format_.decimal, text_target=text_target)


def _with_target(names: list[str], columns: Sequence[str] | None, target: str | None, path: Path) -> list[str]:
    if target is not None:
        check_target_name(target, names)
    chosen = choose_columns(names, columns, str(path))
    if target is not None and target not in chosen:
        chosen.append(target)
    if target is not None and len(chosen) == 1:
        raise DataError(f"{path} has no column besides the target {target!r}; expected at least one feature.")
    return chosen
