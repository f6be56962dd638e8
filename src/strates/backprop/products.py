"""The product that made a number: what a reader would type into a pocket calculator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from strates.backprop.layers import Activation, BatchNorm, Conv2D, Dense, Dropout, Layer
from strates.backprop.layers.layer import Array

Place = tuple[int, ...]

#: Terms of a sum to write out; the smaller ones are added up.
MAX_TERMS = 8


def number(value: Any) -> str:
    """Write a number with four significant digits and a true minus.

    Examples
    --------
    >>> number(-0.123456), number(3), number(1.5e-9)
    ('−0.1235', '3', '1.5e−09')
    """
    text = f"{float(value) + 0.0:.4g}"
    return text.replace("-", "−")


def _factor(value: Any) -> str:
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def sum_of_products(pairs: Iterable[tuple[float, float]], constant: float | None = None) -> str:
    """Write ``a1 · b1 + a2 · b2 + ... (+ constant)``; of a long sum the largest terms, and the rest added up.

    Examples
    --------
    >>> sum_of_products([(2, -1), (-3, -2)], -3)
    '2 · (−1) + (−3) · (−2) + (−3)'
    """
    terms = [(float(a), float(b)) for a, b in pairs]
    left = ""
    if len(terms) > MAX_TERMS:
        order = sorted(range(len(terms)), key=lambda i: -abs(terms[i][0] * terms[i][1]))
        kept = sorted(order[:MAX_TERMS])
        rest = sum(terms[i][0] * terms[i][1] for i in order[MAX_TERMS:])
        left = f" + {len(terms) - MAX_TERMS} smaller terms that add up to {number(rest)}"
        terms = [terms[i] for i in kept]
    text = " + ".join(f"{_factor(a)} · {_factor(b)}" for a, b in terms) + left
    return text if constant is None else f"{text} + {_factor(constant)}"


def forward_product(layer: Layer, x: Array, out: Array, place: Place) -> str:
    """Say how one number of a layer's output came about.

    Parameters
    ----------
    layer : Layer
    x, out : ndarray
        One row's input and output, without the axis of rows.
    place : tuple of int
        Which number of the output.

    Returns
    -------
    str
        Empty where the rule says it all.
    """
    if isinstance(layer, Dense):
        bias = None if layer.bias is None else layer.bias[place[-1]]
        return sum_of_products(zip(x, layer.kernel[:, place[-1]], strict=True), bias)
    if isinstance(layer, Activation):
        return f"{layer.activation}({number(x[place])})"
    if isinstance(layer, BatchNorm) and not layer.training:
        unit = place[-1]
        s = np.sqrt(layer.moving_variance[unit] + layer.epsilon)
        scaled = f"({number(x[place])} − {_factor(layer.moving_mean[unit])}) / {number(s)}"
        gamma = "" if layer.gamma is None else f"{_factor(layer.gamma[unit])} · "
        beta = "" if layer.beta is None else f" + {_factor(layer.beta[unit])}"
        return f"{gamma}{scaled}{beta}"
    if isinstance(layer, Conv2D):
        patch = layer.windows.cut(x[np.newaxis])[0, place[0], place[1]]
        bias = None if layer.bias is None else layer.bias[place[-1]]
        return sum_of_products(zip(patch.ravel(), layer.kernel[..., place[-1]].ravel(), strict=True), bias)
    if isinstance(layer, Dropout):
        return number(x[place])
    return ""


def input_product(layer: Layer, x: Array, cache: Any, delta: Array, place: Place) -> str:
    """Say how one number of ∂L/∂input came about.

    Parameters
    ----------
    layer : Layer
    x : ndarray
        The row's input.
    cache : object
        What the layer's forward pass kept.
    delta : ndarray
        ∂L/∂output of the row.
    place : tuple of int
        Which number.

    Returns
    -------
    str
        Empty where the rule says it all.
    """
    if isinstance(layer, Dense):
        return sum_of_products(zip(delta, layer.kernel[place[0]], strict=True))
    if isinstance(layer, Activation):
        return f"{_factor(delta[place])} · {_factor(cache.slope[0][place])}"
    if isinstance(layer, BatchNorm) and not layer.training:
        unit = place[-1]
        gamma = 1.0 if layer.gamma is None else layer.gamma[unit]
        s = np.sqrt(layer.moving_variance[unit] + layer.epsilon)
        return f"{_factor(gamma)} · {_factor(delta[place])} / {number(s)}"
    return ""


def parameter_product(layer: Layer, x: Array, cache: Any, delta: Array, key: str, place: Place) -> str:
    """Say how one number of ∂L/∂parameter came about.

    Parameters
    ----------
    layer : Layer
    x, cache, delta
        As of :func:`input_product`.
    key : str
        Of the parameter, such as "kernel".
    place : tuple of int
        Which number.

    Returns
    -------
    str
        Empty where the rule says it all.
    """
    if isinstance(layer, Dense):
        if key == "bias":
            return number(delta[place])
        return f"{_factor(x[place[0]])} · {_factor(delta[place[1]])}"
    if isinstance(layer, BatchNorm) and x.ndim == 1:
        return number(delta[place]) if key == "beta" else f"{_factor(delta[place])} · {_factor(cache.x_hat[0][place])}"
    if isinstance(layer, Conv2D):
        channel = delta[..., place[-1]]
        if key == "bias":
            return f"{channel.size} numbers of ∂L/∂z that add up to {number(channel.sum())}"
        a, b, c = place[:3]
        seen = layer.windows.cut(x[np.newaxis])[0, :, :, a, b, c]  # what this weight met at each stop
        return sum_of_products(zip(seen.ravel(), channel.ravel(), strict=True))
    return ""
