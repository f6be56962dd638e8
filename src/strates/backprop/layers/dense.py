"""Weighted sums: the layer that back-propagation is explained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from strates.backprop.layers.layer import Array, Layer, Rule
from strates.exceptions import ParameterError


@dataclass(frozen=True, eq=False, repr=False)
class Dense(Layer):
    """Each unit a weighted sum of all inputs.

    ::

        z = xW + b

        ∂L/∂x = δWᵀ        with δ = ∂L/∂z: each unit sends its δ back along the weights it was fed by
        ∂L/∂W = xᵀδ        a weight's share is what went in, times what came back; summed over the rows
        ∂L/∂b = Σδ

    Attributes
    ----------
    kernel : ndarray of shape (n_inputs, n_units)
        W, one column a unit.
    bias : ndarray of shape (n_units,) or None, default=None
        b; None leaves it out.
    name : str

    Examples
    --------
    A neuron with its input, two weights and a bias (Karpathy's, in the notes of Stanford's CS231n):

    >>> neuron = Dense([[2.0], [-3.0]], [-3.0])
    >>> z, cache = neuron.forward([[-1.0, -2.0]])
    >>> z
    array([[1.]])
    >>> x, parameters = neuron.backward([[0.196612]], cache)
    >>> x, parameters["kernel"].ravel(), parameters["bias"]
    (array([[ 0.393224, -0.589836]]), array([-0.196612, -0.393224]), array([0.196612]))
    """

    kernel: Array
    bias: Array | None = None

    trainable: ClassVar[tuple[str, ...]] = ("kernel", "bias")

    def forward(self, x: Any) -> tuple[Array, Array]:
        """Return z of shape (n_rows, n_units); the cache is x."""
        x = self._rows(x, len(self.kernel))
        z = x @ self.kernel
        if self.bias is not None:
            z = z + self.bias
        return z, x

    def backward(self, gradient: Any, cache: Array) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x, ∂L/∂W and ∂L/∂b."""
        x, delta = cache, self._incoming(gradient, (len(cache), self.kernel.shape[1]))
        gradients = {"kernel": x.T @ delta}
        if self.bias is not None:
            gradients["bias"] = delta.sum(axis=0)
        return delta @ self.kernel.T, gradients

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        weights = (
            Rule("forward", "z = xW", "z = xW"),
            Rule("input", "∂L/∂x = δWᵀ", r"\frac{\partial L}{\partial x} = \delta W^\top"),
            Rule("kernel", "∂L/∂W = xᵀδ", r"\frac{\partial L}{\partial W} = x^\top \delta"),
        )
        if self.bias is None:
            return weights
        return (
            Rule("forward", "z = xW + b", "z = xW + b"),
            *weights[1:],
            Rule("bias", "∂L/∂b = Σδ", r"\frac{\partial L}{\partial b} = \sum \delta"),
        )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel.ndim != 2 or (self.bias is not None and self.bias.shape != self.kernel.shape[1:]):
            bias = "none" if self.bias is None else f"shape {self.bias.shape}"
            raise ParameterError(
                f"{self.title} got a kernel of shape {self.kernel.shape} and a bias of {bias}; expected a kernel of "
                "shape (n_inputs, n_units) and a bias of shape (n_units,), or none."
            )
