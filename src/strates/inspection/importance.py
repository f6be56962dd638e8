"""What each column of the table is worth to the classifier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from strates._types import AnyArray
from strates.inspection.intervals import mean_interval
from strates.inspection.outcome import Outcome, encode_labels, sample_rows, take_rows
from strates.inspection.record import Record

MAX_ROWS = 2_000
_ROWS_A_CALL = 20_000
_CELLS_A_CALL = 4_000_000


@dataclass(frozen=True)
class Importance(Record):
    """How much worse the classifier does when one column's values are shuffled among the rows.

    Attributes
    ----------
    column : str
        Name of the column in the original table.
    mean : float
        Rise of the log-loss; about 0 for a column that is not used.
    low, high : float
        95 % interval of ``mean`` over the rows.
    accuracy_drop : float
        Fall of the accuracy, from -1 to 1.
    """

    column: str
    mean: float
    low: float
    high: float
    accuracy_drop: float


def column_names(X: Any) -> list[str]:
    """Return the columns' names, or x0, x1, ... for an array."""
    if hasattr(X, "columns"):
        return [str(name) for name in X.columns]
    return [f"x{number}" for number in range(X.shape[1])]


def can_shuffle(X: Any) -> bool:
    """Return whether X has columns to shuffle one by one: a DataFrame, or a dense array of two dimensions."""
    return hasattr(X, "columns") or (isinstance(X, np.ndarray) and X.ndim == 2)


def _with_shuffled(X: Any, jobs: list[tuple[int, NDArray[np.intp]]]) -> Any:
    """Stack one copy of X per job, each with one column in another order."""
    if hasattr(X, "columns"):
        copies = []
        for column, order in jobs:
            copy = X.copy()
            copy.isetitem(column, X.iloc[order, column].set_axis(X.index))
            copies.append(copy)
        return pd.concat(copies, ignore_index=True)
    stacked = np.tile(X, (len(jobs), 1))
    for number, (column, order) in enumerate(jobs):
        stacked[number * len(X) : (number + 1) * len(X), column] = X[order, column]
    return stacked


def _batches(jobs: list[tuple[int, NDArray[np.intp]]], n_rows: int, n_columns: int) -> Iterator[list[tuple[int, Any]]]:
    size = max(1, min(_ROWS_A_CALL, _CELLS_A_CALL // max(1, n_columns)) // n_rows)
    for start in range(0, len(jobs), size):
        yield jobs[start : start + size]


def _row_losses(clf: Any, X: Any, truth: NDArray[np.intp], classes: AnyArray) -> NDArray[np.floating[Any]]:
    """Return log-loss and error of each row, of shape (n_rows, 2); the answer is the most probable class."""
    # one pass through the pipeline, not two: `predict` would go through it again
    probability = np.asarray(clf.predict_proba(X))
    outcome = Outcome(classes, truth, probability.argmax(axis=1), probability)
    return np.column_stack([-np.log(outcome.true_probability()), ~outcome.correct])


def permutation_importance(
    clf: Any, X: Any, y: Any, *, n_repeats: int = 5, max_rows: int = MAX_ROWS, seed: int = 0
) -> tuple[Importance, ...]:
    """Shuffle each column of the original table in turn and measure what the classifier loses.

    The shuffled table goes through the whole pipeline, so that a column counts with everything made of it. Columns that
    say the same thing share their importance: each looks less useful than both together.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        Anything with ``classes_`` and ``predict_proba``.
    X : DataFrame or ndarray of shape (n_rows, n_columns)
        Rows that were held out.
    y : array-like of shape (n_rows,)
        Their classes.
    n_repeats : int, default=5
        Shuffles of each column.
    max_rows : int, default=2000
        Rows used at most, drawn at random; fewer (100 at least) when there are very many columns.
    seed : int, default=0
        Seed of the sample and the shuffles.

    Returns
    -------
    tuple of Importance
        The most important first.

    References
    ----------
    A. Fisher, C. Rudin and F. Dominici (2019), All models are wrong, but many are useful.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = LogisticRegression(max_iter=1000).fit(X, y)
    >>> permutation_importance(clf, X, y)[0].column
    'petal length (cm)'
    """
    rng = check_random_state(seed)
    names = column_names(X)
    classes = np.asarray(clf.classes_)
    truth = encode_labels(y, classes)
    affordable = max(100, 2_000_000 // (max(1, len(names)) * n_repeats))
    rows = sample_rows(truth, min(max_rows, affordable), seed)
    sample, truth = take_rows(X, rows), truth[rows]
    base = _row_losses(clf, sample, truth, classes)
    jobs = [(column, rng.permutation(len(rows))) for column in range(len(names)) for _ in range(n_repeats)]

    rises = np.zeros((len(names), len(rows), 2))
    for batch in _batches(jobs, len(rows), len(names)):
        losses = _row_losses(clf, _with_shuffled(sample, batch), np.tile(truth, len(batch)), classes)
        losses = losses.reshape(len(batch), len(rows), 2)
        for (column, _), loss in zip(batch, losses, strict=True):
            rises[column] += (loss - base) / n_repeats
    found = []
    for name, rise in zip(names, rises, strict=True):
        mean, low, high = mean_interval(rise[:, 0])
        found.append(Importance(name, mean, low, high, float(rise[:, 1].mean())))
    return tuple(sorted(found, key=lambda one: -one.mean))
