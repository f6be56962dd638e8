"""Initial weights by name: variances by formula, and what they do to activations (neural-networks-2)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strates.engine.architecture import ACTIVATIONS, DenseArchitecture
from strates.engine.backend import keras
from strates.engine.initializers import INITIALIZER_NAMES, Sparse, make_initializer, scheme_for
from strates.engine.predictor import predictor
from strates.exceptions import ParameterError

N_IN, N_OUT = 300, 500


def draw(scheme: Any, activation: str = "tanh", seed: int = 0) -> Any:
    return np.asarray(make_initializer(scheme, activation, seed)((N_IN, N_OUT)))


VARIANCES = {
    "lecun": 1 / N_IN,
    "lecun_normal": 1 / N_IN,
    "lecun_uniform": 1 / N_IN,
    "glorot": 2 / (N_IN + N_OUT),
    "glorot_normal": 2 / (N_IN + N_OUT),
    "glorot_uniform": 2 / (N_IN + N_OUT),
    "he": 2 / N_IN,
    "he_normal": 2 / N_IN,
    "he_uniform": 2 / N_IN,
    "normal(0.01)": 1e-4,
    "normal(1)": 1.0,
    "normal( 2e-1 )": 0.04,
}


@pytest.mark.parametrize("scheme", VARIANCES)
def test_variance_is_the_papers(scheme: str) -> None:
    weights = draw(scheme)
    assert weights.var() == pytest.approx(VARIANCES[scheme], rel=0.02)
    assert abs(weights.mean()) < 0.01 * np.sqrt(VARIANCES[scheme])
    if "uniform" in scheme or scheme == "glorot":
        assert np.abs(weights).max() <= np.sqrt(3 * VARIANCES[scheme])


def test_zeros() -> None:
    assert not draw("zeros").any()


def test_orthogonal() -> None:
    weights = draw("orthogonal").astype(np.float64)
    np.testing.assert_allclose(weights @ weights.T, np.eye(N_IN), atol=1e-5)


@pytest.mark.parametrize(
    ("scheme", "n_connections", "stddev"),
    [("sparse", 15, 1), ("sparse(15)", 15, 1), ("sparse( 40, .25 )", 40, 0.25), ("sparse(999)", N_IN, 1)],
)
def test_sparse_units_have_few_incoming_weights(scheme: str, n_connections: int, stddev: float) -> None:
    weights = draw(scheme)
    assert np.count_nonzero(weights, axis=0).tolist() == [n_connections] * N_OUT
    drawn = weights[weights != 0]
    assert drawn.std() == pytest.approx(stddev, rel=0.03)
    assert abs(drawn.mean()) < 4 * stddev / np.sqrt(drawn.size)
    if n_connections < N_IN:  # no input is preferred: counts as of a hypergeometric draw
        counts = np.count_nonzero(weights, axis=1)
        expected = N_OUT * n_connections / N_IN
        assert counts.std() == pytest.approx(np.sqrt(expected * (1 - n_connections / N_IN)), rel=0.2)
        assert counts.sum() == N_OUT * n_connections


def test_sparse_filters() -> None:
    weights = np.asarray(make_initializer("sparse(4)", "relu", 0)((3, 3, 2, 8)))
    assert np.count_nonzero(weights, axis=(0, 1, 2)).tolist() == [4] * 8
    again = Sparse.from_config(make_initializer("sparse(4)", "relu", 0).get_config())
    np.testing.assert_array_equal(again((3, 3, 2, 8)), weights)


@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS.values())))
def test_auto_suits_the_activation(activation: str) -> None:
    rectifiers = {"relu", "leaky_relu", "elu", "gelu", "silu", "softplus"}
    expected = "he_normal" if activation in rectifiers else "lecun_normal" if activation == "selu" else "glorot_uniform"
    assert scheme_for(activation) == expected
    np.testing.assert_array_equal(draw("auto", activation), draw(expected))


@pytest.mark.parametrize("scheme", [n for n in INITIALIZER_NAMES if n not in ("auto", "zeros")])
def test_a_seed_decides(scheme: str) -> None:
    np.testing.assert_array_equal(draw(scheme, seed=3), draw(scheme, seed=3))
    assert (draw(scheme, seed=3) != draw(scheme, seed=4)).any()


class TestKerasInitializers:
    def test_one_without_a_seed_takes_ours(self) -> None:
        given = keras.initializers.RandomUniform(-1, 2)
        np.testing.assert_array_equal(draw(given, seed=3), draw(given, seed=3))
        assert (draw(given, seed=3) != draw(given, seed=4)).any()
        assert draw(given).mean() == pytest.approx(0.5, abs=0.02)

    def test_one_with_a_seed_keeps_it(self) -> None:
        given = keras.initializers.RandomUniform(seed=11)
        np.testing.assert_array_equal(draw(given, seed=3), draw(given, seed=4))

    def test_one_without_randomness(self) -> None:
        assert (draw(keras.initializers.Constant(0.5)) == 0.5).all()


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        ("glorott", r"kernel_initializer='glorott' is not known\. Did you mean 'glorot'\?"),
        ("normal(x)", r"kernel_initializer='normal\(x\)' is not known\."),
        ("normal(1e)", r"kernel_initializer='normal\(1e\)'"),
        ("normal(-1)", r"kernel_initializer='normal\(-1\)'"),
        ("sparse(0)", r"kernel_initializer='sparse\(0\)' is not known\. Did you mean 'sparse\(15\)'\?"),
        ("sparse(2.5)", r"kernel_initializer='sparse\(2\.5\)'"),
        (3, r"kernel_initializer=3 is not known\..*keras\.initializers\.Initializer also serves"),
    ],
)
def test_unknown_ones_are_refused(scheme: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make_initializer(scheme, "relu", 0)


class TestDepth:
    """1000 x 500 standard normal inputs, ten layers of 500: how far the signal gets."""

    @staticmethod
    def layer(activation: str, scheme: str, number: int) -> Any:
        network = DenseArchitecture(500, (500,) * 10, 2, "categorical", activation, kernel_initializer=scheme)
        X = np.random.default_rng(0).normal(size=(1000, 500)).astype(np.float32)
        return predictor(network, f"hidden_{number}")(network.initial_weights(0), X)

    @pytest.mark.parametrize(
        ("activation", "scheme", "first", "last"),
        [
            ("tanh", "normal(0.01)", 0.214, 2.9e-7),
            ("tanh", "normal(1)", 0.98, 0.98),
            ("tanh", "lecun", 0.63, 0.23),
            ("relu", "lecun", 0.58, 0.031),
            ("relu", "he", 0.83, 0.78),
        ],
    )
    def test_standard_deviation_of_the_activations(
        self, activation: str, scheme: str, first: float, last: float
    ) -> None:
        assert self.layer(activation, scheme, 1).std() == pytest.approx(first, rel=0.03)
        # ten products of random matrices: the last one varies by the draw
        assert self.layer(activation, scheme, 10).std() == pytest.approx(last, rel=0.25)

    def test_large_weights_saturate_tanh(self) -> None:
        a = self.layer("tanh", "normal(1)", 10)
        assert (np.abs(a) > 0.99).mean() == pytest.approx(0.92, abs=0.03)
