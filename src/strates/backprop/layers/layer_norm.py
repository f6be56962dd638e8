"""Each row brought to mean 0 and variance 1 over its own units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from strates.backprop.layers.layer import Array, Layer, Rule
from strates.backprop.layers.standardized import NormCache, norm_rules
from strates.exceptions import ParameterError


@dataclass(frozen=True, eq=False, repr=False)
class LayerNorm(Layer):
    """Layer normalisation: standardise each row over its units (the last axis), then scale and shift each unit.

    ::

        x̂ = (x - μ) / s,  y = γx̂ + β                     s = √(σ² + ε), of each row

        ∂L/∂γ = Σ ∂L/∂y ⊙ x̂                              over the rows
        ∂L/∂β = Σ ∂L/∂y
        ∂L/∂x = (d - mean(d) - x̂ mean(d ⊙ x̂)) / s        over the units, with d = γ ∂L/∂y

    The formulas of :class:`BatchNorm`, the means taken along the other axis: rows do not meet, so training and
    predicting are the same.

    J. L. Ba, J. R. Kiros and G. E. Hinton (2016), https://arxiv.org/abs/1607.06450

    Attributes
    ----------
    gamma, beta : ndarray of shape (n_units,) or None
        γ and β; None leaves it out.
    epsilon : float, default=1e-3
        ε, as Keras's.
    name : str

    Examples
    --------
    >>> y, _ = LayerNorm([1.0, 1.0], [0.0, 10.0], epsilon=0.0).forward([[1.0, 3.0], [500.0, 100.0]])
    >>> y
    array([[-1., 11.], [ 1.,  9.]])
    """

    gamma: Array | None
    beta: Array | None
    epsilon: float = field(default=1e-3, kw_only=True)

    trainable: ClassVar[tuple[str, ...]] = ("gamma", "beta")

    def forward(self, x: Any) -> tuple[Array, NormCache]:
        """Return y, of the shape of x (n_rows, ..., n_units)."""
        n_units = next((len(array) for array in self.parameters.values()), None)
        x = self._rows(x, ..., n_units)
        mu, sigma2 = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        s = np.sqrt(sigma2 + self.epsilon)
        x_hat = (x - mu) / s
        y = x_hat if self.gamma is None else self.gamma * x_hat
        return y if self.beta is None else y + self.beta, NormCache(x_hat, s)

    def backward(self, gradient: Any, cache: NormCache) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x, ∂L/∂γ and ∂L/∂β."""
        x_hat, s = cache
        delta = self._incoming(gradient, x_hat.shape)
        over = tuple(range(x_hat.ndim - 1))
        gradients = {"gamma": (delta * x_hat).sum(over), "beta": delta.sum(over)}
        d = delta if self.gamma is None else self.gamma * delta
        d = d - d.mean(-1, keepdims=True) - x_hat * (d * x_hat).mean(-1, keepdims=True)
        return d / s, {key: gradients[key] for key in self.parameters}

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above, as this layer computes them."""
        return norm_rules(self, through_statistics=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = {key: array.shape for key, array in self.parameters.items()}
        if len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
            raise ParameterError(f"{self.title} got arrays of shapes {shapes}; expected (n_units,) for each of them.")
        if self.epsilon < 0:
            raise ParameterError(f"{self.title} got epsilon={self.epsilon:g}; expected 0 or more.")
