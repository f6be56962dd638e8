"""The report's plane, by classifiers whose best plane is known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB

from strates.cli.boundary_view import boundary_view
from strates.inspection import DecisionBoundary, Evaluation, evaluate


def judged(clf: Any, X: pd.DataFrame, y: Any) -> Evaluation:
    return evaluate(clf, X, y, n_bootstrap=10, n_repeats=1)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).normal(size=(300, 5)), columns=list("abcde"))


def test_two_columns_that_decide_alone_are_shown_as_they_are(table: pd.DataFrame) -> None:
    y = np.where(table["b"] * table["d"] > 0, "same", "other")
    clf = GaussianNB().fit(table, y)

    class Sign(GaussianNB):
        def predict_proba(self, X: Any) -> Any:
            return np.eye(2)[(X["b"] * X["d"] > 0).astype(int)]

        def predict(self, X: Any) -> Any:
            return np.array(["other", "same"])[(X["b"] * X["d"] > 0).astype(int)]

    sign = Sign().fit(table, y)
    view = boundary_view(sign, table, y, judged(sign, table, y))
    assert view is not None
    assert (view.kind, set(view.axis_names), view.disagreement) == ("features", {"b", "d"}, 0)
    assert view.plane is None
    again = DecisionBoundary.from_dict(json.loads(json.dumps(view.to_dict())))
    assert again.to_dict() == view.to_dict()
    assert boundary_view(clf, table[["a", "b", "c", "d", "e"]], y, judged(clf, table, y)) is not None


def test_discriminants_are_shown_where_they_decide(table: pd.DataFrame) -> None:
    y = np.select([table.sum(axis=1) > 1, table["a"] - table["c"] > 1], ["up", "side"], "down")
    clf = LinearDiscriminantAnalysis().fit(table, y)
    view = boundary_view(clf, table, y, judged(clf, table, y))
    assert view is not None
    assert (view.kind, view.disagreement) == ("discriminant", 0)


def test_two_columns_of_numbers_need_no_choice(table: pd.DataFrame) -> None:
    two = table[["a", "b"]]
    y = (two["a"] > 0).astype(int).to_numpy()
    clf = GaussianNB().fit(two, y)
    view = boundary_view(clf, two, y, judged(clf, two, y))
    assert view is not None
    assert (view.kind, view.n_rows, view.probabilities.shape) == ("features", 300, (90, 90, 2))


def test_where_there_is_no_picture(table: pd.DataFrame) -> None:
    one = table[["a"]]
    y = (one["a"] > 0).astype(int).to_numpy()
    clf = GaussianNB().fit(one, y)
    assert boundary_view(clf, one, y, judged(clf, one, y)) is None
    many = np.arange(300) % 21
    crowd = GaussianNB().fit(table, many)
    assert boundary_view(crowd, table, many, judged(crowd, table, many)) is None


def test_gaps_in_most_rows_leave_no_picture(table: pd.DataFrame) -> None:
    y = (table["a"] > 0).astype(int).to_numpy()
    clf = GaussianNB().fit(table, y)
    gaps = table.copy()
    gaps.iloc[:200, :] = np.nan
    assert boundary_view(clf, gaps, y, judged(clf, table, y)) is None
