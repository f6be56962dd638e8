"""The layer that bends: without it, any number of layers is one matrix."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strates.backprop.layers.elementwise import FUNCTIONS, SYNONYMS, Elementwise, leaky_relu_of
from strates.backprop.layers.layer import Array, Layer, Rule
from strates.exceptions import ParameterError, did_you_mean


class ActivationCache(NamedTuple):
    """The weighted sums z and the slopes f'(z)."""

    z: Array
    slope: Array


@dataclass(frozen=True, eq=False, repr=False)
class Activation(Layer):
    """A function of each unit alone.

    ::

        a = f(z)

        ∂L/∂z = ∂L/∂a ⊙ f'(z)        unit by unit: where f is flat, nothing comes through

    At a corner f' is what TensorFlow takes: relu'(0) = 0, leaky_relu'(0) its slope below 0, selu'(0) that above.

    Attributes
    ----------
    activation : str
        "identity" (or "linear"), "logistic" (or "sigmoid"), "tanh", "relu", "leaky_relu", "elu", "selu", "gelu" (the
        exact one), "silu" (or "swish"), "softplus" or "softsign", with Keras's constants. For softmax, which mixes the
        units of a row, see :class:`Softmax`.
    negative_slope : float, default=0.2
        Slope of leaky_relu below 0; of no other.
    name : str

    Examples
    --------
    >>> layer = Activation("tanh")
    >>> a, cache = layer.forward([[0.0, 1.0]])
    >>> a
    array([[0. , 0.762]])
    >>> layer.backward([[1.0, 1.0]], cache)
    (array([[1. , 0.42]]), {})
    >>> for rule in layer.rules():
    ...     print(rule.text)
    a = tanh(z)
    ∂L/∂z = ∂L/∂a ⊙ (1 - a²)
    """

    activation: str
    negative_slope: float = field(default=0.2, kw_only=True)

    def forward(self, x: Any) -> tuple[Array, ActivationCache]:
        """Return a = f(z), of the shape of z."""
        z = self._rows(x, ...)
        a, slope = self._function.value_and_slope(z)
        return a, ActivationCache(z, slope)

    def backward(self, gradient: Any, cache: ActivationCache) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂z; there are no parameters."""
        return self._incoming(gradient, cache.z.shape) * cache.slope, {}

    def pieces(self, cache: ActivationCache) -> NDArray[np.int64] | None:
        """Return 1 where z > 0, else 0, of a function by cases: relu, leaky_relu, elu, selu, softsign."""
        return (cache.z > 0).astype(np.int64) if self._function.by_cases else None

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas of this function."""
        f = self._function
        times, latex = (" ⊙ " + f.slope_text, r" \odot " + f.slope_latex) if f.slope_text != "1" else ("", "")
        return (
            Rule("forward", f"a = {f.text}", f"a = {f.latex}"),
            Rule(
                "input",
                "∂L/∂z = ∂L/∂a" + times,
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a}" + latex,
            ),
        )

    @property
    def _function(self) -> Elementwise:
        if self.activation == "leaky_relu":
            return leaky_relu_of(self.negative_slope)
        return FUNCTIONS[SYNONYMS.get(self.activation, self.activation)]

    def __post_init__(self) -> None:
        if self.activation == "softmax":
            raise ParameterError("softmax is no function of one unit alone: use the layer Softmax().")
        if self.activation not in (*FUNCTIONS, *SYNONYMS):
            raise ParameterError(
                f"activation={self.activation!r} is not known. {did_you_mean(self.activation, FUNCTIONS)}"
            )
        self._set("name", self.name or self.activation)
        super().__post_init__()
