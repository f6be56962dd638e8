"""DeepFool, Carlini and Wagner, the universal perturbation and Square, against distances known otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, minmax_scale

from strates import LogisticRegression, MLPClassifier, Perceptron
from strates.attacks.attack import Attack
from strates.attacks.carlini_wagner import CarliniWagner
from strates.attacks.deepfool import DeepFool
from strates.attacks.square import Square
from strates.attacks.square_proposals import first_corners, next_corners
from strates.attacks.universal_perturbation import UniversalPerturbation
from strates.engine.score_gradient import count_score_traces
from strates.exceptions import DataError, ParameterError


@pytest.fixture(scope="module")
def linear() -> Any:
    X, y = load_breast_cancer(return_X_y=True)
    X = minmax_scale(X).astype(np.float32)
    return LogisticRegression(alpha=0.001).fit(X, y), X[:40], y[:40]


@pytest.fixture(scope="module")
def three() -> Any:
    X, y = load_digits(n_class=3, return_X_y=True)
    X = (X / 16).astype(np.float32)
    return LogisticRegression(alpha=0.001).fit(X, y), X[:40], y[:40]


@pytest.fixture(scope="module")
def digits() -> Any:
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    clf = MLPClassifier((32,), learning_rate="one_cycle", learning_rate_init=0.01, max_iter=10, random_state=0)
    return clf.fit(X, y), X, y


@pytest.fixture(scope="module")
def moons() -> Any:
    X, y = make_moons(300, noise=0.15, random_state=0)
    X = X.astype(np.float32)
    return (
        MLPClassifier((16, 16), learning_rate="one_cycle", learning_rate_init=0.02, max_iter=60, random_state=0).fit(
            X, y
        ),
        X,
        y,
    )


def plane_distances(clf: Any, X: Any, dual: Any) -> Any:
    """|f_k - f_y| / |w_k - w_y| of the nearest other class, in the dual norm."""
    coef, intercept = clf.coef_, clf.intercept_
    if len(coef) == 1:
        coef, intercept = np.vstack([0 * coef, coef]), np.array([0.0, intercept[0]])
    scores = X.astype(float) @ coef.T + intercept
    own = scores.argmax(axis=1)
    found = np.full(scores.shape, np.inf)
    for i, y in enumerate(own):
        for k in range(len(coef)):
            if k != y:
                found[i, k] = (scores[i, y] - scores[i, k]) / np.linalg.norm(coef[k] - coef[y], ord=dual)
    return found.min(axis=1)


@pytest.mark.parametrize(("norm", "dual"), [("l2", 2), ("linf", 1)])
@pytest.mark.parametrize("data", ["linear", "three"])
def test_deepfool_of_a_linear_classifier_goes_the_distance(data: str, norm: str, dual: int, request: Any) -> None:
    clf, X, _ = request.getfixturevalue(data)
    result = DeepFool(norm=norm, overshoot=0.05, bounds=None).perturb(clf, X)
    wanted = plane_distances(clf, X, dual)
    assert result.success.all()
    if data == "linear":  # of several planes, lengthening may only meet the nearest one
        np.testing.assert_allclose(result.distances[norm], 1.05 * wanted, rtol=2e-3)
    else:
        assert (result.distances[norm] >= wanted * (1 - 1e-4)).all()
        np.testing.assert_allclose(np.median(result.distances[norm] / wanted), 1.05, rtol=2e-3)


@pytest.mark.parametrize("data", ["linear", "three"])
def test_carlini_and_wagner_of_a_linear_classifier_come_near_the_distance(data: str, request: Any) -> None:
    clf, X, _ = request.getfixturevalue(data)
    result = CarliniWagner(bounds=None, learning_rate=0.01, max_iter=500).perturb(clf, X)
    ratio = result.distances["l2"] / plane_distances(clf, X, 2)
    assert result.success.all()
    assert ratio.min() > 0.999
    assert np.median(ratio) < 1.001
    if data == "linear":  # of several planes, a descent may end at another than the nearest
        assert ratio.max() < 1.01
    else:
        assert ratio.mean() < 1.02


def true_distance(clf: Any, point: Any, norm: str) -> float:
    """Distance to the nearest point of another class, on circles or squares around the point, ever wider."""
    angles = np.linspace(0, 2 * np.pi, 721)[:-1]
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if norm == "linf":
        circle /= np.abs(circle).max(axis=1, keepdims=True)
    own = clf.predict(point[None])[0]
    radii = np.arange(0.002, 2, 0.002)
    grid = (point + radii[:, None, None] * circle).astype(np.float32)
    other = (clf.predict(grid.reshape(-1, 2)) != own).reshape(len(radii), -1).any(axis=1)
    return float(radii[other.argmax()])


@pytest.mark.parametrize(
    ("attack", "norm", "most"),
    [(DeepFool(bounds=None), "l2", 1.25), (DeepFool(norm="linf", bounds=None), "linf", 1.25),
     (CarliniWagner(bounds=None), "l2", 1.1), (CarliniWagner(bounds=(-4, 4)), "l2", 1.1)],
)  # fmt: skip
def test_the_distance_in_the_plane_is_near_the_true_one_and_never_below(
    moons: Any, attack: Any, norm: str, most: float
) -> None:
    clf, X, _ = moons
    X = X[:15]
    result = attack.perturb(clf, X)
    wanted = np.array([true_distance(clf, point, norm) for point in X])
    assert result.success.all()
    np.testing.assert_array_equal(clf.predict(result.adversarial) != clf.predict(X), True)
    assert (result.distances[norm] > wanted - 0.004).all()
    assert np.mean(result.distances[norm]) < most * np.mean(wanted)


@pytest.mark.parametrize(
    "attack",
    [DeepFool(), DeepFool(norm="linf"), CarliniWagner(max_iter=60, search_steps=4),
     UniversalPerturbation(epsilon=0.3, max_iter=2, method="deepfool", random_state=0),
     Square(epsilon=0.25, max_queries=100, random_state=0),
     Square(epsilon=1.5, norm="l2", max_queries=100, random_state=0),
     Square(epsilon=0.25, max_queries=100, image_shape=(8, 8), random_state=0),
     Square(epsilon=1.5, norm="l2", max_queries=100, image_shape=(8, 8), random_state=0)],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("targeted", [False, True])
def test_bounds_the_ball_and_success_as_the_classifier_itself_sees_them(
    digits: Any, attack: Attack, targeted: bool
) -> None:
    clf, X, y = digits
    X, y = X[:40], y[:40]
    target = (y + 1) % 10 if targeted else None
    result = attack.perturb(clf, X, y, target=target)
    assert result.adversarial.min() >= 0
    assert result.adversarial.max() <= 1
    said, right = clf.predict(result.adversarial), clf.predict(X) == y
    np.testing.assert_array_equal(result.success, right & (said == target if targeted else said != y))
    assert result.success.mean() > (0.0 if hasattr(attack, "epsilon") and targeted else 0.3)
    if hasattr(attack, "epsilon"):
        delta = (result.adversarial.astype(float) - X).reshape(40, -1)
        sizes = np.abs(delta).max(axis=1) if attack.norm == "linf" else np.linalg.norm(delta, axis=1)
        assert sizes.max() <= attack.epsilon


def test_a_confident_result_leads_by_as_much(digits: Any) -> None:
    clf, X, y = digits
    result = CarliniWagner(confidence=2.0).perturb(clf, X[:20], y[:20])
    p = np.log(clf.predict_proba(result.adversarial[result.success]).astype(float))
    own = p[np.arange(len(p)), y[:20][result.success]]
    assert result.success_rate > 0.9
    assert (p.max(axis=1) - own).min() > 1.99


def test_units_do_not_matter_to_carlini_and_wagner(linear: Any) -> None:
    clf, X, _ = linear
    scaler = MinMaxScaler().fit(np.array([[0.0], [1000.0]]) * np.ones(30))
    for bounds, wide in [(None, None), ((0, 1), (0, 1000))]:
        small = CarliniWagner(bounds=bounds).perturb(clf, X[:10])
        large = CarliniWagner(bounds=wide).perturb(make_pipeline(scaler, clf), X[:10] * 1000)
        np.testing.assert_allclose(large.distances["l2"], 1000 * small.distances["l2"], rtol=0.01)


@pytest.mark.parametrize("method", ["gradient", "deepfool"])
def test_the_universal_perturbation_beats_noise_of_its_length(digits: Any, method: str) -> None:
    clf, X, y = digits
    result = UniversalPerturbation(epsilon=0.25, method=method, random_state=0).perturb(clf, X[:300], y[:300])
    v = result.perturbation
    assert v.shape == (64,)
    assert np.abs(v.astype(float)).max() <= 0.25
    right = clf.predict(X[:300]) == y[:300]
    moved = np.clip(X[:300] + v, 0, 1)[right]
    np.testing.assert_allclose(result.adversarial[right], moved, atol=1e-6)
    assert (clf.predict(moved) != y[:300][right]).mean() == pytest.approx(result.success_rate, abs=0.01)
    rng = np.random.default_rng(0)
    others = slice(1000, 1300)
    noise = [clf.score(np.clip(X[others] + rng.choice([-0.25, 0.25], 64), 0, 1), y[others]) for _ in range(10)]
    assert clf.score(np.clip(X[others] + v, 0, 1), y[others]) < min(noise)


@pytest.mark.parametrize(("norm", "epsilon"), [("linf", 0.25), ("l2", 1.5), ("l1", 8.0)])
def test_climbing_all_losses_fools_more_than_adding_up_the_rows_least_changes(
    digits: Any, norm: str, epsilon: float
) -> None:
    clf, X, y = digits
    rates = {}
    for method in ("gradient", "deepfool"):
        attack = UniversalPerturbation(
            epsilon=epsilon, norm=norm, method=method, fooling_rate=1.0, max_iter=4, random_state=0
        )
        result = attack.perturb(clf, X[:200], y[:200])
        size = np.linalg.norm(result.perturbation.astype(float), {"linf": np.inf, "l2": 2, "l1": 1}[norm])
        assert size <= epsilon * (1 + 1e-12)
        rates[method] = result.success_rate
    assert rates["gradient"] > rates["deepfool"]


def test_a_universal_perturbation_towards_a_class(digits: Any) -> None:
    clf, X, y = digits
    kept = np.flatnonzero(y != 8)[:200]
    result = UniversalPerturbation(epsilon=0.3, random_state=0).perturb(clf, X[kept], y[kept], target=8)
    assert result.success_rate > 0.3
    np.testing.assert_array_equal(result.success[~result.already_wrong], result.predicted[~result.already_wrong] == 8)


class _Counting:
    """A classifier that counts the rows that its probabilities are asked for."""

    def __init__(self, clf: Any) -> None:
        self._clf, self.classes_, self.rows = clf, clf.classes_, 0

    def predict(self, X: Any) -> Any:
        return self._clf.predict(X)

    def predict_proba(self, X: Any) -> Any:
        self.rows += len(X)
        return self._clf.predict_proba(X)


def test_square_counts_what_it_asks(digits: Any) -> None:
    clf, X, y = digits
    counting = _Counting(clf)
    result = Square(epsilon=0.15, max_queries=50, random_state=0).perturb(counting, X[:30], y[:30])
    assert counting.rows == result.queries.sum()
    assert result.queries.max() == 50
    assert result.queries.min() < 50


def test_more_queries_fool_more(digits: Any) -> None:
    clf, X, y = digits
    rates = [
        Square(epsilon=0.15, max_queries=n, random_state=0).perturb(clf, X[:100], y[:100]).success_rate
        for n in (1, 300)
    ]
    assert rates[0] + 0.2 < rates[1]


def test_square_attacks_what_answers_in_steps(linear: Any) -> None:
    _, X, y = linear
    clf = Perceptron(average=True, max_iter=300, random_state=0).fit(X, y)
    result = Square(epsilon=0.5, max_queries=200, random_state=0).perturb(clf, X, y)
    assert result.success.any()
    with pytest.raises(ParameterError, match=r"answers in steps.*Square"):
        DeepFool().perturb(clf, X, y)


@pytest.mark.parametrize(
    "attack",
    [
        DeepFool(),
        CarliniWagner(max_iter=5, search_steps=1),
        UniversalPerturbation(max_iter=1),
        UniversalPerturbation(max_iter=1, method="deepfool"),
    ],
    ids=str,
)
def test_a_second_fit_traces_nothing(attack: Any) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = minmax_scale(X)
    first, second = (MLPClassifier((4,), max_iter=3, random_state=i, tol=0, n_iter_no_change=9) for i in range(2))
    with pytest.warns(ConvergenceWarning):
        first.fit(X, y), second.fit(X, y)
    attack.perturb(first, X[:9])
    before = count_score_traces()
    attack.perturb(second, X[:20])
    assert count_score_traces() == before


@pytest.mark.parametrize(
    ("attack", "message"),
    [(DeepFool(norm="l1"), "norm='l1' cannot be used"), (DeepFool(overshoot=-1), "overshoot=-1 cannot be used"),
     (DeepFool(candidates=1), "candidates=1 cannot be used.*own class"), (DeepFool(max_iter=0), "max_iter=0"),
     (CarliniWagner(confidence=-1), "confidence=-1 cannot"), (CarliniWagner(initial_c=0), "initial_c=0 cannot"),
     (UniversalPerturbation(fooling_rate=2), "share in"), (UniversalPerturbation(epsilon=0), "epsilon=0 cannot"),
     (Square(p_init=2), "p_init=2"), (Square(image_shape=(2, 2)), "rows have 30 numbers"),
     (Square(norm="l1"), "norm='l1'")],
)  # fmt: skip
def test_what_cannot_be_used(linear: Any, attack: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        attack.perturb(linear[0], linear[1])


def test_values_out_of_bounds(linear: Any) -> None:
    with pytest.raises(DataError, match="Divide X by 255"):
        DeepFool().perturb(linear[0], linear[1] * 255)


def test_square_never_asks_about_the_same_point_twice_in_a_row():
    """Of a grey image every second square would set what is set already: such a one is drawn again."""
    draw = np.random.default_rng(0)
    x = draw.uniform(0.3, 0.7, (40, 8, 8, 1)).astype(np.float32)
    low, high = x - np.float32(0.1), x + np.float32(0.1)
    points = first_corners(low, high, draw)
    np.testing.assert_array_equal(points == high, (points == high)[:, :1].repeat(8, axis=1))  # stripes
    moved = 0
    for share in (0.8, 0.1, 0.01, 0.01, 0.01):
        found = next_corners(points, low, high, share, draw)
        assert ((found == low) | (found == high)).all()
        side = max(round(np.sqrt(share * 64)), 1)
        changed = (found != points)[..., 0]
        moved += changed.any(axis=(1, 2)).mean()
        for one in changed[changed.any(axis=(1, 2))]:
            assert (np.ptp(np.argwhere(one), axis=0) < side).all()
        points = found
    assert moved / 5 > 0.97
