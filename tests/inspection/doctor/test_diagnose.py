"""Each code has a classifier that provokes it, and no healthy one does."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.special import logsumexp
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine, make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from strates import LogisticRegression, MLPClassifier, NetworkClassifier, Perceptron, Recorder, tabular_pipeline
from strates._types import AnyArray
from strates.datasets import moons, spiral
from strates.exceptions import DataError, ParameterError, TargetError
from strates.inspection import diagnose
from strates.inspection.doctor.diagnose import CHECKS
from strates.inspection.doctor.finding import SEVERITIES, Finding

Rows = tuple[AnyArray, AnyArray, AnyArray, AnyArray]


@pytest.fixture(autouse=True)
def _unconverged() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@dataclass(frozen=True)
class Case:
    """A classifier with its rows, and what is known of it."""

    clf: Any
    X: Any
    y: Any
    X_test: Any = None
    y_test: Any = None

    def findings(self, language: str = "en") -> dict[str, Finding]:
        found = diagnose(self.clf, self.X, self.y, X_test=self.X_test, y_test=self.y_test, language=language)
        return {one.code: one for one in found}


# --- what provokes each code --------------------------------------------------------------------------


@keras.saving.register_keras_serializable("tests.doctor")
class Subclassed(keras.Model):
    """A network whose layers cannot be looked into."""

    def __init__(self, n: int = 3, **settings: Any) -> None:
        super().__init__(**settings)
        self.n, self.inner, self.outer = n, keras.layers.Dense(8, activation="relu"), keras.layers.Dense(n)

    def call(self, x: Any) -> Any:
        return self.outer(self.inner(x))

    def get_config(self) -> dict[str, Any]:
        return {"n": self.n}


def unscaled(fit: Any, raw_wine: Rows) -> Case:
    return Case(fit(*raw_wine[:2]), *raw_wine)


def sure_and_wrong(fit: Any, wine: Rows) -> Case:
    return Case(fit(kernel_initializer="normal(2)"), *wine)


def logistic_tower(fit: Any, wine: Rows) -> Case:
    return Case(fit(hidden_layer_sizes=(20,) * 6, activation="logistic", max_iter=10), *wine)


def rectified_tower(fit: Any, wine: Rows) -> Case:
    return Case(fit(hidden_layer_sizes=(20,) * 6, kernel_initializer="normal(1)", max_iter=10), *wine)


def half_dead(fit: Any, wine: Rows) -> Case:
    clf = fit()
    kernel, bias, *others = clf.network_.get_weights()
    bias[:12] = -1e3
    clf.network_.set_weights([kernel, bias, *others])
    return Case(clf, *wine)


def switches(fit: Any, wine: Rows) -> Case:
    return Case(fit(activation="tanh", kernel_initializer="normal(3)"), *wine)


def leaping(fit: Any, digits: Rows) -> Case:
    return Case(fit(*digits[:2], learning_rate_init=3.0, batch_size=50, max_iter=20), *digits)


def creeping(fit: Any, wine: Rows) -> Case:
    return Case(fit(learning_rate_init=1e-6), *wine)


def fast_but_lucky(fit: Any, wine: Rows) -> Case:
    return Case(fit(learning_rate_init=0.5), *wine)


def cut_short(fit: Any, wine: Rows) -> Case:
    return Case(fit(learning_rate="constant", max_iter=8), *wine)


def learned_by_heart(fit: Any, noise: Rows) -> Case:
    return Case(fit(*noise[:2], solver="lbfgs", hidden_layer_sizes=(64,), alpha=0.0, max_iter=200), *noise)


def straight(fit: Any, wine: Rows) -> Case:
    X, y = spiral(300, random_state=0)
    return Case(LogisticRegression(alpha=1e-3).fit(X, y), X, y)


def shrunk(fit: Any, wine: Rows) -> Case:
    return Case(fit(alpha=1.0), *wine)


def constant(fit: Any, wine: Rows) -> Case:
    X = np.random.default_rng(0).normal(size=(200, 3))
    y = np.where(np.arange(200) % 10 == 0, "rare", "common")
    return Case(LogisticRegression(alpha=1.0).fit(X, y), X, y)


def lopsided(fit: Any, wine: Rows) -> Case:
    rng = np.random.default_rng(0)
    y = np.arange(600) % 10 == 0
    X = rng.normal(size=(600, 2)) + np.where(y, 1.2, 0)[:, None]
    return Case(LogisticRegression(alpha=1e-3).fit(X, y), X, y)


def told(fit: Any, wine: Rows) -> Case:
    rng = np.random.default_rng(0)
    y = rng.choice(["no", "yes"], 200)
    X = pd.DataFrame(
        {"age": rng.normal(size=200), "size": rng.normal(size=200), "paid": np.where(y == "yes", "d'accord", "-")}
    )
    X["age"] += y == "yes"
    clf = tabular_pipeline(MLPClassifier((16,), learning_rate="cosine", max_iter=20, random_state=0))
    return Case(clf.fit(X, y), X, y)


def seen_before(fit: Any, wine: Rows) -> Case:
    X, y, X_test, y_test = wine
    return Case(fit(), X, y, np.vstack([X_test, X[:20]]), np.concatenate([y_test, y[:20]]))


def closed(fit: Any, wine: Rows) -> Case:
    clf = NetworkClassifier(lambda shape, n: Subclassed(n), learning_rate="cosine", max_iter=40, random_state=0)
    return Case(clf.set_params(learning_rate_init=0.01).fit(*wine[:2]), *wine)


PROVOKING: dict[str, tuple[Callable[[Any, Any], Case], str]] = {
    "inputs-not-scaled": (unscaled, "raw_wine"),
    "initial-loss": (sure_and_wrong, "wine"),
    "vanishing-gradients": (logistic_tower, "wine"),
    "exploding-gradients": (rectified_tower, "wine"),
    "dead-units": (half_dead, "wine"),
    "saturated-units": (switches, "wine"),
    "learning-rate-too-high": (leaping, "digits"),
    "learning-rate-too-low": (creeping, "wine"),
    "update-ratio": (fast_but_lucky, "wine"),
    "stopped-before-converging": (cut_short, "wine"),
    "overfitting": (learned_by_heart, "noise"),
    "underfitting": (straight, "wine"),
    "penalty-dominates": (shrunk, "wine"),
    "class-never-predicted": (constant, "wine"),
    "imbalance-ignored": (lopsided, "wine"),
    "leakage": (told, "wine"),
    "duplicate-rows": (seen_before, "wine"),
    "layers-not-examined": (closed, "wine"),
}
CODES = sorted(PROVOKING)


@pytest.fixture(scope="session")
def case(request: pytest.FixtureRequest, fit: Any) -> Callable[[str], Case]:
    """Return a function that makes the case of a code, once."""
    made: dict[str, Case] = {}

    def make(code: str) -> Case:
        if code not in made:
            build, rows = PROVOKING[code]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                made[code] = build(fit, request.getfixturevalue(rows))
        return made[code]

    return make


@pytest.fixture(scope="session")
def provoked(case: Callable[[str], Case]) -> Callable[..., dict[str, Finding]]:
    """Return a function that diagnoses the case of a code, once a language."""
    seen: dict[tuple[str, str], dict[str, Finding]] = {}

    def look(code: str, language: str = "en") -> dict[str, Finding]:
        if (code, language) not in seen:
            seen[code, language] = case(code).findings(language)
        return seen[code, language]

    return look


def test_every_check_is_provoked() -> None:
    assert sorted(check.code for check in CHECKS) == CODES


@pytest.mark.parametrize("code", CODES)
def test_provoked(provoked: Any, code: str) -> None:
    found = provoked(code)
    assert code in found
    one = found[code]
    assert one.severity in SEVERITIES
    assert one.language == "en"
    order = [SEVERITIES.index(other.severity) for other in found.values()]
    assert order == sorted(order)


@pytest.mark.parametrize("code", CODES)
def test_french_finds_the_same(provoked: Any, code: str) -> None:
    english, french = provoked(code), provoked(code, "fr")
    assert list(english) == list(french)
    for name, one in french.items():
        assert (one.severity, one.measured, one.remedy, one.layer) == (
            english[name].severity,
            english[name].measured,
            english[name].remedy,
            english[name].layer,
        )
        assert one.message != english[name].message
        assert "'" not in one.message.replace(
            "d'accord", ""
        )  # typographic apostrophes, but what the table holds as it is


#: What is no longer found after its remedy.
CURED = {
    "inputs-not-scaled",
    "initial-loss",
    "vanishing-gradients",
    "exploding-gradients",
    "saturated-units",
    "learning-rate-too-high",
    "learning-rate-too-low",
    "update-ratio",
    "stopped-before-converging",
    "penalty-dominates",
}


@pytest.mark.parametrize("code", CODES)
def test_remedy_is_python_that_runs_and_helps(case: Any, provoked: Any, code: str) -> None:
    """Each remedy runs on what ``diagnose`` was given, and leaves a classifier that is fitted, and often cured."""
    one, about = provoked(code)[code], case(code)
    clf = deepcopy(about.clf)
    names = {"clf": clf, "X": about.X, "y": about.y, "X_test": about.X_test, "y_test": about.y_test}
    exec(compile(one.remedy, code, "exec"), names)
    after = replace(about, clf=names["clf"])
    assert hasattr(after.clf, "classes_")
    last = after.clf[-1] if hasattr(after.clf, "steps") else after.clf
    assert {name: last.get_params()[name] for name in one.settings} == one.settings
    if code in CURED:
        assert code not in after.findings()
        if code != "update-ratio":  # it went well before
            assert after.clf.score(about.X_test, about.y_test) >= about.clf.score(about.X_test, about.y_test)


# --- healthy ones -------------------------------------------------------------------------------------


def deep(fit: Any, wine: Rows) -> Case:
    return Case(fit(hidden_layer_sizes=(20,) * 4, batch_norm=True, dropout=0.1), *wine)


def by_lbfgs(fit: Any, wine: Rows) -> Case:
    X, y = moons(300, noise=0.15, random_state=0)
    return Case(
        fit(X[:200], y[:200], activation="tanh", solver="lbfgs", alpha=1e-3), X[:200], y[:200], X[200:], y[200:]
    )


def logistic(fit: Any, wine: Rows) -> Case:
    return Case(LogisticRegression(alpha=0.01).fit(*wine[:2]), *wine)


def perceptron(fit: Any, wine: Rows) -> Case:
    return Case(Perceptron(random_state=0).fit(*wine[:2]), *wine)


def forest(fit: Any, raw_wine: Rows) -> Case:
    return Case(RandomForestClassifier(20, random_state=0).fit(*raw_wine[:2]), *raw_wine)


def machine(fit: Any, wine: Rows) -> Case:
    return Case(LinearSVC().fit(*wine[:2]), *wine)  # without probabilities


def sparse_rows(fit: Any, wine: Rows) -> Case:
    X, y, X_test, y_test = wine
    keep = [sparse.csr_matrix(np.where(np.abs(rows) < 0.3, 0, rows)) for rows in (X, X_test)]
    return Case(fit(keep[0], y), keep[0], y, keep[1], y_test)


def searched(fit: Any, wine: Rows) -> Case:
    clf = MLPClassifier((16,), learning_rate="cosine", learning_rate_init=0.01, max_iter=60, random_state=0)
    return Case(GridSearchCV(clf, {"alpha": [1e-4, 1e-3]}, cv=2).fit(*wine[:2]), *wine)


def piped(fit: Any, raw_wine: Rows) -> Case:
    clf = MLPClassifier((16,), learning_rate="cosine", learning_rate_init=0.01, max_iter=60, random_state=0)
    return Case(make_pipeline(StandardScaler(), clf).fit(*raw_wine[:2]), *raw_wine)


def recorded(fit: Any, wine: Rows) -> Case:
    clf = MLPClassifier((16,), learning_rate="one_cycle", learning_rate_init=0.02, max_iter=60, random_state=0)
    return Case(clf.set_callbacks(Recorder(frames=12)).fit(*wine[:2]), *wine)


def stopped_by_rows(fit: Any, digits: Rows) -> Case:
    return Case(fit(*digits[:2], hidden_layer_sizes=(32,), early_stopping=True, validation_fraction=0.2), *digits[:2])


def pictures(fit: Any, digits: Rows) -> Case:
    def build(shape: tuple[int, ...], n: int) -> keras.Model:
        layers = [keras.layers.Rescaling(1 / 16), keras.layers.Conv2D(8, 3, activation="relu"), keras.layers.Flatten()]
        return keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(n)])

    X, y, X_test, y_test = digits
    images = [(16 * rows).reshape(-1, 8, 8, 1) for rows in (X, X_test)]
    clf = NetworkClassifier(build, learning_rate="cosine", learning_rate_init=0.02, batch_size=50, random_state=0)
    return Case(clf.set_params(max_iter=25).fit(images[0], y), images[0], y, images[1], y_test)


def several_labels(fit: Any, wine: Rows) -> Case:
    X, y = make_multilabel_classification(400, 20, n_classes=4, random_state=0)
    X = StandardScaler().fit_transform(X)
    return Case(fit(X[:300], y[:300], alpha=0.01, max_iter=30), X[:300], y[:300], X[300:], y[300:])


HEALTHY: dict[str, tuple[Callable[[Any, Any], Case], str]] = {
    "a network": (lambda fit, wine: Case(fit(), *wine), "wine"),
    "a deep network": (deep, "wine"),
    "L-BFGS": (by_lbfgs, "wine"),
    "logistic regression": (logistic, "wine"),
    "a perceptron": (perceptron, "wine"),
    "a forest": (forest, "raw_wine"),
    "a support vector machine": (machine, "wine"),
    "sparse rows": (sparse_rows, "wine"),
    "a search": (searched, "wine"),
    "a pipeline": (piped, "raw_wine"),
    "a recorded fit": (recorded, "wine"),
    "an early stop": (stopped_by_rows, "digits"),
    "images": (pictures, "digits"),
    "several labels": (several_labels, "wine"),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_is_silent(request: pytest.FixtureRequest, fit: Any, name: str) -> None:
    build, rows = HEALTHY[name]
    assert list(build(fit, request.getfixturevalue(rows)).findings()) == []


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_defaults_are_not_critical_on_bundled_tables(load: Any) -> None:
    X, y = load(return_X_y=True, as_frame=True)
    train, test, own, other = train_test_split(X, y, train_size=min(150, len(X) // 2), stratify=y, random_state=0)
    found = Case(tabular_pipeline(random_state=0).fit(train, own), train, own, test, other).findings()
    assert [code for code, one in found.items() if one.severity == "critical"] == []


# --- what was measured --------------------------------------------------------------------------------


def test_sizes_of_inputs(provoked: Any, raw_wine: Rows) -> None:
    one = provoked("inputs-not-scaled")["inputs-not-scaled"]
    size = np.sqrt(np.square(raw_wine[0]).mean(axis=0))
    assert one.measured == pytest.approx(size.max(), rel=1e-6)
    assert one.severity == "critical"
    assert "“x12”" in one.message
    assert f"{(size > 10).sum()} of 13 inputs" in one.message


def test_initial_loss_is_that_of_the_first_weights(case: Any, provoked: Any) -> None:
    about = case("initial-loss")
    one = provoked("initial-loss")["initial-loss"]
    began = about.clf.initialized(about.X)
    hidden, outputs = began.coefs_  # biases begin at zero
    logits = np.maximum(about.X @ hidden.astype(float), 0) @ outputs
    expected = logsumexp(logits, axis=1) - logits[np.arange(len(about.y)), about.y]
    assert one.measured == pytest.approx(expected.mean(), rel=1e-5)
    assert one.normal == "about ln 3 = 1.1 nats, and below 3.3"


def test_irises_as_they_are() -> None:
    """Of size 6 they are learned from, and yet a network begins sure and wrong on them."""
    X, y = load_iris(return_X_y=True)
    clf = MLPClassifier((64, 32), learning_rate="cosine", learning_rate_init=0.01, max_iter=100, random_state=0)
    found = Case(clf.fit(X, y), X, y).findings()
    assert "inputs-not-scaled" not in found
    assert found["initial-loss"].severity == "note"
    assert "StandardScaler" in found["initial-loss"].remedy


def test_gradients_of_the_first_weights(case: Any, provoked: Any) -> None:
    about = case("vanishing-gradients")
    one = provoked("vanishing-gradients")["vanishing-gradients"]
    began = about.clf.initialized(about.X)
    found = began.loss_gradient(about.X, about.y).parameters["hidden_1/kernel"]
    weights = began.network_.get_layer("hidden_1").get_weights()[0]
    assert one.measured == pytest.approx(np.linalg.norm(found) / np.linalg.norm(weights), rel=1e-6)
    assert (one.layer, one.severity) == ("hidden_1", "critical")  # it answers no better than always the same
    assert one.settings == {"activation": "relu"}


def test_zeros_have_no_gradient(fit: Any, wine: Rows) -> None:
    one = Case(fit(kernel_initializer="zeros", max_iter=5), *wine).findings()["vanishing-gradients"]
    assert (one.measured, one.severity, one.settings) == (0.0, "critical", {"kernel_initializer": "auto"})
    assert "No gradient at all reaches “hidden_1”" in one.message


def test_planted_dead_units(provoked: Any) -> None:
    one = provoked("dead-units")["dead-units"]
    assert (one.measured, one.layer, one.severity) == (0.75, "hidden_1", "warning")
    assert "12 of 16 units are zero in all of 89 rows" in one.message
    assert one.settings == {"activation": "leaky_relu"}


def test_lasso_may_silence_units(fit: Any, wine: Rows) -> None:
    clf = half_dead(fit, wine).clf.set_params(l1_ratio=1.0)
    assert "dead-units" not in Case(clf, *wine).findings()


def test_planted_saturation_after_training(fit: Any, wine: Rows) -> None:
    clf = fit(activation="tanh")
    kernel, *others = clf.network_.get_weights()
    clf.network_.set_weights([100 * kernel, *others])
    one = Case(clf, *wine).findings()["saturated-units"]
    assert one.measured == pytest.approx((np.abs(clf.transform(wine[0])) > 0.98).mean(), abs=1e-9)
    assert "After training" in one.message
    assert one.settings == {"learning_rate_init": 0.001}


def test_first_updates_are_those_of_the_fit(case: Any, provoked: Any) -> None:
    """All rows being one batch, the steps made again are the steps that were made."""
    about = case("update-ratio")
    one = provoked("update-ratio")["update-ratio"]
    again = MLPClassifier(**about.clf.get_params()).set_callbacks(Recorder(frames=40)).fit(about.X, about.y)
    kernels = [frame.estimator.coefs_ for frame in again.recording_[:7]]
    assert [frame.step for frame in again.recording_[:7]] == list(range(7))
    index = {"hidden_1": 0, "outputs": 1}[one.layer]
    ratios = [
        np.linalg.norm(after[index] - before[index]) / np.linalg.norm(before[index])
        for before, after in pairwise(kernels)
    ]
    assert ratios[0] == pytest.approx(0.5 / np.sqrt(np.square(kernels[0][index]).mean()), rel=0.05)  # Adam's first step
    assert one.measured == pytest.approx(np.median(ratios), rel=0.01)  # the cosine has hardly begun to fall
    recorded = Case(again, about.X, about.y).findings()["update-ratio"]
    assert recorded.measured == pytest.approx(np.median(ratios), rel=1e-5)
    assert (one.severity, about.clf.score(about.X, about.y)) == ("note", 1.0)  # it went well all the same


def test_layer_that_stands_still(fit: Any, wine: Rows) -> None:
    clf = fit(hidden_layer_sizes=(20,) * 6, activation="logistic", solver="sgd", max_iter=10)
    found = Case(clf, *wine).findings()
    one = found["update-ratio"]
    assert one.layer == "hidden_1"
    assert one.measured < 1e-5
    assert one.message.endswith("this layer stands still.")
    assert one.remedy == found["vanishing-gradients"].remedy


def test_rates_lead_back_to_where_steps_are_right(case: Any, provoked: Any) -> None:
    for code, given in (("learning-rate-too-high", 3.0), ("learning-rate-too-low", 1e-6)):
        one = provoked(code)[code]
        rate = one.settings["learning_rate_init"]
        # Adam's first step is as long as its rate: it is to be half a percent of the weights, with one digit
        kernels = case(code).clf.initialized(case(code).X).coefs_
        first = [given / np.sqrt(np.square(kernel).mean()) for kernel in kernels]
        assert rate * np.sqrt(np.prod(first)) / given == pytest.approx(0.005, rel=0.3)


def test_loss_that_rose_again(fit: Any, wine: Rows) -> None:
    clf = fit()
    last = clf._epochs[-1]
    clf._epochs = [*clf._epochs, type(last)(**{**vars(last), "train_loss": 0.9})]
    one = Case(clf, *wine).findings()["learning-rate-too-high"]
    lowest = min(clf.loss_curve_)
    assert one.measured == pytest.approx(0.9 / min(epoch.train_loss for epoch in clf._epochs), rel=1e-6)
    assert one.measured > 0.9 / lowest
    assert "and ended at 0.9" in one.message
    assert one.settings == {"learning_rate_init": 0.001}


def test_rate_of_a_keras_optimizer(wine: Rows) -> None:
    clf = MLPClassifier((16,), solver=keras.optimizers.RMSprop(1e-6), random_state=0).fit(*wine[:2])
    one = Case(clf, *wine).findings()["learning-rate-too-low"]
    assert one.settings == {}
    assert one.remedy.startswith("clf.solver.learning_rate = 0.00")
    names = {"clf": clf, "X": wine[0], "y": wine[1]}
    exec(compile(one.remedy, "remedy", "exec"), names)
    assert clf.score(*wine[:2]) > 0.9


def test_gap_and_its_interval(case: Any, provoked: Any) -> None:
    about = case("overfitting")
    one = provoked("overfitting")["overfitting"]
    own, other = about.clf.score(about.X, about.y), about.clf.score(about.X_test, about.y_test)
    assert one.measured == pytest.approx(own - other)
    assert own == 1.0
    assert f"{100 * other:.0f}\u00a0% of 100 held-out rows" in one.message
    assert "underfitting" not in provoked("overfitting")


def test_interval_of_a_difference() -> None:
    """Newcombe (1998), table II, example (a): 56/70 against 48/80."""
    from strates.inspection.doctor.fit_quality import _gap_bounds

    assert _gap_bounds((56 / 70, 70), (48 / 80, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_gap_to_the_rows_that_the_fit_watched(fit: Any, noise: Rows) -> None:
    X, y = np.vstack([noise[0], noise[2]]), np.concatenate([noise[1], noise[3]])
    settings = {
        "hidden_layer_sizes": (64,),
        "early_stopping": True,
        "validation_fraction": 0.3,
        "learning_rate": "constant",
    }
    clf = fit(X, y, **settings, n_iter_no_change=np.inf, max_iter=150)
    clf._weights = fit(X, y, hidden_layer_sizes=(64,), solver="lbfgs", alpha=0.0, max_iter=300)._weights  # by heart
    one = Case(clf, X, y).findings()["overfitting"]
    assert one.measured == pytest.approx(clf.score(X, y) - clf.validation_scores_[clf.best_epoch_ - 1], abs=1e-6)
    assert "of 60 held-out rows" in one.message
    assert one.settings["dropout"] == 0.3
    assert "early_stopping" not in one.settings  # it is set already


def test_validation_loss_that_rose(noise: Rows) -> None:
    clf = MLPClassifier((64,), learning_rate="cosine", learning_rate_init=0.01, max_iter=150, random_state=0)
    clf.fit(*noise[:2], validation_data=noise[2:])
    one = Case(clf, *noise[:2]).findings()["overfitting"]
    curve = clf.validation_loss_curve_
    assert one.measured == pytest.approx(np.mean(curve[-3:]) / min(curve), rel=1e-6)
    assert f"in epoch {int(np.argmin(curve)) + 1} " in one.message
    assert one.settings["early_stopping"]


def test_under_a_simple_classifier(case: Any, provoked: Any) -> None:
    about = case("underfitting")
    one = provoked("underfitting")["underfitting"]
    assert one.measured == pytest.approx(about.clf.score(about.X, about.y) - 0.99, abs=0.02)
    assert "nearest neighbours" in one.message
    assert "MLPClassifier((64, 32)" in one.remedy


def test_underfitting_names_the_cause(provoked: Any) -> None:
    found = provoked("learning-rate-too-low")
    assert found["underfitting"].remedy == found["learning-rate-too-low"].remedy
    assert "learning-rate-too-low" in found["underfitting"].message


def test_few_steps_want_more_epochs(wine: Rows) -> None:
    X, y = moons(200, random_state=0)
    clf = MLPClassifier((16,), learning_rate="cosine", learning_rate_init=0.003, max_iter=30, random_state=0).fit(X, y)
    one = Case(clf, X, y).findings()["underfitting"]
    assert one.settings == {"max_iter": 30 * 67}  # from 30 steps, one an epoch, to 2,000


def test_penalty_share(case: Any, provoked: Any) -> None:
    history = case("penalty-dominates").clf.history_
    one = provoked("penalty-dominates")["penalty-dominates"]
    shares = history["penalty"] / history["loss"]
    assert one.measured == pytest.approx(max(shares.iloc[0], shares.iloc[-1]))
    assert one.settings["alpha"] in (0.01, 0.1)


def test_penalty_of_a_linear_model(wine: Rows) -> None:
    one = Case(LogisticRegression(alpha=10.0).fit(*wine[:2]), *wine).findings()["penalty-dominates"]
    assert one.measured == "alpha = 10"
    assert one.settings["alpha"] < 10


def test_penalty_is_not_blamed_for_steps_too_short(fit: Any, wine: Rows) -> None:
    found = Case(fit(alpha=0.1, learning_rate_init=1e-6), *wine).findings()
    assert "learning-rate-too-low" in found
    assert "penalty-dominates" not in found


def test_penalty_of_several_labels(fit: Any) -> None:
    X, y = make_multilabel_classification(200, 10, n_classes=3, random_state=0)
    X = StandardScaler().fit_transform(X)
    one = Case(fit(X, y, alpha=3.0), X, y).findings()["penalty-dominates"]
    assert "where knowing the shares of the classes gives" in one.message  # nothing simpler to compare with


def test_only_answer(provoked: Any) -> None:
    one = provoked("class-never-predicted")["class-never-predicted"]
    assert (one.measured, one.severity) == (0.1, "critical")
    assert "The answer is “common”, whatever the row: the other classes, rare (10\u00a0% of the rows)" in one.message
    assert one.settings == {"class_weight": "balanced"}


def test_classes_passed_over(wine: Rows) -> None:
    """Three of four classes are predicted; the fourth has 6 rows, which is no wonder."""
    X, y, *_ = wine
    labels = np.where(np.arange(len(y)) % 15 == 0, 3, y)
    one = Case(LogisticRegression(alpha=0.05).fit(X, labels), X, labels).findings()["class-never-predicted"]
    assert one.severity == "note"
    assert one.message.startswith(
        "1 class is never predicted, even on rows that it learned from: 3 (6 rows, 6.7\u00a0%"
    )


def test_recall_of_the_rare_class(case: Any, provoked: Any) -> None:
    about = case("imbalance-ignored")
    one = provoked("imbalance-ignored")["imbalance-ignored"]
    assert one.measured == pytest.approx((about.clf.predict(about.X)[about.y]).mean())
    assert f"Of 60 rows of the rare class “True” (10\u00a0% of all) {round(60 * one.measured)} are found" in one.message
    balanced = LogisticRegression(alpha=1e-3, class_weight="balanced").fit(about.X, about.y)
    assert Case(balanced, about.X, about.y).findings() == {}


def test_column_that_tells_the_answer(provoked: Any) -> None:
    one = provoked("leakage")["leakage"]
    assert (one.measured, one.severity) == (1.0, "critical")
    assert "The column “paid” alone predicts 100\u00a0% of 200 rows" in one.message
    assert one.remedy == "clf.fit(X.drop(columns=['paid']), y)"


def test_two_columns_that_tell_the_answer(wine: Rows) -> None:
    X, y, *_ = (rows[:, :2] if rows.ndim == 2 else rows for rows in wine)
    X = np.column_stack([X, y, 7 - y])
    one = Case(LogisticRegression(alpha=0.1).fit(X, y), X, y).findings()["leakage"]
    assert "The columns 2 and 3 each predict 100\u00a0%" in one.message
    assert "np.delete(X, [2, 3], axis=1)" in one.remedy


def test_an_easy_task_is_no_leak() -> None:
    """Setosa can be told by its petals' length alone, but by their width too."""
    X, y = load_iris(return_X_y=True, as_frame=True)
    assert "leakage" not in Case(LogisticRegression(alpha=0.01).fit(X, y == 0), X, y == 0).findings()


