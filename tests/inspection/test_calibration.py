"""Oracles: an error computed by hand, and scikit-learn's calibration_curve."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from strates.inspection.calibration import calibrate, calibration_error
from strates.inspection.intervals import wilson_interval
from strates.inspection.outcome import Outcome


def binary(p: np.ndarray, truth: np.ndarray) -> Outcome:
    return Outcome(np.array(["no", "yes"]), truth, (p > 0.5).astype(int), np.column_stack([1 - p, p]))


def test_error_by_hand() -> None:
    # bins ]0.1, 0.2]: mean 0.15, none of 2; ]0.8, 0.9]: mean 0.85, 3 of 4 -> 2/6 * 0.15 + 4/6 * 0.10
    p = np.array([0.12, 0.18, 0.82, 0.84, 0.86, 0.88])
    happened = np.array([False, False, True, True, True, False])
    assert calibration_error(p, happened) == pytest.approx(2 / 6 * 0.15 + 4 / 6 * 0.10)


def test_bins_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.uniform(size=500), [0.0, 0.1, 0.2, 0.3, 0.7, 1.0]])
    truth = (rng.uniform(size=len(p)) < p**1.3).astype(int)
    found = calibrate(binary(p, truth))
    observed, predicted = calibration_curve(truth, p, n_bins=10)
    assert [one.observed for one in found.bins] == pytest.approx(observed)
    assert [one.predicted for one in found.bins] == pytest.approx(predicted)
    assert sum(one.count for one in found.bins) == len(p)
    assert found.event == "yes"
    assert all(one.lower <= one.predicted <= one.upper for one in found.bins)
    first = found.bins[0]
    assert (first.low, first.high) == wilson_interval(round(first.observed * first.count), first.count)


def test_several_classes_are_judged_on_the_predicted_one() -> None:
    probability = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.15, 0.75]])
    outcome = Outcome(np.arange(3), np.array([0, 0, 2]), probability.argmax(axis=1), probability)
    found = calibrate(outcome)
    assert found.event == "the predicted class"
    # ]0.5, 0.6]: 0.6 right; ]0.6, 0.7]: 0.7 wrong; ]0.7, 0.8]: 0.75 right
    assert found.error == pytest.approx((0.4 + 0.7 + 0.25) / 3)


def test_calibrated_probabilities_stay_under_what_chance_gives() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(100):
        p = rng.uniform(size=300)
        found = calibrate(binary(p, (rng.uniform(size=300) < p).astype(int)))
        inside += found.error <= found.chance_high
    assert 88 <= inside <= 100  # 95 % of 100, give or take three standard errors


def test_overconfident_probabilities_do_not() -> None:
    rng = np.random.default_rng(1)
    p = np.where(rng.uniform(size=300) < 0.5, 0.02, 0.98)
    truth = (rng.uniform(size=300) < np.where(p > 0.5, 0.75, 0.25)).astype(int)
    found = calibrate(binary(p, truth))
    assert found.error > found.chance_high
