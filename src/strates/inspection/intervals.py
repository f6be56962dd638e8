"""Confidence intervals in closed form."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm, t

from strates._types import AnyArray


def wilson_interval(successes: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval for a proportion.

    With p = successes / n and z the normal quantile, the bounds are
    ``(p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)``. It stays inside [0, 1] and has a width even when every
    trial succeeds, unlike Wald's.

    Parameters
    ----------
    successes : float
        Number of successes, in [0, n].
    n : float
        Number of trials; 0 gives the whole [0, 1].
    level : float, default=0.95
        Coverage.

    Returns
    -------
    tuple of float
        Lower and upper bound, in [0, 1].

    References
    ----------
    E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference.

    Examples
    --------
    >>> low, high = wilson_interval(68, 69)
    >>> f"{low:.3f} {high:.3f}"
    '0.922 0.997'
    """
    if n <= 0:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + level / 2))
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


def mean_of_proportions_interval(
    successes: Sequence[float] | AnyArray, totals: Sequence[float] | AnyArray, *, level: float = 0.95
) -> tuple[float, float]:
    """Return an interval for the plain mean of independent proportions, such as balanced accuracy.

    The bounds recover each proportion's variance from its own Wilson interval [l, u]: lower bound
    ``mean - sqrt(sum (p - l)²) / K``, upper bound ``mean + sqrt(sum (u - p)²) / K``.

    Parameters
    ----------
    successes, totals : sequences of shape (K,)
        Successes and trials of each proportion; every total is at least 1.
    level : float, default=0.95
        Coverage.

    Returns
    -------
    tuple of float
        Lower and upper bound, in [0, 1].

    References
    ----------
    G. Y. Zou and A. Donner (2008), Construction of confidence limits about effect measures: a general approach.

    Examples
    --------
    >>> low, high = mean_of_proportions_interval([10, 20], [10, 20])
    >>> f"{low:.3f} {high:.3f}"
    '0.840 1.000'
    """
    below = above = mean = 0.0
    for hits, total in zip(successes, totals, strict=True):
        low, high = wilson_interval(hits, total, level=level)
        p = hits / total
        mean += p
        below += (p - low) ** 2
        above += (high - p) ** 2
    k = len(totals)
    return max(0.0, (mean - math.sqrt(below)) / k), min(1.0, (mean + math.sqrt(above)) / k)


def paired_proportions_interval(
    only_first: int, only_second: int, n: int, *, level: float = 0.95
) -> tuple[float, float]:
    """Return an interval for the difference of two proportions measured on the same rows.

    Agresti and Min's: half a count is added to each of the four cells of the paired table, then Wald's interval is
    taken.

    Parameters
    ----------
    only_first, only_second : int
        Rows on which only the first, or only the second, succeeds.
    n : int
        Rows in all.
    level : float, default=0.95
        Coverage.

    Returns
    -------
    tuple of float
        Bounds of first minus second, in [-1, 1].

    References
    ----------
    A. Agresti and Y. Min (2005), Simple improved confidence intervals for comparing matched proportions.

    Examples
    --------
    >>> low, high = paired_proportions_interval(10, 2, 100)
    >>> f"{low:.3f} {high:.3f}"
    '0.011 0.146'
    """
    z = float(norm.ppf(0.5 + level / 2))
    first, second, total = only_first + 0.5, only_second + 0.5, n + 2.0
    difference = (first - second) / total
    half = z * math.sqrt(first + second - (first - second) ** 2 / total) / total
    return max(-1.0, difference - half), min(1.0, difference + half)


def mean_interval(values: Sequence[float] | AnyArray, *, level: float = 0.95) -> tuple[float, float, float]:
    """Return the mean of independent values with Student's interval.

    Parameters
    ----------
    values : sequence of shape (n,)
        At least one value; a single one has no interval and its bounds are the value itself.
    level : float, default=0.95
        Coverage.

    Returns
    -------
    tuple of float
        Mean, lower bound, upper bound.

    Examples
    --------
    >>> mean, low, high = mean_interval([1.0, 2.0, 3.0])
    >>> f"{mean:.2f} {low:.2f} {high:.2f}"
    '2.00 -0.48 4.48'
    """
    array = np.asarray(values, dtype=float)
    mean, n = float(array.mean()), len(array)
    if n < 2:
        return mean, mean, mean
    half = float(t.ppf(0.5 + level / 2, n - 1)) * float(array.std(ddof=1)) / math.sqrt(n)
    return mean, mean - half, mean + half
