"""One classifier against another on the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strates.exceptions import DataError
from strates.inspection.intervals import mean_interval, paired_proportions_interval
from strates.inspection.outcome import Outcome
from strates.inspection.record import Record


@dataclass(frozen=True)
class Comparison(Record):
    """A classifier minus a baseline, row by row: what both find easy or hard cancels out.

    Attributes
    ----------
    only_classifier, only_baseline : int
        Rows that only the one, or only the other, predicts right.
    accuracy, accuracy_low, accuracy_high : float
        Difference of accuracy and its 95 % interval (Agresti and Min's for paired proportions); above 0 the classifier
        is better.
    log_loss, log_loss_low, log_loss_high : float
        Difference of log-loss and its 95 % interval (Student's on the rows); below 0 the classifier is better.
    """

    only_classifier: int
    only_baseline: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    log_loss: float
    log_loss_low: float
    log_loss_high: float


def compare_outcomes(classifier: Outcome, baseline: Outcome) -> Comparison:
    """Compare two classifiers on the same rows.

    Parameters
    ----------
    classifier, baseline : Outcome
        What each said, of the same rows in the same order.

    Returns
    -------
    Comparison

    Raises
    ------
    DataError
        The two differ in length.
    """
    if classifier.n_rows != baseline.n_rows:
        raise DataError(
            f"The classifier was asked about {classifier.n_rows} rows and the baseline about {baseline.n_rows}; "
            "a paired comparison needs the same rows. Give both the same test part."
        )
    only_first = int((classifier.correct & ~baseline.correct).sum())
    only_second = int((baseline.correct & ~classifier.correct).sum())
    n = classifier.n_rows
    rise = np.log(baseline.true_probability()) - np.log(classifier.true_probability())
    loss, loss_low, loss_high = mean_interval(rise)
    low, high = paired_proportions_interval(only_first, only_second, n)
    return Comparison(only_first, only_second, (only_first - only_second) / n, low, high, loss, loss_low, loss_high)
