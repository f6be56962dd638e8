"""Activation functions against Keras, TensorFlow's differentiation, centred differences and identities."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import minimize_scalar

from strates.exceptions import ParameterError
from strates.inspection import ActivationFunction, Kink, activation_function, maxout
from strates.inspection.activation_function import ACTIVATION_NAMES

IN_KERAS = {
    "identity": "linear",
    "logistic": "sigmoid",
    **{name: name for name in ("tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign")},
}
GRID = np.concatenate([np.linspace(-8, 8, 401), [-40.0, 40.0, -1000.0, 1000.0]])
EXTREMES = np.array([-1000.0, -800.0, -50.0, 50.0, 800.0, 1000.0, -np.inf, np.inf])


def test_every_name_of_the_course_is_there() -> None:
    assert set(ACTIVATION_NAMES) == {*IN_KERAS, "heaviside", "maxout"}


@pytest.mark.parametrize("name", IN_KERAS)
def test_values_and_derivatives_are_those_of_keras(name: str) -> None:
    """The grid holds 0: there TensorFlow says what training takes at a kink."""
    z = tf.constant(GRID, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(z)
        expected = keras.activations.get(IN_KERAS[name])(z)
    function = activation_function(name)
    assert function.value(GRID) == pytest.approx(np.asarray(expected), rel=1e-6, abs=1e-12)
    # TensorFlow's own derivative of gelu has a constant in float32: hence the absolute part
    assert function.derivative(GRID) == pytest.approx(np.asarray(tape.gradient(expected, z)), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_derivative_is_the_slope_of_centred_differences(name: str) -> None:
    function, h = activation_function(name), 1e-5
    z = np.linspace(-6, 6, 500)
    z = z[[all(abs(one - kink.z) > 10 * h for kink in function.kinks) for one in z]]
    slope = (function.value(z + h) - function.value(z - h)) / (2 * h)
    assert function.derivative(z) == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_kinks_have_the_slopes_of_their_sides_and_nowhere_else_are_any(name: str) -> None:
    function, h = activation_function(name), 1e-6
    for kink in function.kinks:
        left = (function.value(kink.z - h) - function.value(kink.z - 2 * h)) / h
        right = (function.value(kink.z + 2 * h) - function.value(kink.z + h)) / h
        jump = function.value(kink.z + h) - function.value(kink.z - h)
        assert (left, right) == pytest.approx((kink.left, kink.right), abs=1e-4)
        assert jump == pytest.approx(kink.jump, abs=1e-5)
        assert function.derivative(kink.z) == kink.taken
        assert kink.left != kink.right or kink.jump
    z = np.linspace(-3, 3, 601)
    bends = np.abs(function.derivative(z + h) - function.derivative(z - h)) > 1e-4
    assert set(z[bends].round(6) + 0.0) == {kink.z for kink in function.kinks if not kink.jump}


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_extremes_are_finite_or_limits_and_raise_nothing(name: str) -> None:
    function = activation_function(name)
    with np.errstate(all="raise"):
        value, slope = function.value(EXTREMES), function.derivative(EXTREMES)
    assert not np.isnan(value).any()
    assert np.isfinite(value[:6]).all()
    assert np.isfinite(slope).all()
    assert np.isnan([function.value(np.nan), function.derivative(np.nan)]).all() or name in ("identity", "maxout")


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_values_fill_the_range(name: str) -> None:
    function = activation_function(name)
    low, high = function.range
    values = function.value(np.concatenate([GRID, EXTREMES]))
    assert low <= values.min()
    assert values.max() <= high
    valley = minimize_scalar(function.value, bounds=(-5, 2), method="bounded", options={"xatol": 1e-12}).fun
    assert min(valley, values.min()) == pytest.approx(low, abs=1e-9)
    assert values.max() == pytest.approx(high)


def test_identities_of_the_course() -> None:
    z = np.linspace(-5, 5, 101)
    sigmoid, tanh = activation_function("sigmoid"), activation_function("tanh")
    assert tanh.value(z) == pytest.approx(2 * sigmoid.value(2 * z) - 1, abs=1e-15)
    assert sigmoid.derivative(z) == pytest.approx(sigmoid.value(z) * (1 - sigmoid.value(z)), abs=1e-15)
    assert tanh.derivative(z) == pytest.approx(1 - tanh.value(z) ** 2, abs=1e-15)
    assert activation_function("softplus").derivative(z) == pytest.approx(sigmoid.value(z), abs=1e-15)
    assert maxout([0, 1], [0, 0]).value(z).tolist() == activation_function("relu").value(z).tolist()


def test_tails_keep_their_digits() -> None:
    """Where 1 - f(z) would be 0 in float64: f'(40) is exp(-40), to first order."""
    assert activation_function("logistic").derivative(40.0) == pytest.approx(np.exp(-40.0), rel=1e-12)
    assert activation_function("tanh").derivative(30.0) == pytest.approx(4 * np.exp(-60.0), rel=1e-12)
    assert activation_function("elu").value(-1e-12) == pytest.approx(-1e-12, rel=1e-9)


