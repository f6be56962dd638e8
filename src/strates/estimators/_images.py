"""Images as a network takes them, and their shape."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_array

from strates._types import AnyArray
from strates.exceptions import DataError, ParameterError, StratesWarning

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
        mend = "Resize the images, or fit anew."
        if X.shape in (shape, shape[:2]):
            mend = "One image goes in as X[np.newaxis]."
        elif images.ndim == 4 and (*images.shape[2:], images.shape[1]) == shape:
            mend = "Channels go last: X.transpose(0, 2, 3, 1)."
        raise DataError(
            f"X has shape {X.shape}, but the network takes images of {height} x {width} pixels with {channels} "
            f"channel{'s' * (channels > 1)}: shape (n, {height}, {width}, {channels}), or flat rows of "
            f"{math.prod(shape)} numbers. {mend}"
        )
    return np.asarray(images)


def check_pixels(X: Any) -> AnyArray:
    """Return pixels as uint8 or float32, of two dimensions or more, all finite.

    Raises
    ------
    DataError
        Images of several sizes, or none.
    ValueError
        Not numbers, or not finite.
    """
    if isinstance(X, list | tuple):
        shapes = list(dict.fromkeys(np.shape(one) for one in X if isinstance(one, np.ndarray)))
        if len(shapes) > 1:
            raise DataError(
                f"The images have several shapes, {shapes[0]} and {shapes[1]} among them; expected one array of images "
                "of one size. Resize them; strates.datasets.read_image_folder does so with files."
            )
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


def warn_of_channels_first(shape: Shape) -> None:
    """Say so where images seem to have their channels before their pixels, as PyTorch has them.

    Such an array is a good one: three rows of pixels, of very many channels. Only whoever made it can tell.
    """
    height, width, channels = shape
    if channels > 4 and width > 4 and (height == 3 or (height == 1 and width == channels)):
        warnings.warn(
            f"The images are taken for {height} x {width} pixels with {channels} channels each. If their channels come "
            f"first, as PyTorch has them, give X.transpose(0, 2, 3, 1); if not, image_shape={shape} says so.",
            StratesWarning,
            stacklevel=2,
        )


def warn_of_other_scale(X: AnyArray, scale: float) -> None:
    """Say so where pixels are plainly of another scale than those that a network learned from.

    Parameters
    ----------
    X : ndarray
        What :func:`check_pixels` returned.
    scale : float
        What :func:`automatic_scale` found when the network was fitted.
    """
    if X.dtype == np.uint8:
        if scale < 1 or (largest := int(X.max(initial=0))) <= 1:
            return
        learned, mend = "numbers that needed no scaling, such as those from 0 to 1", "Divide X by 255"
        what = f"bytes, up to {largest}"
    else:
        if scale == 1 or float(X.max(initial=0.0)) > 1 or float(X.min(initial=0.0)) < 0 or (np.rint(X) == X).all():
            return
        full = round(1 / scale)
        learned, mend, what = f"pixels up to {full:,}", f"Multiply X by {full:,}", "fractions up to 1"
    warnings.warn(
        f"X holds {what}, but the network learned from {learned}: it will hardly recognise anything. {mend}, or do "
        "whatever was done to the images that it learned from.",
        StratesWarning,
        stacklevel=2,
    )
