"""Small maps at the size of the image."""

from __future__ import annotations

import numpy as np

from strates._types import FloatArray


def enlarge(maps: FloatArray, height: int, width: int) -> FloatArray:
    """Return maps at another size, linear between the middles of their cells and constant beyond them.

    Parameters
    ----------
    maps : ndarray of shape (n, rows, columns)
    height, width : int

    Returns
    -------
    ndarray of shape (n, height, width), float64

    Examples
    --------
    >>> enlarge(np.array([[[0.0, 4.0]]]), 1, 4)
    array([[[0., 1., 3., 4.]]])
    """
    return np.asarray(
        np.einsum("hr,nrc,wc->nhw", _weights(maps.shape[1], height), maps, _weights(maps.shape[2], width))
    )


def _weights(n: int, size: int) -> FloatArray:
    """Return how much each of n cells counts at each of ``size`` places."""
    middles = np.clip((np.arange(size) + 0.5) * n / size - 0.5, 0, n - 1)
    return np.asarray(np.maximum(1 - np.abs(middles[:, None] - np.arange(n)), 0.0))
