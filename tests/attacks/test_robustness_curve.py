"""Accuracy against epsilon."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import minmax_scale

from strates import LogisticRegression
from strates.attacks import FGSM, PGD, DeepFool, robustness_curve
from strates.exceptions import DataError, ParameterError

X, Y = load_breast_cancer(return_X_y=True)
X = minmax_scale(X).astype(np.float32)
CLF = LogisticRegression(alpha=0.001).fit(X, Y)
EPSILONS = [0.1, 0.0, 0.02, 0.05, 0.4]


def closed_form(epsilons, dual):
    f = (X.astype(np.float64) @ CLF.coef_[0] + CLF.intercept_[0]) * np.where(Y == 1, 1, -1)
    needed = f / np.linalg.norm(CLF.coef_[0], dual)
    return np.array([(needed > e).mean() for e in epsilons])


@pytest.mark.parametrize(("norm", "dual"), [("linf", 1), ("l2", 2)])
def test_curve_of_a_linear_classifier_is_known(norm, dual):
    found = robustness_curve(CLF, X, Y, PGD(norm=norm, bounds=None, random_start=False), EPSILONS)
    assert found["epsilon"].tolist() == sorted(EPSILONS)
    np.testing.assert_allclose(found["accuracy"], closed_form(found["epsilon"], dual), atol=1.5 / len(X))


def test_attacks_that_find_distances_are_run_once():
    epsilons = [0.0, 0.05, 0.1, 0.3]
    found = robustness_curve(CLF, X, Y, DeepFool(bounds=None, overshoot=1e-3), epsilons)
    np.testing.assert_allclose(found["accuracy"], closed_form(epsilons, 2), atol=0.01)


def test_intervals_are_wilsons():
    found = robustness_curve(CLF, X[:100], Y[:100], FGSM(), [0.03])
    k = round(found["accuracy"][0] * 100)
    p, z, n = k / 100, 1.959963984540054, 100
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    assert found["low"][0] == pytest.approx(centre - half)
    assert found["high"][0] == pytest.approx(centre + half)


def test_a_row_that_was_fooled_stays_fooled():
    """A step too long can miss: FGSM of 0.9 alone would find fewer than of 0.3 in a network that bends."""
    found = robustness_curve(CLF, pd.DataFrame(X), pd.Series(Y), FGSM(), np.linspace(0, 0.9, 7))
    assert (np.diff(found["accuracy"]) <= 0).all()


@pytest.mark.parametrize("epsilons", [[], [-0.1], [np.nan], ["x"], [np.inf]])
def test_epsilons_that_cannot_be_used(epsilons):
    with pytest.raises(ParameterError, match=r"epsilons=.*give one distance or more, none negative"):
        robustness_curve(CLF, X, Y, FGSM(), epsilons)


def test_what_is_no_attack_or_does_not_fit():
    with pytest.raises(ParameterError, match=r"is no attack of strates. Give one, such as PGD"):
        robustness_curve(CLF, X, Y, "pgd", [0.1])
    with pytest.raises(DataError, match="X has 569 rows, y has shape"):
        robustness_curve(CLF, X, Y[:3], FGSM(), [0.1])


def test_the_attack_itself_is_not_changed():
    attack = FGSM(epsilon=0.7)
    robustness_curve(CLF, X[:10], Y[:10], attack, [0.1])
    assert attack.epsilon == 0.7
