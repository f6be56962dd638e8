"""The core of the studies: tidy, paired, compiled once, interruptible; a seed alone gives the same rows."""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import MLPClassifier, tabular_pipeline
from strates.datasets import moons
from strates.engine import program
from strates.engine.program import clear_programs, count_traces
from strates.exceptions import DataError, ParameterError, StratesWarning
from strates.studies import Run, Setting, paired_runs, paired_split

QUICK: dict[str, Any] = {"learning_rate": "cosine", "learning_rate_init": 0.05, "max_iter": 5}
BASE = make_pipeline(StandardScaler(), MLPClassifier((6,), **QUICK))
SETTINGS = [{"alpha": alpha} for alpha in (0.0, 0.01, 0.1)]


@pytest.fixture(scope="module")
def data() -> Any:
    return moons(120, noise=0.3, random_state=1)


@pytest.fixture(scope="module")
def frame(data: Any) -> pd.DataFrame:
    clear_programs()
    found = paired_runs(*data, SETTINGS, estimator=BASE, seeds=range(4), measures={"first": first_kernel, "rows": rows})
    found.attrs["traces"] = count_traces()
    return found


def rows(run: Run) -> float:
    """Return a number that other rows, or another order of them, would change."""
    weights = np.arange(1.0, len(run.X_train) + 1)
    return float(weights @ run.X_train[:, 0] + run.X_test[:, 1].sum())


def first_kernel(run: Run) -> float:
    return float(run.classifier.initialized(run.X_train).coefs_[0].sum())


# --- the table ------------------------------------------------------------------------------------


def test_a_row_a_run(frame: pd.DataFrame) -> None:
    assert frame.columns.tolist() == [
        "alpha", "seed", "train_accuracy", "test_accuracy", "train_loss", "test_loss", "n_iter", "seconds", "diverged",
        "first", "rows",
    ]  # fmt: skip
    assert frame[["alpha", "seed"]].values.tolist() == [[a, s] for a in (0.0, 0.01, 0.1) for s in range(4)]
    assert not frame["diverged"].any()
    assert (frame["n_iter"] == 5).all()
    assert (frame["seconds"] > 0).all()


def test_numbers_are_those_of_a_fit_by_hand(data: Any, frame: pd.DataFrame) -> None:
    X, y = data
    train, test = paired_split(y, 2)
    scaler = StandardScaler().fit(X[train])
    clf = MLPClassifier((6,), alpha=0.1, random_state=2, **QUICK).fit(scaler.transform(X[train]), y[train])
    expected = []
    for part in (train, test):
        Z = scaler.transform(X[part])
        expected += [accuracy_score(y[part], clf.predict(Z)), log_loss(y[part], clf.predict_proba(Z))]
    row = frame.query("alpha == 0.1 and seed == 2").iloc[0]
    found = row[["train_accuracy", "train_loss", "test_accuracy", "test_loss"]].to_list()
    assert found == pytest.approx(expected, abs=1e-6)


def test_all_runs_share_one_compilation(frame: pd.DataFrame) -> None:
    assert frame.attrs["traces"] == 1


# --- pairs ----------------------------------------------------------------------------------------


def test_settings_of_a_seed_see_the_same_rows_and_begin_alike(frame: pd.DataFrame) -> None:
    for column in ("rows", "first"):
        assert (frame.groupby("seed")[column].nunique() == 1).all()
        assert frame[column].nunique() == 4
    assert frame.groupby("seed")["train_loss"].nunique().tolist() == [3] * 4  # and end differently


def test_a_seed_alone_gives_the_same_numbers(data: Any, frame: pd.DataFrame) -> None:
    alone = paired_runs(*data, SETTINGS, estimator=BASE, seeds=[3], measures={"first": first_kernel, "rows": rows})
    again = frame[frame["seed"] == 3].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.drop(columns="seconds"), again.drop(columns="seconds"), check_exact=True)


def test_a_setting_alone_gives_the_same_numbers(data: Any, frame: pd.DataFrame) -> None:
    alone = paired_runs(*data, [{"alpha": 0.01}], estimator=BASE, seeds=(2, 1))
    again = frame.query("alpha == 0.01 and seed in [1, 2]").iloc[::-1].reset_index(drop=True)
    shared = ["alpha", "seed", "train_loss", "test_loss"]
    pd.testing.assert_frame_equal(alone[shared], again[shared], check_exact=True)


# --- what can be compared -------------------------------------------------------------------------


def test_any_estimators(data: Any) -> None:
    settings = [
        Setting({"model": "network"}, lambda seed: MLPClassifier((6,), random_state=seed, **QUICK)),
        Setting({"model": "bayes"}, lambda seed: GaussianNB()),
    ]
    found = paired_runs(*data, settings, seeds=[0])
    train, test = paired_split(data[1], 0)
    bayes = GaussianNB().fit(data[0][train], data[1][train])
    assert found["model"].tolist() == ["network", "bayes"]
    assert found["test_accuracy"][1] == bayes.score(data[0][test], data[1][test])
    assert np.isnan(found["n_iter"][1])


