"""FGSM, BIM and PGD, against formulas on the blackboard and what is known of linear classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import minmax_scale

from strates import CNNClassifier, LogisticRegression, MLPClassifier
from strates.attacks import BIM, FGSM, PGD
from strates.engine.score_gradient import count_score_traces

DUAL = {"linf": 1, "l2": 2, "l1": np.inf}
EPSILONS = {"linf": 0.05, "l2": 0.15, "l1": 0.6}


@pytest.fixture(scope="module")
def linear() -> Any:
    X, y = load_breast_cancer(return_X_y=True)
    X = minmax_scale(X).astype(np.float32)
    return LogisticRegression(alpha=0.001).fit(X, y), X, y


@pytest.fixture(scope="module")
def digits() -> Any:
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    clf = MLPClassifier((24,), learning_rate="one_cycle", learning_rate_init=0.01, max_iter=10, random_state=0)
    return clf.fit(X, y), X[:200], y[:200]


def hits_closed_form(clf: Any, X: Any, y: Any, norm: str, epsilon: float) -> Any:
    """Whether |f(x)| > epsilon |w|_dual and f has the right sign; None where float32 may say otherwise."""
    f = (X.astype(np.float64) @ clf.coef_[0] + clf.intercept_[0]) * np.where(y == 1, 1, -1)
    room = f - epsilon * np.linalg.norm(clf.coef_[0], DUAL[norm])
    clear = np.abs(room) > 2e-3
    assert clear.mean() > 0.97
    return (room > 0)[clear], clear


@pytest.mark.parametrize("norm", list(DUAL))
@pytest.mark.parametrize("attack", [FGSM, BIM, PGD])
def test_linear_classifier_is_as_robust_as_its_margin_says(linear, norm, attack):
    clf, X, y = linear
    epsilon = EPSILONS[norm]
    # a start elsewhere in an l2 ball only comes near its best point
    extra = {"random_start": False} if attack is PGD else {}
    result = attack(epsilon=epsilon, norm=norm, bounds=None, **extra).perturb(clf, X, y)
    robust, clear = hits_closed_form(clf, X, y, norm, epsilon)
    assert 0.2 < robust.mean() < 0.95
    np.testing.assert_array_equal((result.predicted == y)[clear], robust)
    assert result.robust_accuracy == pytest.approx(robust.mean(), abs=0.02)


@pytest.mark.parametrize("norm", ["linf", "l1"])
def test_random_starts_reach_it_too(linear, norm):
    clf, X, y = linear
    result = PGD(epsilon=EPSILONS[norm], norm=norm, bounds=None, random_state=0).perturb(clf, X, y)
    robust, clear = hits_closed_form(clf, X, y, norm, EPSILONS[norm])
    np.testing.assert_array_equal((result.predicted == y)[clear], robust)


def test_fgsm_is_the_formula():
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    clf = LogisticRegression(alpha=0.01).fit(X, y)
    result = FGSM(epsilon=0.1).perturb(clf, X)
    p = clf.predict_proba(X).astype(np.float64)
    slope = (p - np.eye(10)[clf.predict(X)]) @ clf.coef_  # of the cross-entropy by x: (p - y)' W
    wanted = np.clip(X + 0.1 * np.sign(slope), 0, 1)
    clear = np.abs(slope) > 1e-6
    assert clear.mean() > 0.9
    np.testing.assert_allclose(result.adversarial[clear], wanted[clear], atol=1e-6)


def test_fgsm_follows_the_gradient_of_a_deep_network(digits):
    clf, X, y = digits
    right = clf.predict(X) == y
    X, y = X[right][:50], y[right][:50]
    slope = clf.loss_gradient(X, y).inputs
    result = FGSM(epsilon=0.05, norm="l2", bounds=None).perturb(clf, X, y)
    wanted = X + 0.05 * slope / np.linalg.norm(slope, axis=1, keepdims=True)
    np.testing.assert_allclose(result.adversarial, wanted, atol=2e-6)


def test_target_is_approached_by_minus_its_gradient(digits):
    clf, X, y = digits
    kept = (clf.predict(X) == y) & (y != 3)
    X, y = X[kept][:50], y[kept][:50]
    slope = clf.loss_gradient(X, np.full(50, 3)).inputs
    result = FGSM(epsilon=0.05, norm="l2", bounds=None).perturb(clf, X, y, target=3)
    wanted = X - 0.05 * slope / np.linalg.norm(slope, axis=1, keepdims=True)
    np.testing.assert_allclose(result.adversarial, wanted, atol=2e-6)
    np.testing.assert_array_equal(result.success, result.predicted == 3)


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_sure_classifier_is_no_more_robust(linear, scale):
    """With 10,000 times the weights, float32 holds every probability to be 0 or 1: the decisions are the same."""
    clf, X, y = linear
    sure = clone(clf).fit(X, y)
    sure.network_.set_weights([scale * w for w in sure.network_.get_weights()])
    found = PGD(epsilon=0.05, bounds=None, random_state=0).perturb(sure, X, y)
    robust, clear = hits_closed_form(clf, X, y, "linf", 0.05)
    np.testing.assert_array_equal((found.predicted == y)[clear], robust)


def test_bounds_take_part_in_what_is_best(linear):
    """In a box, the best linf step of a linear classifier is cut off entry by entry: nothing else gains by it."""
    clf, X, y = linear
    sign = np.where(y == 1, -1, 1)[:, None]
    worst = np.clip(X + 0.05 * sign * np.sign(clf.coef_[0]), 0, 1).astype(np.float64)
    f = (worst @ clf.coef_[0] + clf.intercept_[0]) * np.where(y == 1, 1, -1)
    result = PGD(epsilon=0.05, random_state=0).perturb(clf, X, y)
    clear = np.abs(f) > 2e-3
    np.testing.assert_array_equal((result.predicted == y)[clear], (f > 0)[clear])


@pytest.mark.parametrize("norm", list(DUAL))
@settings(max_examples=15)
@given(data=st.data())
def test_neither_ball_nor_bounds_are_left(norm, data):
    X, clf = SMALL
    low = data.draw(st.floats(-0.3, 0.0))
    high = data.draw(st.floats(1.0, 1.2))
    epsilon = data.draw(st.floats(1e-4, 3.0))
    stop = data.draw(st.booleans())
    attack = PGD(epsilon=epsilon, norm=norm, steps=5, bounds=(low, high), early_stopping=stop, random_state=0)
    result = attack.perturb(clf, X)
    far = np.linalg.norm(
        result.adversarial.astype(np.float64) - result.original, {"linf": np.inf, "l2": 2, "l1": 1}[norm], axis=1
    )
    assert far.max() <= epsilon * (1 + 1e-12)
    np.testing.assert_allclose(far, result.distances[norm], rtol=1e-12)
    assert result.adversarial.min() >= low
    assert result.adversarial.max() <= high
    np.testing.assert_array_equal(result.success, clf.predict(result.adversarial) != clf.predict(X))


def _small() -> Any:
    draw = np.random.default_rng(0)
    X = draw.uniform(size=(30, 4))
    return X, LogisticRegression(alpha=0.1).fit(X, (X[:, 0] + X[:, 1] > 1).astype(int) + (X[:, 2] > 0.7))


SMALL = _small()


def test_bounds_may_differ_by_column():
    X, clf = SMALL
    low, high = np.array([0, 0.0, -1, -1]), np.array([1, 1.0, 2, 2])
    result = PGD(epsilon=3.0, bounds=(low, high), early_stopping=False, random_state=0).perturb(clf, X)
    assert (result.adversarial >= low).all()
    assert (result.adversarial <= high).all()
    assert result.adversarial[:, 2:].max() > 1


def test_a_row_is_done_at_its_first_success(digits):
    clf, X, y = digits
    short = BIM(epsilon=0.2, steps=20).perturb(clf, X, y)
    whole = BIM(epsilon=0.2, steps=20, early_stopping=False).perturb(clf, X, y)
    fooled = short.success & whole.success
    assert short.success[whole.success].all()
    assert (short.distances["linf"][fooled] <= whole.distances["linf"][fooled] + 1e-6).all()
    assert short.queries[fooled].mean() < 15
    assert set(whole.queries[~whole.already_wrong]) == {20}
    # one query more than steps it took: 0.0125 each
    steps = np.round(short.distances["linf"][fooled] / (1.25 * 0.2 / 20))
    np.testing.assert_array_equal(short.queries[fooled], steps + 1)


def test_more_starts_fool_more_and_ask_only_about_the_others(digits):
    clf, X, y = digits
    one = PGD(epsilon=0.06, steps=10, random_state=0).perturb(clf, X, y)
    many = PGD(epsilon=0.06, steps=10, n_restarts=4, random_state=0).perturb(clf, X, y)
    assert many.success[one.success].all()
    assert many.success.sum() > one.success.sum()
    np.testing.assert_array_equal(many.queries[one.success], one.queries[one.success])
    np.testing.assert_array_equal(many.adversarial[one.success], one.adversarial[one.success])
    assert set(many.queries[~many.success & ~many.already_wrong]) == {44}


def test_random_state_decides(digits):
    clf, X, y = digits
    first, second, other = (PGD(epsilon=0.1, steps=5, random_state=s).perturb(clf, X, y) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.adversarial, second.adversarial)
    assert np.abs(first.adversarial - other.adversarial).max() > 0.01


def test_margin_of_the_best_rival(digits):
    clf, X, y = digits
    result = PGD(epsilon=0.1, loss="margin", random_state=0).perturb(clf, X, y)
    assert result.robust_accuracy < 0.7 < result.clean_accuracy


def test_a_second_fit_of_the_architecture_traces_nothing(digits):
    clf, X, y = digits
    attack = PGD(epsilon=0.05, norm="l2", steps=3, random_state=0)
    attack.perturb(clf, X, y)
    before = count_score_traces()
    with pytest.warns(ConvergenceWarning):
        other = MLPClassifier((24,), max_iter=2, random_state=5).fit(X, y)
    result = attack.perturb(other, X[:37], y[:37])
    attack.set_params(epsilon=0.3, steps=7, step_size=0.01, bounds=(-1, 2)).perturb(clf, X, y)
    assert count_score_traces() == before
    # ... and it is the second fit's own weights that were attacked
    np.testing.assert_array_equal(result.predicted, other.predict(result.adversarial))
    attack.set_params(norm="l1").perturb(clf, X, y)  # the witness that the count can grow
    assert count_score_traces() == before + 1


def test_images_keep_their_form():
    X, y = load_digits(return_X_y=True)
    with pytest.warns(ConvergenceWarning):
        clf = CNNClassifier((4,), hidden_layer_sizes=(16,), max_iter=10, learning_rate_init=0.01, random_state=0).fit(
            X[:600], y[:600]
        )
    attack = PGD(epsilon=2.0, steps=5, bounds=(0, 16), random_state=0)  # in grey levels: the network scales by 1/16
    flat = attack.perturb(clf, X[:40], y[:40])
    assert flat.adversarial.shape == (40, 64)
    assert 0.5 < flat.distances["linf"][flat.success].max() <= 2
    assert flat.success_rate > 0.3
    for images in (X[:40].reshape(40, 8, 8), X[:40].astype(np.uint8).reshape(40, 8, 8, 1)):
        found = attack.perturb(clf, images, y[:40])
        assert found.adversarial.shape == images.shape
        np.testing.assert_array_equal(found.adversarial.reshape(40, 64), flat.adversarial)


def test_parameters_are_scikit_learns():
    attack = clone(PGD(epsilon=0.3, steps=7))
    assert repr(attack) == "PGD(epsilon=0.3, steps=7)"
    assert attack.set_params(norm="l2").get_params()["norm"] == "l2"
