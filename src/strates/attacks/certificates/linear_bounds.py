"""Bounds by lines around every bend: what a network computes lies above a linear function of its inputs."""

from __future__ import annotations

import math

import numpy as np

from strates._types import FloatArray
from strates.attacks.certificates.affine_step import AffineStep
from strates.attacks.certificates.ball import Ball
from strates.attacks.certificates.bend import Interval
from strates.attacks.certificates.interval_bounds import Bounds, extend
from strates.attacks.certificates.layer_chain import LayerChain

#: Layers of more units keep the intervals of their inputs: lines for each unit would cost more than they give.
MOST_UNITS = 1024
#: Numbers of one array of coefficients, at most.
_NUMBERS = 4_000_000


def linear_bounds(chain: LayerChain, ball: Ball, *, rounded: bool = True) -> Bounds:
    """Bound the inputs of every bend by lines around the bends before it.

    Between its bounds each bend lies between two lines. Put from the last layer to the first, they bound a unit by a
    linear function of the inputs, whose least value on the ball is known; nothing is lost where weights cancel, as
    intervals lose it. Where intervals are narrower they are kept.

    Parameters
    ----------
    chain : LayerChain
    ball : Ball
    rounded : bool, default=True
        Hold also what the network computes in float32.

    Returns
    -------
    Bounds

    References
    ----------
    H. Zhang et al. (2018), Efficient neural network robustness certification with general activation functions (CROWN).

    Examples
    --------
    x - x is 0, which intervals do not see:

    >>> from strates.attacks.certificates.affine_step import affine_step
    >>> from strates.attacks.certificates.bend import bend
    >>> from strates.backprop.layers import Activation, Dense
    >>> fan, back = Dense([[1.0, 1.0]], [2.0, 2.0]), Dense([[1.0], [-1.0]])
    >>> steps = (affine_step(fan, (1,)), affine_step(back, (2,)), bend(Activation("relu"), (1,)))
    >>> ball = Ball(np.zeros((1, 1)), np.ones(1), "linf", -np.inf, np.inf)
    >>> linear_bounds(LayerChain(steps, (1,), 1), ball, rounded=False).before[-1]
    Interval(lower=array([[0.]]), upper=array([[0.]]))
    """
    bounds = Bounds([ball.box], [])
    sums = mixing = 0  # weighted sums so far, and those since the last bend
    for i, step in enumerate(chain.steps):
        if isinstance(step, AffineStep):
            sums, mixing = sums + (not step.is_diagonal), mixing + (not step.is_diagonal)
            continue
        extend(chain, ball, bounds, i, rounded=rounded)
        # where nothing was mixed, or once only, intervals are exact already
        if sums > 1 and mixing and math.prod(step.input_shape) <= MOST_UNITS:
            bounds.before[i] = _narrowed(chain, ball, bounds, i)
        mixing = 0
    extend(chain, ball, bounds, len(chain.steps), rounded=rounded)
    return bounds


def _narrowed(chain: LayerChain, ball: Ball, bounds: Bounds, i: int) -> Interval:
    """Bound each input of step i from both sides."""
    known, shape = bounds.before[i], chain.steps[i].input_shape
    n, units = len(known.lower), math.prod(shape)
    lower, upper = known.lower.reshape(n, -1).copy(), known.upper.reshape(n, -1).copy()
    widest = max(math.prod(step.input_shape) for step in chain.steps[:i])
    together = max(1, _NUMBERS // (n * widest))
    for start in range(0, units, together):
        part = slice(start, min(start + together, units))
        A = np.eye(units)[part].reshape(1, -1, *shape)
        np.maximum(lower[:, part], lowest(chain, ball, bounds, i, A), out=lower[:, part])
        np.minimum(upper[:, part], -lowest(chain, ball, bounds, i, -A), out=upper[:, part])
    return Interval(lower.reshape(known.lower.shape), upper.reshape(known.upper.shape))


def lowest(
    chain: LayerChain, ball: Ball, bounds: Bounds, position: int, A: FloatArray, *, affine_only: bool = False
) -> FloatArray:
    """Return a number below A·y on the whole ball, y being the inputs of a step.

    Parameters
    ----------
    chain : LayerChain
    ball : Ball
    bounds : Bounds
        Of the steps before; those after are not looked at.
    position : int
        The step; ``len(chain.steps)`` for the scores.
    A : ndarray of shape (n_rows, k, ...), or (1, k, ...) for all rows alike
    affine_only : bool, default=False
        Stop at the last bend, and take its outputs' intervals.

    Returns
    -------
    ndarray of shape (n_rows, k)
    """
    k = A.shape[1]
    total = np.zeros((len(ball.centre), k))
    for i in reversed(range(position)):
        step, n = chain.steps[i], len(A)  # A is alike for all rows as long as no bend is passed
        flat = A.reshape(n, k, -1)
        error = bounds.rounding[i].reshape(len(bounds.rounding[i]), -1, 1)
        if error.any():
            total -= (np.abs(flat) @ error)[..., 0]
        if isinstance(step, AffineStep):
            total += flat @ step.offset.ravel()
            A = step.pull(A.reshape(n * k, *step.output_shape)).reshape(n, k, *step.input_shape)
            continue
        if affine_only:  # the interval behind it holds the rounding already
            y = step.interval(bounds.before[i])
            lower, upper = y.lower.reshape(len(total), -1, 1), y.upper.reshape(len(total), -1, 1)
            middle, half = (lower + upper) / 2, (upper - lower) / 2
            return np.asarray(total + (flat @ middle - np.abs(flat) @ half)[..., 0])
        A, constant = step.pull_lower(A, bounds.before[i])
        total += constant
    return np.asarray(total + ball.lowest(A))
