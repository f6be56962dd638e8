"""Certificates against formulas, and against every adversarial example that attacks and random search can find."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from statsmodels.stats.proportion import proportion_confint

from strates import CNNClassifier, LogisticRegression, MLPClassifier, NetworkClassifier, Perceptron
from strates.attacks import FGSM, PGD, certified_curve, certified_radius, certify
from strates.exceptions import DataError, ParameterError, TargetError

IRIS, SPECIES = load_iris(return_X_y=True)
DIGITS, DIGIT = load_digits(return_X_y=True)
DIGITS = (DIGITS / 16).astype(np.float32)
DUAL: dict[str, Any] = {"linf": 1, "l2": 2, "l1": np.inf}
METHODS = ("interval", "linear")
FIT = {"learning_rate": "cosine", "learning_rate_init": 0.01, "batch_size": 64, "random_state": 0}


@pytest.fixture(scope="module")
def mlp() -> MLPClassifier:
    return MLPClassifier((24, 16), max_iter=30, **FIT).fit(DIGITS, DIGIT)


@pytest.fixture(scope="module")
def cnn() -> CNNClassifier:
    return CNNClassifier((4, 8), hidden_layer_sizes=(16,), max_iter=4, **FIT).fit(DIGITS, DIGIT)


def norm_of(delta: np.ndarray, norm: str) -> np.ndarray:
    order = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
    return np.asarray(np.linalg.norm(delta.reshape(len(delta), -1).astype(np.float64), ord=order, axis=1))


# --- linear classifiers: a distance in closed form ---------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("norm", DUAL)
def test_two_classes_and_a_plane(norm: str, method: Any) -> None:
    X, y = IRIS[50:], SPECIES[50:] == 2
    clf = LogisticRegression(alpha=0.01).fit(X, y)
    w, b = clf.coef_[0].astype(np.float64), float(clf.intercept_[0])
    right = clf.predict(X) == y
    distance = np.abs(X @ w + b) / np.linalg.norm(w, ord=DUAL[norm])
    found = certified_radius(clf, X, y, norm=norm, bounds=None, method=method, tol=1e-6)
    assert (found.already_wrong == ~right).all()
    assert (found.radius[~right] == 0).all()
    # what float32 may do to a score takes a little off
    assert (found.radius[right] <= distance[right]).all()
    assert found.radius[right] == pytest.approx(distance[right], rel=1e-4, abs=2e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("norm", DUAL)
def test_several_classes_and_the_nearest_plane(norm: str, method: Any) -> None:
    clf = LogisticRegression(alpha=0.01).fit(IRIS, SPECIES)
    W, b = clf.coef_.astype(np.float64), clf.intercept_
    codes = clf.predict(IRIS)
    scores = IRIS @ W.T + b
    with np.errstate(invalid="ignore"):
        apart = (scores[np.arange(150), codes, None] - scores) / np.linalg.norm(W[codes, None] - W, DUAL[norm], axis=2)
    found = certified_radius(clf, IRIS, norm=norm, bounds=None, method=method, tol=1e-6)
    assert found.radius == pytest.approx(np.nanmin(apart, axis=1), rel=1e-4, abs=2e-5)
    assert (found.radius <= np.nanmin(apart, axis=1)).all()


def test_pipeline_is_certified_in_its_own_units() -> None:
    """A plane in scaled columns is a plane in the columns themselves, whatever their units."""
    X = IRIS[50:] * [1, 10, 100, 0.1] + [5, 0, -300, 2]
    frame = pd.DataFrame(X, columns=list("abcd"))
    y = SPECIES[50:]
    for steps in ([StandardScaler()], [SimpleImputer(), MinMaxScaler()], [StandardScaler(), PCA(3)]):
        pipe = make_pipeline(*steps, LogisticRegression(alpha=0.01)).fit(frame, y)
        w, b = pipe[-1].coef_[0].astype(np.float64), pipe[-1].intercept_[0]
        inputs = pipe[:-1].transform(frame)
        back = pipe[:-1].transform(pd.DataFrame(np.vstack([np.zeros(4), np.eye(4)]), columns=list("abcd")))
        own = (back[1:] - back[0]) @ w
        distance = np.abs(inputs @ w + b) / np.abs(own).sum()
        found = certified_radius(pipe, frame, bounds=None, tol=1e-6)
        assert found.radius == pytest.approx(distance, rel=1e-3, abs=1e-4)
        assert (found.radius <= distance * (1 + 1e-6)).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_perceptron_has_a_radius_too(classes: int) -> None:
    X, y = (
        (IRIS, SPECIES == 0) if classes == 2 else (IRIS[:, :2] + np.array([[9, 0], [0, 9], [9, 9]])[SPECIES], SPECIES)
    )
    clf = Perceptron(random_state=0).fit(X, y)
    scores = clf.decision_function(X)
    W = clf.coef_.astype(np.float64)
    if classes == 2:
        distance = np.abs(scores) / np.linalg.norm(W)
    else:
        codes = scores.argmax(axis=1)
        with np.errstate(invalid="ignore"):
            apart = scores.max(axis=1)[:, None] - scores
            distance = np.nanmin(apart / np.linalg.norm(W[codes, None] - W, axis=2), axis=1)
    found = certified_radius(clf, X, norm="l2", bounds=None, tol=1e-6)
    assert found.radius == pytest.approx(distance, rel=1e-4, abs=1e-4)


def test_bounds_cut_the_ball_off() -> None:
    """Class 1 where x > 0.5: what lies beyond the bounds cannot be reached."""
    X = np.array([[0.1], [0.2], [0.6], [0.9]])
    clf = LogisticRegression(alpha=0.01).fit(X, [0, 0, 1, 1])
    edge = -clf.intercept_[0] / clf.coef_[0, 0]
    free = certified_radius(clf, X, bounds=None).radius
    assert free == pytest.approx(np.abs(X[:, 0] - edge), rel=2e-3)
    assert certified_radius(clf, X[:2], bounds=(0, 0.3)).radius.tolist() == [np.inf, np.inf]
    assert certify(clf, X[:2], epsilon=9.0, bounds=(0, 0.3)).certified.all()
    wide = certified_radius(clf, X[:2], bounds=([0.0], [1.0])).radius
    assert wide == pytest.approx(free[:2], rel=2e-3)


# --- never more than an attack finds -----------------------------------------------------------------------------


def random_search(clf: Any, X: np.ndarray, labels: np.ndarray, norm: str, reach: float, seed: int) -> np.ndarray:
    """Return the distance of the nearest of many random points that have another class."""
    rng = np.random.default_rng(seed)
    nearest = np.full(len(X), np.inf)
    for _ in range(30):
        delta = rng.choice([-1, 1], size=X.shape) if norm == "linf" else rng.normal(size=X.shape)
        delta = delta / norm_of(delta, norm).reshape(-1, *[1] * (X.ndim - 1))
        tried = np.clip(X + reach * rng.random() * delta, 0, 1).astype(np.float32)
        other = clf.predict(tried) != labels
        distance = norm_of(tried.astype(np.float64) - X, norm)
        nearest[other] = np.minimum(nearest[other], distance[other])
    return nearest


@pytest.mark.parametrize(("norm", "epsilons"), [("linf", (0.02, 0.05, 0.1)), ("l2", (0.1, 0.3)), ("l1", (0.3, 1.0))])
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_no_attack_succeeds_within_a_certified_radius(
    kind: str, norm: str, epsilons: tuple[float, ...], request: pytest.FixtureRequest
) -> None:
    clf = request.getfixturevalue(kind)
    X, y = (DIGITS, DIGIT) if kind == "mlp" else (DIGITS[:100], DIGIT[:100])
    proofs = {method: certified_radius(clf, X, y, norm=norm, method=method, tol=0.01) for method in METHODS}
    radius = np.maximum(*(proof.radius for proof in proofs.values()))
    assert (proofs["linear"].radius >= proofs["interval"].radius * 0.99).all()
    assert np.median(radius) > epsilons[0] / 10
    right = ~proofs["linear"].already_wrong
    fooled = np.zeros(len(X), bool)
    attacks: list[Any] = [PGD(epsilon=e, norm=norm, steps=15, random_state=1) for e in epsilons]
    if norm == "linf":
        attacks.append(FGSM(epsilon=epsilons[1]))
    for attack in attacks:
        result = attack.perturb(clf, X, y)
        fooled |= result.success
        assert (result.distances[norm][result.success] > radius[result.success]).all()
    assert fooled[right].mean() > 0.1
    found = random_search(clf, X[right], y[right], norm, 20 * epsilons[-1], seed=0)
    assert np.isfinite(found).mean() > 0.01
    assert (found > radius[right]).all()


def test_certified_robust_and_clean_accuracy_are_in_order(mlp: MLPClassifier) -> None:
    for epsilon in (0.01, 0.05):
        attacked = PGD(epsilon=epsilon, steps=20).perturb(mlp, DIGITS, DIGIT)
        accuracies = [certify(mlp, DIGITS, DIGIT, epsilon=epsilon, method=m).certified_accuracy for m in METHODS]
        assert accuracies[0] < accuracies[1] <= attacked.robust_accuracy < attacked.clean_accuracy
    result = certify(mlp, DIGITS, DIGIT, epsilon=0.01)
    assert result.clean_accuracy == pytest.approx(mlp.score(DIGITS, DIGIT))
    assert result.clean_accuracy == attacked.clean_accuracy


def test_networks_of_users_with_other_bends() -> None:
    """Average pooling, tanh, swish, dropout, rescaling inside: the bounds of each, in one network."""
    network = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Rescaling(2.0, -1.0), keras.layers.Conv2D(4, 3, activation="swish"),
         keras.layers.AveragePooling2D(2), keras.layers.GaussianNoise(0.1), keras.layers.Flatten(),
         keras.layers.Dense(12, activation="tanh"), keras.layers.Dropout(0.2), keras.layers.Dense(10)]
    )  # fmt: skip
    images = DIGITS[:400].reshape(-1, 8, 8, 1)
    clf = NetworkClassifier(network, max_iter=15, **FIT).fit(images, DIGIT[:400])
    radius = certified_radius(clf, images, DIGIT[:400], tol=0.01).radius
    result = PGD(epsilon=0.1, steps=15).perturb(clf, images, DIGIT[:400])
    assert result.success.mean() > 0.3
    assert (result.distances["linf"][result.success] > radius[result.success]).all()
    assert np.median(radius) > 0.005


# --- what comes back ---------------------------------------------------------------------------------------------


def test_result_of_one_distance_and_of_radii_agree(mlp: MLPClassifier) -> None:
    X, y = DIGITS[:100], DIGIT[:100].copy()
    y[:7] = (y[:7] + 1) % 10  # wrong, as far as the labels go
    radii = certified_radius(mlp, X, y, tol=1e-4)
    middle = float(np.median(radii.radius))
    result = certify(mlp, X, y, epsilon=middle)
    near = np.isclose(radii.radius, middle, rtol=1e-3)
    assert (result.certified == (radii.radius >= middle))[~near].all()
    assert result.already_wrong[:7].all()
    assert result.status[:7].tolist() == ["already wrong"] * 7
    assert (result.radius[:7] == 0).all()
    assert set(result.radius[7:].tolist()) == {0.0, middle}
    assert result.certified_accuracy == result.certified.mean()
    assert radii.certified.sum() == (radii.radius > 0).sum()
    frame = result.to_frame()
    assert frame.columns.tolist() == ["label", "predicted", "status", "certified", "radius", "distance"]
    assert frame["label"].tolist() == y.tolist()
    assert frame["predicted"].tolist() == mlp.predict(X).tolist()
    assert f"{result.certified.sum()} of 100 rows keep their class within {middle:g} in linf" in repr(result)
    assert "7 were wrong before" in result.summary()
    assert "median radius" in radii.summary()
    assert "median radius" not in result.summary()
    # without labels the predictions are to stay
    assert not certify(mlp, X, epsilon=middle).already_wrong.any()


@pytest.mark.parametrize("method", ["interval", "linear", "exact"])
def test_nothing_is_proved_of_wrong_rows(mlp: MLPClassifier, method: Any) -> None:
    y = (mlp.predict(DIGITS[:4]) + 1) % 10
    for result in (certify(mlp, DIGITS[:4], y, epsilon=0.1, method=method), certified_radius(mlp, DIGITS[:4], y)):
        assert result.status.tolist() == ["already wrong"] * 4
        assert result.certified_accuracy == result.clean_accuracy == 0
        assert result.radius.tolist() == [0] * 4


def test_images_flat_or_not_and_bytes(cnn: CNNClassifier) -> None:
    flat = certify(cnn, DIGITS[:20], DIGIT[:20], epsilon=0.01)
    shaped = certify(cnn, DIGITS[:20].reshape(-1, 8, 8), DIGIT[:20], epsilon=0.01)
    assert flat.certified.any()
    assert (flat.status == shaped.status).all()


def test_batches_change_nothing(mlp: MLPClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    before = certified_radius(mlp, DIGITS[:50], tol=0.01).radius
    monkeypatch.setattr("strates.attacks.certificates.certified_network._NUMBERS", 5000)
    monkeypatch.setattr("strates.attacks.certificates.linear_bounds._NUMBERS", 700)
    assert certified_radius(mlp, DIGITS[:50], tol=0.01).radius == pytest.approx(before, rel=1e-12)


def test_curve_counts(mlp: MLPClassifier) -> None:
    epsilons = [0.05, 0.0, 0.01, 0.02, 0.9]
    curve = certified_curve(mlp, DIGITS[:200], DIGIT[:200], epsilons)
    assert curve["epsilon"].tolist() == sorted(epsilons)
    assert curve["accuracy"][0] == pytest.approx(mlp.score(DIGITS[:200], DIGIT[:200]))
    for _, row in curve.iloc[1:].iterrows():
        result = certify(mlp, DIGITS[:200], DIGIT[:200], epsilon=row["epsilon"])
        assert row["accuracy"] == result.certified_accuracy
    assert curve["accuracy"].is_monotonic_decreasing
    assert curve["accuracy"].iloc[-1] == 0
    for _, row in curve.iterrows():
        wilson = proportion_confint(round(200 * row["accuracy"]), 200, method="wilson")
        assert (row["low"], row["high"]) == pytest.approx(wilson, abs=1e-9)


def test_more_is_proved_of_a_network_trained_against_attacks() -> None:
    X, y = DIGITS[:600], DIGIT[:600]
    plain = MLPClassifier((16,), max_iter=20, **FIT).fit(X, y)
    hardened = MLPClassifier((16,), max_iter=20, adversarial=PGD(epsilon=0.1, steps=5), **FIT).fit(X, y)
    accuracies = [certify(clf, X, y, epsilon=0.1).certified_accuracy for clf in (plain, hardened)]
    assert accuracies[1] > accuracies[0] + 0.1


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0, -0.1, np.nan, np.inf, "0.1"])
def test_epsilon_is_positive(mlp: MLPClassifier, epsilon: Any) -> None:
    with pytest.raises(ParameterError, match=r"epsilon=.* cannot be used: it is a positive, finite number"):
        certify(mlp, DIGITS[:5], epsilon=epsilon)


def test_bad_choices(mlp: MLPClassifier) -> None:
    X, y = DIGITS[:5], DIGIT[:5]
    with pytest.raises(ParameterError, match="norm='l3' cannot be used"):
        certify(mlp, X, y, epsilon=0.1, norm="l3")
    with pytest.raises(ParameterError, match="method='crown' cannot be used"):
        certify(mlp, X, y, epsilon=0.1, method="crown")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"smoothed one: use RandomizedSmoothing\(clf\).certify"):
        certify(mlp, X, y, epsilon=0.1, method="smoothing")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match='"exact" measures in linf, not l2'):
        certify(mlp, X, y, epsilon=0.1, norm="l2", method="exact")
    with pytest.raises(ParameterError, match=r"tol=0 cannot be used: it is a positive"):
        certified_radius(mlp, X, y, tol=0)
    with pytest.raises(ParameterError, match=r"epsilons=\[-1\] cannot be used"):
        certified_curve(mlp, X, y, [-1])
    with pytest.raises(ParameterError, match=r"epsilons=\[\] cannot be used"):
        certified_curve(mlp, X, y, [])


def test_bad_data(mlp: MLPClassifier) -> None:
    with pytest.raises(DataError, match=r"X holds values from 0 to 16, but .* Divide X by 16"):
        certify(mlp, DIGITS[:5] * 16, epsilon=0.1)
    with pytest.raises(DataError, match="NaN or infinity, first in row 2"):
        certify(mlp, np.where(np.arange(5)[:, None] == 2, np.nan, DIGITS[:5]), epsilon=0.1)
    with pytest.raises(TargetError, match="y holds the label 11, which is not among the classes"):
        certify(mlp, DIGITS[:2], [1, 11], epsilon=0.1)
    with pytest.raises(TargetError, match=r"X has 3 rows, y has shape \(2,\)"):
        certify(mlp, DIGITS[:3], [1, 2], epsilon=0.1)


def test_what_cannot_be_read() -> None:
    tree = DecisionTreeClassifier().fit(IRIS, SPECIES)
    with pytest.raises(ParameterError, match=r"DecisionTreeClassifier has no network_ to read.*RandomizedSmoothing"):
        certify(tree, IRIS, epsilon=0.1, bounds=None)
    binned = make_pipeline(
        KBinsDiscretizer(3, encode="onehot-dense", quantile_method="averaged_inverted_cdf"),
        LogisticRegression(alpha=0.1),
    ).fit(IRIS, SPECIES)
    with pytest.raises(ParameterError, match=r"step 'kbinsdiscretizer' \(KBinsDiscretizer\) is none whose effect"):
        certify(binned, IRIS, epsilon=0.1, bounds=None)
    clipped = make_pipeline(MinMaxScaler(clip=True), LogisticRegression(alpha=0.1)).fit(IRIS, SPECIES)
    with pytest.raises(ParameterError, match=r"step 'minmaxscaler'"):
        certify(clipped, IRIS, epsilon=0.1, bounds=None)
