"""The case study of the spiral (cs231n, neural-networks-case-study): its numbers, by the public interface."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from strates import MLPClassifier, Recorder
from strates.datasets import spiral

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DESCENT: dict[str, Any] = {
    "solver": "sgd", "momentum": 0, "batch_size": 300, "alpha": 1e-3, "learning_rate_init": 1.0, "tol": 0,
    "kernel_initializer": "normal(0.01)", "n_iter_no_change": np.inf, "random_state": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def points() -> Any:
    return spiral()


@pytest.fixture(scope="module")
def linear(points: Any) -> Any:
    return MLPClassifier((), max_iter=191, **DESCENT).fit(*points)


@pytest.fixture(scope="module")
def hidden(points: Any) -> Any:
    return MLPClassifier((100,), max_iter=10_000, **DESCENT).fit(*points)


class TestLinear:
    def test_starts_at_ln_3(self, points: Any) -> None:
        for seed in range(5):
            clf = MLPClassifier((), **{**DESCENT, "max_iter": 1, "random_state": seed}).fit(*points)
            assert 1.0966 < clf.loss_curve_[0] < 1.1010

    def test_loss_at_iteration_190(self, linear: Any) -> None:
        assert linear.loss_curve_[190] == pytest.approx(0.786302, abs=2e-6)

    def test_training_accuracy(self, points: Any, linear: Any) -> None:
        assert linear.score(*points) == pytest.approx(0.493, abs=0.0034)  # 148 of 300, or a neighbour

    def test_optimum(self, points: Any) -> None:
        clf = MLPClassifier((), solver="lbfgs", alpha=1e-3, tol=1e-9, max_iter=1000).fit(*points)
        assert clf.loss_ == pytest.approx(0.786230, abs=1e-6)

    @pytest.mark.parametrize("seed", range(1, 5))
    def test_accuracy_over_seeds(self, seed: int) -> None:
        X, y = spiral(random_state=seed)
        clf = MLPClassifier((), solver="lbfgs", alpha=1e-3, max_iter=1000).fit(X, y)
        assert 0.48 <= clf.score(X, y) <= 0.55


class TestHidden:
    def test_loss_after_ten_thousand_iterations(self, hidden: Any) -> None:
        assert hidden.n_iter_ == 10_000
        assert 0.240 <= hidden.loss_curve_[-1] <= 0.250

    def test_training_accuracy(self, points: Any, hidden: Any) -> None:
        assert 0.977 <= hidden.score(*points) <= 0.993

    def test_starts_at_ln_3(self, hidden: Any) -> None:
        assert hidden.history_["train_loss"][0] == pytest.approx(np.log(3), abs=1e-3)


class TestSanity:
    def test_ten_classes_cost_2_3026_before_learning(self) -> None:
        X, y = load_digits(return_X_y=True)
        clf = MLPClassifier((50,), kernel_initializer="normal(1e-4)", max_iter=1, batch_size=2000, alpha=0.0).fit(X, y)
        assert clf.loss_curve_[0] == pytest.approx(2.302585, abs=2e-4)
        penalised = MLPClassifier((50,), kernel_initializer="normal(0.1)", max_iter=1, alpha=10.0).fit(X, y)
        assert penalised.history_["penalty"][0] > 1

    def test_updates_are_about_a_thousandth_of_the_weights(self, points: Any) -> None:
        # at a good rate; the film shows successive weights
        clf = MLPClassifier((100,), solver="sgd", momentum=0.0, learning_rate_init=0.05, max_iter=20, random_state=0)
        clf.set_callbacks(Recorder(1000)).fit(*points)
        kernels = [frame.estimator.coefs_ for frame in clf.recording_]
        for layer in (0, 1):
            ratios = [np.linalg.norm(b[layer] - a[layer]) / np.linalg.norm(a[layer]) for a, b in pairwise(kernels)]
            assert 1e-4 < np.median(ratios) < 1e-2
