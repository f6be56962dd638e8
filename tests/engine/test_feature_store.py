"""Rows are computed once."""

from __future__ import annotations

import numpy as np

from strates.engine.feature_store import FeatureStore, rows_a_pass


class Network:
    """Doubles rows, and counts them."""

    def __init__(self):
        self.lengths = []

    def __call__(self, rows):
        self.lengths.append(len(rows))
        return (2.0 * rows.reshape(len(rows), -1)).astype(np.float32)


def test_rows_are_computed_once_in_whatever_order_they_come():
    X = np.random.default_rng(0).normal(size=(700, 5)).astype(np.float32)
    store, network = FeatureStore(), Network()
    rng = np.random.default_rng(1)
    for _ in range(5):
        rows = rng.permutation(700)[:500]
        np.testing.assert_array_equal(store("a", X[rows], network), 2 * X[rows])
    np.testing.assert_array_equal(store("a", X, network), 2 * X)
    assert store.n_computed == 700
    assert set(network.lengths) == {rows_a_pass((5,))}  # passes of one length


def test_equal_rows_of_one_call_are_answered_alike():
    store = FeatureStore()
    X = np.array([[1.0], [2.0], [1.0]])
    np.testing.assert_array_equal(store("a", X, Network()), 2 * X)


def test_other_networks_and_other_types_of_numbers_are_others():
    store, X = FeatureStore(), np.arange(6, dtype=np.uint8).reshape(2, 3)
    store("a", X, Network())
    store("b", X, Network())
    store("a", X.astype(np.float32), Network())
    assert store.n_computed == 6


def test_memory_is_bounded_and_the_oldest_go_first():
    store, network = FeatureStore(kept_bytes=64 * 8 * 4), Network()  # 64 rows of 8 numbers
    X = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    store("a", X, network)
    store("a", X[-64:], network)
    assert store.n_computed == 100
    store("a", X[:1], network)
    assert store.n_computed == 101
    store.clear()
    store("a", X[-1:], network)
    assert store.n_computed == 102


def test_answers_too_large_to_keep_are_computed_again():
    store, network = FeatureStore(kept_bytes=640), Network()
    X = np.ones((2, 8), np.float32)
    store("a", X[:1], network)
    store("a", X[:1], network)
    assert store.n_computed == 2
