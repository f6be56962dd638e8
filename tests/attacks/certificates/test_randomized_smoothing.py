"""Smoothing of classifiers whose smoothed boundary is known, and of others by simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, norm
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.ensemble import RandomForestClassifier

from strates import MLPClassifier, Perceptron
from strates.attacks import RandomizedSmoothing
from strates.attacks.certificates.randomized_smoothing import lower_bound
from strates.exceptions import DataError, ParameterError, TargetError

IRIS, SPECIES = load_iris(return_X_y=True)


class HalfPlane:
    """A classifier that says "right" where x > 0: the smoothed one does so too, and its radius is |x|."""

    classes_ = np.array(["left", "right"])

    def predict(self, X: Any) -> Any:
        return self.classes_[(np.asarray(X)[:, 0] > 0).astype(int)]


def test_bound_is_clopper_and_pearsons() -> None:
    for n in (1, 10, 1000):
        for k in {0, 1, n // 2, n - 1, n}:
            for confidence in (0.9, 0.999):
                interval = binomtest(k, n, alternative="greater").proportion_ci(confidence, "exact")
                assert lower_bound(np.array([k]), n, confidence)[0] == pytest.approx(interval.low, abs=1e-9)


def test_radius_of_a_plane_is_bounded_with_the_stated_confidence() -> None:
    """The vote's probability is Phi(x / sigma), and its radius x: larger ones may be claimed once in ten rows."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.uniform(0.05, 1.0, 1500), rng.normal(size=1500)]).astype(np.float32)
    smooth = RandomizedSmoothing(HalfPlane(), sigma=0.5, n_samples=200, n_selection=20, confidence=0.9, random_state=3)
    result = smooth.certify(X)
    right = result.predicted == "right"
    too_large = (result.radius > X[:, 0]) | (~right & (result.radius > 0))
    # 99.9 % of the simulations of an honest bound have fewer
    assert too_large.sum() <= binomtest(0, 1500).n * 0.1 + 3.1 * np.sqrt(1500 * 0.1 * 0.9)
    assert too_large.sum() > 50  # and it is not idle: it uses up the better part of its tenth
    far = X[:, 0] > 0.5
    assert np.median(result.radius[far] / X[far, 0]) > 0.7
    assert result.confidence == 0.9
    assert "each with a confidence of 0.9" in result.summary()


def test_votes_are_the_normal_distribution() -> None:
    X = np.array([[0.0, 0.0], [0.1, 5.0], [-0.3, 1.0], [0.6, 0.0]], np.float32)
    smooth = RandomizedSmoothing(HalfPlane(), sigma=0.3, n_samples=20_000)
    shares = smooth.predict_proba(X)
    assert shares.sum(axis=1) == pytest.approx(np.ones(4))
    assert shares[:, 1] == pytest.approx(norm.cdf(X[:, 0] / 0.3), abs=4 * 0.5 / np.sqrt(20_000))
    assert smooth.predict(X)[1:].tolist() == ["right", "left", "right"]
    assert smooth.score(X[1:], ["right", "left", "left"]) == pytest.approx(2 / 3)


def test_even_votes_abstain() -> None:
    X = np.array([[0.0, 0.0], [3.0, 0.0], [-3.0, 0.0]], np.float32)
    result = RandomizedSmoothing(HalfPlane(), sigma=0.5).certify(X, ["right", "right", "right"])
    assert result.status.tolist() == ["abstained", "proved", "already wrong"]
    assert result.radius[[0, 2]].tolist() == [0, 0]
    # all of 1000 votes: p > 0.001 ** (1 / 1000)
    assert result.radius[1] == pytest.approx(0.5 * norm.ppf(0.001**0.001), rel=1e-9)
    assert result.already_wrong.tolist() == [False, False, True]
    asked = RandomizedSmoothing(HalfPlane(), sigma=0.5).certify(X, epsilon=1.5)
    assert asked.status.tolist() == ["abstained", "undecided", "undecided"]
    assert asked.epsilon == 1.5
    assert not asked.certified.any()


