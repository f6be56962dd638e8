"""The value of every metric, without intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from strates.inspection.calibration import calibration_error, calibration_events
from strates.inspection.outcome import Outcome


def brier_terms(outcome: Outcome) -> NDArray[np.floating[Any]]:
    """Return each row's term of the Brier score, of shape (n_rows,)."""
    probability = outcome.probability.astype(float)
    if outcome.n_classes == 2:
        probability = probability[:, [1]]
        probability[:, 0] -= outcome.truth == 1
    else:
        probability[np.arange(outcome.n_rows), outcome.truth] -= 1
    terms: NDArray[np.floating[Any]] = np.square(probability).sum(axis=1)
    return terms


def confusion(outcome: Outcome) -> NDArray[np.intp]:
    """Return counts of shape (n_classes, n_classes): rows are true classes, columns predicted ones."""
    k = outcome.n_classes
    return np.bincount(outcome.truth * k + outcome.predicted, minlength=k * k).reshape(k, k)


def ranked_classes(outcome: Outcome) -> list[int]:
    """Return the classes whose ROC can be drawn: some rows belong to them and some do not.

    Of two classes, only the second: the first gives the same curve.
    """
    candidates = [1] if outcome.n_classes == 2 else range(outcome.n_classes)
    support = outcome.support
    return [k for k in candidates if 0 < support[k] < outcome.n_rows]


def class_auc(outcome: Outcome, k: int) -> float:
    """Return the area under the ROC curve of class ``k`` against the rest: Mann and Whitney's, ties count half."""
    positive = outcome.truth == k
    n_positive = int(positive.sum())
    n_negative = outcome.n_rows - n_positive
    rank_sum = rankdata(outcome.probability[:, k])[positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def point_scores(outcome: Outcome) -> dict[str, float | None]:
    """Measure a classifier.

    Parameters
    ----------
    outcome : Outcome
        What it said.

    Returns
    -------
    dict
        Name of each metric to its value. Means over classes are over those that occur (for F1, also those that are
        predicted); ``roc_auc`` is None when no class has both members and others among the rows.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from strates.inspection.outcome import predict_outcome
    >>> clf = DummyClassifier().fit([[0], [1], [2], [3]], [0, 0, 0, 1])
    >>> scores = point_scores(predict_outcome(clf, [[0], [1]], [0, 1]))
    >>> scores["accuracy"], scores["balanced_accuracy"], scores["roc_auc"]
    (0.5, 0.5, 0.5)
    """
    counts = confusion(outcome)
    hits, support, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    occurs, concerned = support > 0, support + predicted > 0
    areas = [class_auc(outcome, k) for k in ranked_classes(outcome)]
    return {
        "accuracy": float(hits.sum() / outcome.n_rows),
        "balanced_accuracy": float((hits[occurs] / support[occurs]).mean()),
        "log_loss": float(-np.log(outcome.true_probability()).mean()),
        "brier_score": float(brier_terms(outcome).mean()),
        "macro_f1": float((2 * hits[concerned] / (support + predicted)[concerned]).mean()),
        "roc_auc": float(np.mean(areas)) if areas else None,
        "calibration_error": calibration_error(*calibration_events(outcome)),
    }
