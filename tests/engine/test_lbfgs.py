"""L-BFGS: gradients by finite differences, minima by scikit-learn and by their own conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from strates.engine import lbfgs as module
from strates.engine.backend import keras
from strates.engine.keras_architecture import KerasArchitecture
from strates.engine.lbfgs import minimize_lbfgs, objective
from strates.engine.step_data import Penalties
from strates.exceptions import DivergenceError, ParameterError

L = keras.layers


def minimize(architecture: Any, X: Any, y: Any, w: Any = None, *, kind: Any = "categorical", **options: Any) -> Any:
    settings: dict[str, Any] = {
        "penalties": Penalties(alpha=0.1), "max_iter": 2000, "max_fun": 20_000, "gtol": 1e-8, "ftol": 1e-15,
        "on_epoch": lambda epoch, weights: False,
    }  # fmt: skip
    w = np.ones(X.shape[0], np.float32) if w is None else w
    start = architecture.initial_weights(0)
    return minimize_lbfgs(objective(architecture, kind), start, X, y, w, **{**settings, **options})


def objective_value(network: Any, X: Any, y: Any, w: Any, penalties: Penalties) -> float:
    data = np.average(network.row_losses(X, y, penalties.label_smoothing), weights=w)
    return float(data + network.penalty(penalties.alpha, penalties.l1_ratio))


class TestObjective:
    @pytest.mark.parametrize(("kind", "n_outputs"), [("binary", 1), ("categorical", 3), ("multilabel", 2)])
    def test_gradient_is_that_of_centred_differences(self, dense: Any, rows: Any, kind: Any, n_outputs: int) -> None:
        architecture, (X, y, w) = dense(kind=kind, n_outputs=n_outputs), rows(11)
        if kind != "categorical":
            y = (np.random.default_rng(0).random((11, n_outputs)) > 0.5).astype(np.float32)
        goal = objective(architecture, kind)
        blocks = module.make_blocks(X, y, w / w.sum(dtype=np.float64))
        point = goal.pack(architecture.initial_weights(0))
        _, gradient, _ = goal.value_and_gradient(point, blocks, 0.1)
        h, numeric = 1e-5, np.empty_like(point)
        for i in range(len(point)):
            step = np.zeros_like(point)
            step[i] = h
            up, down = (goal.value_and_gradient(point + s, blocks, 0.1)[0] for s in (step, -step))
            numeric[i] = (up - down) / (2 * h)
        np.testing.assert_allclose(gradient, numeric, atol=1e-9)

    def test_value_in_blocks_is_the_mean_over_rows(
        self, dense: Any, rows: Any, numpy_network: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        architecture, (X, y, w) = dense(), rows(23)
        goal, weights = objective(architecture, "categorical"), architecture.initial_weights(0)
        network = numpy_network(weights)
        expected = np.average(network.row_losses(X, y), weights=w)
        gradients = np.concatenate([g.ravel() for g in network.gradients(X, y, w / w.mean(dtype=np.float64))])
        for size in (5, 100):
            monkeypatch.setattr(module, "BLOCK_ROWS", size)
            for container in (np.asarray, sparse.csr_matrix):
                blocks = module.make_blocks(container(X), y, w / w.sum(dtype=np.float64))
                loss, gradient, hits = goal.value_and_gradient(goal.pack(weights), blocks, 0.0)
                assert loss == pytest.approx(expected, rel=1e-10)
                np.testing.assert_allclose(gradient, gradients, atol=1e-10)
                right = network.probabilities(X).argmax(axis=1) == y
                assert hits == pytest.approx(np.average(right, weights=w))
        assert goal.traces == 1

    def test_is_shared(self, dense: Any) -> None:
        assert objective(dense(), "categorical") is objective(dense(kernel_initializer="he"), "categorical")

    @pytest.mark.parametrize("changes", [{"dropout": (0.1,)}, {"batch_norm": True}], ids=str)
    def test_refuses_what_is_not_a_fixed_function(self, dense: Any, changes: dict[str, Any]) -> None:
        with pytest.raises(ParameterError, match=r"solver='lbfgs' needs.*no dropout, no batch.*Use solver='adam'"):
            objective(dense(**changes), "categorical")

    def test_includes_the_losses_of_the_networks_own_layers(self, rows: Any) -> None:
        regularizer = keras.regularizers.L2(0.05)  # Keras: 0.05 * sum of squares, hence alpha = 0.1
        model = keras.Sequential([keras.Input((4,)), L.Dense(3, activation="softmax", kernel_regularizer=regularizer)])
        X, y, _ = rows(60)
        found = minimize(KerasArchitecture(model, (4,), keep_weights=True), X, y, penalties=Penalties())
        expected = LogisticRegression(C=1 / (0.1 * 60), tol=1e-10, max_iter=10_000).fit(X.astype(np.float64), y)
        centred = found.weights[0] - found.weights[0].mean(axis=1, keepdims=True)
        np.testing.assert_allclose(centred, expected.coef_.T, atol=1e-4)


class TestLogisticRegression:
    @pytest.mark.parametrize("alpha", [1e-3, 0.1, 3.0])
    def test_l2_multinomial(self, dense: Any, rows: Any, alpha: float) -> None:
        X, y, w = rows(80)
        found = minimize(dense(hidden=()), X, y, w, penalties=Penalties(alpha=alpha))
        sums = w.sum(dtype=np.float64)
        expected = LogisticRegression(C=1 / (alpha * sums), tol=1e-10, max_iter=10_000).fit(X.astype(np.float64), y, w)
        np.testing.assert_allclose(found.weights[0], expected.coef_.T, atol=1e-4)
        intercept = found.weights[1] - found.weights[1].mean()  # softmax leaves one constant free
        np.testing.assert_allclose(intercept, expected.intercept_ - expected.intercept_.mean(), atol=1e-4)
        assert found.converged
        assert found.gradient_norm < 1e-6

    @pytest.mark.parametrize("alpha", [1e-3, 0.1])
    def test_l2_binary(self, dense: Any, rows: Any, alpha: float) -> None:
        X, y, _ = rows(80)
        y = (y > 0).astype(np.float32)
        architecture = dense(hidden=(), kind="binary", n_outputs=1)
        found = minimize(architecture, X, y[:, None], kind="binary", penalties=Penalties(alpha=alpha))
        expected = LogisticRegression(C=1 / (alpha * 80), tol=1e-10, max_iter=10_000).fit(X.astype(np.float64), y)
        np.testing.assert_allclose(found.weights[0], expected.coef_.T, atol=1e-4)
        np.testing.assert_allclose(found.weights[1], expected.intercept_, atol=1e-4)

    @pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.1])
    @pytest.mark.parametrize("alpha", [0.02, 0.1])
    def test_elastic_net_meets_its_conditions_of_optimality(
        self, dense: Any, rows: Any, numpy_network: Any, alpha: float, l1_ratio: float
    ) -> None:
        X, y, _ = rows(80)
        X = np.c_[X, np.random.default_rng(9).normal(size=(80, 4))].astype(np.float32)  # four columns of noise
        architecture = dense(hidden=(), n_inputs=8)
        found = minimize(architecture, X, y, penalties=Penalties(alpha=alpha, l1_ratio=l1_ratio))
        kernel = found.weights[0]
        slope, bias = numpy_network(found.weights).gradients(X, y, np.ones(80), alpha=alpha * (1 - l1_ratio))
        l1 = alpha * l1_ratio
        np.testing.assert_allclose(slope[kernel != 0], -l1 * np.sign(kernel[kernel != 0]), atol=1e-5)
        assert (np.abs(slope[kernel == 0]) <= l1 + 1e-5).all()
        np.testing.assert_allclose(bias, 0, atol=1e-5)
        assert (kernel == 0).any() or l1 < 0.05

    @pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
    def test_elastic_net_is_scikit_learns(self, dense: Any, rows: Any, l1_ratio: float) -> None:
        X, y, _ = rows(80)
        y = (y > 0).astype(np.float32)
        architecture = dense(hidden=(), kind="binary", n_outputs=1)
        penalties = Penalties(alpha=0.05, l1_ratio=l1_ratio)
        found = minimize(architecture, X, y[:, None], kind="binary", penalties=penalties)
        expected = LogisticRegression(
            C=1 / (0.05 * 80), l1_ratio=l1_ratio, solver="saga", tol=1e-10, max_iter=100_000
        ).fit(X.astype(np.float64), y)
        np.testing.assert_allclose(found.weights[0], expected.coef_.T, atol=1e-4)
        np.testing.assert_allclose(found.weights[1], expected.intercept_, atol=1e-4)


class TestReports:
    @pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
    def test_each_iteration_with_its_objective(
        self, dense: Any, rows: Any, numpy_network: Any, l1_ratio: float
    ) -> None:
        X, y, w = rows(40)
        seen: list[Any] = []
        penalties = Penalties(alpha=0.05, l1_ratio=l1_ratio, label_smoothing=0.1)
        found = minimize(
            dense(), X, y, w, penalties=penalties, max_iter=15,
            on_epoch=lambda epoch, weights: seen.append((epoch, [w.copy() for w in weights])),
        )  # fmt: skip
        assert [e.number for e, _ in seen] == list(range(1, 16))
        for epoch, weights in seen:
            network = numpy_network(weights)
            assert epoch.loss == pytest.approx(objective_value(network, X, y, w, penalties), rel=1e-6)
            assert epoch.penalty == pytest.approx(network.penalty(0.05, l1_ratio), rel=1e-6)
            right = network.probabilities(X).argmax(axis=1) == y
            assert epoch.train_score == pytest.approx(np.average(right, weights=w))
        losses = [e.loss for e, _ in seen]
        assert l1_ratio or losses == sorted(losses, reverse=True)
        assert found.n_iter == 15
        for a, b in zip(found.weights, seen[-1][1], strict=True):
            np.testing.assert_array_equal(a, b)

    def test_stop_when_asked(self, dense: Any, rows: Any) -> None:
        X, y, _ = rows(40)
        found = minimize(dense(), X, y, on_epoch=lambda epoch, weights: epoch.number == 3)
        assert found.n_iter == 3

    @pytest.mark.parametrize(("limits", "expected"), [({"max_iter": 4}, 4), ({"max_fun": 6}, 6)], ids=str)
    def test_limits(self, dense: Any, rows: Any, limits: dict[str, int], expected: int) -> None:
        X, y, _ = rows(40)
        found = minimize(dense(), X, y, **limits)
        assert not found.converged
        assert found.n_iter <= expected
        assert found.n_evaluations <= expected + 5

    def test_a_loss_that_is_not_finite(self, dense: Any, rows: Any) -> None:
        X, y, _ = rows(40)
        X = np.where(np.arange(40)[:, None] == 3, np.float32(np.inf), X)
        with pytest.raises(DivergenceError, match=r"not a finite number.*Scale the inputs"):
            minimize(dense(hidden=()), X, y)