def test_share_of_repeated_rows(case: Any, provoked: Any) -> None:
    about = case("duplicate-rows")
    one = provoked("duplicate-rows")["duplicate-rows"]
    assert one.measured == pytest.approx(20 / 109)
    fresh, on_all = about.clf.score(about.X_test[:89], about.y_test[:89]), about.clf.score(about.X_test, about.y_test)
    assert f"On the others the accuracy is {100 * fresh:.1f}\u00a0%, on all {100 * on_all:.1f}\u00a0%." in one.message
    assert one.severity == ("warning" if on_all - fresh >= 0.01 else "note")


@pytest.mark.parametrize("as_frame", [False, True])
def test_nothing_held_out(healthy: Any, wine: Rows, as_frame: bool) -> None:
    X, y = (pd.DataFrame(wine[0]), wine[1]) if as_frame else wine[:2]
    one = Case(healthy, X, y, X, y).findings()["duplicate-rows"]
    assert (one.measured, one.severity) == (1.0, "critical")
    assert one.message == "All of 89 held-out rows are among the rows it learned from: nothing was held out."


def test_repeated_sparse_rows_and_rows_of_objects(healthy: Any, wine: Rows) -> None:
    X, y, X_test, y_test = wine
    rows = sparse.csr_matrix(np.vstack([X_test, X[:30]]))
    found = diagnose(healthy, sparse.csr_matrix(X), y, X_test=rows, y_test=np.concatenate([y_test, y[:30]]))
    assert [one.measured for one in found if one.code == "duplicate-rows"] == [pytest.approx(30 / 119)]
    table = pd.DataFrame({"a": [["x"], "y", 3, None] * 20, "b": np.arange(80.0)})
    assert (_hashes(table)[:40] == _hashes(table.iloc[:40])).all()
    assert len(set(_hashes(table).tolist())) == 80


