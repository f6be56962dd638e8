"""Where a convolution's or a pooling's window stops, with padding in numbers as in books or in words as in Keras."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, Self

from strates.backprop.layers.windows import Pair, Windows, pair
from strates.exceptions import ParameterError

Borders = tuple[Pair, Pair]


@dataclass(frozen=True)
class ConvWindow:
    """A window that moves over an image.

    Attributes
    ----------
    size, strides, dilation : tuple of two int
        Rows and columns.
    padding : {"valid", "same"} or tuple of two (before, after)
        Zeros around the image: above and below, left and right.
    """

    size: Pair
    strides: Pair
    padding: str | Borders
    dilation: Pair = (1, 1)

    @classmethod
    def of(cls, kernel_size: Any, *, strides: Any, padding: Any, dilation: Any = 1) -> Self:
        """Check and complete what a user wrote.

        Examples
        --------
        >>> ConvWindow.of(3, strides=2, padding=1).padding
        ((1, 1), (1, 1))
        """
        return cls(
            pair(kernel_size, "kernel_size"), pair(strides, "strides"), _padding(padding), pair(dilation, "dilation")
        )

    @property
    def extent(self) -> Pair:
        """Pixels that it covers, those between its cells included."""
        return Windows(self.size, self.strides, dilation=self.dilation).extent

    def borders(self, height: int | None, width: int | None) -> Borders:
        """Return the padding in numbers; that of "same" depends on the image where the stride is not 1.

        Raises
        ------
        ParameterError
            It depends on an image whose size is not known.
        """
        if isinstance(self.padding, tuple):
            return self.padding
        if self.padding == "valid":
            return (0, 0), (0, 0)
        if height is not None and width is not None:
            return self._words.borders(height, width)
        if self.strides != (1, 1):
            raise ParameterError(
                f'padding="same" with strides={self.strides} depends on the size of the image, which is not known. '
                "Give input_shape=(height, width, channels), or the padding in numbers."
            )
        down, across = (e - 1 for e in self.extent)
        return (down // 2, down - down // 2), (across // 2, across - across // 2)

    def stops(self, height: int, width: int) -> Pair:
        """Return how often it stops, down and across; what a stride leaves over is not looked at.

        Raises
        ------
        DataError
            The window is larger than the padded image.
        """
        (above, below), (left, right) = self.borders(height, width)
        plain = Windows(self.size, self.strides, dilation=self.dilation, owner="This layer")
        return plain.stops(above + height + below, left + width + right)

    @property
    def _words(self) -> Windows:
        return Windows(self.size, self.strides, dilation=self.dilation, padding=str(self.padding))


def _padding(value: Any) -> str | Borders:
    if value in ("valid", "same"):
        return str(value)
    sides = (value, value) if isinstance(value, Integral) else value
    if isinstance(sides, tuple | list) and len(sides) == 2:
        pairs = [(one, one) if isinstance(one, Integral) else one for one in sides]
        whole = [
            (int(one[0]), int(one[1]))
            for one in pairs
            if isinstance(one, tuple | list) and len(one) == 2 and all(_counts(n) for n in one)
        ]
        if len(whole) == 2:
            return whole[0], whole[1]
    raise ParameterError(
        f'padding={value!r} cannot be used. Give "valid" (none), "same" (as TensorFlow pads), a number of pixels for '
        "every side, (rows, columns), or ((above, below), (left, right))."
    )


def _counts(n: Any) -> bool:
    return isinstance(n, Integral) and not isinstance(n, bool) and int(n) >= 0
