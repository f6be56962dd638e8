"""Images made smaller: of each window the largest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strates.backprop.layers.layer import Array, Rule
from strates.backprop.layers.pool2d import Pool2D


class MaxPoolCache(NamedTuple):
    """Which cell of each window won, and the shape of x."""

    winner: NDArray[np.int64]
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class MaxPool2D(Pool2D):
    """The largest number that each window sees, channel by channel.

    ::

        y = max x, over the window

        ∂L/∂x = Σ ∂L/∂y, over the windows in which x is the max        0 for an x that is the max nowhere

    Of equal numbers the first wins, row by row, as in TensorFlow. Padding never wins.

    Attributes
    ----------
    pool_size : int or tuple of two int, default=(2, 2)
    strides : int or tuple of two int, default=None
        None takes pool_size: windows side by side.
    padding : {"valid", "same"}, default="valid"
        As TensorFlow pads; see :class:`Windows`.
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]).reshape(1, 4, 4, 1)
    >>> layer = MaxPool2D(2)
    >>> y, cache = layer.forward(x)
    >>> y[0, :, :, 0]
    array([[6., 8.],
           [3., 4.]])
    >>> layer.backward(y, cache)[0][0, :, :, 0].astype(int)
    array([[0, 0, 0, 0],
           [0, 6, 0, 8],
           [3, 0, 0, 0],
           [0, 0, 0, 4]])
    """

    def forward(self, x: Any) -> tuple[Array, MaxPoolCache]:
        """Return y of shape (n_rows, stops_down, stops_across, channels)."""
        x = self._rows(x, None, None, None)
        cut = self.windows.cut(x, outside=-np.inf)
        cells = cut.reshape(*cut.shape[:3], -1, cut.shape[-1])
        return cells.max(axis=3), MaxPoolCache(cells.argmax(axis=3), x.shape)

    def backward(self, gradient: Any, cache: MaxPoolCache) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x; there are no parameters."""
        winner, (_, height, width, channels) = cache
        delta = self._incoming(gradient, winner.shape)
        kh, kw = self.windows.size
        won = winner[:, :, :, None] == np.arange(kh * kw)[:, None]
        parts = np.where(won, delta[:, :, :, None], 0.0).reshape(*winner.shape[:3], kh, kw, channels)
        return self.windows.paste(parts, height, width), {}

    def pieces(self, cache: MaxPoolCache) -> NDArray[np.int64]:
        """Return the number of the cell that won each window, counted row by row from 0."""
        return cache.winner

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule("forward", "y = max x, over the window", r"y = \max_{\text{window}} x"),
            Rule(
                "input",
                "∂L/∂x = Σ ∂L/∂y, over the windows in which x is the max",
                r"\frac{\partial L}{\partial x} = \sum_{\text{windows in which } x \text{ is the max}} "
                r"\frac{\partial L}{\partial y}",
            ),
        )
