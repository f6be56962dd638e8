"""The metrics over the folds of a cross-validation."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

from strates.exceptions import ParameterError, StratesWarning, TargetError
from strates.inspection.metric import METRIC_KINDS, Metric, metric
from strates.inspection.outcome import class_names, encode_labels, predict_outcome, take_rows
from strates.inspection.record import Record
from strates.inspection.scores import point_scores


@dataclass(frozen=True)
class CrossValidation(Record):
    """Metrics of as many fits as there are folds, each measured on rows that it did not learn from.

    Attributes
    ----------
    n_folds : int
        Number of folds.
    rows : tuple of int
        Test rows of each fold.
    metrics : tuple of Metric
        Mean over the folds, with a 95 % interval that corrects for the folds' shared training rows.
    by_fold : dict of str to tuple
        Values of each metric, fold by fold; None where a fold gives none.
    """

    n_folds: int
    rows: tuple[int, ...]
    metrics: tuple[Metric, ...]
    by_fold: dict[str, tuple[float | None, ...]]


def _count_folds(y: Any, cv: int) -> int:
    if cv < 2:
        raise ParameterError(f"cv is {cv}; a cross-validation needs 2 folds at least. 5 is usual.")
    codes, classes = pd.factorize(np.asarray(y, dtype=object))
    counts = np.bincount(codes[codes >= 0], minlength=1)
    rarest = int(counts.min())
    if len(classes) < 2:
        raise TargetError(f"y holds {len(classes)} class; a classifier needs two at least. Choose another target.")
    name = class_names(classes)[int(counts.argmin())]
    if rarest < 2:
        raise TargetError(
            f"Class {name!r} has one row; a cross-validation needs two of each class, one to learn and one to test. "
            "Drop the class, or merge it with another."
        )
    if rarest < cv:
        warnings.warn(
            f"Class {name!r} has {rarest} rows, fewer than the {cv} folds asked; "
            f"{rarest} folds are used, so that each holds every class.",
            StratesWarning,
            stacklevel=3,
        )
    return min(cv, rarest)


def _mean_over_folds(name: str, values: tuple[float | None, ...], share_tested: float) -> Metric:
    kept = np.array([value for value in values if value is not None])
    if not len(kept):
        return metric(name, None, None, None, note="No fold gives a value.")
    mean, k = float(kept.mean()), len(kept)
    if k < 2:
        return metric(name, mean, None, None)
    # folds share training rows: their values are correlated, and 1/k alone would be too sure (Nadeau and Bengio)
    variance = (1 / k + share_tested / (1 - share_tested)) * float(kept.var(ddof=1))
    half = float(t.ppf(0.975, k - 1)) * math.sqrt(variance)
    ceiling = 1.0 if METRIC_KINDS[name].higher_is_better else math.inf
    low, high = max(0.0, mean - half), min(ceiling, mean + half)
    return metric(name, mean, low, high, method=f"Student's on {k} folds, corrected for shared training rows")


def cross_validate_metrics(pipeline: Any, X: Any, y: Any, cv: int = 5, *, seed: int = 0) -> CrossValidation:
    """Fit a fresh copy of a pipeline on each fold's complement and measure it on the fold.

    Parameters
    ----------
    pipeline : classifier or pipeline
        Cloned for every fold; need not be fitted.
    X : DataFrame or array of n_rows rows
        All rows.
    y : array-like of shape (n_rows,)
        Their classes.
    cv : int, default=5
        Number of stratified folds.
    seed : int, default=0
        Seed of the shuffling into folds.

    Returns
    -------
    CrossValidation

    Raises
    ------
    ParameterError
        ``cv`` is below 2.
    TargetError
        There is one class only, or a class with one row.

    Warns
    -----
    StratesWarning
        A class has fewer rows than there are folds: fewer folds are used.

    References
    ----------
    C. Nadeau and Y. Bengio (2003), Inference for the generalization error.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> found = cross_validate_metrics(LogisticRegression(max_iter=1000), X, y, cv=3)
    >>> found.n_folds, found.rows
    (3, (50, 50, 50))
    """
    labels = np.asarray(y)
    n_folds = _count_folds(labels, cv)
    codes = encode_labels(labels, pd.unique(np.asarray(labels, dtype=object)))
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    rows, scores = [], []
    for train, test in splitter.split(np.zeros(len(codes)), codes):
        fold = clone(pipeline).fit(take_rows(X, train), labels[train])
        outcome = predict_outcome(fold, take_rows(X, test), labels[test])
        rows.append(outcome.n_rows)
        scores.append(point_scores(outcome))
    by_fold = {name: tuple(score[name] for score in scores) for name in METRIC_KINDS}
    metrics = tuple(_mean_over_folds(name, values, 1 / n_folds) for name, values in by_fold.items())
    return CrossValidation(n_folds, tuple(rows), metrics, by_fold)
