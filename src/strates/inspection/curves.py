"""ROC and precision-recall curves, thinned to what a figure can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_curve

from strates.inspection.outcome import Outcome, class_names
from strates.inspection.record import Record
from strates.inspection.scores import class_auc, ranked_classes

MAX_POINTS = 200
MAX_CURVES = 30


@dataclass(frozen=True)
class Curve(Record):
    """A curve of one class against the rest.

    Attributes
    ----------
    label : str
        The class.
    x, y : tuple of float
        Points: false and true positive rate of a ROC curve; recall and precision of the other. 200 at most.
    area : float
        Area under the ROC curve, or average precision; of all points, not of the kept ones.
    prevalence : float
        Share of the rows that belong to the class.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    area: float
    prevalence: float


def thin(x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]], n_points: int = MAX_POINTS) -> NDArray[np.intp]:
    """Return the indices of the points to keep: the ends, and others about evenly spaced along the curve.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        The curve.
    n_points : int, default=200
        Points to keep at most.

    Returns
    -------
    ndarray
        Increasing indices.

    Examples
    --------
    >>> thin(np.linspace(0, 1, 1001), np.linspace(0, 1, 1001), 3).tolist()
    [0, 500, 1000]
    """
    if len(x) <= n_points:
        return np.arange(len(x))
    travelled = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    wanted = np.linspace(0, travelled[-1], n_points)
    nearest = np.searchsorted(travelled, wanted - 1e-12)
    return np.unique(np.concatenate([[0], np.minimum(nearest, len(x) - 1), [len(x) - 1]]))[:n_points]


def _drawn_classes(outcome: Outcome) -> list[int]:
    """Return the classes to draw: the most frequent ones when there are too many."""
    ranked = ranked_classes(outcome)
    frequent = sorted(ranked, key=lambda k: (-outcome.support[k], k))[:MAX_CURVES]
    return sorted(frequent)


def _rounded(values: NDArray[np.floating[Any]]) -> tuple[float, ...]:
    return tuple(np.round(values.astype(float), 5).tolist())


def roc_curves(outcome: Outcome) -> tuple[Curve, ...]:
    """Return the ROC curve of the second class of two, or of each class against the rest (the 30 most frequent).

    Parameters
    ----------
    outcome : Outcome
        What the classifier said.

    Returns
    -------
    tuple of Curve
        Empty when the rows are all of one class.
    """
    names = class_names(outcome.classes)
    curves = []
    for k in _drawn_classes(outcome):
        positive = outcome.truth == k
        x, y, _ = roc_curve(positive, outcome.probability[:, k])
        kept = thin(x, y)
        curves.append(
            Curve(names[k], _rounded(x[kept]), _rounded(y[kept]), class_auc(outcome, k), float(positive.mean()))
        )
    return tuple(curves)


def precision_recall_curves(outcome: Outcome) -> tuple[Curve, ...]:
    """Return the precision-recall curve of the classes of :func:`roc_curves`.

    Parameters
    ----------
    outcome : Outcome
        What the classifier said.

    Returns
    -------
    tuple of Curve
        Points from high recall to low; ``area`` is scikit-learn's average precision.
    """
    names = class_names(outcome.classes)
    curves = []
    for k in _drawn_classes(outcome):
        positive = outcome.truth == k
        score = outcome.probability[:, k]
        precision, recall, _ = precision_recall_curve(positive, score, drop_intermediate=True)
        kept = thin(recall, precision)
        area = float(average_precision_score(positive, score))
        curves.append(Curve(names[k], _rounded(recall[kept]), _rounded(precision[kept]), area, float(positive.mean())))
    return tuple(curves)
