"""Columns standardised by means and variances that were measured before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from strates.backprop.layers.layer import Array, Layer, Rule
from strates.exceptions import ParameterError


@dataclass(frozen=True, eq=False, repr=False)
class Normalization(Layer):
    """Standardise by a mean and a variance that are data, not parameters (Keras's ``adapt``).

    ::

        y = (x - μ) / s        s = max(σ, 1e-7), as Keras has it

        ∂L/∂x = ∂L/∂y / s

    Attributes
    ----------
    mean, variance : ndarray
        μ and σ²: one number, one a unit of the last axis, or any shape that broadcasts to x.
    name : str

    Examples
    --------
    >>> Normalization([10.0, 0.0], [4.0, 1.0]).forward([[12.0, 3.0]])[0]
    array([[1., 3.]])
    """

    mean: Array
    variance: Array

    fixed: ClassVar[tuple[str, ...]] = ("mean", "variance")

    def forward(self, x: Any) -> tuple[Array, Array]:
        """Return y, of the shape of x; the cache is s."""
        x = self._rows(x, ...)
        mu, sigma2 = self._spread("mean", x.shape), self._spread("variance", x.shape)
        s = np.maximum(np.sqrt(sigma2), 1e-7)
        return (x - mu) / s, s

    def backward(self, gradient: Any, cache: Array) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x; there are no parameters."""
        return self._incoming(gradient, cache.shape) / cache, {}

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule("forward", "y = (x - μ) / s", r"y = \frac{x - \mu}{s}"),
            Rule(
                "input",
                "∂L/∂x = ∂L/∂y / s",
                r"\frac{\partial L}{\partial x} = \frac{1}{s} \frac{\partial L}{\partial y}",
            ),
        )

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.variance < 0).any():
            raise ParameterError(f"{self.title} got a variance of {self.variance.min():g}; expected none below 0.")
