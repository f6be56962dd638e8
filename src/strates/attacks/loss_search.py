"""Search a ball around each row by climbing the loss, with restarts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import Found
from strates.attacks.victim import Victim
from strates.engine.loss_ascent import AscentLoss, AscentSettings, ascend_loss
from strates.engine.perturbation import Norm

_OTHER_LOSS: dict[AscentLoss, AscentLoss] = {"cross_entropy": "margin", "margin": "cross_entropy"}


def search_ball(
    victim: Victim,
    X: FloatArray,
    codes: AnyArray,
    target_codes: AnyArray | None,
    settings: AscentSettings,
    rng: Generator,
    *,
    n_restarts: int = 1,
) -> Found:
    """Climb the loss around each row; rows that were not fooled start again, each second time on the other loss.

    Parameters
    ----------
    victim : Victim
    X : ndarray of shape (n_rows, ...)
    codes, target_codes : ndarray of shape (n_rows,)
        Targets may be None.
    settings : AscentSettings
    rng : numpy.random.Generator
        Of the random starts.
    n_restarts : int, default=1
        Starts at most.

    Returns
    -------
    Found
    """
    goal = codes if target_codes is None else target_codes
    settings = replace(settings, targeted=target_codes is not None)
    best, queries = X.copy(), np.zeros(len(X), np.int64)
    left = np.arange(len(X))
    for restart in range(n_restarts):
        seed = int(rng.integers(2**31))
        loss = settings.loss if restart % 2 == 0 else _OTHER_LOSS[settings.loss]
        climb = replace(settings, loss=loss)
        points, calls = ascend_loss(victim.model, X[left], goal[left], victim.low, victim.high, climb, seed=seed)
        if settings.norm != "linf":
            points = within(X[left], points, settings.epsilon, settings.norm)
        queries[left] += calls
        said = victim.predict_codes(points) if n_restarts > 1 else goal[left]
        fooled = said != goal[left] if target_codes is None else said == goal[left]
        kept = fooled | (restart == 0)  # the first attempt stands until one succeeds
        best[left[kept]] = points[kept]
        left = left[~fooled]
        if not len(left):
            break
    return Found(best, queries)


def within(X: FloatArray, points: FloatArray, epsilon: float, norm: Norm) -> FloatArray:
    """Draw points in by what rounding in float32 may have put them outside of the ball.

    The distance of each, computed in float64, is then at most epsilon. Bounds that X and the points keep are kept.

    Examples
    --------
    >>> X = np.array([[0.1]], np.float32)
    >>> float(within(X, np.array([[0.4]], np.float32), 0.3, "linf")[0, 0]) - float(X[0, 0]) <= 0.3
    True
    """
    if not np.isfinite(epsilon):
        return points
    if norm == "linf":
        return _within_box(X, points, epsilon)
    axes = tuple(range(1, X.ndim))
    origin = X.astype(np.float64)
    found = points.copy()
    share = 1.0
    for _ in range(8):  # at a row of large numbers, steps of float32 are coarse
        delta = found.astype(np.float64) - origin
        size = (
            np.abs(delta).sum(axis=axes, keepdims=True)
            if norm == "l1"
            else np.sqrt((delta**2).sum(axes, keepdims=True))
        )
        over = size > epsilon
        if not over.any():
            return found
        share *= 1 - 1e-6
        found = np.where(
            over, (origin + delta * (share * epsilon / np.where(over, size, 1.0))).astype(np.float32), found
        )
    return np.where(over, X, found)


def _within_box(X: FloatArray, points: FloatArray, epsilon: float) -> FloatArray:
    found = points
    while (over := np.abs(np.subtract(found, X, dtype=np.float64)) > epsilon).any():
        found = points.copy() if found is points else found
        found[over] = np.nextafter(found[over], X[over])
    return found
