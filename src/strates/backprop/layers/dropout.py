"""Units left out at random, so that none can rely on another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from strates._random import root_seed, stream
from strates.backprop.layers.layer import Array, Layer, Rule
from strates.exceptions import DataError, ParameterError


@dataclass(frozen=True, eq=False, repr=False)
class Dropout(Layer):
    """Inverted dropout: what is kept is scaled up, so that its expectation is the input.

    ::

        y = x ⊙ m / (1 - r)                  m is 1 for a unit that is kept, 0 for one that is dropped

        ∂L/∂x = ∂L/∂y ⊙ m / (1 - r)          what was not sent up gets no blame

    The mask is held fixed, for a derivative is taken with the same units on the way up and on the way down. Without
    one the layer passes everything, as a network does when it predicts.

    N. Srivastava et al. (2014), https://jmlr.org/papers/v15/srivastava14a.html

    Attributes
    ----------
    rate : float
        r, the share that is dropped, in [0, 1).
    mask : ndarray of bool or None, default=None
        m: True is kept. Of the shape of x, or of one row of it (the same units in every row).
    name : str

    Examples
    --------
    >>> y, _ = Dropout(0.5, [True, False, True]).forward([[1.0, 2.0, 3.0]])
    >>> y
    array([[2., 0., 6.]])
    """

    rate: float
    mask: NDArray[np.bool_] | None = field(default=None)

    def forward(self, x: Any) -> tuple[Array, Array]:
        """Return y, of the shape of x; the cache is the factor of each unit."""
        x = self._rows(x, ...)
        if self.mask is None:
            return x.copy(), np.ones_like(x)
        if self.mask.shape not in (x.shape, x.shape[1:]):
            raise DataError(
                f"{self.title} has a mask of shape {self.mask.shape}, but got x of shape {x.shape}; expected a mask of "
                "that shape or of one row's. Draw one with with_random_mask(x.shape)."
            )
        factor = np.broadcast_to(self.mask / (1 - self.rate), x.shape)
        return x * factor, factor

    def backward(self, gradient: Any, cache: Array) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x; there are no parameters."""
        return self._incoming(gradient, cache.shape) * cache, {}

    def with_random_mask(self, shape: tuple[int, ...], *, random_state: Any = None) -> Self:
        """Return a copy that drops units drawn at random.

        Parameters
        ----------
        shape : tuple of int
            That of x.
        random_state : None, int, numpy.random.RandomState or numpy.random.Generator, default=None

        Returns
        -------
        Dropout
        """
        drawn = stream(root_seed(random_state), "dropout").random(shape)
        return replace(self, mask=drawn >= self.rate)

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above, or those of the identity."""
        down, up = r"\frac{\partial L}{\partial x}", r"\frac{\partial L}{\partial y}"
        if self.mask is None:
            return Rule("forward", "y = x", "y = x"), Rule("input", "∂L/∂x = ∂L/∂y", f"{down} = {up}")
        return (
            Rule("forward", "y = x ⊙ m / (1 - r)", r"y = x \odot \frac{m}{1 - r}"),
            Rule("input", "∂L/∂x = ∂L/∂y ⊙ m / (1 - r)", rf"{down} = {up} \odot \frac{{m}}{{1 - r}}"),
        )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.rate < 1:
            raise ParameterError(
                f"{self.title} got rate={self.rate!r}; expected the share to drop, in [0, 1): 0.2 drops a fifth."
            )
        if self.mask is not None:
            mask = np.asarray(self.mask)
            if mask.dtype != np.bool_:
                raise ParameterError(
                    f"{self.title} got a mask of {mask.dtype}; expected booleans, True for a unit kept."
                )
            self._set("mask", mask)
