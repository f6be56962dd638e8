"""A small picture of an image with a map laid over it."""

from __future__ import annotations

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.displays.overlay import full_colour, overlay
from strates.displays.thumbnail import thumbnail
from strates.inspection.image_summary import Picture


def heat_thumbnail(
    pixels: AnyArray, heat: FloatArray, *, label: str = "", name: str = "", most_side: int = 96
) -> Picture:
    """Turn an image and a map over it into a small picture for a page, in the colours of :class:`SaliencyDisplay`.

    Parameters
    ----------
    pixels : ndarray of shape (height, width) or (height, width, channels)
    heat : ndarray of shape (height, width)
        Blue where it is above zero, vermilion below; pale where it is small.
    label, name : str, default=""
        Its class, and its file.
    most_side : int, default=96
        Pixels of the longer side, at most.

    Returns
    -------
    Picture

    Examples
    --------
    >>> heat_thumbnail(np.zeros((30, 200, 3), np.uint8), np.ones((30, 200))).width
    96
    """
    colours = overlay(pixels, heat, full_colour(heat))
    return thumbnail((255 * colours).round().astype(np.uint8), label=label, name=name, most_side=most_side)
