"""The largest radius at which a margin is positive, for many rows at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray

#: Factor by which a radius grows, at most, until one fails; and shrinks, until one passes.
_LEAP = 4.0
#: Leaps down from the first guess, after which nothing is proved; and up, after which a radius is large enough.
_LEAPS_DOWN, _LEAPS_UP = 14, 60


def largest_radius(
    margins: Callable[[AnyArray, FloatArray], FloatArray], start: FloatArray, cap: FloatArray, *, tol: float
) -> FloatArray:
    """Find a zero of each row's margin, by false position (the Illinois rule).

    Parameters
    ----------
    margins : callable (rows, radii) -> ndarray
        The margin of each of some rows, by number, at a radius: positive where it passes.
    start : ndarray of shape (n_rows,)
        First guess, positive.
    cap : ndarray of shape (n_rows,)
        A row that passes here passes everywhere: its radius is infinite.
    tol : float
        The radius that failed is at most ``1 + tol`` times the one that is returned.

    Returns
    -------
    ndarray of shape (n_rows,)
        Radii that passed; 0 where even tiny ones did not.

    Examples
    --------
    >>> secret = np.array([0.3, 20.0, 0.0, 5.0])
    >>> far = np.array([9.0, 99.0, 9.0, 4.0])
    >>> largest_radius(lambda rows, r: secret[rows] - r, np.ones(4), far, tol=1e-6).round(4)
    array([ 0.3, 20. ,  0. ,  inf])
    """
    n = len(start)
    low, high = np.zeros(n), np.full(n, np.inf)
    at_low, at_high = margins(np.arange(n), low), np.full(n, -np.inf)
    floor, ceiling = start * _LEAP**-_LEAPS_DOWN, start * _LEAP**_LEAPS_UP
    side = np.zeros(n)
    searched: NDArray[np.bool_] = at_low > 0
    while searched.any():
        rows = np.flatnonzero(searched)
        known = (a[rows] for a in (low, high, at_low, at_high, start, side))
        trial = np.minimum(_next(*known, tol=tol), cap[rows])
        margin = margins(rows, trial)
        passed = margin > 0
        up, down = rows[passed], rows[~passed]
        low[up], at_low[up] = trial[passed], margin[passed]
        high[down], at_high[down] = trial[~passed], margin[~passed]
        # an end that stays twice counts half, or false position creeps up from one side
        at_high[up[side[up] > 0]] /= 2
        at_low[down[side[down] < 0]] /= 2
        side[up], side[down] = np.maximum(side[up], 0) + 1, np.minimum(side[down], 0) - 1
        low[rows[passed & (trial >= cap[rows])]] = np.inf
        with np.errstate(invalid="ignore"):
            close = high <= low * (1 + tol)
        searched &= ~(close | np.isinf(low) | (high <= floor) | (low >= ceiling))
    return low


def _next(
    low: FloatArray,
    high: FloatArray,
    at_low: FloatArray,
    at_high: FloatArray,
    start: FloatArray,
    side: FloatArray,
    *,
    tol: float,
) -> FloatArray:
    """Return the next radius to try: where the line through both margins is zero, kept well inside.

    After three tries on one side, as at a cliff, the middle.
    """
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        zero = low + (high - low) * at_low / (at_low - at_high)
        middle = np.where(high > 4 * low, np.sqrt(np.maximum(low, high / _LEAP**2)) * np.sqrt(high), (low + high) / 2)
        # no nearer to an end than the tolerance asks for: one more step from here may be the last
        near = 0.4 * tol * np.maximum(low, high / _LEAP)
        inside = np.minimum(np.maximum(zero, np.where(low > 0, low + near, high / _LEAP)), high - near)
    leap = np.where(low > 0, low * _LEAP, start)
    return np.where(np.isinf(high), leap, np.where((np.abs(side) > 2) | ~np.isfinite(inside), middle, inside))
