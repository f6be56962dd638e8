"""Colours of a plane divided among classes: the deeper, the surer."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb

from strates._types import FloatArray
from strates.displays.style import MUTED, PALETTE

# P. Tol (2021), Colour Schemes: those of his "muted" scheme that are far from ours, and a brown.
_MORE_COLOURS = ("#882255", "#999933", "#332288", "#DDCC77", "#7F4F24")
_COLOURS = (*PALETTE, *_MORE_COLOURS)
MARKERS = ("o", "s", "^", "D", "v", "P", "<", "h", ">", "p")
_DEEPEST = 0.62  # so that points of full colour still stand out


def class_colours(n_classes: int, *, last_is_rest: bool = False) -> FloatArray:
    """Return a colour for each class, as red, green and blue in [0, 1], of shape (n_classes, 3); 12 differ.

    Parameters
    ----------
    n_classes : int
    last_is_rest : bool, default=False
        Whether the last stands for all other classes, and is grey.
    """
    colours = [to_rgb(_COLOURS[k % len(_COLOURS)]) for k in range(n_classes)]
    if last_is_rest:
        colours[-1] = to_rgb(MUTED)
    return np.array(colours)


def leads(probabilities: FloatArray) -> FloatArray:
    """Return by how much each class leads the best of the others, of the shape of ``probabilities``, in [-1, 1].

    The lead of the first class over the second is 0 where the two are tied, and 1 where the first is certain.
    """
    values = probabilities.astype(np.float32, copy=False)
    if values.shape[-1] == 1:
        return np.ones_like(values)
    two = np.partition(values, -2, axis=-1)[..., -2:]
    second, first = two[..., :1], two[..., 1:]
    # where a class is the first, the best of the others is the second
    return values - np.where(values == first, second, first)


def shade(colours: FloatArray, depth: FloatArray) -> FloatArray:
    """Blend colours with white: white at depth 0, deepest at 1.

    Parameters
    ----------
    colours : ndarray of shape (..., 3)
    depth : ndarray of shape (...)
        In [0, 1].

    Returns
    -------
    ndarray of shape (..., 3)
    """
    blended: FloatArray = 1 - _DEEPEST * depth[..., None] * (1 - colours)
    return blended


def shaded_image(ahead: FloatArray, colours: FloatArray) -> FloatArray:
    """Return the colour of each point of a grid: that of its class, white where two classes are tied.

    Parameters
    ----------
    ahead : ndarray of shape (n, n, n_classes)
        What :func:`leads` returned.
    colours : ndarray of shape (n_classes, 3)

    Returns
    -------
    ndarray of shape (n, n, 3)
    """
    best = ahead.argmax(axis=-1)
    return shade(colours[best], np.take_along_axis(ahead, best[..., None], axis=-1)[..., 0])