def _hashes(table: Any) -> Any:
    from strates.inspection.doctor.table import _hashes

    return _hashes(table)


def test_layers_of_a_subclass(provoked: Any) -> None:
    one = provoked("layers-not-examined")["layers-not-examined"]
    assert (one.measured, one.severity) == ("Subclassed", "note")


# --- the record ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_goes_to_json_and_back(provoked: Any, code: str) -> None:
    for language in ("en", "fr"):
        one = provoked(code, language)[code]
        stored = json.dumps(one.to_dict(), allow_nan=False)
        assert Finding.from_dict(json.loads(stored)).to_dict() == json.loads(stored)
        assert isinstance(hash(one), int)


def test_text_for_a_terminal(provoked: Any) -> None:
    lines = str(provoked("dead-units")["dead-units"]).splitlines()
    assert lines[0] == "warning: dead-units (layer hidden_1)"
    assert lines[-3] == "  measured: 0.75; normal: less than 40\u00a0% of a layer's units"
    assert lines[-2:] == ["  remedy:", "    clf.set_params(activation='leaky_relu').fit(X, y)"]
    french = provoked("dead-units", "fr")["dead-units"].to_text(60).splitlines()
    assert french[0] == "avertissement\u00a0: dead-units (couche hidden_1)"
    assert max(map(len, french[:-1])) <= 60
    assert "0,75" in "\n".join(french)


