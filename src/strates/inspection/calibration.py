"""Whether the probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from strates.inspection.intervals import wilson_interval
from strates.inspection.outcome import Outcome, class_names
from strates.inspection.record import Record

N_BINS = 10
_MAX_SIMULATED_ROWS = 20_000
_SIMULATIONS = 200


@dataclass(frozen=True)
class CalibrationBin(Record):
    """The rows whose probability falls in one interval.

    Attributes
    ----------
    lower, upper : float
        Edges of the interval.
    count : int
        Rows in the bin, at least 1.
    predicted : float
        Their mean probability.
    observed : float
        Share of them for which the event happened.
    low, high : float
        Wilson's 95 % interval of ``observed``.
    """

    lower: float
    upper: float
    count: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration(Record):
    """Probabilities beside what was observed.

    Attributes
    ----------
    event : str
        What the probability is of: the second class of two, or the predicted class of several.
    bins : tuple of CalibrationBin
        The bins that hold a row, in increasing order; ten bins of equal width cut [0, 1].
    error : float
        Expected calibration error: mean gap between ``predicted`` and ``observed``, weighted by ``count``.
    chance_mean, chance_high : float
        Mean and 95th percentile of the error that a perfectly calibrated classifier would show on as many rows, with
        the same probabilities: small samples are never perfectly calibrated.
    """

    event: str
    bins: tuple[CalibrationBin, ...]
    error: float
    chance_mean: float
    chance_high: float


def calibration_events(outcome: Outcome) -> tuple[NDArray[np.floating[Any]], NDArray[np.bool_]]:
    """Return the probabilities to judge and whether their event happened.

    Parameters
    ----------
    outcome : Outcome
        What the classifier said.

    Returns
    -------
    probability : ndarray of shape (n_rows,)
        Of the second class when there are two, of the predicted class when there are more.
    happened : ndarray of bool of shape (n_rows,)
    """
    if outcome.n_classes == 2:
        return outcome.probability[:, 1].astype(float), outcome.truth == 1
    return outcome.probability[np.arange(outcome.n_rows), outcome.predicted].astype(float), outcome.correct


def bin_numbers(probability: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """Return the bin of each probability: the first is [0, 0.1], the next ]0.1, 0.2] and so on."""
    return np.searchsorted(np.linspace(0, 1, N_BINS + 1)[1:-1], probability)


def calibration_error(probability: NDArray[np.floating[Any]], happened: NDArray[np.bool_]) -> float:
    """Return the expected calibration error.

    It is ``sum over bins of |sum over the bin's rows of (probability - happened)| / n_rows``.

    Parameters
    ----------
    probability : ndarray of shape (n_rows,)
        Probabilities of the event.
    happened : ndarray of bool of shape (n_rows,)
        Whether it happened.

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> round(calibration_error(np.array([0.95, 0.95]), np.array([True, False])), 4)
    0.45
    """
    gaps = np.bincount(bin_numbers(probability), weights=probability - happened, minlength=N_BINS)
    return float(np.abs(gaps).sum() / len(probability))


def _chance_errors(probability: NDArray[np.floating[Any]], seed: int) -> NDArray[np.floating[Any]]:
    """Draw the events from the probabilities themselves, many times, and measure the error of each draw."""
    rng = check_random_state(seed)
    n = len(probability)
    rows = np.arange(n) if n <= _MAX_SIMULATED_ROWS else rng.choice(n, _MAX_SIMULATED_ROWS, replace=False)
    sample = probability[rows]
    errors = [calibration_error(sample, rng.random_sample(len(sample)) < sample) for _ in range(_SIMULATIONS)]
    # the error that chance alone makes shrinks like 1/sqrt(n)
    return np.multiply(errors, np.sqrt(len(sample) / n))


def calibrate(outcome: Outcome, *, seed: int = 0) -> Calibration:
    """Compare the probabilities with what was observed.

    Parameters
    ----------
    outcome : Outcome
        What the classifier said.
    seed : int, default=0
        Seed of the simulation of a perfectly calibrated classifier.

    Returns
    -------
    Calibration

    References
    ----------
    J. Bröcker and L. A. Smith (2007), Increasing the reliability of reliability diagrams.
    """
    probability, happened = calibration_events(outcome)
    numbers = bin_numbers(probability)
    bins = []
    for number in np.unique(numbers).tolist():
        inside = numbers == number
        count, hits = int(inside.sum()), int(happened[inside].sum())
        low, high = wilson_interval(hits, count)
        edges = round(number / N_BINS, 6), round((number + 1) / N_BINS, 6)
        bins.append(CalibrationBin(*edges, count, float(probability[inside].mean()), hits / count, low, high))
    chance = _chance_errors(probability, seed)
    names = class_names(outcome.classes)
    return Calibration(
        event=names[1] if len(names) == 2 else "the predicted class",
        bins=tuple(bins),
        error=calibration_error(probability, happened),
        chance_mean=float(chance.mean()),
        chance_high=float(np.quantile(chance, 0.95)),
    )
