"""Means, intervals and paired differences: SciPy is the oracle."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from strates.exceptions import ParameterError
from strates.studies import paired_differences, summarize_study

RATES, SOLVERS, SEEDS = (0.01, 0.1), ("adam", "sgd"), range(4)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    split = rng.normal(size=4)  # what a seed does to all settings
    made = []
    for solver, rate, seed in itertools.product(SOLVERS, RATES, SEEDS):
        score = split[seed] + 0.1 * rng.normal() + (solver == "sgd")
        made.append((solver, rate, seed, score, 2 * score, False))
    return pd.DataFrame(made, columns=["solver", "rate", "seed", "test_accuracy", "test_loss", "diverged"])


def cell(frame: pd.DataFrame, solver: str, rate: float, column: str = "test_accuracy") -> np.ndarray:
    return frame.query("solver == @solver and rate == @rate")[column].to_numpy()


def test_summary_is_students(frame: pd.DataFrame) -> None:
    summary = summarize_study(frame)
    assert summary.columns.tolist() == ["solver", "rate", "measure", "n", "mean", "sd", "low", "high"]
    assert len(summary) == 8
    for row in summary.itertuples():
        values = cell(frame, row.solver, row.rate, row.measure)
        test = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert (row.mean, row.sd) == pytest.approx((values.mean(), values.std(ddof=1)))
        assert (row.low, row.high, row.n) == pytest.approx((test.low, test.high, 4))


def test_runs_that_diverged_do_not_count(frame: pd.DataFrame) -> None:
    lost = frame.copy()
    lost.loc[lost["solver"] == "sgd", ["test_accuracy", "diverged"]] = np.nan, True
    lost.loc[0, "test_accuracy"] = np.nan
    summary = summarize_study(lost, "test_accuracy").set_index(["solver", "rate"])
    assert summary["n"].to_dict() == {("adam", 0.01): 3, ("adam", 0.1): 4, ("sgd", 0.01): 0, ("sgd", 0.1): 0}
    assert summary.loc["sgd", ["mean", "sd", "low", "high"]].isna().all(axis=None)
    assert summary.loc[("adam", 0.01), "mean"] == pytest.approx(cell(frame, "adam", 0.01)[1:].mean())


def test_one_seed_has_no_interval(frame: pd.DataFrame) -> None:
    summary = summarize_study(frame[frame["seed"] == 2], ["test_loss"])
    assert summary["mean"].tolist() == pytest.approx(frame[frame["seed"] == 2]["test_loss"].tolist())
    assert summary[["sd", "low", "high"]].isna().all(axis=None)


def test_a_missing_value_is_a_setting_and_epochs_are_apart() -> None:
    table = pd.DataFrame(
        {"max_norm": [np.nan, np.nan, 1.0, 1.0], "seed": [0, 1] * 2, "epoch": 1, "loss": [1.0, 3.0, 5.0, 7.0]}
    )
    two = pd.concat([table, table.assign(epoch=2, loss=0.0)])
    summary = summarize_study(two)
    assert summary["mean"].tolist() == [2.0, 6.0, 0.0, 0.0]
    assert summary["epoch"].tolist() == [1, 1, 2, 2]


def test_differences_are_those_of_the_paired_test(frame: pd.DataFrame) -> None:
    differences = paired_differences(frame, {"solver": "adam"}, "test_accuracy")
    assert differences[["solver", "rate"]].values.tolist() == [["sgd", 0.01], ["sgd", 0.1]]
    for row in differences.itertuples():
        test = stats.ttest_rel(cell(frame, "sgd", row.rate), cell(frame, "adam", row.rate)).confidence_interval(0.95)
        assert (row.low, row.high, row.n) == pytest.approx((test.low, test.high, 4))
    # what the seeds do to all cancels out
    summary = summarize_study(frame, "test_accuracy").query("solver == 'sgd'")
    assert ((differences["high"] - differences["low"]).to_numpy() < (summary["high"] - summary["low"]).to_numpy()).all()


def test_differences_from_one_setting(frame: pd.DataFrame) -> None:
    differences = paired_differences(frame, {"solver": "sgd", "rate": 0.1}, "test_loss")
    assert len(differences) == 3
    expected = cell(frame, "adam", 0.01, "test_loss") - cell(frame, "sgd", 0.1, "test_loss")
    assert differences["mean"][0] == pytest.approx(expected.mean())


def test_pairs_with_a_run_that_diverged_do_not_count(frame: pd.DataFrame) -> None:
    lost = frame.copy()
    lost.loc[0, "test_accuracy"] = np.nan  # adam, 0.01, seed 0
    shorter = lost[~((lost["solver"] == "sgd") & (lost["seed"] == 3))]
    differences = paired_differences(shorter, {"solver": "adam"}, "test_accuracy").set_index("rate")
    assert differences["n"].to_dict() == {0.01: 2, 0.1: 3}
    expected = (cell(frame, "sgd", 0.01) - cell(frame, "adam", 0.01))[1:3].mean()
    assert differences.loc[0.01, "mean"] == pytest.approx(expected)


def test_a_missing_value_as_reference() -> None:
    table = pd.DataFrame({"max_norm": [np.nan, np.nan, 1.0, 1.0], "seed": [0, 1] * 2, "loss": [1.0, 3.0, 5.0, 8.0]})
    assert paired_differences(table, {"max_norm": None})["mean"].tolist() == [4.5]
    assert paired_differences(table, {"max_norm": 1.0})["mean"].tolist() == [-4.5]


def test_errors(frame: pd.DataFrame) -> None:
    with pytest.raises(
        ParameterError, match=r"The table has the columns a, b; a study's has .* then 'seed'. Give what"
    ):
        summarize_study(pd.DataFrame(columns=["a", "b"]))
    with pytest.raises(ParameterError, match=r"The study measured no 'test_los'\. Did you mean 'test_loss'"):
        summarize_study(frame, "test_los")
    with pytest.raises(
        ParameterError, match=r"No run has {'solver': 'lion'}. The study has {'solver': \['adam', 'sgd'\]}"
    ):
        paired_differences(frame, {"solver": "lion"})
    for reference in ({}, {"alpha": 1.0}):
        with pytest.raises(
            ParameterError, match=r"names no setting: the study varies solver, rate\. Give a value of one"
        ):
            paired_differences(frame, reference)
    with pytest.raises(ParameterError, match="has a row an epoch; differences are between runs"):
        paired_differences(frame.assign(epoch=1), {"solver": "sgd"})
