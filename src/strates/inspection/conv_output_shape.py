"""How large the image is that a convolution makes, and whether its window fits."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from strates.exceptions import DataError, ParameterError
from strates.inspection.conv_window import ConvWindow


def conv_output_shape(
    image_shape: Sequence[int],
    kernel_size: int | tuple[int, int],
    *,
    strides: int | tuple[int, int] = 1,
    padding: Any = 0,
    dilation: int | tuple[int, int] = 1,
    filters: int | None = None,
    exact: bool = True,
) -> tuple[int, ...]:
    """Return the shape of what a convolution (or a pooling) makes of an image.

    ::

        (W - F + 2P) / S + 1

    stops along an axis of W pixels, for a window that covers F of them, P pixels of padding on either side and a stride
    of S. Where this is no whole number, the last stops never reach the edge: the geometry is refused, and what would
    mend it is said.

    Parameters
    ----------
    image_shape : tuple (height, width) or (height, width, channels)
        In pixels. A filter reaches through all channels: their number does not matter.
    kernel_size : int or tuple of two int
        F: rows and columns of the window.
    strides : int or tuple of two int, default=1
        S.
    padding : int, (rows, columns), ((above, below), (left, right)), "valid" or "same", default=0
        P: zeros on each side. "same" pads as TensorFlow does, for as many stops as pixels divided by the stride,
        rounded up, and always fits.
    dilation : int or tuple of two int, default=1
        Distance of the window's cells: it covers (F - 1) * dilation + 1 pixels.
    filters : int, optional
        Channels of the output, for its whole shape.
    exact : bool, default=True
        Refuse a window that leaves pixels over. False rounds down, as frameworks do without a word.

    Returns
    -------
    tuple (rows, columns) or (rows, columns, filters)

    Raises
    ------
    ParameterError
        The stops are not whole, or something is no size.
    DataError
        The window is larger than the padded image.

    See Also
    --------
    conv_parameters : How many numbers such a layer learns.
    strates.backprop.im2col : The windows themselves.

    References
    ----------
    Stanford CS231n notes, "Convolutional neural networks", spatial arrangement.

    Examples
    --------
    >>> conv_output_shape((227, 227, 3), 11, strides=4, filters=96)  # the first layer of AlexNet
    (55, 55, 96)
    >>> conv_output_shape((10, 10), 3, strides=2, exact=False)
    (4, 4)
    """
    height, width = image_size(image_shape)
    window = ConvWindow.of(kernel_size, strides=strides, padding=padding, dilation=dilation)
    if filters is not None and not (isinstance(filters, Integral) and int(filters) > 0):
        raise ParameterError(f"filters={filters!r} cannot be used; give the number of channels of the output.")
    rows, columns = window.stops(height, width)
    if exact and window.padding != "same":
        for axis, n in enumerate((height, width)):
            _refuse_leftover(window, axis, n, (rows, columns)[axis])
    return (rows, columns) if filters is None else (rows, columns, int(filters))


def image_size(shape: Any) -> tuple[int, int]:
    """Return height and width of (height, width) or (height, width, channels).

    Examples
    --------
    >>> image_size((227, 227, 3))
    (227, 227)
    """
    sizes = tuple(shape) if isinstance(shape, Sequence) else ()
    if len(sizes) not in (2, 3) or not all(isinstance(n, Integral) and int(n) > 0 for n in sizes):
        raise DataError(
            f"An image of shape {shape!r} cannot be used: expected (height, width) or (height, width, channels), in "
            "pixels."
        )
    return int(sizes[0]), int(sizes[1])


def _refuse_leftover(window: ConvWindow, axis: int, n: int, stops: int) -> None:
    stride, covers = window.strides[axis], window.extent[axis]
    before, after = window.borders(None, None)[axis]
    left = (n + before + after - covers) % stride
    if not left:
        return
    axis_name = ("rows", "columns")[axis]
    padded = f"2*{before}" if before == after else f"{before} + {after}"
    value = (n - covers + before + after) / stride + 1
    raise ParameterError(
        f"The window does not fit {n} {axis_name} evenly: ({n} - {covers} + {padded})/{stride} + 1 = {value:.4g} stops "
        f"is not whole. Frameworks round down to {stops} and leave out the last {left}, as exact=False does here. "
        f"{_remedies(window, axis, n, left)}"
    )


def _remedies(window: ConvWindow, axis: int, n: int, left: int) -> str:
    """Say what would make the stops whole."""
    stride, covers = window.strides[axis], window.extent[axis]
    before, after = window.borders(None, None)[axis]
    ways = [f"crop the image to {n - left}"]
    spread = next((p for p in range(1, stride) if (left + 2 * p) % stride == 0), None)
    if before == after and spread is not None:
        ways.append(f"take padding={before + spread}")
    ways.append(f"pad one side by {stride - left} more")
    room = n + before + after - covers
    smaller = max(s for s in range(1, stride) if room % s == 0)
    ways.append(f"take strides={smaller}")
    text = ", ".join(ways[:-1]) + f", or {ways[-1]}."
    return text[0].upper() + text[1:]
