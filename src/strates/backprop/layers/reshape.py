"""The same numbers in another arrangement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from strates.backprop.layers.layer import Array, Layer, Rule
from strates.exceptions import DataError, ParameterError

_DOWN, _UP = r"\frac{\partial L}{\partial x}", r"\frac{\partial L}{\partial y}"


@dataclass(frozen=True, eq=False, repr=False)
class Reshape(Layer):
    """Each row in another shape, its numbers in the same order (the last axis runs fastest).

    ::

        y = x in the new shape

        ∂L/∂x = ∂L/∂y in the old shape

    Attributes
    ----------
    target_shape : tuple of int
        Of one row; one of the sizes may be -1 and follows from the others.
    name : str

    Examples
    --------
    >>> Reshape((2, 2)).forward([[1.0, 2.0, 3.0, 4.0]])[0].tolist()
    [[[1.0, 2.0], [3.0, 4.0]]]
    """

    target_shape: tuple[int, ...]

    def forward(self, x: Any) -> tuple[Array, tuple[tuple[int, ...], tuple[int, ...]]]:
        """Return y of shape (n_rows, *target_shape); the cache is both shapes."""
        x = self._rows(x, ...)
        try:
            y = x.copy().reshape(len(x), *self.target_shape)
        except ValueError as reason:
            raise DataError(
                f"{self.title} got x of shape {x.shape}: its rows hold {math.prod(x.shape[1:])} numbers, which do not "
                f"fit into target_shape={self.target_shape}."
            ) from reason
        return y, (x.shape, y.shape)

    def backward(self, gradient: Any, cache: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x; there are no parameters."""
        old, new = cache
        return self._incoming(gradient, new).copy().reshape(old), {}

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule("forward", "y = x in the new shape", r"y = x \text{ in the new shape}"),
            Rule("input", "∂L/∂x = ∂L/∂y in the old shape", rf"{_DOWN} = {_UP} \text{{ in the old shape}}"),
        )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set("target_shape", tuple(self.target_shape))
        if self.target_shape.count(-1) > 1 or any(size < 1 for size in self.target_shape if size != -1):
            raise ParameterError(
                f"{self.title} got target_shape={self.target_shape}; expected positive sizes, one of which may be -1."
            )


@dataclass(frozen=True, eq=False, repr=False)
class Flatten(Layer):
    """Each row as one vector, as a Dense layer takes it.

    ::

        y = x as a vector

        ∂L/∂x = ∂L/∂y in the shape of x

    Attributes
    ----------
    name : str

    Examples
    --------
    >>> Flatten().forward([[[1.0, 2.0], [3.0, 4.0]]])[0]
    array([[1., 2., 3., 4.]])
    """

    def forward(self, x: Any) -> tuple[Array, tuple[int, ...]]:
        """Return y of shape (n_rows, n_numbers); the cache is the shape of x."""
        x = self._rows(x, ...)
        return x.copy().reshape(len(x), -1), x.shape

    def backward(self, gradient: Any, cache: tuple[int, ...]) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x; there are no parameters."""
        flat = (cache[0], math.prod(cache[1:]))
        return self._incoming(gradient, flat).copy().reshape(cache), {}

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule("forward", "y = x as a vector", r"y = x \text{ as a vector}"),
            Rule("input", "∂L/∂x = ∂L/∂y in the shape of x", rf"{_DOWN} = {_UP} \text{{ in the shape of }} x"),
        )
