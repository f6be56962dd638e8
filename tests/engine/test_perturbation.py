"""Balls, steps and random points, against optimisers, formulas and distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog, minimize
from scipy.stats import kstest

from strates.engine.backend import tf
from strates.engine.perturbation import NORMS, climb, linf_box, project, random_point, row_norms, steepest_step

ORDERS = {"linf": np.inf, "l2": 2, "l1": 1}
DUAL = {"linf": 1, "l2": 2, "l1": np.inf}

floats = st.floats(-100, 100, width=32, allow_subnormal=False)
rows = arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=floats)


def by_sorting(v, radius):
    """Duchi and others' algorithm as published, one row, in float64."""
    if np.abs(v).sum() <= radius:
        return v
    falling = np.sort(np.abs(v))[::-1]
    sums = np.cumsum(falling)
    last = np.flatnonzero(falling * np.arange(1, len(v) + 1) > sums - radius)[-1]
    theta = (sums[last] - radius) / (last + 1)
    return np.sign(v) * np.maximum(np.abs(v) - theta, 0)


@settings(max_examples=50)
@given(rows, st.floats(0.125, 50, width=32))
def test_l1_projection_is_that_by_sorting(delta, radius):
    wanted = np.array([by_sorting(row, float(radius)) for row in delta.astype(np.float64)])
    found = project(tf.constant(delta), radius, "l1").numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("norm", NORMS)
def test_projection_is_the_nearest_point_of_the_ball(norm):
    draw = np.random.default_rng(0)
    delta = draw.normal(scale=2, size=(6, 4)).astype(np.float32)
    found = project(tf.constant(delta), 1.0, norm).numpy()
    for row, near in zip(delta.astype(np.float64), found, strict=True):
        # |p - n| with p, n >= 0: smooth constraints for an optimiser that knows nothing of the formulas
        signs = np.sign(row)
        ball = {
            "linf": {"type": "ineq", "fun": lambda p: 1 - p},
            "l2": {"type": "ineq", "fun": lambda p: 1 - (p**2).sum()},
            "l1": {"type": "ineq", "fun": lambda p: 1 - p.sum()},
        }[norm]
        best = minimize(
            lambda p, row=row: ((p - np.abs(row)) ** 2).sum(), np.full(4, 0.2), method="SLSQP",
            bounds=[(0, None)] * 4, constraints=[ball], options={"ftol": 1e-12},
        )  # fmt: skip
        np.testing.assert_allclose(near, signs * best.x, atol=2e-4)


@pytest.mark.parametrize("norm", NORMS)
def test_each_row_has_its_own_radius_and_shape(norm):
    delta = np.random.default_rng(0).normal(size=(3, 2, 2, 1)).astype(np.float32)
    found = project(tf.constant(delta), tf.constant([0.1, 0.5, 1e6]), norm)
    assert found.shape == delta.shape
    sizes = row_norms(found, norm).numpy()
    assert sizes[:2] == pytest.approx([0.1, 0.5], rel=1e-5)
    np.testing.assert_array_equal(found[2], delta[2])


@pytest.mark.parametrize("norm", NORMS)
def test_steepest_step_reaches_the_dual_norm(norm):
    gradient = np.random.default_rng(1).normal(size=(20, 7)).astype(np.float32)
    gradient[0] = [2, -2, 1, 0, 0, 0, 2]  # several are largest
    gradient[1] *= 1e-30  # whose squares are zero in float32
    step = steepest_step(tf.constant(gradient), norm).numpy().astype(np.float64)
    np.testing.assert_allclose(np.linalg.norm(step, ORDERS[norm], axis=1), 1, rtol=1e-5)
    risen = (gradient.astype(np.float64) * step).sum(axis=1)
    np.testing.assert_allclose(risen, np.linalg.norm(gradient.astype(np.float64), DUAL[norm], axis=1), rtol=1e-5)


@pytest.mark.parametrize("norm", NORMS)
def test_without_gradient_there_is_no_step(norm):
    x = tf.constant([[0.2, 0.4]])
    assert not steepest_step(tf.zeros((1, 2)), norm).numpy().any()
    np.testing.assert_array_equal(climb(x, tf.zeros((1, 2)), 0.1, 0.0, 1.0, norm), x)


@pytest.mark.parametrize("size", [0.05, 0.6, 3.0])
def test_l1_climb_is_the_best_step_within_the_box(size):
    draw = np.random.default_rng(2)
    x = draw.uniform(size=(8, 6)).astype(np.float32)
    x[:, :2] = np.round(x[:, :2])  # at a wall
    gradient = draw.normal(size=x.shape).astype(np.float32)
    gradient[0, :] = np.sign(gradient[0])  # all alike
    found = climb(tf.constant(x), tf.constant(gradient), size, 0.0, 1.0, "l1").numpy().astype(np.float64)
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.abs(found - x).sum(axis=1).max() <= size * (1 + 1e-5)
    for start, g, end in zip(x.astype(np.float64), gradient.astype(np.float64), found, strict=True):
        # a step is up minus down, each of them not negative
        best = linprog(
            np.concatenate([-g, g]), A_ub=[np.ones(12)], b_ub=[size],
            bounds=[(0, 1 - a) for a in start] + [(0, a) for a in start],
        )  # fmt: skip
        assert g @ (end - start) == pytest.approx(-best.fun, abs=1e-5)