def test_a_classifier_of_scikit_learn(data: Any) -> None:
    base = SGDClassifier(loss="log_loss")
    one, again = (paired_runs(*data, [{"alpha": 0.1}], estimator=base, seeds=[5]) for _ in range(2))
    assert one["test_loss"][0] == again["test_loss"][0]
    train, test = paired_split(data[1], 5)
    by_hand = SGDClassifier(loss="log_loss", alpha=0.1, random_state=5).fit(data[0][train], data[1][train])
    assert one["test_accuracy"][0] == by_hand.score(data[0][test], data[1][test])


def test_tables_with_texts_and_holes() -> None:
    rng = np.random.default_rng(0)
    kind = rng.choice(["oak", "fir"], 80)
    table = pd.DataFrame({"kind": kind, "height": np.where(rng.random(80) < 0.1, np.nan, rng.normal(size=80))})
    y = np.where(kind == "oak", "leaf", "needle")
    base = tabular_pipeline(MLPClassifier((4,), max_iter=20, learning_rate="cosine", learning_rate_init=0.1))
    found = paired_runs(table, y, [{"dropout": 0.0}], estimator=base, seeds=[0])
    assert found["test_accuracy"].tolist() == [1.0]
    by_default = paired_runs(table, y, [{"max_iter": 20}], seeds=[0])
    assert by_default["test_accuracy"][0] > 0.8


def test_epochs(data: Any, frame: pd.DataFrame) -> None:
    epochs = paired_runs(*data, SETTINGS[1:], estimator=BASE, seeds=range(2), by_epoch=True)
    assert epochs.columns.tolist()[:4] == ["alpha", "seed", "epoch", "loss"]
    assert epochs["epoch"].tolist() == [1, 2, 3, 4, 5] * 4
    train, _ = paired_split(data[1], 1)
    by_hand = Setting.from_parameters(BASE, {"alpha": 0.1}).make(1).fit(data[0][train], data[1][train])
    last = epochs.query("alpha == 0.1 and seed == 1")
    assert last["loss"].tolist() == by_hand[-1].loss_curve_


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("by_epoch", [False, True])
def test_a_run_that_diverges_is_a_row(data: Any, by_epoch: bool) -> None:
    base = MLPClassifier((6,), solver="sgd", max_iter=20)
    settings = [{"learning_rate_init": rate} for rate in (1e-2, 1e30)]
    measures = None if by_epoch else {"rows": rows}
    found = paired_runs(*data, settings, estimator=base, seeds=range(2), measures=measures, by_epoch=by_epoch)
    lost = found["learning_rate_init"] == 1e30
    assert lost.sum() == 2
    if by_epoch:
        assert found.loc[lost, "loss"].isna().all()
    else:
        assert found["diverged"].tolist() == [False, False, True, True]
        assert found.loc[lost, ["train_accuracy", "test_loss", "n_iter", "rows"]].isna().all(axis=None)
        assert found.loc[~lost].notna().all(axis=None)


class Interrupted(ClassifierMixin, BaseEstimator):
    """Ends its third fit with Ctrl-C."""

    fits = 0

    def __init__(self, strength: float = 0.0) -> None:
        self.strength = strength

    def fit(self, X: Any, y: Any) -> Any:
        type(self).fits += 1
        if self.fits == 3:
            raise KeyboardInterrupt
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.classes_[0])

    def predict_proba(self, X: Any) -> Any:
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_ctrl_c_returns_the_runs_that_were_done(data: Any) -> None:
    Interrupted.fits = 0
    settings = [{"strength": 1.0}, {"strength": 2.0}]
    with pytest.warns(StratesWarning, match="The study was interrupted after 2 of 6 runs; those are returned"):
        found = paired_runs(*data, settings, estimator=Interrupted(), seeds=range(3))
    assert found[["strength", "seed"]].values.tolist() == [[1.0, 0.0], [2.0, 0.0]]  # a whole seed
    assert found["test_loss"].to_numpy() == pytest.approx(np.log(2))


