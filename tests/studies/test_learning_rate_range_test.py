"""The suggested rate is near the best of a grid, and what is read off a curve is what was planted in it."""

from __future__ import annotations

import sys
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import LogisticRegression, MLPClassifier, NetworkClassifier, Perceptron, tabular_pipeline
from strates.datasets import moons
from strates.engine.program import clear_programs, count_traces
from strates.estimators.ramp_losses import ramp_losses
from strates.exceptions import DivergenceError, ParameterError, StratesWarning
from strates.studies import learning_rate_range_test
from strates.studies.learning_rate_range_test import _read

RATES = np.geomspace(1e-6, 10, 200)


@pytest.fixture(scope="module")
def digits() -> Any:
    X, y = load_digits(return_X_y=True)
    return StandardScaler().fit_transform(X[:600]), y[:600]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_suggestion_is_near_the_best_rate_of_a_grid(digits: Any, solver: str) -> None:
    X, y = digits
    clear_programs()
    base = MLPClassifier((32,), solver=solver, batch_size=32, max_iter=15, random_state=0)
    found = learning_rate_range_test(base, X[:400], y[:400], seeds=range(3))
    losses = {}
    for rate in 10.0 ** np.arange(-5, 1.1, 0.5):
        try:
            clf = base.set_params(learning_rate_init=rate).fit(X[:400], y[:400])
            losses[rate] = log_loss(y[400:], clf.predict_proba(X[400:]))
        except DivergenceError:
            losses[rate] = np.inf
    best = min(losses, key=losses.__getitem__)
    assert best / 10 < found.suggestion < best * 10
    assert count_traces() == 1  # the test and the fits share a compilation
    assert losses[min(losses, key=lambda rate: abs(np.log(rate / found.suggestion)))] < 1.5 * losses[best]


def test_rates_of_note_are_in_order_and_in_the_table(digits: Any) -> None:
    found = learning_rate_range_test(MLPClassifier((32,), batch_size=32), *digits, seeds=(3, 1), steps=120)
    assert found.steepest < found.minimum < found.comeback
    assert found.suggestion == pytest.approx(found.comeback / 20)
    frame = found.frame
    assert frame.columns.tolist() == ["seed", "step", "learning_rate", "loss", "smoothed"]
    assert frame["seed"].unique().tolist() == [3, 1]
    n = len(frame) // 2
    rates = np.geomspace(1e-6, 10, 120)[:n]
    assert frame["learning_rate"].to_numpy() == pytest.approx(np.r_[rates, rates])
    assert frame["step"].tolist() == [*range(1, n + 1)] * 2
    assert frame["loss"].notna().all()


def test_a_seed_alone_gives_the_same_numbers() -> None:
    data, base = moons(80), MLPClassifier((8,), dropout=0.2, batch_size=16)
    both, alone = (learning_rate_range_test(base, *data, seeds=seeds, high=1e3).frame for seeds in ((0, 1), (1,)))
    again = both[both["seed"] == 1].reset_index(drop=True)
    n = min(len(alone), len(again))  # together, steps end with the first seed that diverges
    assert n > 100
    pd.testing.assert_series_equal(alone["loss"][:n], again["loss"][:n], check_exact=True)


def test_the_estimator_is_left_as_it_is() -> None:
    base = MLPClassifier((8,), random_state=7)
    learning_rate_range_test(base, *moons(60), seeds=[0], high=1e3)
    assert base.get_params() == MLPClassifier((8,), random_state=7).get_params()
    assert not hasattr(base, "classes_")


def build(input_shape: tuple[int, ...], n_classes: int) -> keras.Model:
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(8, "tanh"), keras.layers.Dense(n_classes)])


@pytest.mark.parametrize(
    "clf",
    [
        MLPClassifier((8,), solver=keras.optimizers.Adagrad(), class_weight="balanced"),
        MLPClassifier((8,), batch_norm=True, l1_ratio=0.5, max_norm=2.0, label_smoothing=0.1),
        LogisticRegression(solver="sgd"),
        NetworkClassifier(build),
        make_pipeline(StandardScaler(), MLPClassifier((8,))),
    ],
    ids=["Keras's", "everything", "logistic", "network", "pipeline"],
)
def test_every_classifier_that_learns_by_steps(clf: Any) -> None:
    found = learning_rate_range_test(clf, *moons(100), seeds=[0], high=100.0)
    assert 1e-5 < found.suggestion < 10


def test_a_table() -> None:
    X, y = moons(80)
    table = pd.DataFrame({"x": X[:, 0], "kind": np.where(X[:, 1] > 0, "up", "down")})
    found = learning_rate_range_test(tabular_pipeline(MLPClassifier((8,), batch_size=16)), table, y, seeds=[0])
    assert 1e-4 < found.suggestion < 1


# --- reading a curve ------------------------------------------------------------------------------


