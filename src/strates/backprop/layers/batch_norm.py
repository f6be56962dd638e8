"""Units brought to mean 0 and variance 1 over the batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from strates.backprop.layers.layer import Array, Layer, Rule
from strates.backprop.layers.standardized import NormCache, norm_rules
from strates.exceptions import ParameterError


@dataclass(frozen=True, eq=False, repr=False)
class BatchNorm(Layer):
    """Batch normalisation: standardise each unit over the rows, then scale and shift it anew.

    ::

        x̂ = (x - μ) / s,  y = γx̂ + β                     s = √(σ² + ε)

        ∂L/∂γ = Σ ∂L/∂y ⊙ x̂
        ∂L/∂β = Σ ∂L/∂y
        ∂L/∂x = (d - mean(d) - x̂ mean(d ⊙ x̂)) / s        with d = γ ∂L/∂y

    The two means are there because μ and σ² move with every x: a batch that is shifted or stretched as a whole comes
    out the same, so d loses its mean and its part along x̂. With moving averages, as when predicting, μ and s are
    constants and ∂L/∂x = d / s. Sums and means run over all axes but the last: the rows, and an image's positions.

    S. Ioffe and C. Szegedy (2015), https://arxiv.org/abs/1502.03167

    Attributes
    ----------
    gamma, beta : ndarray of shape (n_units,) or None
        γ and β; None leaves it out.
    moving_mean, moving_variance : ndarray of shape (n_units,)
        μ and σ² when not training.
    epsilon : float, default=1e-3
        ε, as Keras's.
    training : bool, default=False
        Take μ and σ² of the batch (σ² divided by n), and differentiate through them.
    name : str

    Examples
    --------
    >>> layer = BatchNorm([1.0], [0.0], [0.0], [1.0], epsilon=0.0, training=True)
    >>> y, cache = layer.forward([[1.0], [3.0]])
    >>> y.ravel()
    array([-1.,  1.])
    >>> layer.backward([[1.0], [1.0]], cache)[0].ravel()  # shifting both changes nothing
    array([0., 0.])
    """

    gamma: Array | None
    beta: Array | None
    moving_mean: Array
    moving_variance: Array
    epsilon: float = field(default=1e-3, kw_only=True)
    training: bool = field(default=False, kw_only=True)

    trainable: ClassVar[tuple[str, ...]] = ("gamma", "beta")
    fixed: ClassVar[tuple[str, ...]] = ("moving_mean", "moving_variance")

    def forward(self, x: Any) -> tuple[Array, NormCache]:
        """Return y, of the shape of x (n_rows, ..., n_units)."""
        x = self._rows(x, ..., len(self.moving_mean))
        over = tuple(range(x.ndim - 1))
        mu, sigma2 = (x.mean(over), x.var(over)) if self.training else (self.moving_mean, self.moving_variance)
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
        if self.training:
            d = d - d.mean(over) - x_hat * (d * x_hat).mean(over)
        return d / s, {key: gradients[key] for key in self.parameters}

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above, as this layer computes them."""
        return norm_rules(self, through_statistics=self.training)

    def __post_init__(self) -> None:
        super().__post_init__()
        shapes = {key: getattr(self, key).shape for key in (*self.parameters, *self.fixed)}
        if len(set(shapes.values())) != 1 or self.moving_mean.ndim != 1:
            raise ParameterError(f"{self.title} got arrays of shapes {shapes}; expected (n_units,) for each of them.")
        if (self.moving_variance < 0).any() or self.epsilon < 0:
            raise ParameterError(
                f"{self.title} got moving_variance down to {self.moving_variance.min():g} and "
                f"epsilon={self.epsilon:g}; expected neither to be negative."
            )