# --- what cannot be diagnosed -------------------------------------------------------------------------


def test_refusals(healthy: Any, wine: Rows) -> None:
    X, y, X_test, y_test = wine
    with pytest.raises(ParameterError, match=r"language='de' is not known\. .*Known: en, fr\."):
        diagnose(healthy, X, y, language="de")
    with pytest.raises(ParameterError, match=r"y_test is missing\. Give X_test and y_test, .* or neither\."):
        diagnose(healthy, X, y, X_test=X_test)
    with pytest.raises(DataError, match=r"X has 89 rows, y has 88 labels\. Give one label for each row\."):
        diagnose(healthy, X, y[1:])
    with pytest.raises(DataError, match=r"X_test has 88 rows, y_test has 89"):
        diagnose(healthy, X, y, X_test=X_test[1:], y_test=y_test)
    with pytest.raises(DataError, match="X has no rows; a diagnosis needs those that the classifier learned from"):
        diagnose(healthy, X[:0], y[:0])
    with pytest.raises(TargetError, match="y holds labels that the classifier never learned: 7"):
        diagnose(healthy, X, np.full(len(y), 7))
    with pytest.raises(TargetError, match="y has 2 labels a row, and the classifier knows 3"):
        diagnose(healthy, X, np.column_stack([y, y]))
    with pytest.raises(Exception, match="is not fitted yet"):
        diagnose(MLPClassifier(), X, y)


def test_the_patient_stays_as_it_was(healthy: Any, wine: Rows) -> None:
    before = [w.copy() for w in healthy.coefs_], dict(healthy.get_params()), healthy.n_iter_, list(healthy.loss_curve_)
    diagnose(healthy, *wine[:2])
    after = healthy.coefs_, healthy.get_params(), healthy.n_iter_, healthy.loss_curve_
    assert all((one == two).all() for one, two in zip(before[0], after[0], strict=True))
    assert before[1:] == after[1:]


def test_two_diagnoses_are_equal(case: Any, provoked: Any) -> None:
    assert case("learning-rate-too-low").findings() == provoked("learning-rate-too-low")
