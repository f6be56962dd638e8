"""From scores to probabilities: the one activation that mixes the units of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates.backprop.layers.layer import Array, Layer, Rule


def log_softmax(z: Array) -> Array:
    """Return log softmax(z), along the last axis."""
    s = z - z.max(axis=-1, keepdims=True)  # softmax is the same, and exp cannot overflow
    return np.asarray(s - np.log(np.exp(s).sum(axis=-1, keepdims=True)))


@dataclass(frozen=True, eq=False, repr=False)
class Softmax(Layer):
    """Positive numbers that add up to 1, in proportion to exp(z).

    ::

        aⱼ = exp(zⱼ) / Σₖ exp(zₖ)

        ∂aⱼ/∂zₖ = aⱼ(1[j = k] - aₖ)                    the Jacobian of a row, diag(a) - aaᵀ, and so
        ∂L/∂z = a ⊙ (∂L/∂a - Σₖ aₖ ∂L/∂aₖ)

    At the end of a network, :class:`strates.backprop.SoftmaxCrossEntropy` takes the scores themselves: taken together,
    the derivative of both is p - y, and nothing is lost where a rounds to 0.

    Attributes
    ----------
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> a, cache = Softmax().forward(np.log([[2.0, 3.0, 5.0]]))
    >>> a
    array([[0.2, 0.3, 0.5]])
    >>> Softmax().jacobian(cache)
    array([[[ 0.16, -0.06, -0.1 ],
            [-0.06,  0.21, -0.15],
            [-0.1 , -0.15,  0.25]]])
    """

    def forward(self, x: Any) -> tuple[Array, Array]:
        """Return a, of the shape of z (n_rows, ..., n_units); the cache is a."""
        a = np.exp(log_softmax(self._rows(x, ..., None)))
        return a, a

    def backward(self, gradient: Any, cache: Array) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂z, without making the Jacobian."""
        a, delta = cache, self._incoming(gradient, cache.shape)
        return a * (delta - (a * delta).sum(axis=-1, keepdims=True)), {}

    def jacobian(self, cache: Array) -> Array:
        """Return ∂aⱼ/∂zₖ of each row.

        Parameters
        ----------
        cache : ndarray of shape (n_rows, ..., n_units)
            What :meth:`forward` gave.

        Returns
        -------
        ndarray of shape (n_rows, ..., n_units, n_units)
        """
        a = cache[..., None]
        return np.asarray(a * (np.eye(cache.shape[-1]) - np.swapaxes(a, -1, -2)))

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule("forward", "aⱼ = exp(zⱼ) / Σₖ exp(zₖ)", r"a_j = \frac{e^{z_j}}{\sum_k e^{z_k}}"),
            Rule(
                "input",
                "∂L/∂z = a ⊙ (∂L/∂a - Σₖ aₖ ∂L/∂aₖ)",
                r"\frac{\partial L}{\partial z} = a \odot \left(\frac{\partial L}{\partial a} "
                r"- \sum_k a_k \frac{\partial L}{\partial a_k}\right)",
            ),
        )
