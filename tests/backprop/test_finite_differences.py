"""Centred differences, the kinks that they cross, and what rounding does to them."""

from __future__ import annotations

import numpy as np
import pytest

from strates.backprop import Network, relative_error
from strates.backprop.finite_differences import centred_differences, checked_step
from strates.backprop.layers import (
    Activation,
    Conv2D,
    Dense,
    Flatten,
    LogisticLoss,
    MaxPool2D,
    Penalty,
    SoftmaxCrossEntropy,
)
from strates.exceptions import ParameterError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 3)), np.arange(8) % 3
W = RNG.normal(size=(3, 3))
ALL = [tuple(int(i) for i in place) for place in np.ndindex(3, 3)]


def linear(**options) -> Network:
    return Network((Dense(W, np.zeros(3), name="outputs"),), SoftmaxCrossEntropy(), **options)


def exact() -> np.ndarray:
    """The gradient of a softmax regression, by its formula."""
    p = np.exp(X @ W) / np.exp(X @ W).sum(axis=1, keepdims=True)
    return X.T @ (p - np.eye(3)[Y]) / 8


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [(1.0, 1.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, 1.0), (2.0, 1.0, 0.5), (1.0, -1.0, 2.0), (-4.0, -3.0, 0.25)],
)
def test_relative_error(a, b, error):
    assert relative_error(a, b) == relative_error(b, a) == error


def test_the_error_falls_like_the_square_of_the_step():
    steps = np.array([1e-1, 1e-2, 1e-3])
    errors = [
        np.abs(centred_differences(linear(), X, Y, "outputs/kernel", ALL, h=h).values - exact().ravel()).max()
        for h in steps
    ]
    slopes = np.diff(np.log10(errors)) / np.diff(np.log10(steps))
    np.testing.assert_allclose(slopes, 2, atol=0.02)


def test_what_is_left_is_rounding():
    for h in (1e-5, 1e-6, 1e-7):
        found = centred_differences(linear(), X, Y, "outputs/kernel", ALL, h=h)
        # L is a difference of numbers of the size of the scores: its digits end where theirs do
        size = max(1, linear().forward(X, Y).loss, np.abs(X @ W).max())
        np.testing.assert_allclose(found.rounding, 2.0**-52 * size / h, rtol=1e-3)
        assert (np.abs(found.values - exact().ravel()) < found.rounding + h**2).all()


def test_too_small_a_step_is_no_excuse():
    allowed = [
        centred_differences(linear(), X, Y, "outputs/kernel", ALL, h=h).rounding.max() for h in (1e-7, 1e-9, 1e-300)
    ]
    assert allowed[0] == pytest.approx(allowed[1], rel=1e-6) == pytest.approx(allowed[2], rel=1e-6)


def test_single_precision_cannot_tell():
    found = centred_differences(linear(), X, Y, "outputs/kernel", ALL, h=1e-5, single_precision=True)
    assert relative_error(found.values, exact().ravel()).max() > 0.05
    np.testing.assert_allclose(found.values, np.round(found.values * 2e-5 * 2**25) / 2**25 / 2e-5)  # steps of float32


def test_a_small_penalty_does_not_drown_in_a_large_one():
    heavy = np.full((3, 3), 1e6)
    heavy[1, 1] = 0.5
    network = Network(
        (Dense(heavy, name="outputs"),), SoftmaxCrossEntropy(), {"outputs/kernel": Penalty(0.1, l1_ratio=0.5)}
    )
    found = centred_differences(network, np.zeros((1, 3)), [0], "outputs/kernel", [(1, 1)])
    assert found.values[0] == pytest.approx(0.1 * (0.5 + 0.5 * 0.5), rel=1e-8)  # the loss does not depend on it


def bent(z: float, *, activation: str = "relu") -> tuple[Network, np.ndarray]:
    """Two rows through three units; unit 2 of row 1 has z before its kink, all others are far from theirs."""
    kernel, bias = np.eye(3), np.zeros(3)
    rows = np.array([[1.0, -1.0, 2.0], [-2.0, 1.0, z]])
    layers = (Dense(kernel, bias, name="hidden"), Activation(activation, name="bend"), Dense(W, name="outputs"))
    return Network(layers, SoftmaxCrossEntropy()), rows


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "selu", "softsign"])
def test_a_step_over_a_kink_is_named(activation):
    network, rows = bent(-1e-6, activation=activation)
    found = centred_differences(network, rows, [0, 1], "hidden/bias", [(0,), (1,), (2,)])
    assert found.crossed == [None, None, ("bend", 1, 2)]
    assert centred_differences(network, rows, [0, 1], "hidden/bias", [(2,)], h=5e-7).crossed == [None]
    assert centred_differences(network, rows, [0, 1], "outputs/kernel", [(2, 0)]).crossed == [None]  # above the kink


def test_a_smooth_function_has_no_kinks():
    for activation in ("tanh", "logistic", "gelu", "silu", "softplus", "identity"):
        network, rows = bent(-1e-6, activation=activation)
        assert centred_differences(network, rows, [0, 1], "hidden/bias", [(2,)]).crossed == [None]


def test_a_kernel_entry_crosses_where_its_input_pushes():
    network, rows = bent(-1e-6)
    # dz = w * x: the third input of row 1 is -1e-6 itself, its first is -2, its second 1
    found = centred_differences(network, rows, [0, 1], "hidden/kernel", [(0, 2), (1, 2), (2, 2), (1, 0)])
    assert found.crossed == [("bend", 1, 2), ("bend", 1, 2), None, None]


def test_a_change_of_the_winner_is_a_kink():
    image = np.array([[1.0, 1.0 + 1e-6], [-3.0, 0.0]]).reshape(1, 2, 2, 1)
    kernel = np.array([[[[1.0]], [[0.0]]]])  # looks at one pixel, and may look at its right neighbour
    layers = (
        Conv2D(kernel, padding="same", name="look"),
        MaxPool2D(2, name="largest"),
        Flatten(),
        Dense(np.ones((1, 1))),
    )
    network = Network(layers, LogisticLoss())
    found = centred_differences(network, image, [1], "look/kernel", [(0, 0, 0, 0), (0, 1, 0, 0)])
    assert found.crossed == [None, ("largest", 0, 0)]


def test_the_corner_of_a_lasso_is_a_kink():
    kernel = np.array([[0.0, 2e-6, -0.5]])
    for l1_ratio, crossed in ((1.0, [("penalty", -1, -1)] * 2 + [None]), (0.0, [None] * 3)):
        network = Network(
            (Dense(kernel, name="o"),), SoftmaxCrossEntropy(), {"o/kernel": Penalty(0.1, l1_ratio=l1_ratio)}
        )
        found = centred_differences(network, np.ones((2, 1)), [0, 1], "o/kernel", [(0, 0), (0, 1), (0, 2)])
        assert found.crossed == crossed


@pytest.mark.parametrize("h", [0, -1e-5, np.nan, np.inf, "1e-5", None, True])
def test_a_step_is_a_positive_number(h):
    with pytest.raises(ParameterError, match=r"h=.*; expected a positive step, such as 1e-5"):
        checked_step(h)


@pytest.mark.parametrize("h", [1e-5, 1, np.float32(0.5), np.int64(2)])
def test_any_positive_number_is_a_step(h):
    assert checked_step(h) == h
