"""A file in, a DataFrame out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence

import pandas as pd

from strates.datasets.column_names import choose_columns
from strates.datasets.column_types import check_types, conform, plain, to_frame
from strates.datasets.csv_format import MISSING_MARKS, sniff_csv
from strates.datasets.read_csv import read_csv
from strates.datasets.read_parquet import open_parquet, parquet_columns, read_parquet
from strates.datasets.table_file import TableFile, find_table
from strates.exceptions import StratesWarning


def read_table(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    types: Mapping[str, str] | None = None,
    encoding: str | None = None,
    missing: Sequence[str] = MISSING_MARKS,
) -> pd.DataFrame:
    r"""Read a table from a CSV, TSV or Parquet file.

    Parameters
    ----------
    path : str or path-like
        A ``.csv``, ``.tsv``, ``.tab`` or ``.txt`` file, plain or as ``.gz``, or a ``.parquet`` or ``.pq`` file. The
        delimiter of a text is found among comma, semicolon, tab and bar; a decimal comma is understood where the
        delimiter is not one.
    columns : sequence of str, optional
        The wanted columns, in that order; all by default.
    types : mapping of str to {"number", "boolean", "datetime", "text"}, optional
        Of columns whose type is known, as :func:`column_types` gives it; the others are found from all rows of the
        file.
    encoding : str, optional
        Of a text. By default UTF-8, or UTF-16 where a byte-order mark says so.
    missing : sequence of str, default=MISSING_MARKS
        What a text writes for a missing value; a field that is empty or all spaces always is one. By default NA, N/A,
        n/a, #N/A, <NA>, NaN, nan, null, NULL and ?, but **not** None and none, which are category names in many
        tables. A table in which NA is a class (or Namibia) is read with ``missing=()``.

    Returns
    -------
    pandas.DataFrame
        With a RangeIndex. Whole numbers are int64, numbers with decimals or missing values float64; true/false is bool,
        or pandas' nullable "boolean" with missing values; all else is text (``str``) without the spaces around it.
        Dates of a text file stay text unless ``types`` says "datetime"; those of a Parquet file are datetimes. Infinite
        numbers are kept: :func:`check_table` refuses them.

    Raises
    ------
    TableError
        The file is missing, a folder, empty, of unknown extension, damaged, not in its encoding; rows do not have as
        many fields as the header; column names are blank or twice there; a value is not of the known type.
    ParameterError
        An unknown encoding or type.

    Warns
    -----
    StratesWarning
        Columns without a single value; they are kept.

    See Also
    --------
    open_stream : For a file larger than memory.
    split_target : The next step: features and labels apart.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "trees.csv")
    ...     _ = path.write_text("height;kind\n12,5;oak\nNA;pine\n")
    ...     frame = read_table(path)
    >>> frame["height"].tolist(), frame["kind"].tolist()
    ([12.5, nan], ['oak', 'pine'])
    """
    file = find_table(path)
    words = check_types(types)
    if file.kind == "parquet":
        with open_parquet(file.path) as opened:
            chosen = choose_columns(parquet_columns(opened), columns, str(file.path))
        table = read_parquet(file.path, chosen)
    else:
        format_ = sniff_csv(file, encoding=encoding, missing=missing)
        chosen = choose_columns(format_.header, columns, str(file.path))
        table = read_csv(format_, chosen, words).select(chosen)
    frame = to_frame(conform(plain(table, str(file.path)), words, str(file.path)))
    _warn_of_empty_columns(frame, file)
    return frame


def _warn_of_empty_columns(frame: pd.DataFrame, file: TableFile) -> None:
    empty = [str(name) for name in frame.columns[frame.isna().all()]]
    if empty:
        warnings.warn(
            f"{file.path}: {len(empty)} of {frame.shape[1]} columns hold no value at all: "
            f"{', '.join(map(repr, empty[:8]))}{', ...' if len(empty) > 8 else ''}. Nothing can be learned from them; "
            "tabular_pipeline drops them.",
            StratesWarning,
            stacklevel=3,
        )
