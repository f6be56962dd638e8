"""A convolution as a matrix product: what the filter sees at each stop, laid out as a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates.backprop.layers.layer import Array
from strates.backprop.layers.windows import Pair, Windows, pair
from strates.exceptions import DataError


def im2col(
    x: Any,
    kernel_size: int | Pair,
    *,
    strides: int | Pair = (1, 1),
    padding: str = "valid",
    dilation: int | Pair = (1, 1),
) -> Array:
    """Return the patches that a filter sees, each as a vector.

    A filter's output is the scalar product of a patch with its weights, so all of them together are one matrix product:
    ``im2col(x, (kh, kw)) @ kernel.reshape(-1, n_filters)``.

    Parameters
    ----------
    x : array-like of shape (n_rows, height, width, channels)
    kernel_size : int or tuple of two int
        Rows and columns of the filter.
    strides, dilation : int or tuple of two int, default=(1, 1)
    padding : {"valid", "same"}, default="valid"
        As TensorFlow pads; see :class:`Windows`.

    Returns
    -------
    ndarray of shape (n_rows, stops_down, stops_across, kh * kw * channels)
        The order of a patch is that of ``kernel.reshape(-1, n_filters)``: rows, columns, channels.

    Raises
    ------
    DataError
        x has not four axes, or the filter does not fit in.
    ParameterError
        A size, stride or dilation is no positive integer, or the padding is not known.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> im2col(x, 2).reshape(4, 4)
    array([[0., 1., 3., 4.],
           [1., 2., 4., 5.],
           [3., 4., 6., 7.],
           [4., 5., 7., 8.]])
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 4:
        raise DataError(f"im2col got x of shape {x.shape}; expected (n_rows, height, width, channels).")
    size, step, spread = pair(kernel_size, "kernel_size"), pair(strides, "strides"), pair(dilation, "dilation")
    windows = Windows(size, step, dilation=spread, padding=padding, owner="im2col")
    patches = windows.cut(x)
    return patches.reshape(*patches.shape[:3], -1)
