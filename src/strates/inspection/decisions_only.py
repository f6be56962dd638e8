"""The evaluation of a classifier that decides without probabilities."""

from __future__ import annotations

from dataclasses import replace

from strates.inspection.cross_validation import CrossValidation
from strates.inspection.evaluation import Evaluation
from strates.inspection.metric import Metric

_FROM_PROBABILITIES = ("log_loss", "brier_score", "roc_auc", "calibration_error")
_WHY = "It decides without probabilities."


def decisions_only(evaluation: Evaluation) -> Evaluation:
    """Leave out of an evaluation what needs probabilities, for a classifier whose ``predict_proba`` is 0 or 1.

    A perceptron answers 1 for the class that it predicts: the log-loss of such an answer is infinite at its first
    mistake, and its calibration says no more than its accuracy.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    Evaluation
        Without log-loss, Brier score, ROC AUC, calibration error (their values are None, with a note), curves,
        importance (which is measured by log-loss) and a ranking of mistakes by sureness.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from strates.inspection import evaluate
    >>> clf = DummyClassifier(strategy="most_frequent").fit([[0], [1], [2]], ["a", "b", "a"])
    >>> found = decisions_only(evaluate(clf, [[0], [1]], ["a", "b"]))
    >>> found.metric("accuracy").value, found.metric("log_loss").value
    (0.5, None)
    """
    note = (
        "A perceptron gives a class without a probability: log-loss, Brier score, ROC AUC, calibration and the "
        "importance of the columns, which is measured by log-loss, cannot be had."
    )
    return replace(
        evaluation,
        metrics=_without(evaluation.metrics),
        roc=(),
        precision_recall=(),
        importance=(),
        importance_rows=0,
        notes=(*evaluation.notes, note),
    )


def folds_of_decisions_only(folds: CrossValidation) -> CrossValidation:
    """Leave out of a cross-validation what needs probabilities; see :func:`decisions_only`.

    Parameters
    ----------
    folds : CrossValidation

    Returns
    -------
    CrossValidation

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from strates.inspection import cross_validate_metrics
    >>> found = folds_of_decisions_only(cross_validate_metrics(GaussianNB(), *load_iris(return_X_y=True), 2))
    >>> found.by_fold["log_loss"]
    (None, None)
    """
    by_fold = {
        name: (None,) * len(values) if name in _FROM_PROBABILITIES else values for name, values in folds.by_fold.items()
    }
    return replace(folds, metrics=_without(folds.metrics), by_fold=by_fold)


def _without(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    return tuple(
        replace(one, value=None, low=None, high=None, method="", note=_WHY) if one.name in _FROM_PROBABILITIES else one
        for one in metrics
    )
