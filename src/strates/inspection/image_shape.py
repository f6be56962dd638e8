"""Whether the columns that reach a network are the pixels of an image, and of which."""

from __future__ import annotations

import math
from typing import Any

from strates.exceptions import ParameterError
from strates.inspection.network_inputs import input_names

_SMALLEST_SIDE = 8  # fewer columns than 8 x 8 that happen to be a square number are a table more often than an image


def input_image_shape(clf: Any, n_inputs: int, image_shape: tuple[int, ...] | str | None) -> tuple[int, ...] | None:
    """Return the shape of the image that a row is.

    Parameters
    ----------
    clf : fitted estimator or pipeline
        Its columns may have names.
    n_inputs : int
        How many columns reach the network.
    image_shape : "auto", tuple of int or None
        (height, width) or (height, width, n_channels), in pixels. "auto" takes a square when the columns have no
        names, or names of pixels, and are a square number, 64 at least. None: rows are no images.

    Returns
    -------
    tuple (height, width) or (height, width, 3), or None

    Raises
    ------
    ParameterError
        The shape does not fit the columns.

    Examples
    --------
    >>> input_image_shape("a classifier", 12, (4, 3, 1))
    (4, 3)
    """
    if image_shape is None:
        return None
    if isinstance(image_shape, str):
        if image_shape != "auto":
            raise ParameterError(f"image_shape={image_shape!r}; expected 'auto', None or a tuple such as (8, 8).")
        side = math.isqrt(n_inputs)
        if side * side != n_inputs or side < _SMALLEST_SIDE or not _may_be_pixels(clf, n_inputs):
            return None
        return side, side
    shape = tuple(int(n) for n in image_shape)
    if len(shape) not in (2, 3) or math.prod(shape) != n_inputs or (len(shape) == 3 and shape[2] not in (1, 3)):
        raise ParameterError(
            f"image_shape={shape} does not fit: {n_inputs} columns reach the first layer. Expected (height, width), or "
            f"(height, width, n_channels) with 1 or 3 channels, whose product is {n_inputs}."
        )
    return shape[:2] if shape[2:] == (1,) else shape


def _may_be_pixels(clf: Any, n_inputs: int) -> bool:
    """Whether the columns have no names, or pixels' names."""
    names = input_names(clf, n_inputs)
    return all(name.lower().startswith(("pixel", "px")) for name in names) or all(
        name in (f"x{i}", f"x{i + 1}") for i, name in enumerate(names)
    )
