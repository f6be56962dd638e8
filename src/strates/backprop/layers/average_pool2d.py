"""Images made smaller: of each window the mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates.backprop.layers.layer import Array, Rule
from strates.backprop.layers.pool2d import Pool2D


@dataclass(frozen=True, eq=False, repr=False)
class AveragePool2D(Pool2D):
    """The mean of what each window sees, channel by channel.

    ::

        y = (1 / m) Σ x, over the window                        m: its cells that lie inside the image

        ∂L/∂x = Σ (1 / m) ∂L/∂y, over the windows that see x

    Attributes
    ----------
    pool_size : int or tuple of two int, default=(2, 2)
    strides : int or tuple of two int, default=None
        None takes pool_size: windows side by side.
    padding : {"valid", "same"}, default="valid"
        As TensorFlow pads (see :class:`Windows`), and as there the padding is left out of the mean.
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> layer = AveragePool2D(2, padding="same")
    >>> y, cache = layer.forward(np.arange(9.0).reshape(1, 3, 3, 1))
    >>> y[0, :, :, 0]
    array([[2. , 3.5],
           [6.5, 8. ]])
    >>> layer.backward(np.ones((1, 2, 2, 1)), cache)[0][0, :, :, 0]
    array([[0.25, 0.25, 0.5 ],
           [0.25, 0.25, 0.5 ],
           [0.5 , 0.5 , 1.  ]])
    """

    def forward(self, x: Any) -> tuple[Array, tuple[int, ...]]:
        """Return y of shape (n_rows, stops_down, stops_across, channels); the cache is the shape of x."""
        x = self._rows(x, None, None, None)
        return self.windows.cut(x).sum(axis=(3, 4)) / self._cells(x.shape), x.shape

    def backward(self, gradient: Any, cache: tuple[int, ...]) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x; there are no parameters."""
        n, height, width, channels = cache
        delta = self._incoming(gradient, (n, *self.windows.stops(height, width), channels))
        share = (delta / self._cells(cache))[:, :, :, None, None]
        parts = np.broadcast_to(share, (*delta.shape[:3], *self.windows.size, channels))
        return self.windows.paste(parts, height, width), {}

    def _cells(self, shape: tuple[int, ...]) -> Array:
        """Return m, of shape (1, stops_down, stops_across, 1)."""
        return np.asarray(self.windows.cut(np.ones((1, *shape[1:3], 1))).sum(axis=(3, 4)))

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule("forward", "y = (1 / m) Σ x, over the window", r"y = \frac{1}{m} \sum_{\text{window}} x"),
            Rule(
                "input",
                "∂L/∂x = Σ (1 / m) ∂L/∂y, over the windows that see x",
                r"\frac{\partial L}{\partial x} = \sum_{\text{windows that see } x} \frac{1}{m} "
                r"\frac{\partial L}{\partial y}",
            ),
        )