def test_ctrl_c_at_once_returns_an_empty_table(data: Any) -> None:
    Interrupted.fits = 2
    with pytest.warns(StratesWarning, match="interrupted after 0 of 1 runs"):
        found = paired_runs(*data, [{"strength": 1.0}], estimator=Interrupted(), seeds=[0])
    assert len(found) == 0
    assert found.columns.tolist()[:3] == ["strength", "seed", "train_accuracy"]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_half_a_fit_is_no_run(data: Any, solver: str) -> None:
    """A classifier of strates takes Ctrl-C as a wish to stop early: the study must not go on with such a fit."""
    settings = [{"alpha": alpha} for alpha in (0.0, 0.1)]
    base = MLPClassifier((6,), solver=solver, max_iter=5, **({} if solver == "lbfgs" else {"learning_rate": "cosine"}))
    whole = paired_runs(*data, settings, estimator=base, seeds=range(2))

    class Once:
        def setup(self, estimator: Any, context: Any) -> None: ...
        def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...
        def teardown(self, estimator: Any, context: Any) -> None: ...
        def on_fit_task_end(self, estimator: Any, context: Any) -> None:
            if context.task_name == "epoch 3":
                raise KeyboardInterrupt

    make = Setting.from_parameters(base, {"alpha": 0.1}).make
    late = Setting({"alpha": 0.1}, lambda seed: make(seed).set_callbacks(Once()) if seed == 1 else make(seed))
    with pytest.warns(StratesWarning, match="The study was interrupted after 3 of 4 runs"):
        found = paired_runs(*data, [{"alpha": 0.0}, late], estimator=base, seeds=range(2))
    assert found["test_loss"].tolist() == whole["test_loss"].tolist()[:3]


def test_warnings_of_a_fit_pass_through(data: Any) -> None:
    class Odd(Interrupted):
        def fit(self, X: Any, y: Any) -> Any:
            warnings.warn("The data are odd.", StratesWarning, stacklevel=1)
            self.classes_ = np.unique(y)
            return self

    with pytest.warns(StratesWarning, match="The data are odd"):
        paired_runs(*data, [{"strength": 1.0}], estimator=Odd(), seeds=[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": []}, "settings is empty; give one at least, such as {'alpha': 0.01}"),
        ({"settings": [{"alpha": 1}, {"tol": 1}]}, r"name \['alpha'\] and \['tol'\]; all must name the same columns"),
        ({"settings": [{}]}, "all must name the same columns, one at least"),
        ({"settings": [{"alpha": 1}, {"alpha": 1.0}]}, r"The setting \{'alpha': 1.0\} comes twice"),
        ({"settings": [Setting({"seed": 1}, lambda seed: BASE)]}, "has a column 'seed' already; choose another name"),
        ({"measures": {"test_loss": rows}}, "has a column 'test_loss' already"),
        ({"measures": {"alpha": rows}}, "has a column 'alpha' already"),
        ({"measures": {"a": rows}, "by_epoch": True}, "measures are taken from a run as a whole; leave them out"),
        (
            {"estimator": GaussianNB(), "settings": [{"var_smoothing": 1}], "by_epoch": True},
            "GaussianNB has no history_",
        ),
        ({"seeds": 3}, r"seeds=3 is not a series of integers. Give range\(5\) for five seeds, or \[3\] for seed 3"),
        ({"seeds": []}, r"seeds=\[\] cannot be used: give different integers, one at least, as range\(5\)"),
        ({"seeds": [1, 1]}, r"seeds=\[1, 1\] cannot be used"),
        ({"seeds": [0.5]}, r"seeds=\[0.5\] cannot be used"),
        ({"seeds": [-1]}, r"random_state=-1 cannot be used"),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else re.sub(r"\W+", " ", value)[:40],
)
def test_choices_that_cannot_be(data: Any, changes: dict[str, Any], message: str) -> None:
    choices: dict[str, Any] = {"settings": SETTINGS, "estimator": BASE, "seeds": [0], **changes}
    with pytest.raises(ParameterError, match=message):
        paired_runs(*data, choices.pop("settings"), **choices)


def test_lengths_that_differ(data: Any) -> None:
    with pytest.raises(DataError, match=r"X has 120 rows, y has 100 labels\. Give one label for each row"):
        paired_runs(data[0], data[1][:100], SETTINGS)


# --- the bar --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("progress", "shown"), [(True, True), (False, False), (None, False)])
def test_the_bar_is_on_standard_error(
    data: Any, progress: bool, shown: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    paired_runs(*data, SETTINGS[:1], estimator=BASE, seeds=[4], progress=progress)
    out, err = capfd.readouterr()
    assert out == ""
    assert ("seed 4, alpha 0" in err) is shown
    assert ("1/1" in err) is shown


def test_settings_go_in_blocks_that_the_engine_keeps(data: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """More architectures than compiled functions are kept must not be compiled anew for each seed."""
    monkeypatch.setattr(sys.modules["strates.studies.paired_runs"], "BLOCK", 2)
    made: list[Any] = []
    inner = program.TrainingProgram

    def count(*args: Any, **kwargs: Any) -> Any:
        made.append(args)
        return inner(*args, **kwargs)

    monkeypatch.setattr(program, "TrainingProgram", count)
    monkeypatch.setattr(program, "_PROGRAMS_KEPT", 2)
    clear_programs()
    settings = [{"hidden_layer_sizes": (width,)} for width in (2, 3, 5)]
    found = paired_runs(*data, settings, estimator=BASE, seeds=range(2))
    assert len(made) == 3
    assert found["seed"].tolist() == [0, 1] * 3
