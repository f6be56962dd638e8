"""Oracle: scikit-learn's curves and areas, before thinning."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, roc_auc_score, roc_curve

from strates.inspection.curves import MAX_CURVES, MAX_POINTS, precision_recall_curves, roc_curves, thin
from strates.inspection.outcome import Outcome


def binary(n: int, seed: int = 0) -> Outcome:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    p = 1 / (1 + np.exp(-(rng.normal(size=n) + 2 * truth - 1)))
    return Outcome(np.array(["no", "yes"]), truth, (p > 0.5).astype(int), np.column_stack([1 - p, p]))


def test_short_curves_are_kept_whole() -> None:
    outcome = binary(80)
    (curve,) = roc_curves(outcome)
    x, y, _ = roc_curve(outcome.truth, outcome.probability[:, 1])
    assert curve.x == pytest.approx(x, abs=1e-5)
    assert curve.y == pytest.approx(y, abs=1e-5)
    assert curve.label == "yes"


def test_long_curves_are_thinned_and_keep_their_shape() -> None:
    outcome = binary(20_000)
    (roc,), (recall,) = roc_curves(outcome), precision_recall_curves(outcome)
    truth, score = outcome.truth, outcome.probability[:, 1]
    assert len(roc.x) <= MAX_POINTS
    assert len(recall.x) <= MAX_POINTS
    assert roc.area == pytest.approx(roc_auc_score(truth, score))
    assert recall.area == pytest.approx(average_precision_score(truth, score))
    assert auc(roc.x, roc.y) == pytest.approx(roc.area, abs=1e-3)
    assert abs(auc(recall.x, recall.y)) == pytest.approx(recall.area, abs=1e-2)
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert roc.prevalence == pytest.approx(truth.mean())


def test_thinning_keeps_the_ends_and_the_order() -> None:
    x = np.sort(np.random.default_rng(0).uniform(size=5000))
    kept = thin(x, x**2, 50)
    assert (kept[0], kept[-1]) == (0, 4999)
    assert len(kept) <= 50
    assert (np.diff(kept) > 0).all()


def test_many_classes_keep_the_most_frequent() -> None:
    k = 40
    truth = np.repeat(np.arange(k), np.arange(2, k + 2))
    probability = np.random.default_rng(0).dirichlet(np.ones(k), size=len(truth))
    outcome = Outcome(np.arange(k), truth, probability.argmax(axis=1), probability)
    assert [curve.label for curve in roc_curves(outcome)] == [str(number) for number in range(k - MAX_CURVES, k)]


def test_one_class_has_no_curve() -> None:
    outcome = binary(50)
    only = outcome.take(np.flatnonzero(outcome.truth == 1))
    assert roc_curves(only) == precision_recall_curves(only) == ()
