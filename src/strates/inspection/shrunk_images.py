"""Images reduced to what a simple classifier can take."""

from __future__ import annotations

import math

import numpy as np

from strates._types import AnyArray, FloatArray

#: Numbers that are left of an image, at most.
MOST_NUMBERS = 1_024
_BLOCK = 256


def shrink_factor(shape: tuple[int, ...]) -> int:
    """Return how many pixels, across and down, are averaged into one so that an image has 1,024 numbers at most.

    Examples
    --------
    >>> shrink_factor((28, 28, 1)), shrink_factor((72, 96, 3))
    (1, 5)
    """
    height, width, channels = (*shape, 1)[:3]
    factor = 1
    while math.ceil(height / factor) * math.ceil(width / factor) * channels > MOST_NUMBERS:
        factor += 1
    return factor


def shrink_images(X: AnyArray) -> FloatArray:
    """Average the pixels of each small square, and lay each image out as a row.

    Parameters
    ----------
    X : ndarray of shape (n_images, height, width) or (n_images, height, width, channels)

    Returns
    -------
    ndarray of shape (n_images, n_numbers), float64
        At most 1,024 numbers an image; at the edges squares may be cut.

    Examples
    --------
    >>> shrink_images(np.ones((2, 72, 96, 3), np.uint8)).shape
    (2, 900)
    """
    factor = shrink_factor(X.shape[1:])
    if factor == 1:
        return X.reshape(len(X), -1).astype(np.float64)
    # block by block: sums of bytes take eight times their room
    return np.concatenate([_means(X[i : i + _BLOCK], factor) for i in range(0, len(X), _BLOCK)])


def _means(X: AnyArray, factor: int) -> FloatArray:
    rows, columns = (np.arange(0, size, factor) for size in X.shape[1:3])
    totals = np.add.reduceat(np.add.reduceat(X, rows, axis=1, dtype=np.float64), columns, axis=2)
    down, across = (np.diff(np.append(cuts, size)) for cuts, size in zip((rows, columns), X.shape[1:3], strict=True))
    areas = np.outer(down, across).reshape(1, len(rows), len(columns), *[1] * (X.ndim - 3))
    means: FloatArray = (totals / areas).reshape(len(X), -1)
    return means
