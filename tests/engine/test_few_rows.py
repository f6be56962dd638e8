"""The NumPy pass for a few rows: Keras's numbers, the same limits, nothing written to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strates.engine.few_rows import FEW_MULTIPLICATIONS, forward_few_rows, suits_few_rows
from strates.engine.keras_architecture import KerasArchitecture

KINDS: list[tuple[Any, int]] = [("binary", 1), ("categorical", 3), ("multilabel", 2)]


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh", "sigmoid"])
@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
@pytest.mark.parametrize(
    "changes", [{"hidden": ()}, {"hidden": (6, 5)}, {"batch_norm": True, "dropout": (0.5,)}], ids=str
)
def test_is_kerass(dense: Any, rows: Any, activation: str, kind: Any, n_outputs: int, changes: dict[str, Any]) -> None:
    architecture, X = dense(activation=activation, kind=kind, n_outputs=n_outputs, **changes), 5 * rows(7)[0]
    rng = np.random.default_rng(0)
    weights = [np.abs(w) + rng.uniform(0, 0.5, w.shape).astype(np.float32) for w in architecture.initial_weights(0)]
    model = architecture.build()
    model.set_weights(weights)
    before = [X.copy(), *(w.copy() for w in weights)]
    found = forward_few_rows(architecture, weights, X)
    np.testing.assert_allclose(found, model(X, training=False), atol=2e-6)
    assert found.dtype == np.float32
    for a, b in zip([X, *weights], before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("kind", "n_outputs"), KINDS)
def test_scores_far_out_are_finite(dense: Any, kind: Any, n_outputs: int) -> None:
    architecture = dense(hidden=(), kind=kind, n_outputs=n_outputs)
    weights = [np.full((4, n_outputs), 1e3, np.float32), np.arange(n_outputs, dtype=np.float32) * 500]
    for X in (np.ones((1, 4), np.float32), -np.ones((1, 4), np.float32)):
        p = forward_few_rows(architecture, weights, X)
        assert np.isfinite(p).all()
        assert ((p >= 0) & (p <= 1)).all()


def test_large_passes_and_other_networks_are_left_to_tensorflow(dense: Any) -> None:
    architecture = dense(hidden=(100,))  # 700 multiplications a row
    most = FEW_MULTIPLICATIONS // 700
    assert suits_few_rows(architecture, 1)
    assert suits_few_rows(architecture, most)
    assert not suits_few_rows(architecture, most + 1)
    assert not suits_few_rows(dense(activation="gelu"), 1)
    assert not suits_few_rows(KerasArchitecture(dense().build(), (4,), keep_weights=True), 1)
