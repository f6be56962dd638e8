"""Gradient norms against their formula for logistic regression, and against finite differences."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression as Foreign
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import LogisticRegression, MLPClassifier, Perceptron
from strates.exceptions import DataError, ParameterError
from strates.inspection import boundary_complexity

X, Y = load_iris(return_X_y=True)


def fitted(clf: Any, X: np.ndarray = X, y: np.ndarray = Y) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return clf.fit(X, y)


def test_formula_of_logistic_regression() -> None:
    rows, y = X[50:], Y[50:]
    clf = fitted(LogisticRegression(alpha=0.01), rows, y)
    p = clf.predict_proba(rows)[:, 1].astype(float)
    # dp/dx = p (1 - p) w, and the other class's is its negative
    known = np.sqrt(2) * p * (1 - p) * np.linalg.norm(clf.coef_[0] * rows.std(axis=0))
    found = boundary_complexity(clf, rows)
    assert found.norms == pytest.approx(known, rel=1e-4)
    assert found.mean == pytest.approx(known.mean(), rel=1e-5)
    assert 0 < found.low < found.mean < found.high


def test_finite_differences_of_a_network_through_a_pipeline() -> None:
    clf = fitted(make_pipeline(StandardScaler(), MLPClassifier((8,), activation="tanh", max_iter=30, random_state=0)))
    inner = clf[:-1].transform(X)
    step = 1e-2
    slopes = [
        (clf[-1].predict_proba(inner + step * unit) - clf[-1].predict_proba(inner - step * unit)) / (2 * step)
        for unit in np.eye(4)
    ]
    known = np.sqrt(np.square(slopes).sum(axis=(0, 2)))
    assert boundary_complexity(clf, X).norms == pytest.approx(known, rel=0.02, abs=1e-3)


def test_units_of_the_inputs_do_not_matter() -> None:
    clf = fitted(LogisticRegression(alpha=0.01), X, Y)
    stretch = np.array([10.0, 0.1, 3.0, 1.0])
    other = fitted(LogisticRegression(alpha=0.01), X, Y)
    layer = other.network_.layers[-1]
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel / stretch[:, None], bias])
    assert boundary_complexity(other, X * stretch).norms == pytest.approx(boundary_complexity(clf, X).norms, rel=1e-3)


def test_a_way_across_a_boundary_sums_up_to_the_same_however_sharp_it_is() -> None:
    line = np.linspace(-3, 3, 2001)[:, None]
    clf = fitted(LogisticRegression(alpha=0.01), line, (line[:, 0] > 0).astype(int))
    layer = clf.network_.layers[-1]
    found = []
    for slope in (5.0, 20.0, 80.0):
        layer.set_weights([np.array([[slope]], np.float32), np.zeros(1, np.float32)])
        found.append(boundary_complexity(clf, line))
    # the integral of p' is the step from 0 to 1, in both columns, over a way of 6 whose deviation is line.std()
    assert [one.mean for one in found] == pytest.approx([np.sqrt(2) * line.std() / 6] * 3, rel=1e-3)
    assert [one.norms.max() for one in found] == pytest.approx(np.array([5, 20, 80]) / 4 * np.sqrt(2) * line.std())


def test_it_falls_as_a_strong_penalty_grows() -> None:
    means = [
        boundary_complexity(fitted(make_pipeline(StandardScaler(), LogisticRegression(alpha=alpha))), X).mean
        for alpha in (1e-2, 1e-1, 1.0)
    ]
    assert means == sorted(means, reverse=True)
    assert boundary_complexity(fitted(LogisticRegression(alpha=1e6)), X).mean == pytest.approx(0, abs=1e-3)


def test_what_has_no_slope() -> None:
    with pytest.raises(ParameterError, match=r"answers in steps, which have no slope between them\. Take a Logistic"):
        boundary_complexity(fitted(Perceptron(max_iter=2, random_state=0)), X)
    with pytest.raises(ParameterError, match="LogisticRegression has no network_"):
        boundary_complexity(Foreign(max_iter=1000).fit(X, Y), X)
    with pytest.raises(DataError, match=r"X has 1 row; the standard deviations .* Give two at least"):
        boundary_complexity(fitted(LogisticRegression(alpha=0.1)), X[:1])
