"""Oracles: scikit-learn's metrics; known truths of simulated classifiers for the intervals."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn import metrics as oracle

from strates.exceptions import ParameterError
from strates.inspection.bootstrap import affordable_replicates, bootstrap_scores
from strates.inspection.metric import METRIC_KINDS
from strates.inspection.metrics import measure
from strates.inspection.outcome import Outcome
from strates.inspection.scores import point_scores


def simulate(n: int, k: int, *, seed: int = 0, signal: float = 1.5, tied: bool = False) -> Outcome:
    """Draw classes and the probabilities of an imperfect classifier; when tied, rows by fours get the same ones."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), truth] += signal
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if tied:
        probability = probability[np.arange(n) // 4]
    return Outcome(np.arange(k), truth, probability.argmax(axis=1), probability)


def values(outcome: Outcome) -> dict[str, float | None]:
    return {one.name: one.value for one in measure(outcome, n_bootstrap=20)}


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("k", [2, 3, 26])
def test_values_are_scikit_learns(k: int, tied: bool) -> None:
    outcome = simulate(800, k, tied=tied)
    truth, predicted, probability = outcome.truth, outcome.predicted, outcome.probability
    found = values(outcome)
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(truth, predicted))
    assert found["balanced_accuracy"] == pytest.approx(oracle.balanced_accuracy_score(truth, predicted))
    assert found["log_loss"] == pytest.approx(oracle.log_loss(truth, probability, labels=np.arange(k)))
    assert found["brier_score"] == pytest.approx(
        oracle.brier_score_loss(truth, probability[:, 1] if k == 2 else probability, labels=np.arange(k))
    )
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(truth, predicted, average="macro"))
    scores = probability[:, 1] if k == 2 else probability
    assert found["roc_auc"] == pytest.approx(oracle.roc_auc_score(truth, scores, multi_class="ovr"))


def test_log_loss_of_a_certain_error_is_scikit_learns_in_single_precision() -> None:
    probability = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    outcome = Outcome(np.arange(2), np.array([0, 1, 1]), probability.argmax(axis=1), probability)
    assert values(outcome)["log_loss"] == pytest.approx(oracle.log_loss([0, 1, 1], probability))


def counts_of(outcome: Outcome, seed: int, n_replicates: int) -> tuple[Outcome, NDArray[Any]]:
    """Draw the bootstrap's counts again: same rule, plain loops."""
    ordered = outcome.take(np.argsort(outcome.truth, kind="stable"))
    uniform = np.random.RandomState(seed).random_sample((n_replicates, outcome.n_rows))
    start = np.cumsum(ordered.support) - ordered.support
    counts = np.zeros(uniform.shape, dtype=int)
    for replicate, line in enumerate(uniform):
        for row, u in enumerate(line):
            k = ordered.truth[row]
            counts[replicate, start[k] + int(u * ordered.support[k])] += 1
    return ordered, counts


@pytest.mark.parametrize(("k", "tied"), [(2, True), (4, True), (4, False)])
def test_replicates_are_scikit_learns_metrics_on_the_rows_drawn(k: int, tied: bool) -> None:
    outcome = simulate(60, k, tied=tied)
    ordered, counts = counts_of(outcome, seed=3, n_replicates=5)
    found = bootstrap_scores(outcome, n_replicates=5, seed=3)
    for replicate, times in enumerate(counts):
        drawn = ordered.take(np.repeat(np.arange(60), times))
        scores = drawn.probability[:, 1] if k == 2 else drawn.probability
        expected = {
            "log_loss": oracle.log_loss(drawn.truth, drawn.probability, labels=np.arange(k)),
            "macro_f1": oracle.f1_score(drawn.truth, drawn.predicted, average="macro"),
            "roc_auc": oracle.roc_auc_score(drawn.truth, scores, multi_class="ovr"),
            "brier_score": oracle.brier_score_loss(drawn.truth, scores, labels=np.arange(k)),
            "calibration_error": point_scores(drawn)["calibration_error"],
        }
        assert {name: series[replicate] for name, series in found.items()} == pytest.approx(expected, rel=1e-5)


