"""Where a small window stops on an image: the geometry of convolutions and pooling."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from strates.backprop.layers.layer import Array
from strates.exceptions import DataError, ParameterError, did_you_mean

Pair = tuple[int, int]


@dataclass(frozen=True)
class Windows:
    """A window that moves over an image, as TensorFlow moves it.

    Along an axis of size n, a window of size k whose cells are ``dilation`` apart covers e = (k - 1) dilation + 1. With
    stride s it stops

    - ``"valid"``, only inside: ⌊(n - e) / s⌋ + 1 times; what a stride leaves over at the end is not looked at;
    - ``"same"``, ⌈n / s⌉ times: the image is padded by what that needs, half before and half after, an odd cell after.

    Attributes
    ----------
    size, strides, dilation : tuple of two int
        Rows and columns.
    padding : {"valid", "same"}
    owner : str
        Who is named in messages.

    Examples
    --------
    >>> Windows((3, 3), (2, 2)).stops(7, 7), Windows((3, 3), (2, 2), padding="same").stops(7, 8)
    ((3, 3), (4, 4))
    >>> Windows((3, 3), (2, 2), padding="same").borders(7, 8)  # rows before and after, columns before and after
    ((1, 1), (0, 1))
    """

    size: Pair
    strides: Pair = (1, 1)
    dilation: Pair = field(default=(1, 1), kw_only=True)
    padding: str = field(default="valid", kw_only=True)
    owner: str = field(default="Windows", kw_only=True)

    def __post_init__(self) -> None:
        for key in ("size", "strides", "dilation"):
            pair(getattr(self, key), f"{self.owner}: {key}")
        if self.padding not in ("valid", "same"):
            hint = did_you_mean(self.padding, ("valid", "same"))
            raise ParameterError(f"{self.owner}: padding={self.padding!r} is not known. {hint}")

    @property
    def extent(self) -> Pair:
        """Cells that a window covers, those between its own included."""
        (kh, kw), (dh, dw) = self.size, self.dilation
        return (kh - 1) * dh + 1, (kw - 1) * dw + 1

    def stops(self, height: int, width: int) -> Pair:
        """Return how often the window stops, down and across.

        Raises
        ------
        DataError
            It is larger than an image that is not padded.
        """
        (eh, ew), (sh, sw) = self.extent, self.strides
        if self.padding == "same":
            return -(-height // sh), -(-width // sw)
        if height < eh or width < ew:
            raise DataError(
                f"{self.owner}: a window that covers {eh} x {ew} does not fit into an image of {height} x {width}. "
                'Take a smaller one, fewer layers before it that shrink the image, or padding="same".'
            )
        return (height - eh) // sh + 1, (width - ew) // sw + 1

    def borders(self, height: int, width: int) -> tuple[Pair, Pair]:
        """Return the cells of padding before and after: of the rows, of the columns."""
        if self.padding == "valid":
            return (0, 0), (0, 0)
        axes = zip(self.stops(height, width), self.strides, self.extent, (height, width), strict=True)
        missing = [max((stops - 1) * s + e - n, 0) for stops, s, e, n in axes]
        (above, below), (left, right) = ((total // 2, total - total // 2) for total in missing)
        return (above, below), (left, right)

    def cut(self, x: Array, *, outside: float = 0.0) -> Array:
        """Return what the window shows at each stop.

        Parameters
        ----------
        x : ndarray of shape (n_rows, height, width, channels)
        outside : float, default=0.0
            What the padding holds.

        Returns
        -------
        ndarray of shape (n_rows, stops_down, stops_across, window_height, window_width, channels)
            A view of the (padded) image.
        """
        self.stops(*x.shape[1:3])  # refuses a window that does not fit
        (sh, sw), (dh, dw) = self.strides, self.dilation
        padded = np.pad(x, ((0, 0), *self.borders(*x.shape[1:3]), (0, 0)), constant_values=outside)
        view = sliding_window_view(padded, self.extent, axis=(1, 2))[:, ::sh, ::sw, :, ::dh, ::dw]
        return np.moveaxis(view, 3, -1)

    def paste(self, parts: Array, height: int, width: int) -> Array:
        """Add what each stop shows to the image it was cut from: the transpose of :meth:`cut` ("col2im").

        A cell that several windows saw is the sum of its parts, as a derivative adds over all that a number went into.
        For all x and parts, ⟨cut(x), parts⟩ = ⟨x, paste(parts)⟩.

        Parameters
        ----------
        parts : ndarray of shape (n_rows, stops_down, stops_across, window_height, window_width, channels)
        height, width : int
            Of the image.

        Returns
        -------
        ndarray of shape (n_rows, height, width, channels)
        """
        n, down, across, _, _, channels = parts.shape
        (sh, sw), (dh, dw) = self.strides, self.dilation
        (above, below), (left, right) = self.borders(height, width)
        padded = np.zeros((n, above + height + below, left + width + right, channels))
        for u, v in np.ndindex(self.size):  # one cell of the window at a time, in all its stops at once
            rows = slice(u * dh, u * dh + (down - 1) * sh + 1, sh)
            columns = slice(v * dw, v * dw + (across - 1) * sw + 1, sw)
            padded[:, rows, columns] += parts[:, :, :, u, v]
        return padded[:, above : above + height, left : left + width]


def pair(value: Any, what: str) -> Pair:
    """Return two positive integers, (rows, columns), of one or two.

    Examples
    --------
    >>> pair(3, "strides"), pair((3, 1), "strides")
    ((3, 3), (3, 1))
    """
    two = (value, value) if isinstance(value, int | np.integer) else tuple(value) if isinstance(value, Iterable) else ()
    if len(two) != 2 or not all(isinstance(one, int | np.integer) and one > 0 for one in two):
        raise ParameterError(f"{what}={value!r} cannot be used; expected a positive integer, or two: (rows, columns).")
    return int(two[0]), int(two[1])
