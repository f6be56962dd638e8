"""The random changes that the Square attack tries."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from strates._types import AnyArray, FloatArray

#: How often a change is drawn again that would change nothing: on grey images every second one.
_REDRAWS = 6


def first_corners(lowest: FloatArray, highest: FloatArray, rng: Generator) -> FloatArray:
    """Draw what the rows begin with in linf: vertical stripes at either end of the range, or an end a column.

    Parameters
    ----------
    lowest, highest : ndarray of shape (n_rows, n_columns) or (n_rows, height, width, channels)
        Ends of the numbers' ranges.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray like lowest

    Examples
    --------
    >>> first_corners(np.zeros((1, 3)), np.ones((1, 3)), np.random.default_rng(0)).tolist()
    [[1.0, 1.0, 1.0]]
    """
    shape = lowest.shape
    up = rng.integers(0, 2, (shape[0], 1, *shape[2:]) if len(shape) == 4 else shape)
    return np.where(up > 0, highest, lowest)


def next_corners(
    points: FloatArray, lowest: FloatArray, highest: FloatArray, share: float, rng: Generator
) -> FloatArray:  # fmt: skip
    """Draw a change of each point in linf: a square, or some columns, set to either end of the range.

    Parameters
    ----------
    points, lowest, highest : ndarray of shape (n_rows, n_columns) or (n_rows, height, width, channels)
    share : float
        Of the columns or pixels that change.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray like points
        As good as always another point: what would change nothing is drawn again.
    """
    found = points.copy()
    rows = np.arange(len(points))
    for _ in range(1 + _REDRAWS):
        places = _places(rows, points.shape, share, rng)
        up = rng.integers(0, 2, (len(rows), 1, 1, points.shape[3]) if points.ndim == 4 else places[1].shape)
        fresh = np.where(up > 0, highest[places], lowest[places])
        changed = (fresh != points[places]).reshape(len(rows), -1).any(axis=1)
        found[places] = fresh
        rows = rows[~changed]
        if not len(rows):
            break
    return found


def _places(rows: AnyArray, shape: tuple[int, ...], share: float, rng: Generator) -> tuple[AnyArray, ...]:
    """Draw a square, or columns, for each of some rows; return them as indices."""
    if len(shape) == 2:
        count = min(max(round(share * shape[1]), 1), shape[1])
        drawn = rng.random((len(rows), shape[1]))
        return rows[:, None], np.argpartition(drawn, count - 1, axis=1)[:, :count]
    height, width = shape[1:3]
    side = min(max(round(math.sqrt(share * height * width)), 1), height, width)
    top, left = (rng.integers(0, size - side + 1, len(rows))[:, None] + np.arange(side) for size in (height, width))
    return rows[:, None, None], top[:, :, None], left[:, None, :]


def first_bumps(shape: tuple[int, ...], epsilon: float, rng: Generator) -> FloatArray:
    """Draw what the rows begin with in l2.

    Parameters
    ----------
    shape : tuple (n_rows, n_columns) or (n_rows, height, width, channels)
    epsilon : float
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of that shape
        A grid of five by five bumps, or a sign a column, of length epsilon.

    Examples
    --------
    >>> first_bumps((1, 4), 0.5, np.random.default_rng(0)).tolist()
    [[0.25, 0.25, 0.25, -0.25]]
    """
    if len(shape) == 2:
        return epsilon * _signs(shape, rng) / math.sqrt(shape[1])
    n, height, width, channels = shape
    delta = np.zeros(shape)
    side = max(1, min(height, width) // 5)
    for top in range(0, height - side + 1, side):
        for left in range(0, width - side + 1, side):
            bump = bumps(n, side, rng)[..., None] * _signs((n, 1, 1, channels), rng)
            delta[:, top : top + side, left : left + side] = bump
    return np.asarray(epsilon * delta / np.sqrt((delta**2).sum(axis=(1, 2, 3), keepdims=True)))


def next_bumps(delta: FloatArray, epsilon: float, share: float, rng: Generator) -> FloatArray:
    """Draw a change of each row's perturbation in l2.

    Parameters
    ----------
    delta : ndarray of shape (n_rows, n_columns) or (n_rows, height, width, channels)
        The present perturbations.
    epsilon : float
    share : float
        Of the columns or pixels that change.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray like delta
    """
    if delta.ndim == 2:
        return _columns(delta, epsilon, share, rng)
    height, width = delta.shape[1:3]
    side = min(max(round(math.sqrt(share * height * width)), 3) | 1, height, width)
    return _bumps_instead(delta, epsilon, side, rng)


def bumps(n: int, side: int, rng: Generator) -> FloatArray:
    """Draw squares of length one, half of each a bump up, half a bump down, lying or standing.

    A bump is a sum of rectangles around its centre, the k-th of them weighted by 1 / k^2.

    Examples
    --------
    >>> np.round((bumps(2, 5, np.random.default_rng(0)) ** 2).sum(axis=(1, 2)), 6).tolist()
    [1.0, 1.0]
    """
    upper = side // 2
    pattern = np.zeros((side, side))
    pattern[:upper] = _bump(upper, side)
    pattern[upper:] = -_bump(side - upper, side)
    pattern /= np.sqrt((pattern**2).sum())
    standing = rng.random(n) < 0.5
    found = np.where(standing[:, None, None], pattern.T, pattern)
    return found * _signs((n, 1, 1), rng)


def _bump(height: int, width: int) -> FloatArray:
    found = np.zeros((height, width))
    middle_row, middle_column = height // 2, width // 2
    for k in range(max(middle_row, middle_column) + 1):
        rows = slice(max(middle_row - k, 0), middle_row + k + 1)
        columns = slice(max(middle_column - k, 0), middle_column + k + 1)
        found[rows, columns] += 1 / (k + 1) ** 2
    return found


def _bumps_instead(delta: FloatArray, epsilon: float, side: int, rng: Generator) -> FloatArray:
    """Put bumps into one square, in the direction of what is there, and empty another, whose length they take over."""
    n, channels = len(delta), delta.shape[3]
    here, there = (_square(delta.shape, side, rng)[..., None] for _ in range(2))
    both = here | there
    whole = np.sqrt((delta**2).sum(axis=(1, 2, 3), keepdims=True))
    squares = ((delta * both) ** 2).sum(axis=(1, 2), keepdims=True)  # of each channel
    spare = np.maximum(epsilon**2 - whole**2, 0.0) / channels
    now = np.sqrt(((delta * here) ** 2).sum(axis=(1, 2), keepdims=True))
    fresh = np.zeros_like(delta)
    patterns = bumps(n, side, rng)[..., None] * _signs((n, 1, 1, channels), rng)
    rows = np.flatnonzero(here.any(axis=(1, 2, 3)))
    fresh[np.broadcast_to(here, delta.shape)] = np.broadcast_to(patterns, (n, side, side, channels))[rows].ravel()
    fresh = fresh + np.divide(delta * here, now, out=np.zeros_like(delta), where=now > 0)
    length = np.sqrt((fresh**2).sum(axis=(1, 2), keepdims=True))
    fresh = np.divide(fresh, length, out=np.zeros_like(delta), where=length > 0)
    return np.asarray(np.where(both, 0.0, delta) + fresh * np.sqrt(squares + spare))


def _columns(delta: FloatArray, epsilon: float, share: float, rng: Generator) -> FloatArray:
    width = delta.shape[1]
    count = min(max(round(share * width), 1), width)
    ranks = rng.random(delta.shape).argsort(axis=1).argsort(axis=1)
    chosen, signs = ranks < count, _signs(delta.shape, rng)
    other = (ranks >= count) & (ranks < 2 * count)
    kept = np.where(chosen | other, 0.0, delta)
    spare = np.sqrt(np.maximum(epsilon**2 - (kept**2).sum(axis=1, keepdims=True), 0.0))
    size = np.sqrt((delta**2 * chosen).sum(axis=1, keepdims=True) / count) + 1e-12
    fresh = np.where(chosen, delta / size + 2 * signs, 0.0)
    return np.asarray(kept + spare * fresh / np.sqrt((fresh**2).sum(axis=1, keepdims=True) + 1e-24))


def _square(shape: tuple[int, ...], side: int, rng: Generator) -> AnyArray:
    """Draw a square's place for each row; return where it is, of shape (n_rows, height, width)."""
    n, height, width = shape[:3]
    top, left = (rng.integers(0, size - side + 1, n)[:, None] for size in (height, width))
    rows, columns = np.arange(height)[None], np.arange(width)[None]
    inside: AnyArray = ((rows >= top) & (rows < top + side))[:, :, None] & (
        (columns >= left) & (columns < left + side)
    )[:, None, :]
    return inside


def _signs(shape: tuple[int, ...], rng: Generator) -> FloatArray:
    return 2.0 * rng.integers(0, 2, shape) - 1.0
