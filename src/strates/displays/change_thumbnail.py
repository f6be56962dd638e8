"""A small picture of what was added to an image."""

from __future__ import annotations

import numpy as np

from strates._types import FloatArray
from strates.displays.thumbnail import thumbnail
from strates.displays.weights import SIGNS
from strates.inspection.image_summary import Picture


def change_thumbnail(
    change: FloatArray, *, white: float = 255.0, label: str = "", name: str = "", most_side: int = 96
) -> tuple[Picture, float]:
    """Turn the difference of two images into a small picture for a page, in the colours of :class:`AttackDisplay`.

    Of grey images blue is lighter and vermilion darker; of those in colour no change is a middle grey.

    Parameters
    ----------
    change : ndarray of shape (height, width), (height, width, 1) or (height, width, 3)
        In the units of the images.
    white : float, default=255.0
        What white is in these units, where black is 0.
    label, name : str, default=""
        The image's class, and its file.
    most_side : int, default=96
        Pixels of the longer side, at most; of a larger difference every few pixels one is shown.

    Returns
    -------
    picture : Picture
    factor : float
        How many times larger the difference is shown than it is: its largest value becomes half the range from black to
        white.

    Examples
    --------
    >>> picture, factor = change_thumbnail(np.full((8, 8), 5.1))
    >>> picture.width, round(factor)
    (8, 25)
    """
    pixels = change[..., 0] if change.shape[2:] == (1,) else change
    # neighbours that change in opposite directions would cancel out if the picture were reduced by averaging
    step = -(-max(pixels.shape[:2]) // most_side)
    pixels = np.asarray(pixels, float)[::step, ::step]
    largest = float(np.abs(change).max())
    factor = white / 2 / largest if largest > 0 else 1.0
    shown = np.clip(0.5 + pixels * factor / white, 0, 1)
    colours = SIGNS(shown)[..., :3] if shown.ndim == 2 else shown
    picture = thumbnail((255 * colours).round().astype(np.uint8), label=label, name=name, most_side=most_side)
    return picture, factor
