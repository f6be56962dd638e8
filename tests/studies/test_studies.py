"""What the course says of each choice, on small data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import MLPClassifier
from strates.datasets import moons, spiral
from strates.engine.program import clear_programs, count_traces
from strates.exceptions import ParameterError
from strates.inspection import activation_statistics, boundary_complexity
from strates.studies import (
    Setting,
    initialization_study,
    optimizer_study,
    paired_differences,
    paired_split,
    regularization_study,
    summarize_study,
    width_depth_study,
)

SEEDS = range(3)
QUICK: dict[str, Any] = {
    "alpha": 0.0, "batch_size": 32, "learning_rate": "cosine", "learning_rate_init": 0.02, "max_iter": 60,
}  # fmt: skip


def network(*hidden: int, **changes: Any) -> Any:
    return make_pipeline(StandardScaler(), MLPClassifier(hidden, **{**QUICK, **changes}))


def means(frame: pd.DataFrame, measure: str, by: str) -> pd.Series:
    return summarize_study(frame, measure).set_index(by)["mean"]


@pytest.fixture(scope="module")
def arms() -> Any:
    return spiral(60)


# --- regularisation -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def overlapping() -> Any:
    """Classes that overlap: what a free network draws between them is noise."""
    return moons(200, noise=0.4)


@pytest.fixture(scope="module")
def ridge(overlapping: Any) -> pd.DataFrame:
    clear_programs()
    values = (1e-4, 1e-3, 1e-2, 1e-1)
    base = network(32, 32, max_iter=100)
    found = regularization_study(*overlapping, values=values, estimator=base, seeds=range(6))
    found.attrs["traces"] = count_traces()
    return found


def test_the_boundary_gets_simpler_as_the_penalty_grows(ridge: pd.DataFrame) -> None:
    complexity = means(ridge, "boundary_complexity", "alpha")
    assert complexity.is_monotonic_decreasing
    assert complexity.iloc[-1] < complexity.iloc[0] / 2
    assert spearmanr(ridge["alpha"], ridge["boundary_complexity"]).statistic < -0.8
    differences = paired_differences(ridge, {"alpha": 1e-4}, "boundary_complexity").set_index("alpha")
    assert (differences.loc[[1e-2, 1e-1], "high"] < 0).all()  # beyond what seeds do


@pytest.mark.parametrize(
    ("penalty", "values"),
    [
        ("l1", (1e-4, 1e-3, 1e-2)),
        ("dropout", (0.0, 0.4, 0.8)),
        ("max_norm", (8.0, 1.0, 0.5)),
        ("input_noise", (0.0, 0.3, 1.0)),
    ],
)
def test_so_it_does_by_any_other_way(overlapping: Any, penalty: str, values: Any) -> None:
    base = network(32, 32, max_iter=100)
    found = regularization_study(*overlapping, penalty=penalty, values=values, estimator=base, seeds=SEEDS)
    column = found.columns[1]
    assert found["penalty"].unique().tolist() == [penalty]
    complexity = means(found, "boundary_complexity", column)
    assert complexity.is_monotonic_decreasing
    if penalty == "l1":
        shares = means(found, "zero_share", column)
        assert shares.is_monotonic_increasing
        assert 0.5 < shares.iloc[-1] < 1


def test_a_penalty_shrinks_weights_and_costs_training_accuracy(ridge: pd.DataFrame) -> None:
    for seed in range(6):
        one = ridge[ridge["seed"] == seed]
        assert one["weight_norm"].is_monotonic_decreasing
        assert one["train_loss"].is_monotonic_increasing
    accuracy = means(ridge, "train_accuracy", "alpha")
    assert accuracy.iloc[0] > accuracy.iloc[-1] + 0.05
    assert (ridge["zero_share"] == 0).all()


def test_penalties_of_any_strength_share_one_compilation(ridge: pd.DataFrame) -> None:
    assert ridge.attrs["traces"] == 1


def test_measures_are_those_of_inspection(overlapping: Any, ridge: pd.DataFrame) -> None:
    X, y = overlapping
    train, test = paired_split(y, 1)
    clf = network(32, 32, alpha=1e-2, max_iter=100, random_state=1).fit(X[train], y[train])
    row = ridge.query("alpha == 0.01 and seed == 1").iloc[0]
    assert row["boundary_complexity"] == pytest.approx(boundary_complexity(clf, X[test]).mean, rel=1e-6)
    kernels = np.concatenate([kernel.ravel() for kernel in clf[-1].coefs_])
    assert row["weight_norm"] == pytest.approx(np.linalg.norm(kernels))


@pytest.mark.parametrize(
    ("penalty", "values", "parameter"),
    [
        ("dropout", (0.0, 0.8), "dropout"),
        ("max_norm", (None, 0.3), "max_norm"),
        ("input_noise", (0.0, 1.0), "input_noise"),
        ("width", (16, 2), "hidden_layer_sizes"),
    ],
)
def test_every_way_holds_the_network_back(arms: Any, penalty: str, values: Any, parameter: str) -> None:
    found = regularization_study(*arms, penalty=penalty, values=values, estimator=network(16, 16), seeds=[0, 1])
    free, held = (found["train_loss"].to_numpy()[part] for part in (slice(2), slice(2, None)))
    assert (free < held).all()
    X, y = arms
    train, test = paired_split(y, 1)
    value = (values[1],) * 2 if penalty == "width" else values[1]
    by_hand = network(16, 16, random_state=1, **({} if penalty == "width" else {parameter: value}))
    if penalty == "width":
        by_hand = network(*value, random_state=1)
    by_hand.fit(X[train], y[train])
    assert found["test_accuracy"][3] == by_hand.score(X[test], y[test])


def test_a_pipelines_other_penalties_stay(arms: Any) -> None:
    found = regularization_study(*arms, values=(0.0,), estimator=network(8, max_norm=0.2), seeds=[0])
    assert found["weight_norm"][0] <= 0.2 * np.sqrt(8 + 3) + 1e-5


def test_an_unknown_penalty(arms: Any) -> None:
    with pytest.raises(ParameterError, match=r"penalty='L2' is not known\. Did you mean 'l2'"):
        regularization_study(*arms, penalty="L2")


# --- width and depth ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sizes(arms: Any) -> pd.DataFrame:
    clear_programs()
    found = width_depth_study(*arms, widths=(2, 5, 20), depths=(0, 1, 2), estimator=network(), seeds=SEEDS)
    found.attrs["traces"] = count_traces()
    return found


def test_training_accuracy_rises_with_width(sizes: pd.DataFrame) -> None:
    for depth in (1, 2):
        accuracy = means(sizes[sizes["depth"] == depth], "train_accuracy", "width")
        assert accuracy.is_monotonic_increasing
        assert accuracy.iloc[-1] > accuracy.iloc[0] + 0.2
        part = sizes[sizes["depth"] == depth]
        assert spearmanr(part["width"], part["train_accuracy"]).statistic > 0.8


def test_each_architecture_compiles_once(sizes: pd.DataFrame) -> None:
    assert sizes.attrs["traces"] == 7  # a linear classifier, and three widths of two depths


def test_a_linear_classifier_has_no_width(sizes: pd.DataFrame) -> None:
    linear = sizes[sizes["depth"] == 0]
    assert len(linear) == len(SEEDS)
    assert linear["width"].isna().all()
    assert (linear["train_accuracy"] < 0.65).all()  # the case study: about half


def test_weights_are_counted(sizes: pd.DataFrame) -> None:
    counted = sizes.drop_duplicates(["depth", "width"]).set_index(["depth", "width"])["n_weights"]
    assert counted[1, 5] == 2 * 5 + 5 + 5 * 3 + 3
    assert counted[2, 20] == 2 * 20 + 20 + 20 * 20 + 20 + 20 * 3 + 3


# --- initial weights ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def starts(arms: Any) -> pd.DataFrame:
    return initialization_study(
        *arms, initializers=("zeros", "normal(0.01)", "normal(1)", "he"), estimator=network(16, 16, 16), seeds=SEEDS
    )


def test_weights_of_zero_learn_the_classes_shares_alone(starts: pd.DataFrame) -> None:
    zeros = starts[starts["kernel_initializer"] == "zeros"]
    assert zeros["train_accuracy"].to_numpy() == pytest.approx(1 / 3)  # three classes of one size
    assert zeros["train_loss"].to_numpy() == pytest.approx(np.log(3), abs=1e-3)
    assert (zeros["initial_std"] == 0).all()
    assert zeros.query("activation == 'relu'")["dead_share"].tolist() == [1.0] * 3


def test_weights_that_suit_the_activation_learn(starts: pd.DataFrame) -> None:
    he = starts[starts["kernel_initializer"] == "he"]
    assert (he["train_accuracy"] > 0.95).all()
    small = starts[starts["kernel_initializer"] == "normal(0.01)"]
    assert (small["train_loss"].to_numpy() > he["train_loss"].to_numpy()).all()  # seed by seed


def test_large_weights_saturate_tanh_and_blow_up_rectifiers(starts: pd.DataFrame) -> None:
    large = starts[starts["kernel_initializer"] == "normal(1)"].set_index("activation")
    assert (large.loc["tanh", "initial_saturated"] > 0.3).all()
    assert (large.loc["relu", "initial_std"] > 5).all()
    assert large.loc["relu", "initial_saturated"].isna().all()
    assert large.loc["tanh", "dead_share"].isna().all()


def test_initial_numbers_are_those_of_the_network_before_training(arms: Any, starts: pd.DataFrame) -> None:
    X, y = arms
    train, _ = paired_split(y, 2)
    clf = network(16, 16, 16, activation="tanh", kernel_initializer="he", random_state=2)
    last = activation_statistics(clf, X[train], y[train])["std"].iloc[-1]
    row = starts.query("activation == 'tanh' and kernel_initializer == 'he' and seed == 2").iloc[0]
    assert row["initial_std"] == pytest.approx(last, rel=1e-5)


def test_layers_can_be_given(arms: Any) -> None:
    choices: dict[str, Any] = {"initializers": ("he",), "activations": ("relu",), "seeds": [0]}
    short, long = (
        initialization_study(*arms, hidden_layer_sizes=hidden, estimator=network(4, max_iter=2), **choices)
        for hidden in ((4,), (4, 4, 4, 4))
    )
    assert short["initial_std"][0] != long["initial_std"][0]


# --- solvers --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def solvers() -> pd.DataFrame:
    data = moons(150, noise=0.2)
    clear_programs()
    found = optimizer_study(
        *data, solvers=("sgd", "momentum", "adam", keras.optimizers.RMSprop(rho=0.8), "lbfgs"),
        learning_rates=(1e-3, 1e-2), estimator=network(8, learning_rate="constant", max_iter=10), seeds=[0, 1],
    )  # fmt: skip
    found.attrs["traces"] = count_traces()
    return found


def test_each_solver_has_each_rate_but_lbfgs_none(solvers: pd.DataFrame) -> None:
    assert solvers["solver"].unique().tolist() == ["sgd", "momentum", "adam", "RMSprop", "lbfgs"]
    rates = solvers.groupby("solver", sort=False)["learning_rate_init"].unique()
    assert all(rates[name].tolist() == [1e-3, 1e-2] for name in ("sgd", "momentum", "adam", "RMSprop"))
    assert np.isnan(rates["lbfgs"]).all()
    assert len(solvers) == 2 * (4 * 2 + 1)


def test_rates_share_one_compilation(solvers: pd.DataFrame) -> None:
    assert solvers.attrs["traces"] == 4  # L-BFGS has another engine


def test_momentum_of_nine_tenths_is_a_rate_ten_times_as_large(solvers: pd.DataFrame) -> None:
    # the sum of 0.9^k is 10: in the long run of a smooth descent the two steps are of one size
    slow, fast = (
        solvers.query("solver == 'momentum' and learning_rate_init == 0.001")["train_loss"],
        solvers.query("solver == 'sgd' and learning_rate_init == 0.01")["train_loss"],
    )
    assert slow.to_numpy() == pytest.approx(fast.to_numpy(), rel=0.1)


@pytest.mark.parametrize(
    ("name", "solver"),
    [
        ("adam", lambda rate: {"solver": "adam", "learning_rate_init": rate}),
        ("sgd", lambda rate: {"solver": "sgd", "momentum": 0.0, "learning_rate_init": rate}),
        ("RMSprop", lambda rate: {"solver": keras.optimizers.RMSprop(rate, rho=0.8)}),
    ],
)
def test_solvers_are_those_of_a_fit_by_hand(
    solvers: pd.DataFrame, name: str, solver: Callable[[float], dict[str, Any]]
) -> None:
    X, y = moons(150, noise=0.2)
    train, test = paired_split(y, 1)
    base = network(8, learning_rate="constant", max_iter=10)
    by_hand = Setting.from_parameters(base, solver(0.01)).make(1)
    with pytest.warns(UserWarning, match="Maximum number of epochs"):
        by_hand.fit(X[train], y[train])
    row = solvers[(solvers["solver"] == name) & (solvers["learning_rate_init"] == 0.01) & (solvers["seed"] == 1)].iloc[
        0
    ]
    assert row["test_accuracy"] == by_hand.score(X[test], y[test])
    probability = by_hand.predict_proba(X[train])[np.arange(len(train)), y[train]]
    assert row["train_loss"] == pytest.approx(-np.log(probability.astype(float)).mean(), rel=1e-5)


def test_curves_of_learning() -> None:
    base = network(8, learning_rate="constant", max_iter=4)
    curves = optimizer_study(
        *moons(100), solvers=("adam",), learning_rates=(0.01,), estimator=base, seeds=[0, 1], by_epoch=True
    )
    assert curves.columns.tolist()[:4] == ["solver", "learning_rate_init", "seed", "epoch"]
    assert curves["epoch"].tolist() == [1, 2, 3, 4] * 2


def test_an_unknown_solver() -> None:
    with pytest.raises(ParameterError, match=r"'adamm' is no optimizer of Keras\. Did you mean 'adam'"):
        optimizer_study(*moons(50), solvers=("adamm",))


# --- by default -----------------------------------------------------------------------------------


def test_studies_run_by_default() -> None:
    X, y = moons(60)
    frame = regularization_study(X * 1000, y, values=(0.0,), seeds=[0])  # standardised
    assert frame["train_accuracy"][0] > 0.9
