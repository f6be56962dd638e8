"""Oracles: scikit-learn's permutation_importance, and columns whose worth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import inspection as oracle
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from skrub import tabular_pipeline

from strates.inspection import importance as module
from strates.inspection import permutation_importance


def fitted_iris() -> tuple[Any, pd.DataFrame, pd.Series[Any]]:
    X, y = load_iris(return_X_y=True, as_frame=True)
    return LogisticRegression(max_iter=1000).fit(X, y), X, y


def test_close_to_scikit_learns() -> None:
    clf, X, y = fitted_iris()
    found = {one.column: one for one in permutation_importance(clf, X, y, n_repeats=40)}
    known = oracle.permutation_importance(clf, X, y, scoring="neg_log_loss", n_repeats=40, random_state=1)
    falls = oracle.permutation_importance(clf, X, y, scoring="accuracy", n_repeats=40, random_state=1)
    for name, rise, fall in zip(X.columns, known.importances_mean, falls.importances_mean, strict=True):
        assert found[name].mean == pytest.approx(rise, rel=0.1, abs=0.01)
        assert found[name].accuracy_drop == pytest.approx(fall, abs=0.02)
        assert found[name].low <= found[name].mean <= found[name].high


def test_array_and_frame_agree() -> None:
    clf, X, y = fitted_iris()
    bare = LogisticRegression(max_iter=1000).fit(X.to_numpy(), y)
    frame = permutation_importance(clf, X, y)
    array = permutation_importance(bare, X.to_numpy(), y)
    assert [one.mean for one in array] == pytest.approx([one.mean for one in frame])
    assert [one.column for one in array] == [f"x{list(X.columns).index(one.column)}" for one in frame]


def test_goes_through_the_whole_pipeline_by_original_column() -> None:
    rng = np.random.default_rng(0)
    n = 300
    X = pd.DataFrame(
        {
            "useless": rng.normal(size=n),
            "town": rng.choice(["Lyon", "Pau", None], n),
            "constant": 1.0,
            "day": pd.date_range("2024-01-01", periods=n),
        },
        index=rng.permutation(n),
    )
    y = np.where(X["town"] == "Lyon", "yes", "no")
    clf = tabular_pipeline(LogisticRegression()).fit(X, y)
    before = X.copy()
    found = permutation_importance(clf, X, y)
    pd.testing.assert_frame_equal(X, before)
    assert {one.column for one in found} == set(X.columns)
    assert found[0].column == "town"
    assert found[0].low > 0.2
    (constant,) = [one for one in found if one.column == "constant"]
    assert (constant.mean, constant.accuracy_drop) == (0, 0)


def test_duplicate_column_names_are_shuffled_one_by_one() -> None:
    clf, X, y = fitted_iris()
    twins = pd.DataFrame(X.to_numpy(), columns=["a", "b", "c", "c"])
    bare = LogisticRegression(max_iter=1000).fit(X.to_numpy(), y)
    wrapped = _OnArrays(bare)
    means = sorted(one.mean for one in permutation_importance(clf, X, y))
    assert sorted(one.mean for one in permutation_importance(wrapped, twins, y)) == pytest.approx(means)


class _OnArrays:
    """A classifier that takes a DataFrame by position."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.classes_ = inner.classes_

    def predict(self, X: pd.DataFrame) -> Any:
        return self.inner.predict(X.to_numpy())

    def predict_proba(self, X: pd.DataFrame) -> Any:
        return self.inner.predict_proba(X.to_numpy())


def test_batches_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    clf, X, y = fitted_iris()
    whole = permutation_importance(clf, X, y)
    monkeypatch.setattr(module, "_ROWS_A_CALL", 150)
    # not to the last bit: the pipeline's matrix products differ with the number of rows
    assert [one.mean for one in permutation_importance(clf, X, y)] == pytest.approx([one.mean for one in whole])


def test_rows_are_sampled() -> None:
    clf, X, y = fitted_iris()
    few = permutation_importance(clf, X, y, max_rows=60)
    assert few[0].column == permutation_importance(clf, X, y)[0].column