def test_l2_climb_turns_along_a_wall():
    x, gradient = tf.constant([[1.0, 0.5, 0.5]]), tf.constant([[5.0, 0.3, 0.4]])
    np.testing.assert_allclose(climb(x, gradient, 0.1, 0.0, 1.0, "l2"), [[1.0, 0.56, 0.58]], rtol=1e-6)


@pytest.mark.parametrize("norm", NORMS)
def test_climb_without_bounds_is_a_steepest_step(norm):
    draw = np.random.default_rng(3)
    x, gradient = (tf.constant(draw.normal(size=(4, 5)).astype(np.float32)) for _ in range(2))
    found = climb(x, gradient, 0.3, -np.inf, np.inf, norm)
    np.testing.assert_allclose(found, x + 0.3 * steepest_step(gradient, norm), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("norm", NORMS)
def test_random_points_are_uniform_in_the_ball(norm):
    points = random_point((4000, 3), norm, [0, 7]).numpy().astype(np.float64)
    sizes = np.linalg.norm(points, ORDERS[norm], axis=1)
    assert kstest(sizes**3, "uniform").pvalue > 0.01  # the share of the ball's volume within a radius is r^3
    directions = np.sign(points)
    assert np.abs(directions.mean(axis=0)).max() < 0.06
    # within a ball, no coordinate stands out
    spread = points.std(axis=0)
    assert spread.max() / spread.min() < 1.06
    np.testing.assert_array_equal(points, random_point((4000, 3), norm, [0, 7]))
    assert np.abs(points - random_point((4000, 3), norm, [1, 7])).max() > 0.1


@pytest.mark.parametrize("norm", NORMS)
def test_all_of_it_compiles_with_xla(norm):
    draw = np.random.default_rng(4)
    x = draw.uniform(size=(3, 4)).astype(np.float32)
    gradient = draw.normal(size=(3, 4)).astype(np.float32)

    def step(x, gradient):
        return project(climb(x, gradient, 0.7, 0.0, 1.0, norm) - x, 0.4, norm)

    compiled = tf.function(step, jit_compile=True, autograph=False)
    np.testing.assert_allclose(
        compiled(tf.constant(x), tf.constant(gradient)), step(tf.constant(x), tf.constant(gradient)), atol=1e-6
    )
    drawn = tf.function(
        lambda: random_point((2, 3), norm, tf.constant([1, 2]), generator="threefry"),
        jit_compile=True, autograph=False,
    )()  # fmt: skip
    assert row_norms(drawn, norm).numpy().max() <= 1


def test_box_around_a_number_is_as_wide_as_float32_allows():
    draw = np.random.default_rng(0)
    x = np.concatenate([draw.uniform(size=3000), draw.lognormal(0, 8, 3000), 2.0 ** np.arange(-20, 21), np.zeros(1)])
    x = np.concatenate([x, -x]).astype(np.float32)
    for epsilon in np.array([1e-7, 1e-3, 0.1, 0.25, 1000], np.float32):
        lowest, highest = linf_box(x[None], epsilon, np.float32(-np.inf), np.float32(np.inf))
        for edge, onwards in ((lowest.numpy()[0], -np.inf), (highest.numpy()[0], np.inf)):
            far = np.abs(edge.astype(np.float64) - x)
            assert (far <= epsilon).all()
            further = edge
            for _ in range(3):
                further = np.nextafter(further, np.float32(onwards))
            assert ((np.abs(further.astype(np.float64) - x) > epsilon) | (edge == 0)).all()
    lowest, highest = linf_box(tf.constant([[0.5]]), np.inf, 0.0, 1.0)
    assert (float(lowest[0, 0]), float(highest[0, 0])) == (0, 1)


@pytest.mark.parametrize("width", [5, 300])
def test_l1_step_is_the_same_by_sorting_and_by_halving(width):
    draw = np.random.default_rng(1)
    x = draw.uniform(size=(20, width)).astype(np.float32)
    x[:5] = 0.999  # hardly any room upwards: a step takes more entries than are sorted
    gradient = draw.normal(size=x.shape).astype(np.float32)
    gradient[0] = np.abs(gradient[0])
    gradient[6:8, ::2] = 0
    gradient[8] = 0
    for size in (0.01, 0.7, 5.0):
        first, second = (climb(x, gradient, size, 0.0, 1.0, "l1", sorting=s).numpy() for s in (True, False))
        np.testing.assert_array_equal(first, second)
