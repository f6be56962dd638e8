"""The largest radius that passes a test, for many rows at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray

#: Factor by which a radius grows or shrinks until it lies between one that passes and one that does not.
_LEAP = 4.0
#: Leaps down from the first guess, after which nothing is proved; and up, after which a radius is large enough.
_LEAPS_DOWN, _LEAPS_UP = 14, 60


def largest_radius(
    passes: Callable[[AnyArray, FloatArray], AnyArray], start: FloatArray, cap: FloatArray, *, tol: float
) -> FloatArray:
    """Bisect, each row for itself.

    Parameters
    ----------
    passes : callable (rows, radii) -> ndarray of bool
        Whether each of some rows, by number, passes at a radius.
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
    >>> ones = np.ones(4)
    >>> found = largest_radius(lambda rows, r: r < secret[rows], ones, np.array([9.0, 99.0, 9.0, 4.0]), tol=1e-3)
    >>> found
    array([ 0.3, 20. ,  0. ,   inf])
    """
    low, high = np.zeros(len(start)), np.full(len(start), np.inf)
    floor, ceiling = start * _LEAP**-_LEAPS_DOWN, start * _LEAP**_LEAPS_UP
    searched: NDArray[np.bool_] = np.ones(len(start), bool)
    while searched.any():
        rows = np.flatnonzero(searched)
        trial = np.minimum(_next(low[rows], high[rows], start[rows]), cap[rows])
        passed = np.asarray(passes(rows, trial))
        low[rows[passed]] = trial[passed]
        high[rows[~passed]] = trial[~passed]
        everywhere = rows[passed & (trial >= cap[rows])]
        low[everywhere] = np.inf
        with np.errstate(invalid="ignore"):
            close = high <= low * (1 + tol)
        searched &= ~(close | np.isinf(low) | (high <= floor) | (low >= ceiling))
    return low


def _next(low: FloatArray, high: FloatArray, start: FloatArray) -> FloatArray:
    """Return the next radius to try: leaps until it lies between two, then the geometric and at last the plain mean."""
    with np.errstate(invalid="ignore", over="ignore"):
        between = np.where(high > 2 * low, np.sqrt(low) * np.sqrt(high), (low + high) / 2)
    leap = np.where(low > 0, low * _LEAP, np.where(np.isinf(high), start, high / _LEAP))
    return np.where((low > 0) & np.isfinite(high), between, leap)
