"""Oracles: scikit-learn's cross_val_score on the same folds, and the corrected interval by hand."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB

from strates.exceptions import ParameterError, StratesWarning, TargetError
from strates.inspection import CrossValidation, cross_validate_metrics

X, Y = load_wine(return_X_y=True)


def test_folds_are_scikit_learns() -> None:
    found = cross_validate_metrics(GaussianNB(), X, Y, 5, seed=3)
    folds = StratifiedKFold(5, shuffle=True, random_state=3)
    for name, scoring, sign in (("accuracy", "accuracy", 1), ("log_loss", "neg_log_loss", -1)):
        expected = sign * cross_val_score(GaussianNB(), X, Y, cv=folds, scoring=scoring)
        assert found.by_fold[name] == pytest.approx(expected)
    assert sum(found.rows) == len(Y)


def test_interval_is_corrected_for_shared_training_rows() -> None:
    found = cross_validate_metrics(GaussianNB(), X, Y, 5)
    (loss,) = [one for one in found.metrics if one.name == "log_loss"]
    values = np.array(found.by_fold["log_loss"], dtype=float)
    half = stats.t.ppf(0.975, 4) * np.sqrt((1 / 5 + 1 / 4) * values.var(ddof=1))
    assert loss.value == pytest.approx(values.mean())
    assert loss.high == pytest.approx(values.mean() + half)
    assert loss.low == pytest.approx(max(0, values.mean() - half))


def test_round_trip_through_json() -> None:
    found = cross_validate_metrics(GaussianNB(), X, Y, 2)
    assert CrossValidation.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found


def test_rare_class_takes_fewer_folds() -> None:
    rare = np.concatenate([np.flatnonzero(Y != 2), np.flatnonzero(Y == 2)[:3]])
    with pytest.warns(StratesWarning, match="Class '2' has 3 rows, fewer than the 5 folds asked; 3 folds are used"):
        found = cross_validate_metrics(GaussianNB(), X[rare], Y[rare], 5)
    assert found.n_folds == 3


def test_class_with_one_row() -> None:
    single = np.concatenate([np.flatnonzero(Y != 2), np.flatnonzero(Y == 2)[:1]])
    with pytest.raises(TargetError, match=r"Class '2' has one row; .* Drop the class, or merge it"):
        cross_validate_metrics(GaussianNB(), X[single], Y[single], 5)


def test_one_class() -> None:
    with pytest.raises(TargetError, match="y holds 1 class; a classifier needs two"):
        cross_validate_metrics(GaussianNB(), X, np.zeros(len(Y)), 5)


def test_one_fold() -> None:
    with pytest.raises(ParameterError, match=r"cv is 1; .* 2 folds at least. 5 is usual"):
        cross_validate_metrics(GaussianNB(), X, Y, 1)


def test_quiet() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cross_validate_metrics(GaussianNB(), X, Y.astype(str), 3)
