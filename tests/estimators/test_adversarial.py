"""Classifiers that learn from attacked rows, and the penalty on their slopes, through the public interface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

import strates
from strates import Checkpoint, CNNClassifier, MLPClassifier, NetworkClassifier, tabular_pipeline
from strates.attacks import BIM, FGSM, PGD
from strates.datasets import open_stream
from strates.engine.backend import keras
from strates.engine.program import clear_programs, count_traces
from strates.estimators import fit_stream
from strates.estimators._adversarial import read_attack
from strates.exceptions import DataError, ParameterError

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
]

#: Of rows that are standardised, and have no range.
NEAR: dict[str, Any] = {"epsilon": 0.1, "bounds": None}
QUICK: dict[str, Any] = {"batch_size": 64, "learning_rate": "cosine", "learning_rate_init": 0.01, "random_state": 0}


@parametrize_with_checks(
    [
        MLPClassifier(
            (20,),
            learning_rate_init=0.05,
            max_iter=20,
            adversarial=FGSM(epsilon=0.01, bounds=None),
            gradient_penalty=1e-3,
        )
    ]
)
def test_no_failure_is_expected(estimator: Any, check: Any) -> None:
    check(estimator)


# --- what is learned ------------------------------------------------------------------------------


def linear_network(input_shape: tuple[int, ...], n_classes: int) -> Any:
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(n_classes)])


DESCENT: dict[str, Any] = {
    "learning_rate_init": 0.5, "max_iter": 20, "tol": 0, "n_iter_no_change": np.inf, "random_state": 0,
}  # fmt: skip


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("attack", [FGSM(**NEAR), PGD(**NEAR, steps=3)], ids=["FGSM", "PGD"])
def test_a_linear_classifier_learns_from_margins_less_epsilon_times_its_l1_norm(
    binary: Any, attack: Any, weighted: bool
) -> None:
    X, y = binary
    share = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else np.ones(len(y))
    share = share / share.mean()
    sign = 2 * y - 1
    for clf in (
        MLPClassifier((), **DESCENT, alpha=0, momentum=0, solver="sgd", adversarial=attack),
        NetworkClassifier(linear_network, **DESCENT, solver=keras.optimizers.SGD(0.5), adversarial=attack),
    ):
        w, b = (v.astype(float) for v in clf.initialized(X, y).network_.get_weights())
        w, losses = w[:, 0], []
        for _ in range(20):
            margin = sign * (X @ w + b) - 0.1 * np.abs(w).sum()
            losses.append((share * np.log1p(np.exp(-margin))).mean())
            pull = -sign * share / (1 + np.exp(margin)) / len(y)
            moved = X - 0.1 * np.outer(sign, np.sign(w))
            w, b = w - 0.5 * moved.T @ pull, b - 0.5 * pull.sum()
        clf.fit(X, y, share)
        np.testing.assert_allclose(clf.loss_curve_, losses, rtol=1e-5)
        np.testing.assert_allclose(clf.network_.get_weights()[0][:, 0], w, atol=1e-4)


def test_a_tiny_radius_is_ordinary_training(iris: Any) -> None:
    ordinary = MLPClassifier((8,), max_iter=20, random_state=0).fit(*iris)
    tiny = clone(ordinary).set_params(adversarial=PGD(epsilon=1e-6, bounds=None), gradient_penalty=1e-6).fit(*iris)
    np.testing.assert_allclose(tiny.loss_curve_, ordinary.loss_curve_, rtol=1e-4)
    np.testing.assert_allclose(tiny.predict_proba(iris[0]), ordinary.predict_proba(iris[0]), atol=1e-4)


@pytest.fixture(scope="module")
def images() -> Any:
    X, y = load_digits(return_X_y=True)
    X = X / 16
    return X[:1200], y[:1200], X[1200:], y[1200:]


@pytest.fixture(scope="module")
def defended(images: Any) -> dict[str, Any]:
    settings = {
        "none": {}, "adversarial": {"adversarial": PGD(epsilon=0.15, steps=5)}, "penalty": {"gradient_penalty": 1.0},
    }  # fmt: skip
    return {name: MLPClassifier((64,), **QUICK, max_iter=40, **one).fit(*images[:2]) for name, one in settings.items()}


def test_the_defences_hold_against_a_stronger_attack(images: Any, defended: Any) -> None:
    judge = PGD(epsilon=0.15, steps=40, n_restarts=2, random_state=0)
    results = {name: judge.perturb(clf, *images[2:]) for name, clf in defended.items()}
    robust = {name: result.robust_accuracy for name, result in results.items()}
    clean = {name: clf.score(*images[2:]) for name, clf in defended.items()}
    assert robust["none"] < 0.3
    assert robust["adversarial"] > robust["none"] + 0.3
    assert robust["penalty"] > robust["none"] + 0.1
    assert clean["none"] > 0.9
    assert min(clean.values()) > 0.8  # the price


def test_the_loss_curve_includes_the_penalty(iris: Any) -> None:
    X, y = iris
    clf = MLPClassifier((8,), alpha=0.1, gradient_penalty=2.0, max_iter=1, random_state=0)
    start = clf.initialized(X, y)
    found = start.loss_gradient(X, y, penalty=True)
    slopes = found.inputs * len(X)  # of each row's own loss
    expected = found.penalty + 2.0 * np.square(slopes).sum(axis=1).mean()
    clf.fit(X, y)
    assert clf.history_["penalty"].item() == pytest.approx(expected, rel=1e-5)
    assert clf.loss_ == pytest.approx(found.loss + expected, rel=1e-5)


def test_scores_of_a_fit_are_those_of_attacked_rows(images: Any) -> None:
    X, y, watched, labels = images
    attack = FGSM(epsilon=0.1)
    clf = MLPClassifier((32,), **QUICK, max_iter=8, adversarial=attack, early_stopping=True)
    clf.fit(X, y, validation_data=(watched, labels))
    # the epoch whose weights were kept; rows already wrong are left alone by perturb, and stay wrong here
    kept = clf.validation_scores_[clf.best_epoch_ - 1]
    result = attack.perturb(clf, watched, labels)
    assert kept == pytest.approx(result.robust_accuracy, abs=2 / len(labels))
    assert kept == max(clf.validation_scores_) < clf.score(watched, labels) - 0.1


def test_bytes_are_attacked_in_their_own_units(images: Any) -> None:
    X, y = images[0][:300], images[1][:300]
    pixels = np.round(X * 255).astype(np.uint8)
    settings = {**QUICK, "hidden_layer_sizes": (), "max_iter": 2}
    of_bytes = CNNClassifier((4,), **settings, adversarial=BIM(epsilon=25.5, steps=3, bounds=(0, 255)))
    of_shares = CNNClassifier((4,), **settings, adversarial=BIM(epsilon=0.1, steps=3))
    found = of_bytes.fit(pixels, y).loss_curve_
    np.testing.assert_allclose(found, of_shares.fit(pixels / np.float32(255), y).loss_curve_, rtol=1e-3)
    assert np.all(np.array(found) > np.array(CNNClassifier((4,), **settings).fit(pixels, y).loss_curve_) + 0.01)
    with pytest.raises(DataError, match=r"X holds values from 0 to 255, but this attack works in \[0, 1\]"):
        clone(of_bytes).set_params(adversarial__bounds=(0, 1)).fit(pixels, y)


def test_bounds_number_by_number(binary: Any) -> None:
    X, y = binary
    low, high = X.min(axis=0) - [0.01, 0.2, 9, 9], X.max(axis=0) + np.array([0.01, 0.02, 9, 0])
    attack = FGSM(epsilon=0.5, bounds=(low, high))
    clf = MLPClassifier((), alpha=0, max_iter=1, random_state=0, adversarial=attack)
    w, b = (v.astype(float) for v in clf.initialized(X, y).network_.get_weights())
    sign = 2 * y - 1
    moved = np.clip(X - 0.5 * np.outer(sign, np.sign(w)), low, high)
    assert not np.allclose(moved, X - 0.5 * np.outer(sign, np.sign(w)))
    margin = sign * (moved @ w[:, 0] + b)
    assert clf.fit(X, y).loss_ == pytest.approx(np.log1p(np.exp(-margin)).mean(), rel=1e-5)


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_several_labels(iris: Any, norm: str) -> None:
    X, codes = iris
    y = np.column_stack([codes > 0, codes > 1]).astype(int)
    ordinary = MLPClassifier((8,), max_iter=5, random_state=0).fit(X, y)
    attacked = clone(ordinary).set_params(adversarial=PGD(epsilon=0.3, norm=norm, steps=2, bounds=None)).fit(X, y)
    assert np.all(np.array(attacked.loss_curve_) > np.array(ordinary.loss_curve_) + 0.005)


# --- the contract of a fit ------------------------------------------------------------------------


MAKERS: dict[str, Any] = {
    "PGD": lambda: MLPClassifier((6,), max_iter=12, random_state=0, adversarial=PGD(**NEAR, steps=3)),
    "many things": lambda: MLPClassifier(
        (6, 5), max_iter=12, random_state=0, dropout=0.3, batch_norm=True, batch_size=16, label_smoothing=0.1,
        class_weight="balanced", adversarial=PGD(epsilon=0.3, norm="l2", steps=2, bounds=None), gradient_penalty=0.1,
    ),
    "early stopping": lambda: MLPClassifier(
        (6,), max_iter=40, random_state=1, early_stopping=True, n_iter_no_change=4, learning_rate_init=0.1,
        adversarial=PGD(**NEAR, steps=2),
    ),
}  # fmt: skip


class Stop:
    """A callback that ends the fit at an epoch without warning."""

    def __init__(self, epoch: int) -> None:
        self.name = f"epoch {epoch}"

    def setup(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        if context.task_name == self.name:
            raise InterruptedError

    def teardown(self, estimator: Any, context: Any) -> None: ...


@pytest.mark.parametrize("name", MAKERS)
def test_a_fit_that_crashed_ends_as_if_it_had_not(binary: Any, tmp_path: Path, assert_same: Any, name: str) -> None:
    whole = MAKERS[name]().fit(*binary)
    checkpoint = Checkpoint(tmp_path / "fit", every=2)
    for epoch in (1, 4, 7):
        with pytest.raises(InterruptedError):
            MAKERS[name]().set_callbacks(checkpoint, Stop(epoch)).fit(*binary)
    again = MAKERS[name]().set_callbacks(checkpoint).fit(*binary)
    assert_same(again, whole)
    assert again.loss_curve_ == whole.loss_curve_
    assert again.validation_scores_ == whole.validation_scores_


def test_a_checkpoint_of_another_attack_is_of_another_fit(binary: Any, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "fit")
    clf = MLPClassifier((6,), max_iter=2, random_state=0, adversarial=FGSM(**NEAR)).set_callbacks(checkpoint)
    clf.fit(*binary)
    with pytest.raises(strates.exceptions.CheckpointError, match="belongs to another fit"):
        clf.set_params(adversarial__epsilon=0.2).fit(*binary)


def test_a_row_of_weight_two_is_the_row_twice(binary: Any, assert_same: Any) -> None:
    X, y = binary
    clf = MLPClassifier((6,), max_iter=5, random_state=0, adversarial=PGD(**NEAR, steps=3), gradient_penalty=0.1)
    weighted = clone(clf).fit(X, y, np.where(y, 2, 1))
    assert_same(weighted, clf.fit(np.vstack([X, X[y == 1]]), np.append(y, y[y == 1])))


def test_partial_fits_are_the_epochs_of_a_fit(binary: Any, assert_same: Any) -> None:
    clf = MLPClassifier(
        (6,), batch_size=16, shuffle=False, max_iter=3, random_state=0, adversarial=PGD(**NEAR, steps=3)
    )
    whole = clone(clf).fit(*binary)
    for _ in range(3):
        clf.partial_fit(*binary, classes=[0, 1])
    assert_same(clf, whole)


def test_saved_and_loaded(binary: Any, tmp_path: Path, assert_same: Any) -> None:
    bounds = (np.full(4, -9.0), np.full(4, 9.0))
    attack = PGD(epsilon=0.2, steps=3, bounds=bounds, random_state=7)
    clf = MLPClassifier((6,), max_iter=3, random_state=0, adversarial=attack, gradient_penalty=0.1).fit(*binary)
    again = strates.load(strates.save(clf, tmp_path / "defended"))
    assert_same(again, clf)
    assert repr(again.adversarial) == repr(attack)
    np.testing.assert_array_equal(again.adversarial.bounds, bounds)
    assert_same(clone(again).fit(*binary), clf)


class TestTraces:
    @pytest.fixture(autouse=True)
    def fresh(self) -> Any:
        clear_programs()
        yield
        clear_programs()

    def test_a_search_over_the_radius_is_traced_once(self, binary: Any) -> None:
        clf = MLPClassifier((7,), max_iter=3, random_state=0, adversarial=PGD(**NEAR, steps=2))
        grid = {"adversarial__epsilon": [0.01, 0.1, 1.0], "adversarial__steps": [2, 3]}
        search = GridSearchCV(clf, grid, cv=2).fit(*binary)
        assert search.best_estimator_.adversarial.epsilon in (0.01, 0.1, 1.0)
        assert count_traces() == 1

    def test_a_fit_without_defence_knows_nothing_of_them(self, binary: Any) -> None:
        clf = MLPClassifier((7,), max_iter=3, random_state=0)
        before = clf.fit(*binary).loss_curve_
        assert count_traces() == 1
        for changes in ({"adversarial": FGSM(**NEAR)}, {"gradient_penalty": 0.1}, {"gradient_penalty": 0.2}):
            clone(clf).set_params(**changes).fit(*binary)
        assert count_traces() == 3
        assert clf.fit(*binary).loss_curve_ == before
        assert count_traces() == 3


def test_a_stream_is_attacked_as_the_table_is(tmp_path: Path) -> None:
    data = strates.datasets.load("iris")
    path = tmp_path / "iris.parquet"
    data.frame.to_parquet(path)
    settings = {"batch_size": 32, "max_iter": 3, "shuffle": False, "random_state": 0}
    losses = []
    for attack in (None, PGD(epsilon=0.3, steps=2, bounds=None)):
        clf = MLPClassifier((8,), **settings, adversarial=attack)
        losses.append(fit_stream(tabular_pipeline(clf), open_stream(path, data.target))[-1].loss_curve_)
    assert np.all(np.array(losses[1]) > np.array(losses[0]) + 0.01)
    narrow = MLPClassifier((8,), **settings, adversarial=PGD(epsilon=0.3, bounds=(-1, 1)))
    with pytest.raises(DataError, match=r"but this attack works in \[-1, 1\]\. Pass bounds=.* \(None: no bounds\)"):
        fit_stream(tabular_pipeline(narrow), open_stream(path, data.target))


# --- what cannot be used --------------------------------------------------------------------------


def test_steps_are_those_of_the_attack_itself() -> None:
    # FGSM goes to the border in one step; the papers' proportions otherwise
    assert read_attack(FGSM(epsilon=0.3)) == {
        "epsilon": 0.3, "norm": "linf", "n_steps": 1, "step": 0.3, "random_start": False,
    }  # fmt: skip
    assert read_attack(BIM(epsilon=0.4, steps=5))["step"] == pytest.approx(1.25 * 0.4 / 5)
    assert read_attack(PGD(epsilon=0.4, steps=5)) == {
        "epsilon": 0.4, "norm": "linf", "n_steps": 5, "step": pytest.approx(2.5 * 0.4 / 5), "random_start": True,
    }  # fmt: skip
    assert read_attack(PGD(step_size=0.07))["step"] == 0.07


class Square:
    """An attack that has a radius and no gradient."""

    epsilon, norm, bounds = 0.1, "linf", None

    def perturb(self, clf: Any, X: Any) -> None: ...


BAD: list[tuple[dict[str, Any], str]] = [
    (
        {"adversarial": 0.1},
        r"adversarial=0\.1 cannot be trained with: .* Give strates\.attacks\.FGSM, BIM or PGD, such",
    ),
    ({"adversarial": PGD}, r"adversarial=<class .*PGD'> cannot be trained with"),
    ({"adversarial": Square()}, r"adversarial=Square cannot be trained with: a training step follows the loss's"),
    ({"adversarial": PGD(epsilon=0)}, r"adversarial__epsilon=0 cannot be used: it must be a number in \(0, inf\)"),
    ({"adversarial": PGD(epsilon=-1)}, r"adversarial__epsilon=-1 cannot be used"),
    ({"adversarial": PGD(norm="l3")}, r"adversarial__norm='l3' is not known\. .*linf"),
    ({"adversarial": PGD(steps=0)}, r"adversarial__steps=0 cannot be used: it must be an integer of at least 1"),
    ({"adversarial": PGD(step_size="big")}, r"adversarial__step_size='big' cannot be used"),
    ({"adversarial": PGD(n_restarts=3)}, r"adversarial__n_restarts=3 cannot be used: .* Set n_restarts=1"),
    ({"adversarial": PGD(loss="margin")}, r"adversarial__loss='margin' is not known\. .*cross_entropy"),
    (
        {"adversarial": PGD(bounds=(0, [1, 2, 3]))},
        r"adversarial__bounds=\(0, \[1, 2, 3\]\) cannot be used: .* one row of shape \(4,\)",
    ),
    ({"adversarial": PGD(bounds=(1, 0))}, r"adversarial__bounds=\(1, 0\) cannot be used: .* low < high"),
    ({"adversarial": PGD(bounds=0.5)}, r"adversarial__bounds=0\.5 cannot be used"),
    ({"gradient_penalty": -0.1}, r"gradient_penalty=-0\.1 cannot be used: it must be a number in \[0, inf\)"),
    ({"gradient_penalty": "0.1"}, r"gradient_penalty='0\.1' cannot be used"),
    ({"solver": "lbfgs", "adversarial": PGD(**NEAR)}, r"adversarial acts at each step .* use solver='adam' or 'sgd'"),
    ({"solver": "lbfgs", "gradient_penalty": 0.1}, r"gradient_penalty acts at each step .* use solver='adam' or"),
]


@pytest.mark.parametrize(("changes", "message"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_refusals(binary: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        MLPClassifier((5,), max_iter=2, **changes).fit(*binary)


def test_rows_out_of_bounds(binary: Any) -> None:
    X, y = np.abs(binary[0]) / np.abs(binary[0]).max() * 16, binary[1]
    clf = MLPClassifier((5,), max_iter=2, adversarial=PGD())
    message = r"X holds values from 0\.\d+ to 16, but this attack works in \[0, 1\]\. Divide X by 16, or pass bounds="
    with pytest.raises(DataError, match=message):
        clf.fit(X, y)
    with pytest.raises(DataError, match="to 16, but this attack"):
        clf.fit(X / 16, y, validation_data=(X, y))
    assert clf.set_params(adversarial__bounds=(0, 16)).fit(X, y).n_iter_ == 2
