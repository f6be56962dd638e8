"""A dense network before it has weights: what it computes, its key, its initial weights."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy.special import erf, expit

from strates.engine.architecture import ACTIVATIONS, keras_activation
from strates.engine.predictor import predictor
from strates.exceptions import ParameterError

FORMULAS = {
    "identity": lambda z: z,
    "linear": lambda z: z,
    "logistic": expit,
    "sigmoid": expit,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.2 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(z)),
    "selu": lambda z: 1.05070099 * np.where(z > 0, z, 1.67326324 * np.expm1(z)),
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    "silu": lambda z: z * expit(z),
    "softplus": lambda z: np.logaddexp(0, z),
    "softsign": lambda z: z / (1 + np.abs(z)),
}


class TestActivations:
    def test_each_has_a_formula_here(self) -> None:
        assert set(FORMULAS) == set(ACTIVATIONS)

    @pytest.mark.parametrize("name", FORMULAS)
    def test_hidden_layers_compute_it(self, dense: Any, rows: Any, name: str) -> None:
        architecture = dense(activation=keras_activation(name))
        weights, X = architecture.initial_weights(0), rows(9)[0]
        z = X.astype(np.float64) @ weights[0] + weights[1]
        expected = FORMULAS[name](z)
        np.testing.assert_allclose(predictor(architecture, "hidden_1")(weights, X), expected, atol=2e-6)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("rleu", r"activation='rleu' is not known\. Did you mean 'relu'\? Known: identity, linear, logistic"),
            ("RELU", "Did you mean 'relu'"),
            (None, "activation=None is not known"),
            (3, "activation=3 is not known"),
        ],
    )
    def test_unknown_ones_name_the_nearest(self, name: Any, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            keras_activation(name)


class TestOutputs:
    @pytest.mark.parametrize(("kind", "n_outputs"), [("binary", 1), ("categorical", 3), ("multilabel", 2)])
    def test_are_probabilities(self, dense: Any, rows: Any, numpy_network: Any, kind: Any, n_outputs: int) -> None:
        architecture = dense(kind=kind, n_outputs=n_outputs, hidden=(6, 5))
        weights, X = architecture.initial_weights(0), rows(9)[0]
        expected = numpy_network(weights, kind=kind).probabilities(X)
        np.testing.assert_allclose(predictor(architecture)(weights, X), expected, atol=1e-6)

    def test_a_network_without_hidden_layers(self, dense: Any, rows: Any, numpy_network: Any) -> None:
        architecture = dense(hidden=())
        weights, X = architecture.initial_weights(0), rows(9)[0]
        np.testing.assert_allclose(
            predictor(architecture)(weights, X), numpy_network(weights).probabilities(X), atol=1e-6
        )


class TestInitialWeights:
    @pytest.mark.parametrize("changes", [{}, {"hidden": ()}, {"batch_norm": True, "dropout": (0.1,)}], ids=str)
    def test_have_the_models_order_and_shapes(self, dense: Any, changes: dict[str, Any]) -> None:
        architecture = dense(**changes)
        weights, built = architecture.initial_weights(0), architecture.build().weights
        assert [w.shape for w in weights] == [tuple(v.shape) for v in built]
        assert all(w.dtype == np.float32 for w in weights)
        for w, v in zip(weights, built, strict=True):
            if v.name != "kernel":  # biases 0, normalisations the identity
                assert (w == (v.name in ("gamma", "moving_variance"))).all()

    def test_a_seed_decides_and_layers_are_independent(self, dense: Any) -> None:
        architecture = dense(hidden=(4, 4), n_outputs=4)
        one, same, other = (architecture.initial_weights(s) for s in (1, 1, 2))
        for a, b, c in zip(one[::2], same[::2], other[::2], strict=True):
            np.testing.assert_array_equal(a, b)
            assert (a != c).all()
        assert (one[0] != one[2]).all()
        assert (one[2] != one[4]).all()

    def test_dropout_and_batch_normalisation_leave_the_kernels_alone(self, dense: Any) -> None:
        # a comparison between two settings is a paired one
        plain = dense().initial_weights(5)
        changed = dense(dropout=(0.5,), batch_norm=True).initial_weights(5)
        np.testing.assert_array_equal(plain[0], changed[0])
        np.testing.assert_array_equal(plain[2], changed[-2])


class TestKey:
    def test_rates_and_initial_weights_are_not_in_it(self, dense: Any) -> None:
        assert dense(dropout=(0.1,)).key == dense(dropout=(0.2,), kernel_initializer="he").key
        assert dense(dropout=(0.1,)).key != dense(dropout=(0.0,)).key
        assert dense(dropout=(0.0,)).key != dense(dropout=(0.1,)).key

    def test_survives_pickling(self, dense: Any) -> None:
        architecture = dense(batch_norm=True)
        assert pickle.loads(pickle.dumps(architecture)).key == architecture.key


def test_dropout_of_zero_makes_no_layer(dense: Any) -> None:
    architecture = dense(hidden=(5, 5), dropout=(0.0, 0.3))
    assert architecture.noise_levels == (0.3,)
    assert [layer.name for layer in architecture.build().layers if "dropout" in layer.name] == ["dropout_2"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, True), ({"dropout": (0.0,)}, True), ({"dropout": (0.1,)}, False), ({"batch_norm": True}, False)],
    ids=str,
)
def test_row_wise(dense: Any, changes: dict[str, Any], expected: bool) -> None:
    assert dense(**changes).row_wise is expected
