"""The forward pass for a few rows, in NumPy: a row through a small network takes 7 microseconds, not 50.

Calling TensorFlow costs more than multiplying a row by small matrices, and answering one row at a time is
what a service does. The numbers are those of the compiled pass up to rounding in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeGuard

import numpy as np
from scipy.special import expit

from strates._types import AnyArray
from strates.engine.architecture import Architecture, DenseArchitecture

#: Multiplications up to which NumPy on one thread is quicker than a call of TensorFlow (measured).
FEW_MULTIPLICATIONS = 250_000
_EPSILON = 1e-3  # of Keras's BatchNormalization
_ACTIVATIONS: dict[str, Callable[[AnyArray], AnyArray]] = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0, out=z),
    "tanh": lambda z: np.tanh(z, out=z),
    "sigmoid": lambda z: expit(z, out=z),
}


def suits_few_rows(architecture: Architecture, n_rows: int) -> TypeGuard[DenseArchitecture]:
    """Whether a pass of this size is quicker in NumPy."""
    if not isinstance(architecture, DenseArchitecture) or architecture.activation not in _ACTIVATIONS:
        return False
    widths = (architecture.n_inputs, *architecture.hidden, architecture.n_outputs)
    products = sum(a * b for a, b in pairwise(widths))
    return n_rows * products <= FEW_MULTIPLICATIONS


def forward_few_rows(architecture: DenseArchitecture, weights: Sequence[AnyArray], X: AnyArray) -> AnyArray:
    """Return a dense network's outputs.

    Parameters
    ----------
    architecture : DenseArchitecture
    weights : sequence of ndarray
        In the order of ``architecture.build().weights``.
    X : ndarray of shape (n_rows, n_inputs), float32

    Returns
    -------
    ndarray of shape (n_rows, n_outputs), float32
    """
    # BLAS may leave floating-point flags raised by lanes that it pads, of which NumPy would warn at finite numbers
    with np.errstate(all="ignore"):
        return _forward(architecture, iter(weights), X)


def _forward(architecture: DenseArchitecture, rest: Iterator[AnyArray], X: AnyArray) -> AnyArray:
    activate = _ACTIVATIONS[architecture.activation]
    h: AnyArray = X
    for _ in architecture.hidden:
        h = h @ next(rest)
        if architecture.batch_norm:
            gamma, beta, mean, variance = (next(rest) for _ in range(4))
            h = (h - mean) * (gamma / np.sqrt(variance + np.float32(_EPSILON))) + beta
        else:
            h += next(rest)
        h = activate(h)
    z: AnyArray = h @ next(rest)
    z += next(rest)
    if architecture.kind != "categorical":
        expit(z, out=z)
        return z
    z -= z.max(axis=1, keepdims=True)  # exp overflows float32 above 88
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    return z
