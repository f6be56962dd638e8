"""Of each channel one number: its mean over the whole image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates.backprop.layers.layer import Array, Layer, Rule


@dataclass(frozen=True, eq=False, repr=False)
class GlobalAveragePool2D(Layer):
    """The mean of each channel over its m pixels.

    ::

        y = (1 / m) Σ x

        ∂L/∂x = (1 / m) ∂L/∂y        the same for every pixel

    Attributes
    ----------
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> layer = GlobalAveragePool2D()
    >>> y, cache = layer.forward(np.arange(8.0).reshape(1, 2, 2, 2))
    >>> y
    array([[3., 4.]])
    >>> layer.backward([[4.0, 0.0]], cache)[0][0, :, :, 0]
    array([[1., 1.],
           [1., 1.]])
    """

    def forward(self, x: Any) -> tuple[Array, tuple[int, ...]]:
        """Return y of shape (n_rows, channels); the cache is the shape of x."""
        x = self._rows(x, None, None, None)
        return x.mean(axis=(1, 2)), x.shape

    def backward(self, gradient: Any, cache: tuple[int, ...]) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x; there are no parameters."""
        n, height, width, channels = cache
        delta = self._incoming(gradient, (n, channels))
        return np.broadcast_to(delta[:, None, None] / (height * width), cache).copy(), {}

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule("forward", "y = (1 / m) Σ x", r"y = \frac{1}{m} \sum x"),
            Rule(
                "input",
                "∂L/∂x = (1 / m) ∂L/∂y",
                r"\frac{\partial L}{\partial x} = \frac{1}{m} \frac{\partial L}{\partial y}",
            ),
        )
