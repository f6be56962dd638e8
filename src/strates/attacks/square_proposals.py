"""The random changes that the Square attack tries."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from strates._types import AnyArray, FloatArray


def first_guess(shape: tuple[int, ...], epsilon: float, norm: str, rng: Generator) -> FloatArray:
    """Draw what the rows begin with.

    Parameters
    ----------
    shape : tuple (n_rows, n_columns) or (n_rows, height, width, channels)
    epsilon : float
    norm : {"linf", "l2"}
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of that shape
        linf: vertical stripes of ±epsilon, or a sign a column. l2: a grid of five by five bumps, or a sign a column,
        of length epsilon.

    Examples
    --------
    >>> first_guess((1, 3), 0.5, "linf", np.random.default_rng(0)).tolist()
    [[0.5, 0.5, 0.5]]
    """
    if norm == "linf":
        signs = _signs((shape[0], 1, *shape[2:]) if len(shape) == 4 else shape, rng)
        return np.broadcast_to(epsilon * signs, shape).copy()
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


def next_guess(delta: FloatArray, epsilon: float, norm: str, share: float, rng: Generator) -> FloatArray:
    """Draw a change of each row's perturbation.

    Parameters
    ----------
    delta : ndarray of shape (n_rows, n_columns) or (n_rows, height, width, channels)
        The present perturbations.
    epsilon : float
    norm : {"linf", "l2"}
    share : float
        Of the columns or pixels that change.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray like delta
    """
    if delta.ndim == 2:
        return _columns(delta, epsilon, norm, share, rng)
    height, width = delta.shape[1:3]
    side = round(math.sqrt(share * height * width))
    if norm == "linf":
        side = min(max(side, 1), height, width)
        square = _square(delta.shape, side, rng)
        return np.where(square[..., None], epsilon * _signs((len(delta), 1, 1, delta.shape[3]), rng), delta)
    side = min(max(side, 3) | 1, height, width)
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


def _columns(delta: FloatArray, epsilon: float, norm: str, share: float, rng: Generator) -> FloatArray:
    width = delta.shape[1]
    count = min(max(round(share * width), 1), width)
    ranks = rng.random(delta.shape).argsort(axis=1).argsort(axis=1)
    chosen, signs = ranks < count, _signs(delta.shape, rng)
    if norm == "linf":
        return np.where(chosen, epsilon * signs, delta)
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
