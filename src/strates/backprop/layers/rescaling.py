"""Numbers brought to another unit, such as pixels from 0..255 to 0..1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from strates.backprop.layers.layer import Array, Layer, Rule


@dataclass(frozen=True, eq=False, repr=False)
class Rescaling(Layer):
    """A change of unit.

    ::

        y = cx + d

        ∂L/∂x = c ∂L/∂y

    Attributes
    ----------
    scale : float or ndarray
        c: one number, one a unit of the last axis, or any shape that broadcasts to x.
    offset : float or ndarray, default=0.0
        d, likewise.
    name : str

    Examples
    --------
    >>> Rescaling(1 / 255).forward([[0.0, 51.0, 255.0]])[0]
    array([[0. , 0.2, 1. ]])
    """

    scale: Array | float
    offset: Array | float = 0.0

    fixed: ClassVar[tuple[str, ...]] = ("scale", "offset")

    def forward(self, x: Any) -> tuple[Array, Array]:
        """Return y, of the shape of x; the cache is c."""
        x = self._rows(x, ...)
        c, d = self._spread("scale", x.shape), self._spread("offset", x.shape)
        return c * x + d, c

    def backward(self, gradient: Any, cache: Array) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x; there are no parameters."""
        return cache * self._incoming(gradient, cache.shape), {}

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule("forward", "y = cx + d", "y = cx + d"),
            Rule("input", "∂L/∂x = c ∂L/∂y", r"\frac{\partial L}{\partial x} = c \frac{\partial L}{\partial y}"),
        )
