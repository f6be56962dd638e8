"""The price of large weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates.backprop.layers.layer import Array, Rule
from strates.exceptions import ParameterError


@dataclass(frozen=True)
class Penalty:
    """The elastic net, of one kernel; biases are usually free.

    ::

        R = α(ρ Σ|W| + (1 - ρ)/2 ΣW²)

        ∂R/∂W = α(ρ sign(W) + (1 - ρ)W)        sign(0) = 0

    Attributes
    ----------
    alpha : float, default=1e-4
        α, 0 for none.
    l1_ratio : float, default=0.0
        ρ, in [0, 1]: 0 is ridge (weight decay), 1 the lasso.

    Examples
    --------
    >>> ridge = Penalty(0.1)
    >>> ridge.value([[3.0, -4.0]]), ridge.gradient([[3.0, -4.0]])
    (1.25, array([[ 0.3, -0.4]]))
    """

    alpha: float = 1e-4
    l1_ratio: float = 0.0

    def value(self, W: Any) -> float:
        """Return R, one number.

        Parameters
        ----------
        W : array-like
            Of any shape.

        Returns
        -------
        float
        """
        W = np.asarray(W, dtype=np.float64)
        l1, l2 = np.abs(W).sum(), np.square(W).sum() / 2
        return float(self.alpha * (self.l1_ratio * l1 + (1 - self.l1_ratio) * l2))

    def gradient(self, W: Any) -> Array:
        """Return ∂R/∂W; where a weight is 0, the L1 term's subgradient of least norm, 0.

        Parameters
        ----------
        W : array-like

        Returns
        -------
        ndarray, of the shape of W
        """
        W = np.asarray(W, dtype=np.float64)
        return np.asarray(self.alpha * (self.l1_ratio * np.sign(W) + (1 - self.l1_ratio) * W))

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule(
                "forward",
                "R = α(ρ Σ|W| + (1 - ρ)/2 ΣW²)",
                r"R = \alpha \left(\rho \sum |W| + \frac{1 - \rho}{2} \sum W^2\right)",
            ),
            Rule(
                "kernel",
                "∂R/∂W = α(ρ sign(W) + (1 - ρ)W)",
                r"\frac{\partial R}{\partial W} = \alpha(\rho \operatorname{sign}(W) + (1 - \rho)W)",
            ),
        )

    def __post_init__(self) -> None:
        if not (0 <= self.alpha < np.inf and 0 <= self.l1_ratio <= 1):
            raise ParameterError(
                f"alpha={self.alpha!r} and l1_ratio={self.l1_ratio!r} make no penalty; expected alpha >= 0 and "
                "l1_ratio in [0, 1]."
            )