@pytest.mark.parametrize(("synonym", "name"), [("sigmoid", "logistic"), ("linear", "identity"), ("swish", "silu")])
def test_names_of_keras_and_of_scikit_learn(synonym: str, name: str) -> None:
    assert activation_function(synonym) is activation_function(name)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_shapes_and_types(name: str, shape: tuple[int, ...]) -> None:
    function = activation_function(name)
    for z in (np.zeros(shape, np.float32), np.zeros(shape, int).tolist()):
        for found in (function.value(z), function.derivative(z)):
            assert (found.shape, found.dtype) == (shape, np.float64)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_the_input_is_left_as_it_was(name: str) -> None:
    z = np.array([-1.0, 0.0, 2.0])
    activation_function(name).value(z)[:] = 7
    activation_function(name).derivative(z)[:] = 7
    assert z.tolist() == [-1, 0, 2]


def test_perceptron_takes_zero_for_no() -> None:
    assert activation_function("heaviside").value([-1e-300, 0, 1e-300]).tolist() == [0, 0, 1]


def test_maxout_of_pieces_in_any_order() -> None:
    z = np.linspace(-4, 4, 81)
    function = maxout([1, -2, 0, 0], [-1, 0, 1, -9])  # the last is never the largest
    expected = np.max([z - 1, -2 * z, np.ones(81)], axis=0)
    assert function.value(z) == pytest.approx(expected)
    assert function.kinks == (Kink(-0.5, -2.0, 0.0, -2.0), Kink(2.0, 0.0, 1.0, 1.0))
    assert function.range == (1.0, np.inf)
    assert function.formula == "max(z - 1, -2 * z, 1, -9)"


def test_maxout_of_one_piece_and_of_parallel_ones() -> None:
    assert maxout([2], [1]).range == (-np.inf, np.inf)
    assert maxout([0, 0], [1, 3]).range == (3.0, 3.0)
    assert maxout([-1, -3], [0, 0]).range == (-np.inf, np.inf)
    assert maxout([1, 1], [0, 2]).kinks == ()


@pytest.mark.parametrize("pieces", [([], []), ([1], [1, 2]), ([np.nan], [0]), ([[1]], [[0]])])
def test_maxout_without_usable_pieces(pieces: Any) -> None:
    with pytest.raises(ParameterError, match=r"make no maxout; expected two sequences of as many finite numbers"):
        maxout(*pieces)


def test_unknown_name() -> None:
    with pytest.raises(ParameterError, match=r"named 'rleu'\. Did you mean 'relu'\? Known: identity, heaviside, logis"):
        activation_function("rleu")


def test_it_is_frozen_and_says_what_it_is() -> None:
    function = activation_function("relu")
    assert isinstance(function, ActivationFunction)
    assert "max(0, z)" in repr(function)
    with pytest.raises(AttributeError, match="cannot assign"):
        function.name = "other"  # type: ignore[misc]
