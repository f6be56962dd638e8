"""One number that judges a classifier, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from strates.inspection.record import Record


@dataclass(frozen=True)
class Metric(Record):
    """A measure of quality on rows that the classifier did not learn from.

    Attributes
    ----------
    name : str
        Its key, such as ``"roc_auc"``.
    label : str
        Its name for people, such as ``"ROC AUC"``.
    value : float or None
        None when it cannot be computed; ``note`` then says why.
    low, high : float or None
        Bounds of the 95 % confidence interval; None when these rows cannot give one.
    higher_is_better : bool
        Whether a larger value is a better one.
    method : str
        How the interval was found.
    note : str
        What a reader should know; empty as a rule.

    Examples
    --------
    >>> Metric("accuracy", "Accuracy", 0.9, 0.8, 0.95, True).to_dict()["value"]
    0.9
    """

    name: str
    label: str
    value: float | None
    low: float | None
    high: float | None
    higher_is_better: bool
    method: str = ""
    note: str = ""


class MetricKind(NamedTuple):
    """What is known of a metric before it is measured: how people call it, which way is up, what it means."""

    label: str
    higher_is_better: bool
    meaning: str


METRIC_KINDS: dict[str, MetricKind] = {
    "accuracy": MetricKind("Accuracy", True, "Share of rows whose class is predicted right."),
    "balanced_accuracy": MetricKind(
        "Balanced accuracy", True, "Mean over the classes of the share found: each class counts alike."
    ),
    "log_loss": MetricKind(
        "Log-loss", False, "Mean of minus the logarithm of the probability given to the true class (natural logarithm)."
    ),
    "brier_score": MetricKind(
        "Brier score",
        False,
        "Mean squared error of the probabilities: 0 to 1 for two classes; summed over the classes, 0 to 2, for more.",
    ),
    "macro_f1": MetricKind("Macro F1", True, "Mean over the classes of the harmonic mean of precision and recall."),
    "roc_auc": MetricKind(
        "ROC AUC",
        True,
        "Chance that a row of a class gets a higher probability of it than a row of another; "
        "mean over the classes when there are more than two.",
    ),
    "calibration_error": MetricKind(
        "Calibration error",
        False,
        "Mean gap between the probabilities given and the shares observed, in ten bins of equal width.",
    ),
}


def metric(
    name: str, value: float | None, low: float | None, high: float | None, *, method: str = "", note: str = ""
) -> Metric:
    """Build a :class:`Metric` of a known kind.

    Parameters
    ----------
    name : str
        A key of ``METRIC_KINDS``.
    value, low, high : float or None
        The estimate and its bounds.
    method, note : str
        As in :class:`Metric`.

    Returns
    -------
    Metric

    Examples
    --------
    >>> metric("log_loss", 0.3, 0.2, 0.4).higher_is_better
    False
    """
    kind = METRIC_KINDS[name]
    return Metric(name, kind.label, value, low, high, kind.higher_is_better, method, note)
