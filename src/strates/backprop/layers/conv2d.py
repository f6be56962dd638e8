"""The same weighted sum at every place of an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from strates.backprop.layers.layer import Array, Layer, Rule
from strates.backprop.layers.windows import Pair, Windows, pair
from strates.exceptions import ParameterError


class ConvCache(NamedTuple):
    """The patches P, one a row of the matrix, and the shape of x."""

    patches: Array
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Conv2D(Layer):
    """Filters that slide over an image: a dense layer on each patch, with the same weights for all.

    ::

        z = PW + b, P = im2col(x)        P: a row for each stop, what the filter sees there (:func:`im2col`)

        ∂L/∂x = col2im(δWᵀ)              with δ = ∂L/∂z: each patch's share, put back where it was cut; overlaps add up
        ∂L/∂W = Pᵀδ                      summed over the rows and over all stops, for they share W
        ∂L/∂b = Σδ

    Attributes
    ----------
    kernel : ndarray of shape (kh, kw, channels, n_filters)
        W, its first three axes taken as one.
    bias : ndarray of shape (n_filters,) or None, default=None
    strides, dilation : int or tuple of two int, default=(1, 1)
    padding : {"valid", "same"}, default="valid"
        As TensorFlow pads; see :class:`Windows`.
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> layer = Conv2D(np.ones((3, 3, 1, 1)), [0.5])
    >>> z, cache = layer.forward(np.ones((1, 4, 4, 1)))
    >>> z[0, :, :, 0]
    array([[9.5, 9.5],
           [9.5, 9.5]])
    >>> x, parameters = layer.backward(np.ones((1, 2, 2, 1)), cache)
    >>> x[0, :, :, 0].astype(int)  # how many of the four stops saw each pixel
    array([[1, 2, 2, 1],
           [2, 4, 4, 2],
           [2, 4, 4, 2],
           [1, 2, 2, 1]])
    """

    kernel: Array
    bias: Array | None = None
    strides: Pair = field(default=(1, 1), kw_only=True)
    padding: str = field(default="valid", kw_only=True)
    dilation: Pair = field(default=(1, 1), kw_only=True)

    trainable: ClassVar[tuple[str, ...]] = ("kernel", "bias")

    def forward(self, x: Any) -> tuple[Array, ConvCache]:
        """Return z of shape (n_rows, stops_down, stops_across, n_filters)."""
        x = self._rows(x, None, None, self.kernel.shape[2])
        cut = self.windows.cut(x)
        P = cut.reshape(-1, len(self._W))
        z = (P @ self._W).reshape(*cut.shape[:3], -1)
        return z if self.bias is None else z + self.bias, ConvCache(P, x.shape)

    def backward(self, gradient: Any, cache: ConvCache) -> tuple[Array, dict[str, Array]]:
        """Return ∂L/∂x, ∂L/∂W and ∂L/∂b."""
        P, (n, height, width, _) = cache
        stops = self.windows.stops(height, width)
        delta = self._incoming(gradient, (n, *stops, self._W.shape[1])).reshape(-1, self._W.shape[1])
        gradients = {"kernel": (P.T @ delta).reshape(self.kernel.shape)}
        if self.bias is not None:
            gradients["bias"] = delta.sum(axis=0)
        parts = (delta @ self._W.T).reshape(n, *stops, *self.kernel.shape[:3])
        return self.windows.paste(parts, height, width), gradients

    @property
    def windows(self) -> Windows:
        """The geometry."""
        return Windows(
            self.kernel.shape[:2], self.strides, dilation=self.dilation, padding=self.padding, owner=self.title
        )

    @property
    def _W(self) -> Array:
        return self.kernel.reshape(-1, self.kernel.shape[3])

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        plus = "" if self.bias is None else " + b"
        rules = (
            Rule(
                "forward",
                f"z = PW{plus}, P = im2col(x)",
                rf"z = PW{plus}, \quad P = \operatorname{{im2col}}(x)",
            ),
            Rule(
                "input", "∂L/∂x = col2im(δWᵀ)", r"\frac{\partial L}{\partial x} = \operatorname{col2im}(\delta W^\top)"
            ),
            Rule("kernel", "∂L/∂W = Pᵀδ", r"\frac{\partial L}{\partial W} = P^\top \delta"),
        )
        if self.bias is None:
            return rules
        return (*rules, Rule("bias", "∂L/∂b = Σδ", r"\frac{\partial L}{\partial b} = \sum \delta"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel.ndim != 4 or (self.bias is not None and self.bias.shape != self.kernel.shape[3:]):
            bias = "none" if self.bias is None else f"shape {self.bias.shape}"
            raise ParameterError(
                f"{self.title} got a kernel of shape {self.kernel.shape} and a bias of {bias}; expected a kernel of "
                "shape (kh, kw, channels, n_filters) and a bias of shape (n_filters,), or none."
            )
        for key in ("strides", "dilation"):
            self._set(key, pair(getattr(self, key), f"{self.title}: {key}"))
        _ = self.windows  # refuses an unknown padding