def test_intervals_cover_the_truth_of_normal_scores() -> None:
    """Two normal populations a distance 1 apart, scored by their true posterior: AUC and log-loss are known."""
    truth_auc = norm.cdf(1 / np.sqrt(2))
    grid = np.linspace(-8, 9, 20_001)
    posterior = 1 / (1 + np.exp(-(grid - 0.5)))
    weight = norm.pdf(grid, 1) * (grid[1] - grid[0])
    truth_loss = float(-(np.log(posterior) * weight).sum())  # by symmetry, the same for both classes
    covered = {"roc_auc": 0, "log_loss": 0}
    n_trials = 200
    for trial in range(n_trials):
        rng = np.random.default_rng(trial)
        truth = np.repeat([0, 1], 100)
        x = rng.normal(truth.astype(float))
        p = 1 / (1 + np.exp(-(x - 0.5)))
        outcome = Outcome(np.arange(2), truth, (p > 0.5).astype(int), np.column_stack([1 - p, p]))
        found = {one.name: one for one in measure(outcome, n_bootstrap=300, seed=trial)}
        for name, known in (("roc_auc", truth_auc), ("log_loss", truth_loss)):
            assert found[name].low is not None
            assert found[name].high is not None
            covered[name] += found[name].low <= known <= found[name].high
    # 95 % less the bootstrap's known optimism, plus or minus three standard errors of 200 trials
    assert all(0.89 <= hits / n_trials <= 0.995 for hits in covered.values()), covered


def test_large_test_parts_are_sampled_and_rescaled() -> None:
    small = {one.name: one for one in measure(simulate(20_000, 2, seed=1), seed=0)}
    large = {one.name: one for one in measure(simulate(180_000, 2, seed=1), seed=0)}
    for name in ("log_loss", "brier_score", "roc_auc", "macro_f1"):
        widths = [one[name].high - one[name].low for one in (small, large)]
        assert widths[0] / widths[1] == pytest.approx(3, rel=0.15)  # sqrt(9)
        assert large[name].low < large[name].value < large[name].high
    assert "20000 rows, rescaled" in large["log_loss"].method


def test_many_rows_and_classes_take_fewer_replicates_and_say_so() -> None:
    outcome = simulate(10_000, 26)
    assert 200 <= affordable_replicates(outcome, 1000) < 1000
    assert affordable_replicates(simulate(300, 3), 1000) == 1000
    assert "384 replicates" in measure(outcome)[2].method


def test_every_metric_is_there_in_order_and_its_interval_holds_it() -> None:
    found = measure(simulate(200, 3))
    assert [one.name for one in found] == list(METRIC_KINDS)
    assert all(one.low <= one.value <= one.high for one in found)
    assert {one.name for one in found if not one.higher_is_better} == {"log_loss", "brier_score", "calibration_error"}


def test_same_seed_same_intervals() -> None:
    outcome = simulate(100, 3)
    assert measure(outcome, seed=5) == measure(outcome, seed=5)
    assert measure(outcome, seed=5) != measure(outcome, seed=6)


@pytest.mark.parametrize("k", [2, 3])
def test_without_errors_no_interval_is_a_point(k: int) -> None:
    truth = np.arange(60) % k
    probability = np.full((60, k), 0.1)
    probability[np.arange(60), truth] = 1 - 0.1 * (k - 1)
    found = {one.name: one for one in measure(Outcome(np.arange(k), truth, truth, probability))}
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "roc_auc"):
        assert found[name].value == found[name].high == 1
        assert found[name].low is not None
        assert 0.5 < found[name].low < 0.97
    # every row has the same loss: resampling sees no spread, and says nothing rather than a point
    assert (found["log_loss"].low, found["log_loss"].high) == (None, None)


def test_one_row() -> None:
    outcome = simulate(1, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = {one.name: one for one in measure(outcome)}
    assert found["accuracy"].low is not None
    assert found["log_loss"].low is None
    assert found["roc_auc"].value is None
    assert "needs rows of a class and of another" in found["roc_auc"].note


def test_absent_class_is_left_out_of_the_means_and_named() -> None:
    outcome = simulate(90, 3)
    kept = np.flatnonzero(outcome.truth != 2)
    outcome = Outcome(
        np.array(["a", "b", "c"]), outcome.truth[kept], outcome.predicted[kept], outcome.probability[kept]
    )
    found = {one.name: one for one in measure(outcome)}
    areas = [oracle.roc_auc_score(outcome.truth == k, outcome.probability[:, k]) for k in (0, 1)]
    assert found["roc_auc"].value == pytest.approx(np.mean(areas))
    recalls = oracle.recall_score(outcome.truth, outcome.predicted, labels=[0, 1], average=None)
    assert found["balanced_accuracy"].value == pytest.approx(recalls.mean())
    assert found["roc_auc"].note.startswith("No row of c among these")


def test_too_few_replicates_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"n_bootstrap is 1; .* 2 replicates at least. 1000 is usual"):
        measure(simulate(10, 2), n_bootstrap=1)
