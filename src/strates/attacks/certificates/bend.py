"""The layers of a network that bend, as certificates need them: bounds of their outputs, and lines around them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.attacks.certificates.affine_step import Shape
from strates.backprop.layers import Activation, Layer, MaxPool2D
from strates.backprop.layers.max_pool2d import MaxPoolCache

#: Share of its value (and of 1) by which an activation may be off in float32: eight times the unit roundoff.
_FLOAT32_SLACK = 2.0**-21

#: Where a function that falls and then rises is lowest.
_VALLEYS = {"gelu": -0.7517915246935645, "silu": -1.2784645427610738, "swish": -1.2784645427610738}
_CONVEX = ("relu", "leaky_relu", "elu", "softplus")
_S_SHAPED = ("tanh", "sigmoid", "logistic", "softsign")


class Interval(NamedTuple):
    """Bounds of each number, arrays of shape (n_rows, ...)."""

    lower: FloatArray
    upper: FloatArray

    @property
    def magnitude(self) -> FloatArray:
        """The largest absolute value."""
        return np.maximum(np.abs(self.lower), np.abs(self.upper))


class Bend(ABC):
    """A layer that is not affine."""

    is_diagonal = False

    def __init__(self, layer: Layer, input_shape: Shape) -> None:
        self.layer = layer
        self.name = layer.name
        self.input_shape = input_shape
        self.output_shape: Shape = layer.forward(np.zeros((1, *input_shape)))[0].shape[1:]

    def apply(self, x: FloatArray) -> FloatArray:
        """Return the outputs."""
        return np.asarray(self.layer.forward(x)[0])

    @abstractmethod
    def interval(self, x: Interval) -> Interval:
        """Return the smallest interval that holds the outputs."""

    @abstractmethod
    def rounding(self, y: Interval) -> FloatArray:
        """Bound how far the output in float32 is from the exact one, for outputs in an interval."""

    @abstractmethod
    def pull_lower(self, A: FloatArray, x: Interval) -> tuple[FloatArray, FloatArray]:
        """Bound A·y from below by a function of x that is affine where x is within its bounds.

        Parameters
        ----------
        A : ndarray of shape (n_rows, k, *output_shape), or (1, k, *output_shape) for all rows alike
        x : Interval
            Of shape (n_rows, *input_shape).

        Returns
        -------
        slope : ndarray of shape (n_rows, k, *input_shape)
        constant : ndarray of shape (n_rows, k)
            A·y >= slope·x + constant.
        """


class ActivationBend(Bend):
    """An activation of each unit alone."""

    layer: Activation

    def interval(self, x: Interval) -> Interval:
        """Return f of the bounds; a valley within counts too."""
        ends = self.apply(x.lower), self.apply(x.upper)
        lower, upper = np.minimum(*ends), np.maximum(*ends)
        valley = _VALLEYS.get(self.layer.activation, 0.0 if self._falls_then_rises else None)
        if valley is not None:
            bottom = self.apply(np.array([valley]))[0]
            lower = np.where((x.lower <= valley) & (valley <= x.upper), bottom, lower)
        return Interval(lower, upper)

    def rounding(self, y: Interval) -> FloatArray:
        """Return 0 for relu, else a few units in the last place of 1 + the largest output."""
        if self.layer.activation == "relu":
            return np.zeros((1, *self.output_shape))
        return _FLOAT32_SLACK * (1 + y.magnitude)

    def pull_lower(self, A: FloatArray, x: Interval) -> tuple[FloatArray, FloatArray]:
        """Take the line below where A is positive, the line above where it is negative.

        That is A times the mean of both plus |A| times half their difference.
        """
        below, above = self.lines(x)
        size = np.abs(A)
        slope = A * ((below.slope + above.slope) / 2)[:, None]
        slope += size * ((below.slope - above.slope) / 2)[:, None]
        middle, half = (below.offset + above.offset) / 2, (below.offset - above.offset) / 2
        n, k = len(middle), A.shape[1]
        constant = A.reshape(len(A), k, -1) @ middle.reshape(n, -1, 1) + size.reshape(len(A), k, -1) @ half.reshape(
            n, -1, 1
        )
        return slope, constant[..., 0]

    def lines(self, x: Interval) -> tuple[Line, Line]:
        """Return a line below and a line above the function between two bounds (Zhang et al. 2018)."""
        f_low, f_high = self.apply(x.lower), self.apply(x.upper)
        width = x.upper - x.lower
        narrow = width < 1e-9 * (1 + x.magnitude)  # a quotient of differences would be noise
        chord = np.where(narrow, 0.0, (f_high - f_low) / np.where(narrow, 1.0, width))
        y = self.interval(x)
        name = self.layer.activation
        if name in _CONVEX and self.layer.negative_slope <= 1:  # above 1 a leaky relu is concave
            below, above = self._convex_lines(x, chord, f_low)
        elif name in _S_SHAPED:
            below, above = self._s_lines(x, chord, f_low, f_high)
        else:
            nothing = np.zeros_like(chord)
            return Line(nothing, y.lower), Line(nothing, y.upper)
        return below.or_constant(narrow, y.lower), above.or_constant(narrow, y.upper)

    def _convex_lines(self, x: Interval, chord: FloatArray, f_low: FloatArray) -> tuple[Line, Line]:
        """Take the chord above, and below a tangent: at the middle, or of a corner the piece that covers more."""
        if self.layer.activation in ("relu", "leaky_relu"):
            c = self.layer.negative_slope if self.layer.activation == "leaky_relu" else 0.0
            slope = np.where(x.upper > -x.lower, 1.0, c)
            slope = np.where(x.lower >= 0, 1.0, np.where(x.upper <= 0, c, slope))
            below = Line(slope, np.zeros_like(slope))
        else:
            middle = (x.lower + x.upper) / 2
            slope = self._slope(middle)
            below = Line(slope, self.apply(middle) - slope * middle)
        return below, Line(chord, f_low - chord * x.lower)

    def _s_lines(self, x: Interval, chord: FloatArray, f_low: FloatArray, f_high: FloatArray) -> tuple[Line, Line]:
        """Take a chord where the bounds are on one side of 0, else the slope of the flatter end.

        Convex below 0 and concave above, the functions have a slope that falls with the distance from 0: between the
        bounds it is nowhere less than at the flatter of the two (G. Singh et al. 2019, An abstract domain for
        certifying neural networks).
        """
        flat = np.minimum(self._slope(x.lower), self._slope(x.upper))
        up_from_low = np.where(x.lower >= 0, chord, flat)
        down_from_high = np.where(x.upper <= 0, chord, flat)
        return (
            Line(up_from_low, f_low - up_from_low * x.lower),
            Line(down_from_high, f_high - down_from_high * x.upper),
        )

    @property
    def _falls_then_rises(self) -> bool:
        return self.layer.activation == "leaky_relu" and self.layer.negative_slope < 0

    def _slope(self, z: FloatArray) -> FloatArray:
        return np.asarray(self.layer.forward(z)[1].slope)


class Line(NamedTuple):
    """slope * x + offset, for each number."""

    slope: FloatArray
    offset: FloatArray

    def or_constant(self, where: AnyArray, value: FloatArray) -> Line:
        """Return the line, and a constant in some places."""
        return Line(np.where(where, 0.0, self.slope), np.where(where, value, self.offset))


class MaxPoolBend(Bend):
    """The largest of each window."""

    layer: MaxPool2D

    def interval(self, x: Interval) -> Interval:
        """Return the largest of the lower and of the upper bounds."""
        return Interval(self.layer.forward(x.lower)[0], self.layer.forward(x.upper)[0])

    def rounding(self, y: Interval) -> FloatArray:
        """Return zeros: nothing is computed."""
        return np.zeros((1, *self.output_shape))

    def pull_lower(self, A: FloatArray, x: Interval) -> tuple[FloatArray, FloatArray]:
        """Below is the cell of the largest lower bound; above too, if it beats all others, else a constant."""
        n, k = len(x.lower), A.shape[1]
        cache = self.layer.forward(x.lower)[1]
        upper = self.layer.windows.cut(np.asarray(x.upper, np.float64), outside=-np.inf)
        cells = upper.reshape(*upper.shape[:3], -1, upper.shape[-1])
        won = np.arange(cells.shape[3])[:, None] == cache.winner[:, :, :, None]
        others = np.where(won, -np.inf, cells).max(axis=3)
        sure = others <= self.layer.forward(x.lower)[0]
        negative = np.minimum(A, 0)
        constant = (negative * np.where(sure, 0.0, cells.max(axis=3))[:, None]).sum(axis=(2, 3, 4))
        carried = np.broadcast_to(np.where(sure[:, None], A, np.maximum(A, 0)), (n, k, *A.shape[2:]))
        return self._to_winners(carried, cache.winner), constant

    def _to_winners(self, A: FloatArray, winner: AnyArray) -> FloatArray:
        """Put what stands for each window where its winner is."""
        n, k = A.shape[:2]
        windows, (height, width, channels) = self.layer.windows, self.input_shape
        if windows.size != windows.strides:  # windows that overlap: what comes to the same place adds up
            cache = MaxPoolCache(np.repeat(winner, k, axis=0), (n * k, *self.input_shape))
            flat = A.reshape(n * k, *A.shape[2:])
            return np.asarray(self.layer.backward(flat, cache)[0].reshape(n, k, *self.input_shape))
        (above, _), (left, _) = windows.borders(height, width)
        (kh, kw), (down, across) = windows.size, np.divmod(winner, windows.size[1])
        rows, columns = np.arange(winner.shape[1])[:, None, None], np.arange(winner.shape[2])[:, None]
        pixel = (rows * kh - above + down) * width + columns * kw - left + across
        place = (pixel * channels + np.arange(channels)).reshape(n, 1, -1)
        found = np.zeros((n, k, height * width * channels))
        np.put_along_axis(found, place, A.reshape(n, k, -1), axis=2)
        return found.reshape(n, k, *self.input_shape)


def bend(layer: Layer, input_shape: Shape) -> Bend | None:
    """Return a layer as one that bends, with bounds for it; None if none are known.

    Parameters
    ----------
    layer : Layer
        Of the blackboard.
    input_shape : tuple of int
        Of one row.

    Returns
    -------
    Bend or None

    Examples
    --------
    >>> bend(Activation("relu"), (2,)).interval(Interval(np.array([[-1.0, 1.0]]), np.array([[2.0, 3.0]])))
    Interval(lower=array([[0., 1.]]), upper=array([[2., 3.]]))
    """
    if isinstance(layer, Activation):
        return ActivationBend(layer, input_shape)
    return MaxPoolBend(layer, input_shape) if isinstance(layer, MaxPool2D) else None
