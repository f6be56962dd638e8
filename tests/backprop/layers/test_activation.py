"""Activation functions: formulas, Keras, centred differences; softmax and its Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from scipy.stats import norm

from strates.backprop.layers import Activation, Softmax
from strates.exceptions import DataError, ParameterError

S, A = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. (2017), equation (2) with (14)


class Known(NamedTuple):
    keras: str
    text: str
    slope_text: str
    value: Callable[[Any], Any]
    slope: Callable[[Any], Any]
    by_cases: bool = False


KNOWN = {
    "identity": Known("linear", "z", "1", lambda z: z, np.ones_like),
    "logistic": Known("sigmoid", "σ(z) = 1 / (1 + exp(-z))", "a(1 - a)", expit, lambda z: expit(z) * (1 - expit(z))),
    "tanh": Known("tanh", "tanh(z)", "(1 - a²)", np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": Known("relu", "max(0, z)", "1[z > 0]", lambda z: np.maximum(0, z), lambda z: 1.0 * (z > 0), True),
    "leaky_relu": Known(
        "leaky_relu",
        "max(0, z) + 0.2 · min(0, z)",
        "(1[z > 0] + 0.2 · 1[z ≤ 0])",
        lambda z: np.maximum(0, z) + 0.2 * np.minimum(0, z),
        lambda z: 1.0 * (z > 0) + 0.2 * (z <= 0),
        True,
    ),
    "elu": Known(
        "elu",
        "max(0, z) + exp(min(0, z)) - 1",
        "exp(min(0, z))",
        lambda z: np.maximum(0, z) + np.exp(np.minimum(0, z)) - 1,
        lambda z: np.exp(np.minimum(0, z)),
        True,
    ),
    "selu": Known(
        "selu",
        "λ(max(0, z) + α(exp(min(0, z)) - 1)), λ = 1.0507, α = 1.6733",
        "λ(1[z ≥ 0] + α exp(z) 1[z < 0])",
        lambda z: S * (np.maximum(0, z) + A * (np.exp(np.minimum(0, z)) - 1)),
        lambda z: S * (1.0 * (z >= 0) + A * np.exp(z) * (z < 0)),
        True,
    ),
    "gelu": Known(
        "gelu",
        "zΦ(z)",
        "(Φ(z) + zφ(z))",
        lambda z: z * norm.cdf(z),
        lambda z: norm.cdf(z) + z * norm.pdf(z),
    ),
    "silu": Known(
        "silu",
        "zσ(z)",
        "(σ(z) + zσ(z)(1 - σ(z)))",
        lambda z: z * expit(z),
        lambda z: expit(z) + z * expit(z) * (1 - expit(z)),
    ),
    "softplus": Known("softplus", "log(1 + exp(z))", "σ(z)", lambda z: np.log(1 + np.exp(z)), expit),
    "softsign": Known(
        "softsign",
        "z / (1 + |z|)",
        "1 / (1 + |z|)²",
        lambda z: z / (1 + abs(z)),
        lambda z: 1 / (1 + abs(z)) ** 2,
        True,
    ),
}
each_function = pytest.mark.parametrize("name", KNOWN)
GRID = np.linspace(-8, 8, 321).reshape(3, 107)  # holds 0


def step_off_zero(z: Any) -> Any:
    """Keep a finite difference from crossing 0."""
    return z + np.where(z >= 0, 1e-3, -1e-3)


@each_function
def test_the_printed_formula_is_what_is_computed(name: str) -> None:
    known, layer = KNOWN[name], Activation(name)
    a, cache = layer.forward(GRID)
    slope, none = layer.backward(np.ones_like(GRID), cache)
    np.testing.assert_allclose(a, known.value(GRID), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(slope, known.slope(GRID), rtol=1e-12, atol=1e-15)
    assert none == {}
    forward, backward = layer.rules()
    assert forward.text == f"a = {known.text}"
    times = "" if known.slope_text == "1" else f" ⊙ {known.slope_text}"
    assert backward.text == f"∂L/∂z = ∂L/∂a{times}"


@each_function
def test_as_keras_also_at_zero(tape: Any, name: str) -> None:
    # TensorFlow holds two constants in float32: the slope of leaky_relu, and one in the derivative of gelu
    layer = Activation(name, negative_slope=float(np.float32(0.2)))
    loose = {"rtol": 1e-7, "atol": 1e-8} if name == "gelu" else {}
    tape(layer, GRID, keras.layers.Activation(KNOWN[name].keras, dtype="float64"), **loose)


@each_function
@settings(max_examples=15)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.floats(0.1, 4), st.integers(0, 2**32 - 1))
def test_centred_differences(differences: Any, name: str, shape: list[int], scale: float, seed: int) -> None:
    differences(Activation(name), step_off_zero(np.random.default_rng(seed).normal(scale=scale, size=shape)))


@pytest.mark.parametrize("slope", [0.0, 0.375, 1.0])
def test_leaky_relu_of_any_slope(tape: Any, differences: Any, slope: float) -> None:
    layer = Activation("leaky_relu", negative_slope=slope)
    tape(layer, GRID, keras.layers.LeakyReLU(slope, dtype="float64"))
    differences(layer, np.array([[-2.0, 3.0]]))
    assert layer.rules()[0].text == f"a = max(0, z) + {slope:g} · min(0, z)"


@each_function
def test_pieces_tell_the_sides_of_zero_where_the_formula_changes(name: str) -> None:
    """By the second derivative: a difference across 0 is off by more than h² where it leaps, or the first does."""
    layer, h = Activation(name), 1e-4
    _, cache = layer.forward([[-1.0, 0.0, h, 1.0]])
    pieces = layer.pieces(cache)
    assert (None if pieces is None else pieces.tolist()) == ([[0, 0, 1, 1]] if KNOWN[name].by_cases else None)
    left, right = (KNOWN[name].slope(np.array([at + h, at - h])) @ [1, -1] / (2 * h) for at in (-2 * h, 2 * h))
    jump = KNOWN[name].slope(np.array(h)) - KNOWN[name].slope(np.array(-h))
    assert (abs(right - left) > 0.1 or abs(jump) > 0.1) == KNOWN[name].by_cases


@pytest.mark.parametrize(("synonym", "name"), [("sigmoid", "logistic"), ("linear", "identity"), ("swish", "silu")])
def test_synonyms(synonym: str, name: str) -> None:
    np.testing.assert_array_equal(Activation(synonym).forward(GRID)[0], Activation(name).forward(GRID)[0])
    assert Activation(synonym).rules() == Activation(name).rules()
    assert Activation(synonym).name == synonym


@each_function
def test_far_out_nothing_overflows(name: str) -> None:
    z = np.array([[-1e4, -800.0, 800.0, 1e4]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a, cache = Activation(name).forward(z)
        slope, _ = Activation(name).backward(np.ones_like(z), cache)
    assert np.isfinite(a).all()
    assert np.isfinite(slope).all()


def test_unknown_names() -> None:
    with pytest.raises(
        ParameterError, match=r"activation='rleu' is not known\. Did you mean 'relu'\? Known: identity, "
    ):
        Activation("rleu")
    with pytest.raises(ParameterError, match=r"softmax is no function of one unit alone: use the layer Softmax\(\)"):
        Activation("softmax")


# --- softmax --------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=3), st.floats(0.1, 20), st.integers(0, 2**32 - 1))
def test_softmax(tape: Any, differences: Any, shape: list[int], scale: float, seed: int) -> None:
    z = np.random.default_rng(seed).normal(scale=scale, size=shape)
    a, cache = Softmax().forward(z)
    np.testing.assert_allclose(a, softmax(z, axis=-1), rtol=1e-12)
    tape(Softmax(), z, tf.nn.softmax)
    differences(Softmax(), z)
    # the way back is a product with the Jacobian
    delta = np.random.default_rng(0).normal(size=shape)
    expected = np.einsum("...j,...jk->...k", delta, Softmax().jacobian(cache))
    np.testing.assert_allclose(Softmax().backward(delta, cache)[0], expected, atol=1e-14)


def test_jacobian_of_softmax_is_that_of_tensorflow() -> None:
    z = tf.constant(np.random.default_rng(0).normal(size=(3, 4)))
    with tf.GradientTape() as tape:
        tape.watch(z)
        a = tf.nn.softmax(z)
    jacobian = Softmax().jacobian(Softmax().forward(z.numpy())[1])
    np.testing.assert_allclose(jacobian, tape.batch_jacobian(a, z), atol=1e-14)
    np.testing.assert_allclose(jacobian.sum(axis=-1), 0, atol=1e-15)  # adding to all scores changes nothing


def test_softmax_of_scores_far_out() -> None:
    assert Softmax().forward([[1000.0, 0.0, -1000.0]])[0].tolist() == [[1.0, 0.0, 0.0]]


def test_softmax_needs_units() -> None:
    with pytest.raises(
        DataError, match=r"Layer 'softmax' \(Softmax\) got x of shape \(3,\); expected \(n_rows, \.\.\., any\)"
    ):
        Softmax().forward([1.0, 2.0, 3.0])
