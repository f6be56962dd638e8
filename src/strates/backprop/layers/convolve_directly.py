"""The definition of a convolution layer, to be read and to be compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates.backprop.layers.layer import Array
from strates.backprop.layers.windows import Pair, Windows, pair


def convolve_directly(
    x: Any,
    kernel: Any,
    bias: Any = None,
    *,
    strides: int | Pair = (1, 1),
    padding: str = "valid",
    dilation: int | Pair = (1, 1),
) -> Array:
    """Slide every filter over every image, one stop at a time.

    What networks call a convolution is a correlation: the filter is not turned round. This is slow and plain;
    :class:`Conv2D` computes the same as one matrix product.

    Parameters
    ----------
    x : array-like of shape (n_rows, height, width, channels)
    kernel : array-like of shape (kh, kw, channels, n_filters)
    bias : array-like of shape (n_filters,), optional
    strides, dilation : int or tuple of two int, default=(1, 1)
    padding : {"valid", "same"}, default="valid"
        As TensorFlow pads; see :class:`Windows`.

    Returns
    -------
    ndarray of shape (n_rows, stops_down, stops_across, n_filters)

    Examples
    --------
    A filter that finds where a row of pixels gets brighter:

    >>> convolve_directly([[[[0.0], [0.0], [7.0], [7.0]]]], [[[[-1.0]], [[1.0]]]]).ravel()
    array([0., 7., 0.])
    """
    x, kernel = np.asarray(x, dtype=np.float64), np.asarray(kernel, dtype=np.float64)
    step, spread = pair(strides, "strides"), pair(dilation, "dilation")
    windows = Windows(kernel.shape[:2], step, dilation=spread, padding=padding, owner="convolve_directly")
    (down, across), (eh, ew) = windows.stops(*x.shape[1:3]), windows.extent
    (sh, sw), (dh, dw) = windows.strides, windows.dilation
    padded = np.pad(x, ((0, 0), *windows.borders(*x.shape[1:3]), (0, 0)))

    z = np.zeros((len(x), down, across, kernel.shape[3]))
    for n in range(len(x)):
        for i in range(down):
            for j in range(across):
                seen = padded[n, i * sh : i * sh + eh : dh, j * sw : j * sw + ew : dw]
                for f in range(kernel.shape[3]):
                    z[n, i, j, f] = np.sum(seen * kernel[..., f])
    return z if bias is None else z + np.asarray(bias, dtype=np.float64)
