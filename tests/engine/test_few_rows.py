"""A few rows in NumPy, against the Keras model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from strates.engine.architecture import DenseArchitecture
from strates.engine.few_rows import FEW_MULTIPLICATIONS, forward_few_rows, suits_few_rows
from strates.engine.keras_architecture import KerasArchitecture

ROWS = np.random.default_rng(0).normal(scale=3, size=(7, 5)).astype(np.float32)


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(("kind", "n_outputs"), [("binary", 1), ("categorical", 3), ("multilabel", 4)])
@pytest.mark.parametrize("hidden", [(), (6,), (6, 4)])
def test_equals_the_keras_model(activation: str, batch_norm: bool, kind: Any, n_outputs: int, hidden: Any) -> None:
    architecture = DenseArchitecture(5, hidden, n_outputs, kind, activation=activation, batch_norm=batch_norm)
    model = architecture.build()
    draw = np.random.default_rng(1)
    weights = [draw.uniform(0.1, 1.0, w.shape).astype(np.float32) for w in model.get_weights()]
    model.set_weights(weights)
    kept, rows = [w.copy() for w in weights], ROWS.copy()
    assert suits_few_rows(architecture, len(ROWS))
    np.testing.assert_allclose(forward_few_rows(architecture, weights, rows), model(ROWS), atol=1e-6)
    for a, b in zip([*weights, rows], [*kept, ROWS], strict=True):
        np.testing.assert_array_equal(a, b)  # nothing was changed in place


def test_large_logits_do_not_overflow() -> None:
    architecture = DenseArchitecture(1, (), 3, "categorical")
    weights = [np.array([[1000.0, 0.0, -1000.0]], np.float32), np.zeros(3, np.float32)]
    np.testing.assert_array_equal(forward_few_rows(architecture, weights, np.ones((1, 1), np.float32)), [[1, 0, 0]])


def test_many_rows_and_other_networks_go_to_tensorflow() -> None:
    architecture = DenseArchitecture(10, (100,), 10, "categorical")
    limit = FEW_MULTIPLICATIONS // 2000
    assert suits_few_rows(architecture, limit)
    assert not suits_few_rows(architecture, limit + 1)
    assert not suits_few_rows(DenseArchitecture(10, (5,), 2, "categorical", activation="gelu"), 1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    assert not suits_few_rows(KerasArchitecture(model, (3,), keep_weights=True), 1)
