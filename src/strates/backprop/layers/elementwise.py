"""What a unit makes of its weighted sum: each function beside its derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from strates.backprop.layers.layer import Array

# Each takes z and returns a = f(z) and f'(z). At a corner f' is what TensorFlow takes: relu'(0) = 0,
# leaky_relu'(0) = c, selu'(0) = scale.


def identity(z: Array) -> tuple[Array, Array]:
    """Return z and 1."""
    return z.copy(), np.ones_like(z)


def logistic(z: Array) -> tuple[Array, Array]:
    """Return σ(z) = 1 / (1 + exp(-z)) and its derivative."""
    a = np.exp(-np.logaddexp(0, -z))  # exp(-z) alone overflows below -709
    return a, a * (1 - a)


def tanh(z: Array) -> tuple[Array, Array]:
    """Return the hyperbolic tangent and its derivative."""
    a = np.tanh(z)
    return a, 1 - a**2


def relu(z: Array) -> tuple[Array, Array]:
    """Return the positive part of z, and whether z is positive."""
    return np.maximum(0, z), np.heaviside(z, 0)


def leaky_relu(z: Array, c: float) -> tuple[Array, Array]:
    """Return z, times c where it is negative, and the slope 1 or c."""
    return np.maximum(0, z) + c * np.minimum(0, z), np.where(z > 0, 1.0, c)


def elu(z: Array) -> tuple[Array, Array]:
    """Return the exponential linear unit and its derivative."""
    below = np.minimum(0, z)
    return np.maximum(0, z) + np.expm1(below), np.exp(below)


def selu(z: Array) -> tuple[Array, Array]:
    """Return the self-normalising unit of Klambauer et al. (2017) and its derivative."""
    scale, alpha = 1.0507009873554805, 1.6732632423543772  # mean 0 and variance 1 stay so from layer to layer
    below = np.minimum(0, z)
    return scale * (np.maximum(0, z) + alpha * np.expm1(below)), scale * np.where(z >= 0, 1, alpha * np.exp(below))


_erfc = np.vectorize(math.erfc, otypes=[np.float64])  # NumPy has none


def gelu(z: Array) -> tuple[Array, Array]:
    """Return z times the normal distribution function (exact, as Keras's default), and the derivative."""
    Phi = _erfc(-z / math.sqrt(2)) / 2
    phi = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return z * Phi, Phi + z * phi


def silu(z: Array) -> tuple[Array, Array]:
    """Return z times its logistic function, and the derivative."""
    s, slope = logistic(z)
    return z * s, s + z * slope


def softplus(z: Array) -> tuple[Array, Array]:
    """Return the smooth relu, and its derivative, the logistic function."""
    return np.logaddexp(0, z), logistic(z)[0]


def softsign(z: Array) -> tuple[Array, Array]:
    """Return z / (1 + |z|) and its derivative."""
    return z / (1 + np.abs(z)), 1 / (1 + np.abs(z)) ** 2


# --- the formulas, in words -----------------------------------------------------------------------------


class Elementwise(NamedTuple):
    """A function with its formulas.

    ``by_cases`` says that its formula changes at 0. That is more than a corner: elu and softsign have a derivative
    there, but a centred difference across 0 errs like h, not like h².
    """

    value_and_slope: Callable[[Array], tuple[Array, Array]]
    text: str
    slope_text: str
    latex: str
    slope_latex: str
    by_cases: bool = False


def leaky_relu_of(c: float) -> Elementwise:
    """Return the leaky relu of slope c below 0."""
    return Elementwise(
        lambda z: leaky_relu(z, c),
        f"max(0, z) + {c:g} · min(0, z)",
        f"(1[z > 0] + {c:g} · 1[z ≤ 0])",
        rf"\max(0, z) + {c:g} \min(0, z)",
        rf"(\mathbf{{1}}[z > 0] + {c:g}\,\mathbf{{1}}[z \leq 0])",
        by_cases=True,
    )


FUNCTIONS = {
    "identity": Elementwise(identity, "z", "1", "z", "1"),
    "logistic": Elementwise(
        logistic, "σ(z) = 1 / (1 + exp(-z))", "a(1 - a)", r"\sigma(z) = \frac{1}{1 + e^{-z}}", "a(1 - a)"
    ),
    "tanh": Elementwise(tanh, "tanh(z)", "(1 - a²)", r"\tanh(z)", "(1 - a^2)"),
    "relu": Elementwise(relu, "max(0, z)", "1[z > 0]", r"\max(0, z)", r"\mathbf{1}[z > 0]", by_cases=True),
    "leaky_relu": leaky_relu_of(0.2),
    "elu": Elementwise(
        elu,
        "max(0, z) + exp(min(0, z)) - 1",
        "exp(min(0, z))",
        r"\max(0, z) + e^{\min(0, z)} - 1",
        r"e^{\min(0, z)}",
        by_cases=True,
    ),
    "selu": Elementwise(
        selu,
        "λ(max(0, z) + α(exp(min(0, z)) - 1)), λ = 1.0507, α = 1.6733",
        "λ(1[z ≥ 0] + α exp(z) 1[z < 0])",
        r"\lambda(\max(0, z) + \alpha(e^{\min(0, z)} - 1)), \quad \lambda = 1.0507, \alpha = 1.6733",
        r"\lambda(\mathbf{1}[z \geq 0] + \alpha e^z\,\mathbf{1}[z < 0])",
        by_cases=True,
    ),
    "gelu": Elementwise(gelu, "zΦ(z)", "(Φ(z) + zφ(z))", r"z\Phi(z)", r"(\Phi(z) + z\varphi(z))"),
    "silu": Elementwise(
        silu, "zσ(z)", "(σ(z) + zσ(z)(1 - σ(z)))", r"z\sigma(z)", r"(\sigma(z) + z\sigma(z)(1 - \sigma(z)))"
    ),
    "softplus": Elementwise(softplus, "log(1 + exp(z))", "σ(z)", r"\log(1 + e^z)", r"\sigma(z)"),
    "softsign": Elementwise(
        softsign, "z / (1 + |z|)", "1 / (1 + |z|)²", r"\frac{z}{1 + |z|}", r"\frac{1}{(1 + |z|)^2}", by_cases=True
    ),
}
SYNONYMS = {"linear": "identity", "sigmoid": "logistic", "swish": "silu"}
