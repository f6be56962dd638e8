"""Oracles: the same models by hand, and differences known by construction."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from strates.exceptions import DataError, TargetError
from strates.inspection import Baseline, fit_baselines
from strates.inspection.comparison import compare_outcomes
from strates.inspection.outcome import Outcome

WINE, KIND = load_wine(return_X_y=True)
PARTS = (WINE[::2], KIND[::2], WINE[1::2], KIND[1::2])


def test_majority_answers_the_commonest_class() -> None:
    found = fit_baselines(*PARTS)["majority class"]
    shares = np.bincount(PARTS[1]) / len(PARTS[1])
    assert found.answer == str(shares.argmax())
    assert found.metric("accuracy").value == pytest.approx((PARTS[3] == shares.argmax()).mean())
    assert found.metric("log_loss").value == pytest.approx(log_loss(PARTS[3], np.tile(shares, (len(PARTS[3]), 1))))
    assert found.metric("roc_auc").value == 0.5


def test_logistic_regression_is_scikit_learns_on_scaled_columns() -> None:
    scaler = StandardScaler().fit(PARTS[0])
    model = LogisticRegression(max_iter=500).fit(scaler.transform(PARTS[0]), PARTS[1])
    probability = model.predict_proba(scaler.transform(PARTS[2]))
    found = fit_baselines(*PARTS)["logistic regression"]
    assert found.metric("log_loss").value == pytest.approx(log_loss(PARTS[3], probability), rel=1e-3)
    assert found.n_fitted == len(PARTS[1])
    assert found.note == ""


def test_same_metrics_as_an_evaluation_and_iterable() -> None:
    for baseline in fit_baselines(*PARTS).values():
        assert [one.name for one in baseline] == [one.name for one in baseline.metrics]
        assert len(baseline) == 7
        assert Baseline.from_dict(json.loads(json.dumps(baseline.to_dict(), allow_nan=False))) == baseline


def test_table_with_text_missing_values_and_an_empty_column() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    frame = pd.DataFrame(
        {
            "town": np.where(y == 1, "Lyon", rng.choice(["Pau", "Nice"], 200)),
            "mass": np.where(rng.uniform(size=200) < 0.3, np.nan, rng.normal(size=200)),
            "nothing": np.full(200, np.nan),
        }
    )
    found = fit_baselines(frame[:100], y[:100], frame[100:], y[100:])
    assert found["logistic regression"].metric("accuracy").value == 1


def test_sparse_rows_and_images() -> None:
    X, y, X_test, y_test = PARTS
    sparse = fit_baselines(csr_matrix(X), y, csr_matrix(X_test), y_test)
    assert sparse["logistic regression"].metric("accuracy").value > 0.85
    flat = fit_baselines(X[:, :12], y, X_test[:, :12], y_test)
    images = fit_baselines(X[:, :12].reshape(-1, 3, 4), y, X_test[:, :12].reshape(-1, 3, 4), y_test)
    assert images["logistic regression"].metrics == flat["logistic regression"].metrics


def test_large_training_parts_are_sampled_and_say_so() -> None:
    found = fit_baselines(*PARTS, max_rows=40)["logistic regression"]
    assert found.n_fitted == 40
    assert found.note == "Fitted on a random sample of 40 of the 89 training rows."


def test_sample_keeps_rare_classes() -> None:
    y = np.array([0] * 300 + [1] * 299 + [2])
    X = np.random.default_rng(0).normal(size=(600, 2))
    found = fit_baselines(X, y, X[-3:], y[-3:], max_rows=20)
    assert found["logistic regression"].metric("accuracy").value is not None


def test_comparison_with_the_judged_classifier() -> None:
    clf = GaussianNB().fit(PARTS[0], PARTS[1])
    found = fit_baselines(*PARTS, classifier=clf)
    for baseline in found.values():
        assert baseline.comparison is not None
        ours = accuracy_score(PARTS[3], clf.predict(PARTS[2]))
        assert baseline.comparison.accuracy == pytest.approx(ours - baseline.metric("accuracy").value)
        loss = log_loss(PARTS[3], clf.predict_proba(PARTS[2]))
        assert baseline.comparison.log_loss == pytest.approx(loss - baseline.metric("log_loss").value, abs=1e-9)
    assert found["majority class"].comparison.accuracy_low > 0.4


def test_a_classifier_beside_itself_is_no_better() -> None:
    clf = MLPClassifier((4,), solver="lbfgs", max_iter=5, random_state=0, tol=1).fit(*PARTS[:2])
    probability = clf.predict_proba(PARTS[2])
    outcome = Outcome(np.arange(3), PARTS[3], probability.argmax(axis=1), probability)
    found = compare_outcomes(outcome, outcome)
    assert (found.accuracy, found.log_loss, found.only_classifier, found.only_baseline) == (0, 0, 0, 0)
    assert found.accuracy_low < 0 < found.accuracy_high


def test_comparison_needs_the_same_rows() -> None:
    outcome = Outcome(np.arange(2), np.array([0, 1]), np.array([0, 1]), np.eye(2))
    with pytest.raises(DataError, match=r"asked about 2 rows and the baseline about 1; .* same test part"):
        compare_outcomes(outcome, outcome.take(np.array([0])))


def test_class_that_the_training_part_lacks() -> None:
    with pytest.raises(TargetError, match="never learned: 9"):
        fit_baselines(PARTS[0], PARTS[1], PARTS[2][:2], np.array([0, 9]))
