"""Parts of a table that is read chunk by chunk: rows to learn from, to watch, to test on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates._random import integer_seed
from strates.datasets import TableStream
from strates.datasets.label_tally import LabelTally, labelled
from strates.datasets.table_source import TableSource
from strates.exceptions import TargetError


class PartSource:
    """The rows of a table whose lot falls between two bounds.

    A row draws its lot from its place in the file (the piece and the position there), so that it falls into the same
    part however the file is read: in order, in pieces, once more for the next epoch.

    Parameters
    ----------
    source : TableSource
        The whole table.
    low, high : float
        Bounds of the lots, in [0, 1].
    seed : int
        Of the lots.
    """

    def __init__(self, source: TableSource, low: float, high: float, seed: int) -> None:
        self._source, self._low, self._high, self._seed = source, low, high, seed
        self.path: Path = source.path
        self.types: dict[str, Any] = source.types

    def count_rows(self) -> int:
        """Return the number of rows of the part, from one pass."""
        return sum(table.num_rows for table in self.tables([next(iter(self.types))]))

    def count_pieces(self) -> int:
        """Return the number of pieces of the whole."""
        return self._source.count_pieces()

    def tables(self, columns: list[str], piece: int | None = None) -> Iterator[Any]:
        """Yield small tables of the part."""
        for number in range(self.count_pieces()) if piece is None else (piece,):
            position = 0
            for table in self._source.tables(columns, number):
                lots = draw_lots(self._seed, number, position, table.num_rows)
                position += table.num_rows
                yield table.filter((lots >= self._low) & (lots < self._high))


class PartStream(TableStream):
    """A part of a stream, with the labels of the whole.

    Parameters
    ----------
    whole : TableStream
    low, high : float
        Bounds of the lots.
    seed : int
    """

    def __init__(self, whole: TableStream, low: float, high: float, seed: int) -> None:
        super().__init__(
            PartSource(whole._source, low, high, seed),
            whole.target,
            whole.chunk_rows,
            decimal=whole._decimal,
            text_target=whole._text_target,
        )
        self._whole = whole

    @cached_property
    def _tally(self) -> LabelTally:
        whole, target = self._whole._tally, str(self.target)
        counts = dict.fromkeys(whole.counts, 0)
        for table in self._source.tables([target]):
            for value in labelled(table, target).column(0).value_counts().to_pylist():
                counts[whole.names[value["values"]]] += value["counts"]
        return LabelTally(counts=counts, unlabelled=whole.unlabelled, names=whole.names)


def draw_lots(seed: int, piece: int, first: int, count: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each of some rows of a piece, the same at each call.

    Parameters
    ----------
    seed : int
    piece, first, count : int
        The piece; the first row's position in it; how many rows.

    Returns
    -------
    ndarray of shape (count,)

    Examples
    --------
    >>> bool((draw_lots(0, 1, 10, 5) == draw_lots(0, 1, 0, 15)[10:]).all())
    True
    """
    start = np.uint64(integer_seed(seed, f"lots of piece {piece}") << 32)
    # splitmix64: a counter through a bijection that scatters its bits (Steele, Lea and Flood, 2014)
    with np.errstate(over="ignore"):
        z = (start + np.arange(first, first + count, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def split_stream(stream: TableStream, shares: Sequence[float], seed: int) -> list[PartStream]:
    """Split a stream into parts that have no row in common.

    Parameters
    ----------
    stream : TableStream
        With a target.
    shares : sequence of float
        Of the rows, for all parts but the first, which gets the rest.
    seed : int

    Returns
    -------
    list of PartStream
        One more than there are shares.

    Raises
    ------
    TargetError
        A class has no row in the first part.
    """
    bounds = np.concatenate([[0.0], np.cumsum(shares), [1.0]]).tolist()
    others = [PartStream(stream, low, high, seed) for low, high in itertools.pairwise(bounds[:-1])]
    first = PartStream(stream, bounds[-2], 2.0, seed)
    whole = stream.class_counts()
    for label, count in first.class_counts().items():
        if not count:
            raise TargetError(
                f"All {whole[label]} rows of class {label!r} were drawn for the test, and none is left to learn from. "
                "Take another --seed, or --no-stream, which draws test rows class by class."
            )
    return [first, *others]
