"""A table larger than memory, as frames that follow one another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from strates._random import root_seed, stream
from strates.datasets.check_table import check_table
from strates.datasets.column_types import to_frame, word_of
from strates.datasets.label_tally import LabelTally, labelled, tally_labels
from strates.datasets.table_source import TableSource, rechunk
from strates.datasets.target import warn_of_unlabelled
from strates.exceptions import DataError, ParameterError

# pieces read in turns when the rows are shuffled: more mix better, but each holds its pages in memory
_PIECES_AT_ONCE = 4


class TableStream:
    r"""A table read in chunks, as often as one likes; what :func:`open_stream` returns.

    Iterating gives frames of ``chunk_rows`` rows in the file's order; so does :meth:`chunks`, in any order. Every frame
    of a stream has the same columns and dtypes: numbers are floats (integers too, since a later chunk may have a
    missing one), booleans are pandas' nullable "boolean", text is ``str``, the target is as :func:`split_target` makes
    it. With a target, rows without a label are left out and the labels are checked before the first chunk.

    Parameters
    ----------
    source : TableSource
        The file; :func:`open_stream` finds the right kind.
    target : str or None
        The column to predict.
    chunk_rows : int
        Rows of a chunk; the last one may have fewer.
    decimal : str or None
        The decimal mark of a text; ``None`` for a file that stores numbers as such.
    text_target : bool
        Take labels for text even where all are numbers.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    target : str or None
        The column to predict.
    chunk_rows : int
        Rows of a chunk.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from strates.datasets import open_stream
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "trees.csv")
    ...     _ = path.write_text("height,kind\n3,oak\n4,oak\n9,pine\n8,pine\n7,pine\n")
    ...     trees = open_stream(path, "kind", chunk_rows=2)
    ...     rows = [len(chunk) for chunk in trees]
    ...     counts = trees.class_counts()
    >>> rows, counts
    ([2, 2, 1], {'oak': 2, 'pine': 3})
    """

    def __init__(
        self, source: TableSource, target: str | None, chunk_rows: int, *, decimal: str | None, text_target: bool
    ) -> None:
        self._source = source
        self._decimal = decimal
        self._text_target = text_target
        self.path: Path = source.path
        self.target = target
        self.chunk_rows = chunk_rows

    def __repr__(self) -> str:
        return f"TableStream({str(self.path)!r}, {self.target!r}, chunk_rows={self.chunk_rows})"

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return self.chunks()

    @property
    def columns(self) -> list[str]:
        """The columns of every chunk, the target included."""
        return list(self._source.types)

    @property
    def types(self) -> dict[str, str]:
        """Of each feature: "number", "boolean", "datetime" or "text"; known without reading the table."""
        return {name: word_of(type_) for name, type_ in self._source.types.items() if name != self.target}

    @cached_property
    def n_rows(self) -> int:
        """Rows of the file, labelled or not: at once for Parquet, by one pass for a text."""
        return self._source.count_rows()

    @property
    def n_labelled_rows(self) -> int:
        """Rows that the chunks hold: those with a label, or all where there is no target."""
        return self.n_rows if self.target is None else sum(self._tally.counts.values())

    @cached_property
    def _tally(self) -> LabelTally:
        if self.target is None:
            raise DataError(f"{self!r} has no target, hence no classes. Open it with the column to predict.")
        tables = self._source.tables([self.target])
        tally = tally_labels(tables, self.target, decimal=self._decimal, as_text=self._text_target)
        warn_of_unlabelled(tally.unlabelled, tally.unlabelled + sum(tally.counts.values()), self.target)
        return tally

    def classes(self) -> np.ndarray[Any, np.dtype[Any]]:
        """Return the sorted labels, from one pass over the target alone (kept for later).

        Returns
        -------
        ndarray of shape (n_classes,)

        Raises
        ------
        TargetError
            What :func:`split_target` refuses: a continuous target, one class only, a class with a single row.
        DataError
            The stream has no target.
        """
        return np.asarray(list(self._tally.counts))

    def class_counts(self) -> dict[Any, int]:
        """Return the rows of each class, sorted by label, from the pass of :meth:`classes`."""
        return dict(self._tally.counts)

    def chunks(self, *, shuffle: bool = False, seed: Any = None) -> Iterator[pd.DataFrame]:
        """Yield the table as frames of ``chunk_rows`` rows.

        Parameters
        ----------
        shuffle : bool, default=False
            Read the pieces of the file (row groups of a Parquet file, stretches of 4 MB of a plain text) in a random
            order, four in turns, and shuffle the rows of every chunk. A compressed text has one piece: its
            rows are shuffled within chunks only, so a compressed text sorted by class is better saved as Parquet.
        seed : None, int, RandomState or Generator, default=None
            Of the shuffling: the same seed, the same order.

        Yields
        ------
        pandas.DataFrame
            In the file's order and without a target, the index is the row's number in the file, from 0.

        Raises
        ------
        DataError
            Infinite values, a label that cannot be learned, a file that is not a table further down.
        """
        row = 0
        generator = stream(root_seed(seed), "table stream") if shuffle else None
        tables = self._kept(self.columns, None) if generator is None else self._mixed(generator)
        for table in rechunk(tables, self.chunk_rows):
            order = None if generator is None else pa.array(generator.permutation(table.num_rows))
            frame = self._frame(table if order is None else table.take(order))
            frame.index = pd.RangeIndex(row, row + len(frame))
            check_table(frame)
            row += len(frame)
            yield frame

    def sample(self, n_rows: int, seed: Any = None) -> pd.DataFrame:
        """Draw rows uniformly from the whole file, in one pass.

        Parameters
        ----------
        n_rows : int
            How many; all of them where the file has fewer.
        seed : None, int, RandomState or Generator, default=None
            Of the draw.

        Returns
        -------
        pandas.DataFrame of shape (n_rows, n_columns)
            In the file's order, without replacement. At most ``2 * n_rows`` rows and a chunk are held.
        """
        if n_rows < 1:
            raise ParameterError(f"n_rows is {n_rows}; a sample has at least one row.")
        generator = stream(root_seed(seed), "table sample")
        kept: list[pd.DataFrame] = []
        keys = np.empty(0)
        highest = 1.0
        # every row draws a key in [0, 1); the rows with the lowest keys are a uniform sample without replacement
        for chunk in self.chunks():
            drawn = generator.random(len(chunk))
            low = drawn < highest
            kept.append(chunk[low])
            keys = np.concatenate([keys, drawn[low]])
            if len(keys) > 2 * n_rows:
                kept, keys = _lowest(kept, keys, n_rows)
                highest = float(keys.max())
        kept, _ = _lowest(kept, keys, n_rows)
        return kept[0].reset_index(drop=True)

    def _kept(self, columns: list[str], piece: int | None) -> Iterator[pa.Table]:
        """Yield the rows that have a label, having checked the labels of the whole file."""
        if self.target is None:
            yield from self._source.tables(columns, piece)
            return
        _ = self._tally
        for table in self._source.tables(columns, piece):
            yield labelled(table, self.target)

    def _mixed(self, generator: np.random.Generator) -> Iterator[pa.Table]:
        """Yield from a few pieces in turns, each replaced by the next when it is used up."""
        waiting = [int(piece) for piece in generator.permutation(self._source.count_pieces())]
        turns = min(_PIECES_AT_ONCE, len(waiting))
        share = -(-self.chunk_rows // turns)
        active: list[Iterator[pa.Table]] = []
        while waiting or active:
            while waiting and len(active) < turns:
                active.append(rechunk(self._kept(self.columns, waiting.pop()), share))
            for piece in list(active):
                table = next(piece, None)
                if table is None:
                    active.remove(piece)
                else:
                    yield table

    def _frame(self, table: pa.Table) -> pd.DataFrame:
        if self.target is None:
            return to_frame(table, steady=True)
        position = table.schema.get_field_index(self.target)
        frame = to_frame(table.remove_column(position), steady=True)
        frame.insert(position, self.target, self._tally.labels(table.column(position)).set_axis(frame.index))
        return frame


def _lowest(frames: list[pd.DataFrame], keys: Any, count: int) -> tuple[list[pd.DataFrame], Any]:
    joined = pd.concat(frames)
    if len(keys) > count:
        rows = np.sort(np.argpartition(keys, count - 1)[:count])
        joined, keys = joined.iloc[rows], keys[rows]
    return [joined], keys
