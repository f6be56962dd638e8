"""The accuracy by distance, of what an attack found."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression as Sklearn

from strates import LogisticRegression
from strates.attacks import DeepFool, TabularAttack, distance_curve, robustness_curve
from strates.exceptions import DataError, ParameterError

X, Y = load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def clf() -> Any:
    return LogisticRegression(alpha=0.01).fit(X.to_numpy(), Y)


def test_as_the_robustness_curve_of_an_attack_without_epsilon(clf: Any) -> None:
    distances = [0, 0.2, 0.5, 1.5]
    result = DeepFool(bounds=None).perturb(clf, X.to_numpy(), Y)
    found = distance_curve(result, distances=distances)
    theirs = robustness_curve(clf, X.to_numpy(), Y, DeepFool(bounds=None), distances)
    np.testing.assert_array_equal(found, theirs)
    by_hand = [np.mean((result.distances["l2"] > one) & ~result.already_wrong) for one in distances]
    np.testing.assert_allclose(found["accuracy"], by_hand)
    interval = binomtest(round(150 * by_hand[1]), 150).proportion_ci(0.95, "wilson")
    assert found.loc[1, ["low", "high"]].tolist() == pytest.approx([interval.low, interval.high])


def test_cost_of_a_table_s_changes() -> None:
    clf = Sklearn(max_iter=1000).fit(X, Y)
    result = TabularAttack(max_changes=1).perturb(clf, X[50:90], Y[50:90], reference=X)
    found = distance_curve(result)
    assert found["epsilon"].iloc[0] == 0
    assert found["epsilon"].iloc[-1] == np.nanmax(result.cost)
    assert found["accuracy"].iloc[0] == result.clean_accuracy
    assert found["accuracy"].iloc[-1] == result.robust_accuracy


def test_what_cannot_be_counted(clf: Any) -> None:
    result = DeepFool(bounds=None).perturb(clf, X.to_numpy()[:3], Y[:3])
    with pytest.raises(ParameterError, match=r"norm='l3' is not known; expected one of 'l2', 'linf', 'l1', 'l0'"):
        distance_curve(result, norm="l3")
    empty = dataclasses.replace(result, success=result.success[:0])
    with pytest.raises(DataError, match=r"has no row to count\. Attack one row or more"):
        distance_curve(empty)
