"""All metrics of a classifier, with their 95 % intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from strates.exceptions import ParameterError
from strates.inspection.bootstrap import affordable_replicates, bootstrap_scores
from strates.inspection.intervals import mean_of_proportions_interval, wilson_interval
from strates.inspection.metric import METRIC_KINDS, Metric, metric
from strates.inspection.outcome import Outcome, class_names, sample_rows
from strates.inspection.scores import point_scores, ranked_classes

_BOOTSTRAP_ROWS = 20_000
_Z2 = float(norm.ppf(0.975)) ** 2


def measure(outcome: Outcome, *, n_bootstrap: int = 1000, seed: int = 0) -> tuple[Metric, ...]:
    """Measure a classifier, with intervals.

    Accuracy has Wilson's interval; balanced accuracy combines those of the classes; the others have percentile
    intervals of a bootstrap stratified by true class.

    Parameters
    ----------
    outcome : Outcome
        What the classifier said.
    n_bootstrap : int, default=1000
        Replicates at most; 200 at least are drawn when there are many rows and classes. Beyond 20,000 rows the
        bootstrap works on a sample of them and its widths are rescaled.
    seed : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    tuple of Metric
        In the order of ``METRIC_KINDS``.

    Raises
    ------
    ParameterError
        ``n_bootstrap`` is below 2.
    """
    if n_bootstrap < 2:
        raise ParameterError(f"n_bootstrap is {n_bootstrap}; an interval needs 2 replicates at least. 1000 is usual.")
    values = point_scores(outcome)
    intervals = _closed_form(outcome)
    intervals |= _bootstrapped(outcome, values, n_bootstrap, seed)
    notes = _notes(outcome)
    built = []
    for name in METRIC_KINDS:
        low, high, method = intervals.get(name, (None, None, ""))
        built.append(metric(name, values[name], low, high, method=method, note=notes.get(name, "")))
    return tuple(built)


Interval = tuple[float | None, float | None, str]


def _closed_form(outcome: Outcome) -> dict[str, Interval]:
    support = outcome.support
    hits = np.bincount(outcome.truth[outcome.correct], minlength=outcome.n_classes)
    occurs = support > 0
    return {
        "accuracy": (*wilson_interval(int(hits.sum()), outcome.n_rows), "Wilson"),
        "balanced_accuracy": (
            *mean_of_proportions_interval(hits[occurs], support[occurs]),
            "Wilson's of each class, combined",
        ),
    }


def _bootstrapped(
    outcome: Outcome, values: dict[str, float | None], n_bootstrap: int, seed: int
) -> dict[str, Interval]:
    if outcome.n_rows < 2:
        return {}
    rows = sample_rows(outcome.truth, _BOOTSTRAP_ROWS, seed)
    sample = outcome.take(rows)
    centre = point_scores(sample) if len(rows) < outcome.n_rows else values
    # m out of n: the spread of a mean over m rows is sqrt(n/m) times that over n
    scale = math.sqrt(len(rows) / outcome.n_rows)
    n_replicates = affordable_replicates(sample, n_bootstrap)
    method = f"bootstrap, {n_replicates} replicates"
    if len(rows) < outcome.n_rows:
        method += f" of {len(rows)} rows, rescaled"
    intervals: dict[str, Interval] = {}
    for name, replicates in bootstrap_scores(sample, n_replicates=n_replicates, seed=seed).items():
        value, middle = values[name], centre[name]
        if value is None or middle is None:
            continue
        if name == "calibration_error":
            # resampling adds calibration error of its own: only the spread around the replicates' mean is kept
            middle = float(replicates.mean())
        intervals[name] = _percentiles(name, replicates, value, middle, scale, method, outcome)
    return intervals


def _percentiles(
    name: str,
    replicates: NDArray[np.floating[Any]],
    value: float,
    middle: float,
    scale: float,
    method: str,
    outcome: Outcome,
) -> Interval:
    low, high = (value + scale * (float(q) - middle) for q in np.quantile(replicates, [0.025, 0.975]))
    if np.ptp(replicates) < 1e-12:
        return _without_errors(name, value, outcome)
    ceiling = 1.0 if METRIC_KINDS[name].higher_is_better else math.inf
    return max(0.0, min(low, value)), min(ceiling, max(high, value)), method


def _without_errors(name: str, value: float, outcome: Outcome) -> Interval:
    """Bound a metric that no resampling can change: with no error among the rows, the bootstrap sees no spread."""
    if value < 1 or name not in {"macro_f1", "roc_auc"}:
        return None, None, ""
    support = outcome.support[outcome.support > 0]
    if name == "macro_f1":
        # The share of agreement TP / (TP + FP + FN) of a class is a proportion whose Wilson bound at n/n is n/(n + z²);
        # F1 is 2J/(1 + J) of it. An error touches two classes: the variance of the mean is at most twice that of
        # independent ones.
        bound = support / (support + _Z2)
        shortfall = 1 - 2 * bound / (1 + bound)
        return (
            max(0.0, 1 - math.sqrt(2 * float((shortfall**2).sum())) / len(support)),
            1.0,
            "Wilson's of each class, combined",
        )
    # min(n_positive, n_negative) disjoint pairs are independent trials, all of them won
    pairs = np.array([min(n, outcome.n_rows - n) for n in outcome.support[ranked_classes(outcome)]])
    return float((pairs / (pairs + _Z2)).mean()), 1.0, "Wilson's of disjoint pairs"


def _notes(outcome: Outcome) -> dict[str, str]:
    names = class_names(outcome.classes)
    absent = [name for name, count in zip(names, outcome.support, strict=True) if count == 0]
    if not absent:
        return {}
    shown = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")
    reason = f"No row of {shown} among these {outcome.n_rows}"
    note = f"{reason}: the mean is over the classes that occur."
    unranked = f"{reason}: a ranking needs rows of a class and of another."
    return {
        "balanced_accuracy": note,
        "macro_f1": note,
        "roc_auc": note if ranked_classes(outcome) else unranked,
    }
