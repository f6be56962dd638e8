"""Compiled prediction: Keras's own numbers, in blocks, without a new trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from strates.engine import predictor as module
from strates.engine.backend import keras
from strates.engine.keras_architecture import KerasArchitecture
from strates.engine.predictor import Predictor, constants, predictor
from strates.exceptions import ParameterError

L = keras.layers


def keras_answer(architecture: Any, weights: Any, X: Any) -> Any:
    model = architecture.build()
    model.set_weights(weights)
    return model.predict(X, verbose=0)


class TestAnswers:
    @pytest.mark.parametrize("changes", [{}, {"batch_norm": True, "dropout": (0.5,)}, {"hidden": ()}], ids=str)
    def test_are_kerass(self, dense: Any, rows: Any, changes: dict[str, Any]) -> None:
        architecture, X = dense(**changes), rows(40)[0]
        weights = [w + 0.1 for w in architecture.initial_weights(0)]
        np.testing.assert_allclose(
            predictor(architecture)(weights, X), keras_answer(architecture, weights, X), atol=1e-6
        )

    @pytest.mark.parametrize("n", [1, 9, 10, 11, 35])
    @pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
    def test_do_not_depend_on_blocks(
        self, dense: Any, rows: Any, monkeypatch: pytest.MonkeyPatch, n: int, container: Any
    ) -> None:
        monkeypatch.setattr(module, "BLOCK_ROWS", 10)
        architecture, X = dense(), rows(n)[0]
        weights = architecture.initial_weights(0)
        found = predictor(architecture)(weights, container(X))
        np.testing.assert_allclose(found, keras_answer(architecture, weights, X), atol=1e-6)
        assert (found.shape, found.dtype) == ((n, 3), np.float32)

    def test_of_a_hidden_layer(self, dense: Any, rows: Any, numpy_network: Any) -> None:
        architecture, X = dense(hidden=(6, 5)), rows(8)[0]
        weights = architecture.initial_weights(0)
        for i, expected in enumerate(numpy_network(weights).activations(X)[1:3], start=1):
            np.testing.assert_allclose(predictor(architecture, f"hidden_{i}")(weights, X), expected, atol=1e-6)

    def test_of_an_unknown_layer(self, dense: Any) -> None:
        with pytest.raises(ParameterError, match=r"no layer 'hiden_1'\. It has: inputs, hidden_1, outputs"):
            predictor(dense(), "hiden_1")

    def test_of_integers_and_float64(self, dense: Any) -> None:
        architecture = dense()
        weights, X = architecture.initial_weights(0), np.arange(12).reshape(3, 4)
        expected = keras_answer(architecture, weights, X.astype(np.float32))
        for dtype in (np.uint8, np.int64, np.float64):
            np.testing.assert_allclose(predictor(architecture)(weights, X.astype(dtype)), expected, atol=1e-6)

    def test_of_layers_that_hold_numbers_of_their_own(self, rows: Any) -> None:
        # an adapted Normalization has weights that no training touches; Dropout has a seed's state
        normalization = L.Normalization()
        normalization.adapt(rows(50)[0] * 3 + 1)
        model = keras.Sequential([keras.Input((4,)), normalization, L.Dropout(0.5), L.Dense(3, activation="softmax")])
        architecture, X = KerasArchitecture(model, (4,), keep_weights=True), rows(6)[0]
        found = predictor(architecture)(architecture.initial_weights(0), X)
        np.testing.assert_allclose(found, model.predict(X, verbose=0), atol=1e-6)


class TestTraces:
    def test_one_for_all_weights_and_lengths(self, dense: Any, rows: Any) -> None:
        one, other = dense(hidden=(7,), dropout=(0.1,)), dense(hidden=(7,), dropout=(0.6,), kernel_initializer="he")
        for seed, n in enumerate((1, 2, 50, 9000)):
            for architecture in (one, other):
                weights = constants(architecture.initial_weights(seed))
                predictor(architecture)(weights, rows(n)[0])
        assert predictor(one) is predictor(other)
        assert predictor(one).traces == 1

    def test_a_million_rows_go_through_in_bounded_blocks(self, dense: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        answer = Predictor(dense(), None)
        seen = []

        def count(X: Any, *weights: Any) -> Any:
            seen.append(int(X.shape[0]))
            return [np.zeros((X.shape[0], 3), np.float32).view(_Tensor)]

        monkeypatch.setattr(answer, "_function", count)
        X = np.broadcast_to(np.zeros(4, np.float32), (1_000_000, 4))  # takes no memory itself
        assert answer([], X).shape == (1_000_000, 3)
        assert sum(seen) == 1_000_000
        assert max(seen) <= module.BLOCK_ROWS
        assert len(seen) == -(-1_000_000 // module.BLOCK_ROWS)

    def test_wide_rows_make_short_blocks(self, dense: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "BLOCK_NUMBERS", 100)
        answer = Predictor(dense(), None)
        seen: list[int] = []
        monkeypatch.setattr(
            answer,
            "_function",
            lambda X, *w: (seen.append(int(X.shape[0])), np.zeros((X.shape[0], 3), np.float32).view(_Tensor))[1],
        )
        answer([], np.zeros((60, 4), np.float32))
        assert seen == [25, 25, 10]


class _Tensor(np.ndarray[Any, Any]):
    """An array that answers as a tensor does."""

    def numpy(self) -> Any:
        return np.asarray(self)
