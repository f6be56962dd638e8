"""What simple classifiers make of the same rows, when each row is predicted by one that has not learned from it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from strates._types import AnyArray
from strates.inspection.outcome import take_rows

_FOLDS = 3
#: Numbers that a rival learns from, and columns (pixels, say, of which every second or tenth tells about the same), at
#: most: a fraction of a second's work.
_MOST_NUMBERS, _MOST_COLUMNS = 400_000, 2_000
_FEWEST_ROWS = 30


@dataclass(frozen=True, eq=False)
class Rival:
    """A simple classifier, cross-validated.

    Attributes
    ----------
    name : {"logistic", "knn"}
        Logistic regression, or five nearest neighbours.
    correct : ndarray of shape (n_rows,)
        Whether each row was predicted right.
    rows : ndarray of shape (n_rows,)
        Numbers of the rows.
    losses : ndarray of shape (n_rows,)
        Cross-entropy of logistic regression on each, in nats.
    """

    name: str
    correct: NDArray[np.bool_]
    rows: NDArray[np.intp]
    losses: NDArray[np.float64]

    @property
    def accuracy(self) -> float:
        """Share of the rows predicted right."""
        return float(self.correct.mean())


def best_rival(X: Any, codes: AnyArray) -> Rival | None:
    """Cross-validate logistic regression and nearest neighbours, and return the better.

    Parameters
    ----------
    X : array, DataFrame or sparse matrix of n_rows rows
        Numbers.
    codes : ndarray of shape (n_rows,)
        Index of each row's class.

    Returns
    -------
    Rival or None
        None where X is no table of numbers, or has too few rows.
    """
    numbers = _numbers(X)
    if numbers is None or not numbers.shape[1]:
        return None
    numbers = numbers[:, :: -(-numbers.shape[1] // _MOST_COLUMNS)]
    n, width = numbers.shape
    rows = np.linspace(0, n - 1, int(np.clip(_MOST_NUMBERS // max(1, width), 100, n))).astype(np.intp)
    counts = np.bincount(codes[rows])
    rows = rows[counts[codes[rows]] >= _FOLDS]  # a fold without a class could not tell it
    truth = codes[rows]
    if len(rows) < _FEWEST_ROWS or len(np.unique(truth)) < 2:
        return None
    table = take_rows(numbers, rows)
    scaling = [MaxAbsScaler()] if issparse(table) else [SimpleImputer(), StandardScaler()]
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    truth = np.unique(truth, return_inverse=True)[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a rival that has nearly converged is near enough
        logistic = make_pipeline(*scaling, LogisticRegression(tol=1e-2, max_iter=100))
        told = cross_val_predict(logistic, table, truth, cv=folds, method="predict_proba")
        neighbours = cross_val_predict(make_pipeline(*scaling, KNeighborsClassifier()), table, truth, cv=folds)
    own = told[np.arange(len(truth)), truth]
    losses = -np.log(np.maximum(own, 1e-12))
    candidates = {"logistic": told.argmax(axis=1) == truth, "knn": neighbours == truth}
    name = max(candidates, key=lambda one: candidates[one].sum())
    return Rival(name, candidates[name], rows, losses)


def _numbers(X: Any) -> Any:
    """Return X as a matrix of numbers, or None."""
    if issparse(X):
        return X.tocsr()
    try:
        table = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError):  # a table of texts
        return None
    if table.ndim < 2:
        return None
    table = table.reshape(len(table), -1)
    return np.where(np.isfinite(table), table, np.nan)
