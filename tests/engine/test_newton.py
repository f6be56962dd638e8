"""Closed forms of linear classifiers against TensorFlow's; Newton's method against the conditions of optimality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from strates.engine import linear_likelihood
from strates.engine.architecture import DenseArchitecture
from strates.engine.backend import tf
from strates.engine.lbfgs import objective
from strates.engine.linear_likelihood import LinearLikelihood
from strates.engine.newton import is_recession, newton


def rows(n_classes: int, n: int = 40) -> LinearLikelihood:
    rng = np.random.default_rng(n_classes)
    # Keras takes rows in float32, whatever comes
    X = rng.normal(size=(n, 3)).astype(np.float32).astype(float)
    codes, weights = rng.integers(0, n_classes, n), rng.uniform(0, 2, n)
    return LinearLikelihood(X, codes, weights, 1 if n_classes == 2 else n_classes)


def tensorflows(likelihood: LinearLikelihood, theta: Any) -> tuple[float, Any, Any]:
    """Return value, gradient and Hessian by automatic differentiation of the engine's objective."""
    kind: Any = "binary" if likelihood.n_outputs == 1 else "categorical"
    goal = objective(DenseArchitecture(3, (), likelihood.n_outputs, kind), kind)
    codes = likelihood.codes
    targets = codes.astype(np.int32) if kind == "categorical" else codes[:, None].astype(np.float32)
    point = tf.constant(theta.ravel())
    with tf.GradientTape() as tape:
        tape.watch(point)
        value, gradient, _ = goal._run(
            point, tf.constant(likelihood.X), tf.constant(targets), tf.constant(likelihood.weights),
            tf.constant(0.0, tf.float64),
        )  # fmt: skip
    return float(value), gradient.numpy(), tape.jacobian(gradient, point).numpy()


@pytest.mark.parametrize("n_classes", [2, 3, 5])
class TestLinearLikelihood:
    def test_equals_automatic_differentiation(self, n_classes: int) -> None:
        likelihood = rows(n_classes)
        theta = np.random.default_rng(0).normal(size=likelihood.shape)
        value, gradient, hessian = tensorflows(likelihood, theta)
        assert likelihood.value(theta) == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(likelihood.gradient(theta).ravel(), gradient, atol=1e-11)
        np.testing.assert_allclose(likelihood.hessian(theta), hessian, atol=1e-11)

    def test_blocks_and_sparse_rows(self, n_classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = rows(n_classes)
        theta = np.random.default_rng(0).normal(size=whole.shape)
        expected = whole.value(theta), whole.gradient(theta), whole.hessian(theta), whole.scores(theta)
        monkeypatch.setattr(linear_likelihood, "BLOCK_NUMBERS", 90)
        for X in (whole.X, sparse.csr_matrix(whole.X)):
            cut = LinearLikelihood(X, whole.codes, whole.weights, whole.n_outputs)
            found = cut.value(theta), cut.gradient(theta), cut.hessian(theta), cut.scores(theta)
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_allclose(a, b, atol=1e-12)

    def test_margins(self, n_classes: int) -> None:
        likelihood = rows(n_classes)
        theta = np.random.default_rng(0).normal(size=likelihood.shape)
        s = np.c_[likelihood.X, np.ones(40)] @ theta
        s = np.c_[np.zeros(40), s] if n_classes == 2 else s
        for i, (k, margins) in enumerate(zip(likelihood.codes, likelihood.margins(theta), strict=True)):
            np.testing.assert_allclose(np.sort(margins), np.sort(s[i, k] - np.delete(s[i], k)))


class TestNewton:
    @pytest.mark.parametrize("n_classes", [2, 3])
    @pytest.mark.parametrize("l2", [0.0, 0.5])
    def test_gradient_vanishes_from_zeros(self, n_classes: int, l2: float) -> None:
        likelihood = rows(n_classes)
        found = newton(likelihood, np.zeros(likelihood.shape), l2=l2)
        gradient = likelihood.gradient(found.theta)
        gradient[:-1] += l2 * found.theta[:-1]
        assert np.abs(gradient).max() < 1e-10
        assert found.gradient_norm < 1e-10
        assert found.recession is None

    def test_lasso_meets_its_conditions_of_optimality(self) -> None:
        likelihood = rows(3)
        found = newton(likelihood, np.zeros(likelihood.shape), l1=3.0)
        w, g = found.theta[:-1], likelihood.gradient(found.theta)
        np.testing.assert_allclose(g[:-1][w != 0], -3.0 * np.sign(w[w != 0]), atol=1e-9)
        assert (np.abs(g[:-1][w == 0]) <= 3.0).all()
        assert 0 < (w == 0).sum() < w.size

    def test_collinear_columns_and_any_units(self) -> None:
        plain = rows(2)
        scaled = np.c_[plain.X * [1e-4, 1, 1e5], plain.X[:, 0]]
        found = newton(LinearLikelihood(scaled, plain.codes, plain.weights, 1), np.zeros((5, 1)))
        alone = newton(plain, np.zeros((4, 1)))
        theirs = np.c_[scaled, np.ones(40)] @ found.theta
        np.testing.assert_allclose(theirs, np.c_[plain.X, np.ones(40)] @ alone.theta, atol=1e-6)

    def test_names_the_direction_that_separates(self) -> None:
        X = np.array([[0.0, 1], [1, 0], [0, 2], [1, 3], [0, 4], [1, 5]])
        codes = np.array([0, 0, 1, 1, 0, 1])
        X = np.c_[X, [0, 0, 0, 1, 0, 1]]  # a third column that only class 1 has
        likelihood = LinearLikelihood(X, codes, np.ones(6), 1)
        found = newton(likelihood, np.zeros((4, 1)), max_iter=60)
        assert found.recession is not None
        assert is_recession(likelihood, found.recession)
        assert np.argmax(np.abs(found.recession[:3])) == 2
        assert not is_recession(likelihood, np.array([[0.0], [0], [0], [1]]))
