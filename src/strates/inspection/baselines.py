"""What simpler classifiers reach on the same rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler
from skrub import tabular_pipeline

from strates.inspection.comparison import Comparison, compare_outcomes
from strates.inspection.metric import Metric
from strates.inspection.metrics import measure
from strates.inspection.outcome import Outcome, class_names, encode_labels, predict_outcome, sample_rows, take_rows
from strates.inspection.record import Record
from strates.inspection.shrunk_images import shrink_factor, shrink_images

MAJORITY = "majority class"
LOGISTIC = "logistic regression"
MAX_TRAINING_ROWS = 50_000
#: Of images, at most so many numbers: about half a minute.
_MOST_IMAGE_NUMBERS = 5_000_000


@dataclass(frozen=True)
class Baseline(Record):
    """A simpler classifier, fitted and measured on the same rows. Iterating over it gives its metrics.

    Attributes
    ----------
    name : str
        What it is.
    metrics : tuple of Metric
        The same metrics as an evaluation's.
    n_fitted : int
        Rows that it learned from.
    answer : str
        The class that it always answers; empty when it looks at the row.
    comparison : Comparison or None
        The judged classifier minus this one, on the same rows; None when there was none to compare with.
    note : str
        What a reader should know; empty as a rule.
    """

    name: str
    metrics: tuple[Metric, ...]
    n_fitted: int
    answer: str = ""
    comparison: Comparison | None = None
    note: str = ""

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.metrics)

    def __len__(self) -> int:
        return len(self.metrics)

    def metric(self, name: str) -> Metric:
        """Return the metric of a name, such as ``"accuracy"``.

        Raises
        ------
        KeyError
            There is none of that name.
        """
        return {one.name: one for one in self.metrics}[name]


def _flatten(X: Any) -> Any:
    return np.asarray(X).reshape(len(X), -1)


def _are_images(X: Any) -> bool:
    return isinstance(X, np.ndarray) and X.ndim in (3, 4)


def _logistic_pipeline(X: Any) -> Any:
    model = LogisticRegression(max_iter=500)
    if hasattr(X, "columns"):
        return tabular_pipeline(model)
    if issparse(X):
        return make_pipeline(MaxAbsScaler(), model)
    if _are_images(X):
        return make_pipeline(FunctionTransformer(shrink_images), StandardScaler(), model)
    return make_pipeline(
        FunctionTransformer(_flatten), SimpleImputer(keep_empty_features=True), StandardScaler(), model
    )


def _fit(model: Any, X: Any, y: Any) -> str:
    """Fit, hide the baseline's warnings, and return a note when its optimiser stopped early."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    if any(issubclass(one.category, ConvergenceWarning) for one in caught):
        return "The optimiser stopped before full convergence."
    return ""


def _quiet_outcome(model: Any, X: Any, y: Any) -> Outcome:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return predict_outcome(model, X, y)


def fit_baselines(
    X_train: Any,
    y_train: Any,
    X_test: Any,
    y_test: Any,
    *,
    seed: int = 0,
    classifier: Any = None,
    n_bootstrap: int = 1000,
    max_rows: int = MAX_TRAINING_ROWS,
) -> dict[str, Baseline]:
    """Fit the baselines and measure them on the test part.

    Parameters
    ----------
    X_train, y_train : DataFrame or array of n rows, array-like of shape (n,)
        What the judged classifier learned from.
    X_test, y_test : DataFrame or array of m rows, array-like of shape (m,)
        The held-out rows.
    seed : int, default=0
        Seed of the sample and the bootstrap.
    classifier : fitted classifier or pipeline, default=None
        The classifier to compare with each baseline, row by row.
    n_bootstrap : int, default=1000
        Replicates for the intervals, at most.
    max_rows : int, default=50000
        Training rows for logistic regression, at most, drawn at random.

    Returns
    -------
    dict of str to Baseline
        ``"majority class"`` answers the commonest class with the training shares as probabilities; ``"logistic
        regression"`` is scikit-learn's with its default penalty, after skrub's preprocessing of tables or a plain
        scaling of arrays. Of images it sees the means of small squares, at most 1,024 numbers each.

    Raises
    ------
    DataError
        There is no test row, or X and y differ in length.
    TargetError
        The test part holds labels that the training part lacks.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> found = fit_baselines(X[::2], y[::2], X[1::2], y[1::2])
    >>> {name: round(baseline.metric("accuracy").value, 2) for name, baseline in found.items()}
    {'majority class': 0.33, 'logistic regression': 0.95}
    """
    truth = encode_labels(y_train, pd.unique(np.asarray(y_train, dtype=object)))
    shrunk = 1
    if _are_images(X_train):
        shrunk = shrink_factor(X_train.shape[1:])
        max_rows = min(max_rows, _MOST_IMAGE_NUMBERS // shrink_images(X_train[:1]).shape[1])
    rows = sample_rows(truth, max_rows, seed)
    labels = np.asarray(y_train)
    judged = None if classifier is None else predict_outcome(classifier, X_test, y_test)

    majority = DummyClassifier(strategy="prior").fit(np.zeros((len(labels), 1)), labels)
    answer = class_names(majority.classes_)[int(np.argmax(majority.class_prior_))]
    outcomes = {MAJORITY: predict_outcome(majority, np.zeros((len(y_test), 1)), y_test)}

    logistic = _logistic_pipeline(X_train)
    note = _fit(logistic, take_rows(X_train, rows), labels[rows])
    if len(rows) < len(labels):
        note = f"Fitted on a random sample of {len(rows)} of the {len(labels)} training rows. {note}".strip()
    if shrunk > 1:
        note = f"It sees the means of squares of {shrunk} x {shrunk} pixels. {note}".strip()
    outcomes[LOGISTIC] = _quiet_outcome(logistic, X_test, y_test)

    details = {MAJORITY: (len(labels), answer, ""), LOGISTIC: (len(rows), "", note)}
    return {
        name: Baseline(
            name,
            measure(outcome, n_bootstrap=n_bootstrap, seed=seed),
            details[name][0],
            details[name][1],
            None if judged is None else compare_outcomes(judged, outcome),
            details[name][2],
        )
        for name, outcome in outcomes.items()
    }
