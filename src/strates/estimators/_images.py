"""Images as a network takes them, and their shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_array

from strates._types import AnyArray
from strates.exceptions import DataError, ParameterError

Shape = tuple[int, int, int]


def check_image_shape(value: Any) -> Shape | None:
    """Return ``image_shape`` as (height, width, channels), or None when it is to be found out.

    Examples
    --------
    >>> check_image_shape((28, 28)), check_image_shape((32, 32, 3))
    ((28, 28, 1), (32, 32, 3))
    """
    if value is None:
        return None
    sizes = tuple(value) if isinstance(value, Sequence) else (value,)
    whole = all(isinstance(n, Integral) and not isinstance(n, bool) and int(n) > 0 for n in sizes)
    if len(sizes) not in (2, 3) or not whole:
        raise ParameterError(
            f"image_shape={value!r} cannot be used: it is (height, width) or (height, width, channels), in pixels."
        )
    height, width, channels = (int(n) for n in (*sizes, 1)[:3])
    return height, width, channels


def guess_image_shape(n_features: int) -> Shape:
    """Return the shape that flat rows are taken to have: a square of grey pixels, or else a single line.

    Examples
    --------
    >>> guess_image_shape(64), guess_image_shape(10)
    ((8, 8, 1), (1, 10, 1))
    """
    side = math.isqrt(n_features)
    return (side, side, 1) if side * side == n_features else (1, n_features, 1)


def as_images(X: Any, shape: Shape) -> AnyArray:
    """Return checked rows as images of one shape.

    Parameters
    ----------
    X : ndarray of shape (n, height * width * channels), (n, height, width) or (n, height, width, channels)
    shape : tuple (height, width, channels)

    Returns
    -------
    ndarray of shape (n, height, width, channels)

    Raises
    ------
    DataError
        The images have another shape.
    """
    if X.ndim == 2 and X.shape[1] == math.prod(shape):
        return np.asarray(X.reshape(len(X), *shape))
    images = X[..., np.newaxis] if X.ndim == 3 else X
    if images.ndim != 4 or images.shape[1:] != shape:
        height, width, channels = shape
        raise DataError(
            f"X has shape {X.shape}, but the network takes images of {height} x {width} pixels with {channels} "
            f"channel{'s' * (channels > 1)}: shape (n, {height}, {width}, {channels}), or flat rows of "
            f"{math.prod(shape)} numbers. Resize the images, or fit anew."
        )
    return np.asarray(images)


def check_pixels(X: Any) -> AnyArray:
    """Return pixels as uint8 or float32, of two dimensions or more, all finite.

    Raises
    ------
    DataError
        Not numbers, or not finite.
    """
    if isinstance(X, np.ndarray) and X.dtype == np.uint8 and X.ndim > 1:
        if not len(X):
            raise DataError(f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required.")
        return X
    pixels: AnyArray = check_array(X, dtype=np.float32, allow_nd=True, ensure_all_finite=True, order="C")
    return pixels


#: The largest value that each common way of writing pixels has.
_FULL_SCALES = (1, 16, 255, 65_535)


def automatic_scale(X: AnyArray) -> float:
    """Return what brings pixels to about [0, 1]: 1 over the full scale of what they seem to be.

    Values from 0 on are taken for pixels of a scale to 1, 16, 255 or 65,535, the first that holds them; others, and
    negative ones, are left as they are.

    Examples
    --------
    >>> 1 / automatic_scale(np.zeros((2, 4), np.uint8)), 1 / automatic_scale(np.array([[0, 14.5]]))
    (255.0, 16.0)
    >>> automatic_scale(np.array([[0.5]])), automatic_scale(np.array([[-3.0, 200.0]]))
    (1.0, 1.0)
    """
    if X.dtype == np.uint8:
        return 1 / 255
    if float(X.min(initial=0.0)) < 0:
        return 1.0
    largest = float(X.max(initial=0.0))
    return next((1 / full for full in _FULL_SCALES if largest <= full), 1.0)
