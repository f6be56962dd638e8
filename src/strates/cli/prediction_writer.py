"""Predictions, written as they come."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pandas as pd

from strates._atomic_write import atomic_write
from strates.cli.outputs import written_whole

Write = Callable[[pd.DataFrame], None]


@contextmanager
def open_writer(out: Path | None, columns: Sequence[str]) -> Iterator[Write]:
    """Open a place for predictions.

    Parameters
    ----------
    out : pathlib.Path or None
        A ``.csv`` file, written bit by bit; a ``.parquet`` file, written at the end; None for CSV on standard output.
        A file appears only when all is well.
    columns : sequence of str
        Of the table.

    Yields
    ------
    callable
        Takes the next rows.
    """
    if out is None:
        yield _csv_writer(sys.stdout.buffer if hasattr(sys.stdout, "buffer") else None, columns)
    elif out.suffix == ".parquet":
        chunks: list[pd.DataFrame] = []
        yield chunks.append
        held = io.BytesIO()
        pd.concat(chunks, ignore_index=True).to_parquet(held, index=False)
        atomic_write(out, held.getvalue())
    else:
        with written_whole(out) as file:
            yield _csv_writer(file, columns)


def _csv_writer(file: IO[bytes] | None, columns: Sequence[str]) -> Write:
    waiting_header = True

    def write(rows: pd.DataFrame) -> None:
        nonlocal waiting_header
        # whole numbers were read as floats, for a later one might have been missing; they are written as they were
        kept = {str(name): rows[name].map(_plain, na_action="ignore") for name in rows.select_dtypes("float64")}
        text = rows.assign(**kept).to_csv(
            index=False, header=list(columns) if waiting_header else False, lineterminator="\n"
        )
        waiting_header = False
        if file is None:
            sys.stdout.write(text)
        else:
            file.write(text.encode())

    return write


def _plain(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
