"""What a neuron does with its weighted sum: value and derivative, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from strates.exceptions import ParameterError, did_you_mean

Array = NDArray[np.float64]
Elementwise = Callable[[Array], Array]

# Klambauer et al. (2017): with these two, mean 0 and variance 1 are a fixed point from layer to layer
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
LEAKY_SLOPE = 0.2  # Keras's negative_slope


@dataclass(frozen=True)
class Kink:
    """A point without a derivative, and the number that training takes for one.

    Attributes
    ----------
    z : float
        Where.
    left, right : float
        Slopes on both sides.
    taken : float
        What :meth:`ActivationFunction.derivative` returns there: what TensorFlow's differentiation takes (0 for relu).
    jump : float
        How much the function itself leaps there; 0 where it is continuous.
    """

    z: float
    left: float
    right: float
    taken: float
    jump: float = 0.0


@dataclass(frozen=True)
class ActivationFunction:
    """An activation function with its derivative, in float64.

    Attributes
    ----------
    name : str
        Its name in scikit-learn where it has one, else in Keras.
    formula, derivative_formula : str
        In plain text, in ``z``.
    range : tuple of two floats
        Infimum and supremum of its values.
    kinks : tuple of Kink
        Where it cannot be differentiated, from left to right; empty for a smooth function.
    _value, _derivative : callable
        From float64 arrays to arrays of the same shape: what the two methods apply.
    """

    name: str
    formula: str
    derivative_formula: str
    range: tuple[float, float]
    kinks: tuple[Kink, ...] = ()
    _value: Elementwise = field(kw_only=True, repr=False, compare=False)
    _derivative: Elementwise = field(kw_only=True, repr=False, compare=False)

    def value(self, z: Any) -> Array:
        """Return the function's values.

        Parameters
        ----------
        z : array-like
            Weighted sums, of any shape.

        Returns
        -------
        ndarray of float64, of the same shape
        """
        return _apply(self._value, z)

    def derivative(self, z: Any) -> Array:
        """Return the derivative; at a kink, the value that is taken for it.

        Parameters
        ----------
        z : array-like
            Weighted sums, of any shape.

        Returns
        -------
        ndarray of float64, of the same shape
        """
        return _apply(self._derivative, z)


def _apply(function: Elementwise, z: Any) -> Array:
    with np.errstate(under="ignore"):  # a tail that rounds to 0 is right
        return np.asarray(function(np.asarray(z, dtype=np.float64)), dtype=np.float64)


def activation_function(name: str) -> ActivationFunction:
    """Return an activation function by its name.

    Parameters
    ----------
    name : str
        "identity" (or "linear"), "heaviside", "logistic" (or "sigmoid"), "tanh", "relu", "leaky_relu", "elu", "selu",
        "gelu", "silu" (or "swish"), "softplus" or "softsign", with Keras's constants; "maxout" for an example of three
        pieces (:func:`maxout` takes any).

    Returns
    -------
    ActivationFunction

    Raises
    ------
    ParameterError
        The name is unknown.

    Examples
    --------
    >>> sigmoid = activation_function("sigmoid")
    >>> sigmoid.name, sigmoid.formula, sigmoid.derivative(0.0)
    ('logistic', '1 / (1 + exp(-z))', array(0.25))
    >>> activation_function("relu").value([-1.0, 0.0, 2.0]).tolist()
    [0.0, 0.0, 2.0]
    >>> activation_function("relu").kinks
    (Kink(z=0.0, left=0.0, right=1.0, taken=0.0, jump=0.0),)
    """
    found = _FUNCTIONS.get(_SYNONYMS.get(str(name), str(name)))
    if found is None:
        known = (*_FUNCTIONS, *_SYNONYMS)
        near = did_you_mean(str(name), known).partition("Known:")[0]
        raise ParameterError(f"No activation function is named {name!r}. {near}Known: {', '.join(known)}.")
    return found


def maxout(slopes: Sequence[float], intercepts: Sequence[float]) -> ActivationFunction:
    """Return the maximum of affine pieces, which a maxout unit learns (Goodfellow et al., 2013).

    Parameters
    ----------
    slopes, intercepts : sequence of float, of equal length
        The pieces: ``slope * z + intercept``.

    Returns
    -------
    ActivationFunction
        Convex, piecewise linear, with a kink where one piece takes over from another. There the slope of the first
        of the largest pieces is taken.

    Raises
    ------
    ParameterError
        There is no piece, the lengths differ, or a number is not finite.

    Examples
    --------
    >>> absolute = maxout([-1, 1], [0, 0])
    >>> absolute.formula, absolute.value([-2.0, 3.0]).tolist(), absolute.derivative([-2.0, 3.0]).tolist()
    ('max(-z, z)', [2.0, 3.0], [-1.0, 1.0])
    """
    a, b = np.asarray(slopes, dtype=np.float64), np.asarray(intercepts, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or not len(a) or not np.isfinite([a, b]).all():
        raise ParameterError(
            f"slopes={slopes!r} and intercepts={intercepts!r} make no maxout; expected two sequences of as many finite "
            "numbers, one a piece, such as maxout([-1, 1], [0, 0])."
        )

    def pieces(z: Array) -> Array:
        slanted = np.zeros((*z.shape, len(a)))
        return b + np.multiply(z[..., None], a, out=slanted, where=a != 0)  # 0 * inf would be nan

    def value(z: Array) -> Array:
        return np.asarray(pieces(z).max(axis=-1))

    def derivative(z: Array) -> Array:
        return np.asarray(a[pieces(z).argmax(axis=-1)])

    kinks = _envelope_kinks(a, b, derivative)
    low, high = min(a), max(a)
    lowest = -np.inf if low > 0 or high < 0 else float(min([value(np.asarray(k.z)) for k in kinks], default=b.max()))
    highest = np.inf if low < 0 or high > 0 else float(b.max())
    return ActivationFunction(
        "maxout",
        f"max({', '.join(_piece(*pair) for pair in zip(a, b, strict=True))})",
        "slope of the largest piece",
        (lowest, highest),
        kinks,
        _value=value,
        _derivative=derivative,
    )


def _envelope_kinks(a: Array, b: Array, derivative: Elementwise) -> tuple[Kink, ...]:
    """Return the corners of the upper envelope of the lines."""
    with np.errstate(divide="ignore", invalid="ignore"):
        crossings = -np.subtract.outer(b, b) / np.subtract.outer(a, a)
    points = np.unique(crossings[np.isfinite(crossings)]) + 0.0  # no -0
    if not len(points):
        return ()
    between = np.concatenate([[points[0] - 1], points[:-1] + np.diff(points) / 2, [points[-1] + 1]])
    taken = derivative(points)
    corners = zip(points, pairwise(derivative(between)), taken, strict=True)
    return tuple(
        Kink(float(z), float(left), float(right), float(one)) for z, (left, right), one in corners if left != right
    )


def _piece(slope: float, intercept: float) -> str:
    if slope == 0:
        return f"{intercept:g}"
    line = {1.0: "z", -1.0: "-z"}.get(slope, f"{slope:g} * z")
    return line if intercept == 0 else f"{line} {'-' if intercept < 0 else '+'} {abs(intercept):g}"


# --- value beside derivative ----------------------------------------------------------------------


def _logistic_slope(z: Array) -> Array:
    return np.asarray(expit(z) * expit(-z))  # 1 - expit(z) would lose all digits of a large z


def _tanh_slope(z: Array) -> Array:
    return 4 * _logistic_slope(2 * z)  # tanh(z) = 2 logistic(2z) - 1


def _elu(z: Array) -> Array:
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def _elu_slope(z: Array) -> Array:
    return np.exp(np.minimum(z, 0))


def _selu(z: Array) -> Array:
    return SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0)))


def _selu_slope(z: Array) -> Array:
    return SELU_SCALE * np.where(z >= 0, 1.0, SELU_ALPHA * np.exp(np.minimum(z, 0)))


# Below, an infinite z would meet a factor 0. At the bounds both are as good as their limits.
def _gelu(z: Array) -> Array:
    return np.asarray(np.maximum(z, -50) * ndtr(z))


def _gelu_slope(z: Array) -> Array:
    near = np.clip(z, -50, 50)
    return np.asarray(ndtr(near) + near * np.exp(-np.square(near) / 2) / np.sqrt(2 * np.pi))


def _silu(z: Array) -> Array:
    return np.asarray(np.maximum(z, -800) * expit(z))


def _silu_slope(z: Array) -> Array:
    near = np.clip(z, -800, 800)
    return np.asarray(expit(near) + near * _logistic_slope(near))


def _softsign(z: Array) -> Array:
    near = np.clip(z, -1e300, 1e300)
    return np.asarray(near / (1 + np.abs(near)))


def _softsign_slope(z: Array) -> Array:
    return np.square(1 / (1 + np.abs(z)))


_INFINITY = float("inf")
_FUNCTIONS: dict[str, ActivationFunction] = {
    one.name: one
    for one in (
        ActivationFunction(
            "identity", "z", "1", (-_INFINITY, _INFINITY), _value=lambda z: z.copy(), _derivative=np.ones_like
        ),
        ActivationFunction(
            "heaviside",
            "1 if z > 0, else 0",
            "0",
            (0.0, 1.0),
            (Kink(0.0, 0.0, 0.0, 0.0, jump=1.0),),
            _value=lambda z: np.heaviside(z, 0.0),
            _derivative=lambda z: 0 * np.sign(z),  # nan stays nan
        ),
        ActivationFunction(
            "logistic", "1 / (1 + exp(-z))", "f(z) * (1 - f(z))", (0.0, 1.0), _value=expit, _derivative=_logistic_slope
        ),
        ActivationFunction("tanh", "tanh(z)", "1 - f(z)^2", (-1.0, 1.0), _value=np.tanh, _derivative=_tanh_slope),
        ActivationFunction(
            "relu",
            "max(0, z)",
            "1 if z > 0, else 0",
            (0.0, _INFINITY),
            (Kink(0.0, 0.0, 1.0, 0.0),),
            _value=lambda z: np.maximum(z, 0),
            _derivative=lambda z: np.heaviside(z, 0.0),
        ),
        ActivationFunction(
            "leaky_relu",
            f"z if z > 0, else {LEAKY_SLOPE} * z",
            f"1 if z > 0, else {LEAKY_SLOPE}",
            (-_INFINITY, _INFINITY),
            (Kink(0.0, LEAKY_SLOPE, 1.0, LEAKY_SLOPE),),
            _value=lambda z: np.maximum(z, LEAKY_SLOPE * z),
            _derivative=lambda z: LEAKY_SLOPE + (1 - LEAKY_SLOPE) * np.heaviside(z, 0.0),
        ),
        ActivationFunction(
            "elu",
            "z if z > 0, else exp(z) - 1",
            "1 if z > 0, else exp(z)",
            (-1.0, _INFINITY),
            _value=_elu,
            _derivative=_elu_slope,
        ),
        ActivationFunction(
            "selu",
            "s * z if z > 0, else s * a * (exp(z) - 1), with s = 1.0507, a = 1.6733",
            "s if z >= 0, else s * a * exp(z)",
            (-SELU_SCALE * SELU_ALPHA, _INFINITY),
            (Kink(0.0, SELU_SCALE * SELU_ALPHA, SELU_SCALE, SELU_SCALE),),
            _value=_selu,
            _derivative=_selu_slope,
        ),
        ActivationFunction(
            "gelu",
            "z * Phi(z), with Phi the standard normal distribution function",
            "Phi(z) + z * phi(z), with phi the normal density",
            (-0.16997120747990369, _INFINITY),
            _value=_gelu,
            _derivative=_gelu_slope,
        ),
        ActivationFunction(
            "silu",
            "z / (1 + exp(-z))",
            "s + z * s * (1 - s), with s = 1 / (1 + exp(-z))",
            (-0.27846454276107380, _INFINITY),
            _value=_silu,
            _derivative=_silu_slope,
        ),
        ActivationFunction(
            "softplus",
            "log(1 + exp(z))",
            "1 / (1 + exp(-z))",
            (0.0, _INFINITY),
            _value=lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
            _derivative=expit,
        ),
        ActivationFunction(
            "softsign",
            "z / (1 + |z|)",
            "1 / (1 + |z|)^2",
            (-1.0, 1.0),
            _value=_softsign,
            _derivative=_softsign_slope,
        ),
        maxout([-1, 0, 1], [-0.5, 0, -0.5]),
    )
}
_SYNONYMS = {"linear": "identity", "sigmoid": "logistic", "swish": "silu"}
#: The names that :func:`activation_function` knows, synonyms aside, in the order of a course.
ACTIVATION_NAMES = tuple(_FUNCTIONS)
