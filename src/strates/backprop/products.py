"""The product that made a number: what a reader would type into a pocket calculator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from strates.backprop.layers import Activation, BatchNorm, Conv2D, Dense, Dropout, Layer, MaxPool2D, Penalty, Rescaling
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


def factor(value: Any) -> str:
    """Write a number so that a sign can stand before it."""
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
    text = " + ".join(f"{factor(a)} · {factor(b)}" for a, b in terms) + left
    return text if constant is None else f"{text} + {factor(constant)}"


def softmax_product(scores: Array, place: Place) -> str:
    """Write one probability of a softmax; of many classes the likeliest, and the rest added up.

    Examples
    --------
    >>> softmax_product(np.array([1.0, -2.0]), (0,))
    'exp(1) / (exp(1) + exp(−2))'
    """
    terms, rest = scores, ""
    if len(scores) > MAX_TERMS:
        order = np.argsort(-scores, kind="stable")
        terms, others = scores[np.sort(order[:MAX_TERMS])], scores[order[MAX_TERMS:]]
        top = others.max()  # exp of the scores themselves may overflow
        rest = f" + {len(others)} smaller terms that add up to exp({number(top + np.log(np.exp(others - top).sum()))})"
    return f"exp({number(scores[place])}) / ({' + '.join(f'exp({number(v)})' for v in terms)}{rest})"


def loss_product(log_p: Array, y: Array) -> str:
    """Write a cross-entropy of one row: minus the logarithms of the probabilities, each times its target.

    Examples
    --------
    >>> loss_product(np.log([0.2, 0.8]), np.array([0.0, 1.0]))
    '−log(0.8)'
    >>> loss_product(np.log([0.2, 0.8]), np.array([0.05, 0.95]))
    '−0.05 · log(0.2) − 0.95 · log(0.8)'
    """
    terms = [(float(a), float(b)) for a, b in zip(y, log_p, strict=True) if a]
    rest = ""
    if len(terms) > MAX_TERMS:
        order = sorted(range(len(terms)), key=lambda i: terms[i][0] * terms[i][1])
        left = -sum(terms[i][0] * terms[i][1] for i in order[MAX_TERMS:])
        rest = f" + {len(terms) - MAX_TERMS} smaller terms that add up to {number(left)}"
        terms = [terms[i] for i in sorted(order[:MAX_TERMS])]
    # a probability of 1e-400 has a logarithm, but is 0 in floating point
    logs = [f"log({number(np.exp(b))})" if np.exp(b) else factor(b) for _, b in terms]
    text = " ".join(f"− {'' if a == 1 else number(a) + ' · '}{log}" for (a, _), log in zip(terms, logs, strict=True))
    return text.replace("− ", "−", 1) + rest


def penalty_product(rule: Penalty, W: Array, place: Place) -> str:
    """Write a penalty with its strength, its share of L1, and the two sums over the weights.

    Examples
    --------
    >>> penalty_product(Penalty(0.1, l1_ratio=0.25), np.array([3.0, -4.0]), ())
    '0.1 · (0.25 · 7 + 0.75 / 2 · 25)'
    """
    share = rule.l1_ratio
    sums = number(np.abs(W).sum()), number(np.square(W).sum())
    return f"{number(rule.alpha)} · ({number(share)} · {sums[0]} + {number(1 - share)} / 2 · {sums[1]})"


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
        scaled = f"({number(x[place])} − {factor(layer.moving_mean[unit])}) / {number(s)}"
        gamma = "" if layer.gamma is None else f"{factor(layer.gamma[unit])} · "
        beta = "" if layer.beta is None else f" + {factor(layer.beta[unit])}"
        return f"{gamma}{scaled}{beta}"
    if isinstance(layer, Conv2D):
        patch = layer.windows.cut(x[np.newaxis])[0, place[0], place[1]]
        bias = None if layer.bias is None else layer.bias[place[-1]]
        return sum_of_products(zip(patch.ravel(), layer.kernel[..., place[-1]].ravel(), strict=True), bias)
    if isinstance(layer, MaxPool2D):
        seen = layer.windows.cut(x[np.newaxis], outside=-np.inf)[0, place[0], place[1], :, :, place[2]].ravel()
        return f"max({', '.join(number(v) for v in seen if v > -np.inf)})"
    if isinstance(layer, Rescaling):
        c, d = (np.broadcast_to(v, x.shape)[place] for v in (layer.scale, layer.offset))
        return f"{factor(c)} · {factor(x[place])} + {factor(d)}"
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
        return f"{factor(delta[place])} · {factor(cache.slope[0][place])}"
    if isinstance(layer, BatchNorm) and not layer.training:
        unit = place[-1]
        gamma = 1.0 if layer.gamma is None else layer.gamma[unit]
        s = np.sqrt(layer.moving_variance[unit] + layer.epsilon)
        return f"{factor(gamma)} · {factor(delta[place])} / {number(s)}"
    if isinstance(layer, Conv2D):
        return sum_of_products(_met(layer, x, delta, place))
    if isinstance(layer, Rescaling):
        return f"{factor(np.broadcast_to(layer.scale, x.shape)[place])} · {factor(delta[place])}"
    return ""


def _met(layer: Conv2D, x: Array, delta: Array, place: Place) -> list[tuple[float, float]]:
    """Pair the δ of each stop that saw an input with the weight that it met there."""
    mark = np.zeros((1, *x.shape[:2], 1))
    mark[0, place[0], place[1]] = 1
    cells = np.argwhere(layer.windows.cut(mark)[0, ..., 0])  # row and column of the stop, and of the cell in its window
    return [
        (delta[i, j, unit], layer.kernel[a, b, place[2], unit])
        for i, j, a, b in cells
        for unit in range(delta.shape[-1])
    ]


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
        return f"{factor(x[place[0]])} · {factor(delta[place[1]])}"
    if isinstance(layer, BatchNorm) and x.ndim == 1:
        return number(delta[place]) if key == "beta" else f"{factor(delta[place])} · {factor(cache.x_hat[0][place])}"
    if isinstance(layer, Conv2D):
        channel = delta[..., place[-1]]
        if key == "bias":
            return f"{channel.size} numbers of ∂L/∂z that add up to {number(channel.sum())}"
        a, b, c = place[:3]
        seen = layer.windows.cut(x[np.newaxis])[0, :, :, a, b, c]  # what this weight met at each stop
        return sum_of_products(zip(seen.ravel(), channel.ravel(), strict=True))
    return ""
