"""Every row once an epoch, whatever the sizes; equal rows merged without loss."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from strates.engine.batches import ArrayBatches, StreamBatches, as_rows, dense_rows, merge_equal_rows
from strates.exceptions import StratesError

SIZES = {
    "n": st.integers(1, 60),
    "batch": st.integers(1, 20),
    "chunk": st.integers(1, 9),
    "seed": st.integers(0, 2**31 - 1),
}


def numbered(n: int) -> tuple[Any, Any, Any]:
    """Rows that say their own number, labels and weights that follow from it."""
    number = np.arange(n)
    return np.c_[number, -number].astype(np.float32), (number % 3).astype(np.int32), 1.0 + number % 4


def array_batches(n: int, batch: int, chunk: int, seed: int = 0, *, padding: int = 0, shuffle: bool = True) -> Any:
    X, y, w = numbered(n)
    return ArrayBatches(
        X, y, w, batch_size=batch, padded_size=batch + padding, chunk_steps=chunk, shuffle=shuffle, seed=seed
    )


def in_parts(source: Any, n_steps: int) -> Any:
    """Yield (X, targets, weights) of each step, read in chunks as training does."""
    first = 0
    while first < n_steps:
        n = min(source.chunk_shape[0], n_steps - first)
        chunk = source.fill(first, n)
        assert chunk.X.shape[:2] == chunk.targets.shape == chunk.weights.shape == source.chunk_shape
        assert chunk.n_steps == n
        for i in range(n):
            k = chunk.counts[i]
            yield chunk.X[i, :k], chunk.targets[i, :k], chunk.weights[i, :k], chunk.weights[i, k:]
        first += n


class TestArrayBatches:
    @given(**SIZES, padding=st.integers(0, 5), shuffle=st.booleans())
    def test_every_row_exactly_once_an_epoch(
        self, n: int, batch: int, chunk: int, seed: int, padding: int, shuffle: bool
    ) -> None:
        source = array_batches(n, batch, chunk, seed, padding=padding, shuffle=shuffle)
        X, y, w = numbered(n)
        assert source.steps_per_epoch == int(np.ceil(n / batch))
        steps = list(in_parts(source, 3 * source.steps_per_epoch))
        for epoch in range(3):
            own = steps[epoch * source.steps_per_epoch : (epoch + 1) * source.steps_per_epoch]
            assert [len(s[0]) for s in own[:-1]] == [batch] * (len(own) - 1)  # only the last is short
            number = np.concatenate([s[0][:, 0] for s in own]).astype(int)
            assert sorted(number) == list(range(n))
            assert shuffle or list(number) == list(range(n))
            np.testing.assert_array_equal(np.concatenate([s[0] for s in own]), X[number])
            np.testing.assert_array_equal(np.concatenate([s[1] for s in own]), y[number])
            np.testing.assert_allclose(np.concatenate([s[2] for s in own]), (w / w.mean())[number], rtol=1e-6)
            assert all((s[3] == 0).all() for s in own)  # padding weighs nothing

    @given(**SIZES, start=st.integers(0, 30))
    def test_a_step_is_a_function_of_its_number(self, n: int, batch: int, chunk: int, seed: int, start: int) -> None:
        # training resumes anywhere, and runs a chunk again
        one, other = array_batches(n, batch, chunk, seed), array_batches(n, batch, chunk, seed)
        steps = list(in_parts(one, start + chunk))
        again = other.fill(start, chunk)
        for i in range(chunk):
            np.testing.assert_array_equal(again.X[i, : again.counts[i]], steps[start + i][0])

    def test_orders_differ_by_epoch_and_by_seed(self) -> None:
        def order(seed: int, epoch: int) -> list[float]:
            return array_batches(50, 50, 1, seed).fill(epoch, 1).X[0, :, 0].tolist()

        assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9

    def test_sparse_rows_are_the_dense_ones(self) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(23, 6)).astype(np.float32) * (rng.random((23, 6)) < 0.3)
        y, w = np.arange(23) % 2, np.ones(23)
        settings: dict[str, Any] = {
            "batch_size": 5, "padded_size": 8, "chunk_steps": 4, "shuffle": True, "seed": 1,
        }  # fmt: skip
        a, b = ArrayBatches(X, y, w, **settings), ArrayBatches(as_rows(sparse.csc_array(X)), y, w, **settings)
        for one, other in zip(in_parts(a, 10), in_parts(b, 10), strict=True):
            np.testing.assert_array_equal(one[0], other[0])

    def test_matrices_of_targets_and_images_keep_their_shape(self) -> None:
        X = np.arange(10 * 4 * 3, dtype=np.uint8).reshape(10, 4, 3)
        y = np.eye(5, dtype=np.float32)[np.arange(10) % 5]
        source = ArrayBatches(X, y, np.ones(10), batch_size=4, padded_size=4, chunk_steps=3, shuffle=False, seed=0)
        chunk = source.fill(0, 3)
        assert (chunk.X.shape, chunk.X.dtype, chunk.targets.shape) == ((3, 4, 4, 3), np.uint8, (3, 4, 5))
        np.testing.assert_array_equal(chunk.X[2, :2], X[8:])


class TestStreamBatches:
    @staticmethod
    def make(n: int, batch: int, chunk: int, cuts: list[int]) -> tuple[Any, list[int]]:
        X, y, w = numbered(n)
        bounds, opened = [0, *sorted(c for c in cuts if c < n), n], []

        def read(epoch: int) -> Any:
            opened.append(epoch)
            shift = epoch % n  # an order of its own for each epoch
            rows = np.roll(np.arange(n), shift)
            for a, b in pairwise(bounds):
                yield X[rows[a:b]], y[rows[a:b]], w[rows[a:b]].astype(np.float32)

        return StreamBatches(read, n_rows=n, batch_size=batch, chunk_steps=chunk), opened

    @given(**SIZES, cuts=st.lists(st.integers(1, 60), max_size=6))
    def test_every_row_exactly_once_an_epoch_in_the_streams_order(
        self, n: int, batch: int, chunk: int, seed: int, cuts: list[int]
    ) -> None:
        source, opened = self.make(n, batch, chunk, cuts)
        _, y, w = numbered(n)
        steps = list(in_parts(source, 3 * source.steps_per_epoch))
        for epoch in range(3):
            own = steps[epoch * source.steps_per_epoch : (epoch + 1) * source.steps_per_epoch]
            assert [len(s[0]) for s in own[:-1]] == [batch] * (len(own) - 1)
            number = np.concatenate([s[0][:, 0] for s in own]).astype(int)
            np.testing.assert_array_equal(number, np.roll(np.arange(n), epoch % n))
            np.testing.assert_array_equal(np.concatenate([s[1] for s in own]), y[number])
            np.testing.assert_array_equal(np.concatenate([s[2] for s in own]), w[number])
            assert all((s[3] == 0).all() for s in own)
        assert opened == [0, 1, 2]  # each epoch is read once

    @given(**SIZES, cuts=st.lists(st.integers(1, 60), max_size=6), start=st.integers(0, 30))
    def test_reading_again_from_any_step(
        self, n: int, batch: int, chunk: int, seed: int, cuts: list[int], start: int
    ) -> None:
        source, _ = self.make(n, batch, chunk, cuts)
        steps = list(in_parts(source, start + chunk))
        again = source.fill(start, chunk)
        for i in range(chunk):
            np.testing.assert_array_equal(again.X[i, : again.counts[i]], steps[start + i][0])

    def test_memory_is_bounded_by_a_block_and_a_chunk(self) -> None:
        alive: list[int] = []

        def read(epoch: int) -> Any:
            for i in range(100):
                alive.append(i)
                yield np.full((10, 1), i, np.float32), np.zeros(10, np.int32), np.ones(10, np.float32)

        source = StreamBatches(read, n_rows=1000, batch_size=10, chunk_steps=5)
        source.fill(0, 5)
        assert len(alive) <= 6  # the blocks that the chunk needs, and none of those to come

    def test_a_stream_that_ends_early_is_an_error_with_both_counts(self) -> None:
        def read(epoch: int) -> Any:
            yield np.zeros((7, 1), np.float32), np.zeros(7, np.int32), np.ones(7, np.float32)

        source = StreamBatches(read, n_rows=20, batch_size=5, chunk_steps=4)
        with pytest.raises(StratesError, match=r"20.*7|7.*20"):
            source.fill(0, 4)


class TestMergeEqualRows:
    @given(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=30).filter(
            lambda found: any(w for _, _, w in found)
        ),
        st.randoms(use_true_random=False),
        st.booleans(),
    )
    def test_keeps_the_weight_of_each_row_and_forgets_the_order(
        self, found: list[tuple[int, int, int]], random: Any, is_sparse: bool
    ) -> None:
        def arrays(found: list[tuple[int, int, int]]) -> tuple[Any, Any, Any]:
            X = np.array([[x, -2.0 * x] for x, _, _ in found], np.float32)
            y, w = np.array([y for _, y, _ in found]), np.array([w for _, _, w in found], np.float32)
            return sparse.csr_array(X) if is_sparse else X, y, w

        X, y, w = merge_equal_rows(*arrays(found))
        expected: Counter[tuple[int, int]] = Counter()
        for x, label, weight in found:
            expected[x, label] += weight
        assert {(int(a[0]), int(b)): float(c) for a, b, c in zip(X, y, w, strict=True)} == {
            k: v for k, v in expected.items() if v
        }
        assert len(X) == len(y) == len(w) == sum(v > 0 for v in expected.values())
        np.testing.assert_array_equal(X[:, 1], -2 * X[:, 0])
        # the same rows in another order, each repeated as often as it weighs: the same bits
        other = [(x, label, 1) for x, label, weight in found for _ in range(weight)]
        random.shuffle(other)
        for a, b in zip(merge_equal_rows(*arrays(other)), (X, y, w), strict=True):
            np.testing.assert_array_equal(a, b)

    def test_multilabel_rows_differ_by_any_label(self) -> None:
        X, y = np.zeros((3, 2), np.float32), np.array([[0, 1], [1, 1], [0, 1]], np.float32)
        _, labels, weights = merge_equal_rows(X, y, np.ones(3, np.float32))
        assert dict(zip(map(tuple, labels.tolist()), weights.tolist(), strict=True)) == {(0, 1): 2, (1, 1): 1}


class TestAsRows:
    def test_computes_in_float32_but_leaves_images_alone(self) -> None:
        assert as_rows(np.zeros((2, 2))).dtype == np.float32
        assert as_rows(np.zeros((2, 2), np.uint8)).dtype == np.uint8
        assert as_rows(np.asfortranarray(np.zeros((3, 2)))).flags.c_contiguous
        assert as_rows(sparse.coo_array(np.eye(3))).format == "csr"

    def test_dense_rows(self) -> None:
        X = np.arange(12.0).reshape(4, 3)
        np.testing.assert_array_equal(dense_rows(X, [2, 0]), X[[2, 0]])
        np.testing.assert_array_equal(dense_rows(sparse.csr_matrix(X), [2, 0]), X[[2, 0]])
