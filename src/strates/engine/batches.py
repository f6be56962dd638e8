"""Rows into batches of fixed shape: shuffled, padded, every row once an epoch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from strates._random import stream
from strates._types import AnyArray
from strates.engine.step_data import Chunk
from strates.exceptions import DataError


class BatchSource(Protocol):
    """Where training steps come from. Steps are numbered from zero through all epochs.

    Attributes
    ----------
    n_rows : int
        Rows of an epoch.
    steps_per_epoch : int
    chunk_shape : tuple (steps, rows)
        Fixed shape of what :meth:`fill` returns.
    """

    n_rows: int
    steps_per_epoch: int
    chunk_shape: tuple[int, int]

    def fill(self, first: int, n_steps: int) -> Chunk:
        """Return the batches of ``n_steps`` steps from number ``first`` on."""


def as_rows(X: Any) -> Any:
    """Return data as float32 (C order) or CSR rows; integers of images stay as they are."""
    if sparse.issparse(X):
        return sparse.csr_matrix(X, dtype=np.float32)
    keep = X.dtype in (np.float32, np.uint8)
    return np.ascontiguousarray(X, dtype=None if keep else np.float32)


def dense_rows(X: Any, rows: Any) -> AnyArray:
    """Return some rows as a dense array."""
    taken = X[rows]
    return np.asarray(taken.toarray() if sparse.issparse(taken) else taken)


def merge_equal_rows(X: Any, targets: AnyArray, weights: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Sort rows, and merge equal ones into one with the sum of their weights; rows of weight zero go.

    When one batch holds all rows, their order means nothing but rounding. Sorted and merged, a row of weight 2
    and the same row twice are the same input, and so end in the same bits.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_rows, ...)
    targets : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    weights : ndarray of shape (n_rows,)

    Returns
    -------
    X, targets, weights : ndarray
    """
    kept = np.flatnonzero(weights > 0)
    X, targets, weights = dense_rows(X, kept), targets[kept], weights[kept].astype(np.float64)
    n = len(kept)
    table = np.hstack([X.reshape(n, -1).astype(np.float32), targets.reshape(n, -1).astype(np.float32)])
    # rows as opaque bytes: sorting them is quick, and any fixed order serves
    keys = np.ascontiguousarray(table).view(np.dtype((np.void, table.shape[1] * 4))).ravel()
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return X[first], targets[first], np.bincount(group.ravel(), weights=weights).astype(np.float32)


