"""Everything that a report says of a classifier on rows that it did not learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates.inspection.calibration import Calibration, calibrate
from strates.inspection.class_report import ClassReport, report_classes
from strates.inspection.curves import MAX_CURVES, Curve, precision_recall_curves, roc_curves
from strates.inspection.importance import MAX_ROWS, Importance, can_shuffle, permutation_importance
from strates.inspection.metric import Metric
from strates.inspection.metrics import measure
from strates.inspection.mistakes import Mistake, confident_mistakes
from strates.inspection.outcome import Outcome, class_names, predict_outcome
from strates.inspection.record import Record
from strates.inspection.scores import confusion, ranked_classes

_FEW_ROWS = 5


@dataclass(frozen=True)
class Evaluation(Record):
    """How a classifier does on held-out rows: numbers only, ready to be drawn, stored and read again.

    Attributes
    ----------
    n_rows : int
        Rows evaluated.
    n_wrong : int
        Rows predicted wrong.
    classes : tuple of str
        The labels, in the order of ``predict_proba``.
    metrics : tuple of Metric
        Accuracy, balanced accuracy, log-loss, Brier score, macro F1, ROC AUC, calibration error.
    per_class : tuple of ClassReport
        Precision, recall, F1 and support of each class.
    confusion : tuple of tuples of int
        Counts: a row a true class, a column a predicted one.
    roc, precision_recall : tuple of Curve
        One curve for two classes, one a class for more.
    calibration : Calibration
        Probabilities beside what was observed.
    importance : tuple of Importance
        What each column is worth, the best first; empty when it was not asked or cannot be had.
    importance_rows : int
        Rows on which the importance was measured.
    mistakes : tuple of Mistake
        The surest wrong answers.
    notes : tuple of str
        What a reader should know of these numbers.
    """

    n_rows: int
    n_wrong: int
    classes: tuple[str, ...]
    metrics: tuple[Metric, ...]
    per_class: tuple[ClassReport, ...]
    confusion: tuple[tuple[int, ...], ...]
    roc: tuple[Curve, ...]
    precision_recall: tuple[Curve, ...]
    calibration: Calibration
    importance: tuple[Importance, ...] = ()
    importance_rows: int = 0
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()

    def metric(self, name: str) -> Metric:
        """Return the metric of a name, such as ``"accuracy"``.

        Raises
        ------
        KeyError
            There is none of that name.
        """
        return {one.name: one for one in self.metrics}[name]


def evaluate(
    clf: Any,
    X: Any,
    y: Any,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
    importance: bool = True,
    n_repeats: int = 5,
    importance_rows: int = MAX_ROWS,
    n_mistakes: int = 12,
) -> Evaluation:
    """Judge a fitted classifier on rows that it did not learn from.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        Anything with ``classes_``, ``predict`` and ``predict_proba``.
    X : DataFrame or array of n_rows rows
        Held-out rows, as ``clf`` takes them.
    y : array-like of shape (n_rows,)
        Their classes, of any type.
    n_bootstrap : int, default=1000
        Replicates for the intervals, at most; fewer are drawn when there are many rows and classes.
    seed : int, default=0
        Seed of the bootstrap, the shuffles and the samples: the same seed gives the same evaluation.
    importance : bool, default=True
        Whether to measure what each column is worth.
    n_repeats : int, default=5
        Shuffles of each column.
    importance_rows : int, default=2000
        Rows at most for the importance.
    n_mistakes : int, default=12
        Mistakes to keep, at most.

    Returns
    -------
    Evaluation

    Raises
    ------
    ParameterError
        ``clf`` gives no probabilities, or ``n_bootstrap`` is below 2.
    DataError
        There is no row, or X and y differ in length.
    TargetError
        ``y`` holds labels that the classifier never learned.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = LogisticRegression(max_iter=1000).fit(X[::2], y[::2])
    >>> accuracy = evaluate(clf, X[1::2], y[1::2]).metric("accuracy")
    >>> f"{accuracy.value:.2f} [{accuracy.low:.2f}, {accuracy.high:.2f}]"
    '0.96 [0.89, 0.99]'
    """
    if not hasattr(X, "shape"):
        X = np.asarray(X)
    outcome = predict_outcome(clf, X, y)
    notes = _notes(outcome)
    ranking: tuple[Importance, ...] = ()
    if importance and can_shuffle(X):
        ranking = permutation_importance(clf, X, y, n_repeats=n_repeats, max_rows=importance_rows, seed=seed)
    elif importance:
        notes += (
            "The importance of the columns was not measured: it needs a table or a dense array of two dimensions.",
        )
    return Evaluation(
        n_rows=outcome.n_rows,
        n_wrong=int((~outcome.correct).sum()),
        classes=class_names(outcome.classes),
        metrics=measure(outcome, n_bootstrap=n_bootstrap, seed=seed),
        per_class=report_classes(outcome),
        confusion=tuple(tuple(row) for row in confusion(outcome).tolist()),
        roc=roc_curves(outcome),
        precision_recall=precision_recall_curves(outcome),
        calibration=calibrate(outcome, seed=seed),
        importance=ranking,
        importance_rows=min(outcome.n_rows, importance_rows) if ranking else 0,
        mistakes=confident_mistakes(outcome, X, n_mistakes=n_mistakes),
        notes=notes,
    )


def _notes(outcome: Outcome) -> tuple[str, ...]:
    names, support = class_names(outcome.classes), outcome.support
    notes = []
    if outcome.n_rows < 30:
        notes.append(f"Only {outcome.n_rows} rows were evaluated: read the intervals, not the values.")
    rare = [f"{name} ({count})" for name, count in zip(names, support, strict=True) if count < _FEW_ROWS]
    if rare:
        shown = ", ".join(rare[:8]) + (f" and {len(rare) - 8} more" if len(rare) > 8 else "")
        notes.append(f"Classes with fewer than {_FEW_ROWS} rows here, of which little can be said: {shown}.")
    if len(ranked_classes(outcome)) > MAX_CURVES:
        notes.append(f"ROC and precision-recall curves are those of the {MAX_CURVES} most frequent classes.")
    return tuple(notes)