def test_no_change_within_the_radius_changes_the_vote() -> None:
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    clf = MLPClassifier((16,), max_iter=15, learning_rate="cosine", learning_rate_init=0.01, random_state=0).fit(X, y)
    smooth = RandomizedSmoothing(clf, sigma=0.2, n_samples=300)
    result = smooth.certify(X[:100], y[:100])
    assert result.certified.mean() > 0.5
    rng = np.random.default_rng(0)
    for _ in range(5):
        delta = rng.normal(size=(100, 64))
        delta *= 0.99 * result.radius[:, None] / np.linalg.norm(delta, axis=1, keepdims=True)
        again = smooth.predict((X[:100] + delta).astype(np.float32))
        assert (again == y[:100])[result.certified].mean() > 0.98  # the vote itself is a sample


@pytest.mark.parametrize("clf", [Perceptron(random_state=0), RandomForestClassifier(5, random_state=0)])
def test_any_classifier_will_do(clf: Any) -> None:
    frame = pd.DataFrame(IRIS, columns=list("abcd"))
    clf.fit(frame, SPECIES == 0)
    result = RandomizedSmoothing(clf, sigma=0.3, n_samples=200).certify(frame[::10], (SPECIES == 0)[::10])
    assert result.certified.mean() > 0.8
    assert result.norm == "l2"
    assert result.method == "smoothing"
    assert result.counterexamples is None


def test_perceptron_is_never_given_more_than_its_distance() -> None:
    """A plane's smoothed classifier is the plane itself."""
    clf = Perceptron(random_state=0).fit(IRIS, SPECIES == 0)
    distance = np.abs(clf.decision_function(IRIS)) / np.linalg.norm(clf.coef_)
    result = RandomizedSmoothing(clf, sigma=0.5, confidence=1 - 1e-6).certify(IRIS)
    assert (result.radius <= distance.ravel()).all()


def test_same_seed_same_votes_whatever_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(0).normal(scale=0.2, size=(9, 2)).astype(np.float32)
    smooth = RandomizedSmoothing(HalfPlane(), sigma=0.3, n_samples=100)
    before = smooth.predict_proba(X)
    assert (clone_of(smooth).predict_proba(X) == before).all()
    for numbers in (500, 60, 1):
        monkeypatch.setattr("strates.attacks.certificates.randomized_smoothing._NUMBERS", numbers)
        assert (smooth.predict_proba(X) == before).all()
    other = RandomizedSmoothing(HalfPlane(), sigma=0.3, n_samples=100, random_state=1)
    assert (other.predict_proba(X) != before).any()


def clone_of(smooth: RandomizedSmoothing) -> RandomizedSmoothing:
    copy = clone(smooth, safe=False)
    copy.clf = smooth.clf
    return copy  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sigma": 0}, "sigma=0 cannot be used: it is a positive, finite number, a standard deviation"),
        ({"n_samples": 0.5}, "n_samples=0.5 cannot be used: it is a positive integer"),
        ({"n_selection": 0}, "n_selection=0 cannot be used: it is a positive integer"),
        ({"confidence": 1.0}, "confidence=1.0 cannot be used: it is a probability between 0 and 1"),
    ],
)
def test_bad_parameters(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        RandomizedSmoothing(HalfPlane(), **settings).certify(np.zeros((2, 2)))


def test_bad_data() -> None:
    smooth = RandomizedSmoothing(HalfPlane(), n_samples=10)
    with pytest.raises(TargetError, match="y holds the label 'up', which is not among the classes 'left', 'right'"):
        smooth.certify(np.zeros((2, 2)), ["left", "up"])
    with pytest.raises(TargetError, match=r"X has 2 rows, y has shape \(1,\)"):
        smooth.certify(np.zeros((2, 2)), ["left"])
    with pytest.raises(DataError, match="NaN or infinity"):
        smooth.predict(np.array([[0.0, np.nan]]))
    with pytest.raises(ParameterError, match="epsilon=0 cannot be used"):
        smooth.certify(np.zeros((2, 2)), epsilon=0)
    with pytest.raises(ParameterError, match="int has no predict and classes_"):
        RandomizedSmoothing(3).predict(np.zeros((2, 2)))