class ArrayBatches:
    """Batches of data that are in memory; sparse rows become dense a chunk at a time.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_rows, ...)
    targets : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    weights : ndarray of shape (n_rows,)
        Scaled to mean one here.
    batch_size : int
        Rows a step.
    padded_size : int
        Rows of the fixed shape; at least ``batch_size``.
    chunk_steps : int
    shuffle : bool
    seed : int
        Each epoch's order is a function of this seed and the epoch's number alone, so that training can
        resume anywhere.
    """

    def __init__(
        self,
        X: Any,
        targets: AnyArray,
        weights: AnyArray,
        *,
        batch_size: int,
        padded_size: int,
        chunk_steps: int,
        shuffle: bool,
        seed: int,
    ) -> None:
        self.n_rows = int(X.shape[0])
        self.steps_per_epoch = -(-self.n_rows // batch_size)
        self._X, self._targets = X, targets
        self._weights = (weights / weights.mean(dtype=np.float64)).astype(np.float32)
        self._batch = batch_size
        self.chunk_shape = (chunk_steps, padded_size)
        self._shuffle, self._seed = shuffle, seed
        self._orders: OrderedDict[int, AnyArray] = OrderedDict()
        self._kept: dict[tuple[int, int], Chunk] = {}

    def _order(self, epoch: int) -> AnyArray:
        """Return an epoch's rows, a row a step: shape (steps_per_epoch, batch_size), -1 for padding."""
        if epoch not in self._orders:
            order: AnyArray = np.full(self.steps_per_epoch * self._batch, -1, np.int64)
            if self._shuffle:
                order[: self.n_rows] = stream(self._seed, f"shuffle {epoch}").permutation(self.n_rows)
            else:
                order[: self.n_rows] = np.arange(self.n_rows)
            self._orders[epoch] = order.reshape(self.steps_per_epoch, self._batch)
            if len(self._orders) > 2:
                self._orders.popitem(last=False)
        return self._orders[epoch]

    def fill(self, first: int, n_steps: int) -> Chunk:
        """Return the batches of ``n_steps`` steps from number ``first`` on."""
        if self._shuffle:
            return self._gather(first, n_steps)
        key = first % self.steps_per_epoch, n_steps  # without shuffling, every epoch is the same
        if key not in self._kept:
            self._kept = {key: self._gather(first, n_steps)}
        return self._kept[key]

    def _gather(self, first: int, n_steps: int) -> Chunk:
        n_rows = self.chunk_shape[1]
        index: AnyArray = np.full((n_steps, n_rows), -1, np.int64)
        done = 0
        while done < n_steps:
            epoch, step = divmod(first + done, self.steps_per_epoch)
            part = self._order(epoch)[step : step + n_steps - done]
            index[done : done + len(part), : self._batch] = part
            done += len(part)
        flat = np.maximum(index, 0).ravel()  # padding repeats row 0, with weight 0
        X = dense_rows(self._X, flat) if sparse.issparse(self._X) else self._X.take(flat, axis=0)
        X, targets, weights, counts = (
            X.reshape(n_steps, n_rows, *X.shape[1:]),
            self._targets.take(flat, axis=0).reshape(n_steps, n_rows, *self._targets.shape[1:]),
            np.where(index >= 0, self._weights[flat].reshape(index.shape), np.float32(0)),
            (index >= 0).sum(axis=1).astype(np.int32),
        )
        steps = self.chunk_shape[0]
        return Chunk(
            _extended(X, steps), _extended(targets, steps), _extended(weights, steps), _extended(counts, steps), n_steps
        )


def _extended(part: AnyArray, n_steps: int) -> AnyArray:
    """Fill up to ``n_steps`` with zeros, which no step looks at."""
    if len(part) == n_steps:
        return part
    whole: AnyArray = np.zeros((n_steps, *part.shape[1:]), part.dtype)
    whole[: len(part)] = part
    return whole


class StreamBatches:
    """Batches of data that are read anew each epoch, in bounded memory.

    Parameters
    ----------
    read : callable (epoch) -> iterable of (X, targets, weights)
        Yields blocks of rows of any length; the same rows for each epoch, in that epoch's order.
    n_rows : int
        Rows of an epoch.
    batch_size, chunk_steps : int
    """

    def __init__(
        self,
        read: Callable[[int], Iterable[tuple[AnyArray, AnyArray, AnyArray]]],
        *,
        n_rows: int,
        batch_size: int,
        chunk_steps: int,
    ) -> None:
        self.n_rows = n_rows
        self.steps_per_epoch = -(-n_rows // batch_size)
        self._read, self._batch, self._chunk_steps = read, batch_size, chunk_steps
        self.chunk_shape = (chunk_steps, batch_size)
        self._next_step, self._seen = -1, 0
        self._rows: Iterator[tuple[AnyArray, ...]] = iter(())

    def fill(self, first: int, n_steps: int) -> Chunk:
        """Return the batches of ``n_steps`` steps from number ``first`` on, skipping those before it in its epoch."""
        if first != self._next_step:
            epoch, step = divmod(first, self.steps_per_epoch)
            self._rows, self._seen = self._batches(epoch), 0
            for _ in range(step):
                self._next()
        parts = []
        for step in range(first, first + n_steps):
            if step % self.steps_per_epoch == 0:
                self._rows, self._seen = self._batches(step // self.steps_per_epoch), 0
            parts.append(self._next())
        self._next_step = first + n_steps
        counts = np.zeros(self._chunk_steps, np.int32)
        counts[:n_steps] = [len(p[0]) for p in parts]
        X, targets, weights = (self._stack([p[k] for p in parts]) for k in range(3))
        return Chunk(X, targets, weights, counts, n_steps)

    def _next(self) -> tuple[AnyArray, ...]:
        batch = next(self._rows, None)
        due = min(self._batch, self.n_rows - self._seen)
        self._seen += 0 if batch is None else len(batch[0])
        if batch is None or len(batch[0]) < due:
            raise DataError(
                f"The stream ended early: {self.n_rows} rows were announced, {self._seen} came. Has the file changed?"
            )
        return batch

    def _stack(self, batches: list[AnyArray]) -> AnyArray:
        shape = (self._chunk_steps, self._batch, *batches[0].shape[1:])
        stacked = np.zeros(shape, batches[0].dtype)
        for i, batch in enumerate(batches):
            stacked[i, : len(batch)] = batch
        return stacked

    def _batches(self, epoch: int) -> Iterator[tuple[AnyArray, ...]]:
        held: tuple[AnyArray, ...] | None = None
        for block in self._read(epoch):
            joined = block if held is None else tuple(np.concatenate(p) for p in zip(held, block, strict=True))
            whole = len(joined[0]) // self._batch * self._batch
            for first in range(0, whole, self._batch):
                yield tuple(part[first : first + self._batch] for part in joined)
            held = tuple(part[whole:] for part in joined)
        if held is not None and len(held[0]):
            yield held
