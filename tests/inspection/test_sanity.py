"""Sanity before learning: what a network that has not learned must say, and that it can learn a few rows by heart.

The three checks of https://cs231n.github.io/neural-networks-3/, by what users call.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from strates import MLPClassifier, Recorder

Data = tuple[Any, Any]


@pytest.fixture(scope="module")
def digits() -> Data:
    X, y = load_digits(return_X_y=True)
    return StandardScaler().fit_transform(X).astype(np.float32), y


def before_learning(digits: Data, **choices: Any) -> Any:
    """Return the estimator as its fit began: the first frame of a recorder."""
    clf = MLPClassifier((50,), learning_rate="cosine", max_iter=1, random_state=0, **choices)
    return clf.set_callbacks(Recorder(frames=1)).fit(*digits).recording_[0].estimator


def cross_entropy(clf: Any, X: Any, y: Any) -> float:
    return float(-np.log(clf.predict_proba(X)[np.arange(len(y)), y]).mean())


def test_ten_classes_begin_at_their_logarithm(digits: Data) -> None:
    start = before_learning(digits, kernel_initializer="normal(0.01)")
    assert round(np.log(10), 6) == 2.302585
    assert cross_entropy(start, *digits) == pytest.approx(np.log(10), abs=5e-4)
    assert start.loss_gradient(*digits).loss == pytest.approx(2.3026, abs=5e-4)
    far = before_learning(digits, kernel_initializer="normal(0.5)")
    assert far.loss_gradient(*digits).loss > 5  # the witness: large weights do not begin there


def test_two_classes_begin_at_theirs(digits: Data) -> None:
    X, y = digits[0], digits[1] % 2
    start = before_learning((X, y), kernel_initializer="normal(0.01)")
    assert start.loss_gradient(X, y).loss == pytest.approx(np.log(2), abs=5e-4)


def test_a_penalty_raises_the_loss(digits: Data) -> None:
    start = before_learning(digits, alpha=0.1)
    plain, full = start.loss_gradient(*digits), start.loss_gradient(*digits, penalty=True)
    squares = sum(float(np.square(w.astype(np.float64)).sum()) for w in start.coefs_)
    assert full.loss + full.penalty == pytest.approx(plain.loss + 0.05 * squares, rel=1e-9)
    assert full.loss + full.penalty > plain.loss

    def first_epoch(alpha: float) -> float:
        clf = MLPClassifier((50,), alpha=alpha, learning_rate="cosine", max_iter=1, random_state=0)
        return float(clf.fit(*digits).loss_)

    assert first_epoch(0.0) < first_epoch(0.1) < first_epoch(1.0)


def test_twenty_rows_are_learned_by_heart(digits: Data) -> None:
    X, y = digits[0][:20], digits[1][:20]
    clf = MLPClassifier((50,), alpha=0.0, learning_rate_init=0.01, learning_rate="cosine", max_iter=200, random_state=0)
    clf.set_callbacks(Recorder(frames=20)).fit(X, y)
    few = next(frame for frame in clf.recording_ if frame.step >= 20)
    assert few.step < 30
    assert few.estimator.score(X, y) == 1.0
    assert clf.score(X, y) == 1.0
    assert cross_entropy(clf, X, y) < 1e-3
    assert clf.loss_curve_[0] > 2