def planted(minimum: float, comeback: float) -> Any:
    """Return losses of three seeds: flat, down to a minimum, back at the start at a rate, and beyond."""
    logs = np.log(RATES)
    knots = np.log([minimum / 300, minimum, comeback, comeback**2 / minimum])
    shape = np.interp(logs, knots, [0, -1, 0, 1])
    levels = np.array([1.8, 2.0, 2.2])[:, None]
    noise = np.random.default_rng(0).normal(
        scale=0.5, size=(3, len(RATES))
    )  # of the batches, shared with the reference
    return levels + noise + shape, levels + noise


@pytest.mark.parametrize(("minimum", "comeback"), [(0.01, 0.1), (0.05, 1.0), (1e-3, 0.03)])
def test_planted_rates_are_found_under_the_noise_of_batches(minimum: float, comeback: float) -> None:
    found = _read([0, 1, 2], RATES, *planted(minimum, comeback))
    assert found.comeback == pytest.approx(comeback, rel=0.2)
    assert np.log10(found.minimum) == pytest.approx(np.log10(minimum), abs=0.3)
    assert minimum / 300 < found.steepest < minimum
    smoothed = found.frame.groupby("seed")["smoothed"].first()
    assert smoothed.to_numpy() == pytest.approx([1.8, 2.0, 2.2], abs=0.15)


def test_steps_that_a_seed_did_not_reach_are_left_out() -> None:
    losses, references = planted(0.01, 0.1)
    losses[1, 150:] = np.nan
    found = _read([0, 1, 2], RATES, losses, references)
    assert found.frame.groupby("seed").size().tolist() == [150] * 3


def test_blowing_up_before_coming_back_is_where_it_ends() -> None:
    losses, references = planted(0.01, 0.1)
    end = int(np.searchsorted(RATES, 0.05))
    losses[:, end:] = np.nan
    assert _read([0, 1, 2], RATES, losses, references).comeback == RATES[end - 1]


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("calls", [1, 3])
def test_ctrl_c_leaves_the_seeds_that_were_done(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data, base = moons(80), MLPClassifier((8,), batch_size=16)
    module, done = sys.modules["strates.studies.learning_rate_range_test"], []

    def interrupted(*arguments: Any) -> Any:
        done.append(1)
        if len(done) > calls:
            raise KeyboardInterrupt
        return ramp_losses(*arguments)

    monkeypatch.setattr(module, "ramp_losses", interrupted)
    if calls == 1:  # not one seed is whole: each takes two calls
        with pytest.raises(KeyboardInterrupt):
            learning_rate_range_test(base, *data, high=1e3)
        return
    with pytest.warns(StratesWarning, match="The test was interrupted after 1 of 5 seeds; those are read"):
        found = learning_rate_range_test(base, *data, high=1e3)
    monkeypatch.undo()
    whole = learning_rate_range_test(base, *data, high=1e3, seeds=[0])
    pd.testing.assert_frame_equal(found.frame, whole.frame, check_exact=True)


def test_no_rate_learns() -> None:
    losses = np.full((1, 200), 2.0) + 0.001 * np.arange(200)
    with pytest.warns(
        StratesWarning, match=r"The loss fell at no rate between 1e-06 and 10, so that none is suggested"
    ):
        found = _read([0], RATES, losses, np.full((1, 200), 2.0))
    assert np.isnan(found.suggestion)


def test_all_rates_are_too_small() -> None:
    with pytest.warns(StratesWarning, match=r"did not rise again up to a rate of 1e-05; a larger one .* Raise high"):
        learning_rate_range_test(MLPClassifier((8,)), *moons(60), seeds=[0], high=1e-5)


def test_diverged_from_the_first_step_on() -> None:
    X, y = moons(60)
    base = MLPClassifier((8,), solver="sgd")
    with pytest.raises(DivergenceError, match=r"no number from step \d on.* Begin lower, or scale the inputs"):
        learning_rate_range_test(base, 1e18 * X, y, seeds=[0], low=1e10, high=1e12)


@pytest.mark.parametrize(
    ("clf", "message"),
    [
        (
            MLPClassifier(solver="lbfgs"),
            "A learning rate is wanted, and solver='lbfgs' has none. Give a strates classifier",
        ),
        (LogisticRegression(), "A learning rate is wanted, and solver='lbfgs' has none"),
        (Perceptron(), "A learning rate is wanted, and a Perceptron has none"),
        (
            MLPClassifier(solver=keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5))),
            "This SGD has a schedule for its learning rate, which no other can replace. Give one with a number",
        ),
    ],
    ids=["lbfgs", "logistic", "perceptron", "schedule"],
)
def test_solvers_without_a_rate(clf: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        learning_rate_range_test(clf, *moons(60))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"low": 0.0}, "low=0.0 and high=10.0 leave no range: give 0 < low < high"),
        ({"low": 1.0, "high": 0.1}, "low=1.0 and high=0.1 leave no range"),
        ({"steps": 5}, "steps=5 cannot be used: give an integer of at least 20"),
        ({"seeds": 2}, "seeds=2 is not a series of integers"),
    ],
    ids=str,
)
def test_choices_that_cannot_be(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        learning_rate_range_test(MLPClassifier(), *moons(60), **choices)
