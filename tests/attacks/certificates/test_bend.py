"""Bounds and lines of what bends, against points between the bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import erf, expit

from strates.attacks.certificates.bend import ActivationBend, Interval, MaxPoolBend, bend
from strates.backprop.layers import Activation, LayerNorm, MaxPool2D

FUNCTIONS = {
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.2 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * (np.exp(np.minimum(z, 0)) - 1)),
    "softplus": lambda z: np.log1p(np.exp(z)),
    "tanh": np.tanh,
    "sigmoid": expit,
    "softsign": lambda z: z / (1 + abs(z)),
    "silu": lambda z: z * expit(z),
    "gelu": lambda z: z * (1 + erf(z / math.sqrt(2))) / 2,
}
ENDS = st.lists(st.floats(-6, 6), min_size=2, max_size=2).map(sorted)


def points(ends: list[float]) -> np.ndarray:
    return np.clip(np.linspace(*ends, 501), *ends)


def made(name: str, slope: float = 0.2) -> ActivationBend:
    found = bend(Activation(name, negative_slope=slope), (1,))
    assert isinstance(found, ActivationBend)
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
@given(ends=ENDS)
def test_interval_is_the_range(name: str, ends: list[float]) -> None:
    values = FUNCTIONS[name](points(ends))
    found = made(name).interval(Interval(np.array([[ends[0]]]), np.array([[ends[1]]])))
    assert found.lower.item() <= values.min() + 1e-12
    assert found.upper.item() >= values.max() - 1e-12
    # and no wider: between neighbouring points of the grid a function moves by no more than its slope
    grid = 1.8 * (ends[1] - ends[0]) / 500 + 1e-12
    assert found.lower.item() >= values.min() - grid
    assert found.upper.item() <= values.max() + grid


@pytest.mark.parametrize("name", FUNCTIONS)
@given(ends=ENDS)
def test_function_lies_between_its_lines(name: str, ends: list[float]) -> None:
    z = points(ends)
    below, above = made(name).lines(Interval(np.array([[ends[0]]]), np.array([[ends[1]]])))
    values = FUNCTIONS[name](z)
    assert (below.slope.item() * z + below.offset.item() <= values + 1e-9).all()
    assert (above.slope.item() * z + above.offset.item() >= values - 1e-9).all()


@pytest.mark.parametrize("slope", [-0.5, 0.0, 0.9, 1.0, 3.0])
@given(ends=ENDS)
def test_leaky_relu_of_any_slope(slope: float, ends: list[float]) -> None:
    z = points(ends)
    values = np.where(z > 0, z, slope * z)
    box = Interval(np.array([[ends[0]]]), np.array([[ends[1]]]))
    found = made("leaky_relu", slope).interval(box)
    assert found.lower.item() <= values.min() + 1e-12
    assert found.upper.item() >= values.max() - 1e-12
    below, above = made("leaky_relu", slope).lines(box)
    assert (below.slope.item() * z + below.offset.item() <= values + 1e-9).all()
    assert (above.slope.item() * z + above.offset.item() >= values - 1e-9).all()


def test_lines_of_relu_are_the_papers() -> None:
    """Above, the chord u / (u - l) (z - l); below z or 0, the one that leaves the smaller triangle (Zhang 2018)."""
    below, above = made("relu").lines(Interval(np.array([[-1.0, -3.0, 1.0, -2.0]]), np.array([[3.0, 1.0, 2.0, -1.0]])))
    assert above.slope == pytest.approx(np.array([[0.75, 0.25, 1.0, 0.0]]))
    assert above.offset == pytest.approx(np.array([[0.75, 0.75, 0.0, 0.0]]))
    assert below.slope.tolist() == [[1, 0, 1, 0]]
    assert below.offset.tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_errs_by_less_than_is_said(name: str) -> None:
    z = np.linspace(-20, 20, 4001, dtype=np.float32)
    single = np.asarray(FUNCTIONS[name](z), np.float64)
    exact = FUNCTIONS[name](z.astype(np.float64))
    allowed = made(name).rounding(Interval(exact[:, None], exact[:, None]))
    assert (np.abs(single - exact) <= allowed[:, 0]).all()


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "strides"), [((2, 2), (2, 1)), ((2, 2), None), ((3, 2), None), ((2, 2), (3, 3))])
def test_pooling_by_the_largest(size: tuple[int, int], strides: tuple[int, int] | None, padding: str) -> None:
    rng = np.random.default_rng(0)
    layer = MaxPool2D(size, strides=strides, padding=padding)
    step = bend(layer, (5, 4, 2))
    assert isinstance(step, MaxPoolBend)
    lower = rng.normal(size=(20, 5, 4, 2))
    box = Interval(lower, lower + rng.choice([0.01, 1.0], size=lower.shape))
    inside = step.interval(box)
    A = rng.normal(size=(20, 3, *step.output_shape))
    slope, constant = step.pull_lower(A, box)
    for _ in range(200):
        x = box.lower + (box.upper - box.lower) * rng.choice([0, 1, 0.5, rng.random()], size=lower.shape)
        y = layer.forward(x)[0]
        assert (inside.lower <= y).all()
        assert (y <= inside.upper).all()
        value = (A * y[:, None]).sum(axis=(2, 3, 4))
        line = (slope * x[:, None]).sum(axis=(2, 3, 4)) + constant
        assert (line <= value + 1e-12).all()
    exact = Interval(lower, lower)  # nothing is lost where nothing moves
    slope, constant = step.pull_lower(A, exact)
    line = (slope * lower[:, None]).sum(axis=(2, 3, 4)) + constant
    assert line == pytest.approx((A * layer.forward(lower)[0][:, None]).sum(axis=(2, 3, 4)), abs=1e-12)


def test_other_layers_have_no_bounds() -> None:
    assert bend(LayerNorm(None, None), (3,)) is None
