"""A counterexample that is near, though perhaps not the nearest: where the exact search begins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.attacks.certificates.relu_blocks import ReluBlocks

_APPROACHES, _SHRINKS, _STEPS = 30, 25, 20
_OVERSHOOT = 1.02


class Descent(NamedTuple):
    """Points of another class, of shape (n_rows, n_inputs), and their distances in linf; infinite where none."""

    points: FloatArray
    distances: FloatArray


def descend(
    blocks: ReluBlocks, centres: FloatArray, differences: FloatArray, low: FloatArray, high: FloatArray
) -> Descent:
    """Walk from each row to where its class changes, then try to get there in less.

    The walk takes each margin for linear and goes to the nearest zero (DeepFool's step). From what it finds the ball is
    shrunk as long as steps of sign(gradient) within it still reach another class.

    Parameters
    ----------
    blocks : ReluBlocks
    centres : ndarray of shape (n_rows, n_inputs)
    differences : ndarray of shape (n_rows, n_margins, n_scores)
        Margins of each row's class, as vectors.
    low, high : ndarray of shape (n_inputs,)

    Returns
    -------
    Descent

    Examples
    --------
    >>> identity = ReluBlocks([np.eye(2)], [np.zeros(2)])
    >>> ahead = np.array([[[1.0, -1.0]]])
    >>> everywhere = np.full(2, np.inf)
    >>> descend(identity, np.array([[0.5, 0.1]]), ahead, -everywhere, everywhere).distances
    array([0.2])
    """
    x, best = centres.copy(), Descent(centres.copy(), np.full(len(centres), np.inf))
    for _ in range(_APPROACHES):
        margins, gradients = blocks.margins(x, differences)
        _keep(best, x, margins, centres)
        walls = ((x <= low)[:, None] & (gradients > 0)) | ((x >= high)[:, None] & (gradients < 0))
        gradients = np.where(walls, 0.0, gradients)  # a step downhill cannot leave the bounds
        lengths = np.abs(gradients).sum(axis=2)
        steps = np.maximum(margins, 0) / np.maximum(lengths, 1e-12) + 1e-6
        nearest = steps.argmin(axis=1)
        rows = np.arange(len(x))
        x = np.clip(x - _OVERSHOOT * steps[rows, nearest, None] * np.sign(gradients[rows, nearest]), low, high)
    share = np.full(len(x), 0.9)
    for _ in range(_SHRINKS):
        reach = (best.distances * share)[:, None]
        rows = np.flatnonzero(np.isfinite(best.distances) & (share < 0.999))
        if not len(rows):
            break
        before = best.distances.copy()
        _within(blocks, best, centres, differences, reach, rows, low, high)
        failed = rows[best.distances[rows] >= before[rows]]
        share[failed] = np.sqrt(share[failed])  # a smaller cut the next time
    return best


def _within(
    blocks: ReluBlocks,
    best: Descent,
    centres: FloatArray,
    differences: FloatArray,
    reach: FloatArray,
    rows: AnyArray,
    low: FloatArray,
    high: FloatArray,
) -> None:
    """Look for points of another class in smaller balls, from the best points known."""
    centre, r, ahead = centres[rows], reach[rows], differences[rows]
    floor, ceiling = np.maximum(centre - r, low), np.minimum(centre + r, high)
    x = np.clip(best.points[rows], floor, ceiling)
    for k in range(_STEPS):
        margins, gradients = blocks.margins(x, ahead)
        found = Descent(best.points[rows], best.distances[rows])
        _keep(found, x, margins, centre)
        best.points[rows], best.distances[rows] = found.points, found.distances
        gradient = gradients[np.arange(len(x)), margins.argmin(axis=1)]
        x = np.clip(x - r * 0.5 * (1 - k / _STEPS) * np.sign(gradient), floor, ceiling)


def _keep(best: Descent, x: FloatArray, margins: FloatArray, centres: FloatArray) -> None:
    """Take over the points that have another class and are nearer than the best so far."""
    distances = np.where(margins.min(axis=1) < 0, np.abs(x - centres).max(axis=1), np.inf)
    nearer = distances < best.distances
    best.points[nearer], best.distances[nearer] = x[nearer], distances[nearer]
