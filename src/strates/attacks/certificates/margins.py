"""How far ahead of every other class a class stays, on the whole of a ball."""

from __future__ import annotations

from typing import Literal

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.attacks.certificates.ball import Ball
from strates.attacks.certificates.interval_bounds import Bounds, interval_bounds
from strates.attacks.certificates.layer_chain import LayerChain
from strates.attacks.certificates.linear_bounds import linear_bounds, lowest

#: By how much two scores must differ for their probabilities to differ in float32.
TIE = 1e-6

Relaxation = Literal["interval", "linear"]


def bounds_of(chain: LayerChain, ball: Ball, method: Relaxation, *, rounded: bool = True) -> Bounds:
    """Return the bounds of a network on a ball, by one of the two methods."""
    return (linear_bounds if method == "linear" else interval_bounds)(chain, ball, rounded=rounded)


def lowest_margins(chain: LayerChain, ball: Ball, codes: AnyArray, bounds: Bounds, method: Relaxation) -> FloatArray:
    """Bound the margins of each row's class from below.

    The differences of classes are merged with the last layers up to the last bend: what two classes have in common
    cancels before it is bounded.

    Parameters
    ----------
    chain : LayerChain
    ball : Ball
    codes : ndarray of int of shape (n_rows,)
        The classes, by number.
    bounds : Bounds
    method : {"interval", "linear"}

    Returns
    -------
    ndarray of shape (n_rows, n_margins)
        One for each other class; at least one that is not positive means that the class may change.

    Examples
    --------
    >>> from strates.attacks.certificates.affine_step import affine_step
    >>> from strates.backprop.layers import Dense
    >>> chain = LayerChain((affine_step(Dense([[1.0, 3.0]]), (1,)),), (1,), 2)
    >>> ball = Ball(np.ones((1, 1)), np.array([0.25]), "linf", -np.inf, np.inf)
    >>> lowest_margins(chain, ball, np.array([1]), bounds_of(chain, ball, "interval"), "interval")
    array([[1.5]])
    """
    A = chain.differences(codes)
    found = lowest(chain, ball, bounds, len(chain.steps), A, affine_only=method == "interval")
    if method == "linear":  # lines are not always narrower than intervals
        found = np.maximum(found, lowest(chain, ball, bounds, len(chain.steps), A, affine_only=True))
    return found


def least_margin(chain: LayerChain, ball: Ball, codes: AnyArray, method: Relaxation) -> FloatArray:
    """Return a number for each row that is positive only if its class is proved to be the same on the whole ball."""
    bounds = bounds_of(chain, ball, method)
    return np.asarray(lowest_margins(chain, ball, codes, bounds, method).min(axis=1) - TIE)
