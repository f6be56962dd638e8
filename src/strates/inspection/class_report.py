"""How well each class is found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strates.inspection.intervals import wilson_interval
from strates.inspection.outcome import Outcome, class_names
from strates.inspection.record import Record
from strates.inspection.scores import class_auc, confusion


@dataclass(frozen=True)
class ClassReport(Record):
    """Quality on one class.

    Attributes
    ----------
    label : str
        The class.
    support : int
        Rows that belong to it.
    predicted : int
        Rows that are called it.
    precision : float or None
        Share of the rows called it that belong to it; None when no row is called it.
    precision_low, precision_high : float or None
        Wilson's 95 % interval.
    recall : float or None
        Share of its rows that are called it; None when it has no row.
    recall_low, recall_high : float or None
        Wilson's 95 % interval.
    f1 : float or None
        Harmonic mean of both; None when the class neither occurs nor is predicted.
    roc_auc : float or None
        Area under the ROC curve of this class against the rest; None without rows on both sides.
    """

    label: str
    support: int
    predicted: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    f1: float | None
    roc_auc: float | None


def _share(hits: int, total: int) -> tuple[float | None, float | None, float | None]:
    return (hits / total, *wilson_interval(hits, total)) if total else (None, None, None)


def report_classes(outcome: Outcome) -> tuple[ClassReport, ...]:
    """Return precision, recall and F1 of every class.

    Parameters
    ----------
    outcome : Outcome
        What the classifier said.

    Returns
    -------
    tuple of ClassReport
        In the order of the classes.
    """
    counts = confusion(outcome)
    reports = []
    for k, label in enumerate(class_names(outcome.classes)):
        hits, support, predicted = int(counts[k, k]), int(counts[k].sum()), int(np.sum(counts[:, k]))
        f1 = 2 * hits / (support + predicted) if support + predicted else None
        area = class_auc(outcome, k) if 0 < support < outcome.n_rows else None
        reports.append(
            ClassReport(
                label, support, predicted, *_share(hits, predicted), *_share(hits, support), f1=f1, roc_auc=area
            )
        )
    return tuple(reports)
