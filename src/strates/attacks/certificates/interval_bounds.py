"""Bounds of everything that a network computes, for all inputs of a ball at once: interval bound propagation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from strates._types import FloatArray
from strates.attacks.certificates.affine_step import AffineStep
from strates.attacks.certificates.ball import Ball
from strates.attacks.certificates.bend import Interval
from strates.attacks.certificates.layer_chain import LayerChain


class Bounds(NamedTuple):
    """What is known of a chain on a ball.

    ``before[i]`` holds the inputs of step i; ``rounding[i]`` is how far its output in float32 may be from the exact
    one, of shape (n_rows or 1, ...).
    """

    before: list[Interval]
    rounding: list[FloatArray]


def interval_bounds(chain: LayerChain, ball: Ball, *, rounded: bool = True) -> Bounds:
    """Send a ball through a network: each layer makes an interval of each number.

    A weighted sum of numbers in c ± r is in Wc + b ± |W| r; an increasing function of l..u is in f(l)..f(u). The first
    weighted sum of an l2 or l1 ball has the exact half-width, radius times the dual norm of its weights.

    Parameters
    ----------
    chain : LayerChain
    ball : Ball
    rounded : bool, default=True
        Hold also what the network computes in float32, not only what it would with exact arithmetic.

    Returns
    -------
    Bounds

    References
    ----------
    S. Gowal et al. (2018), On the effectiveness of interval bound propagation for training verifiably robust models.
    M. Mirman, T. Gehr, M. Vechev (2018), Differentiable abstract interpretation for provably robust neural networks.

    Examples
    --------
    >>> from strates.attacks.certificates.affine_step import affine_step
    >>> from strates.backprop.layers import Dense
    >>> chain = LayerChain((affine_step(Dense([[1.0], [-2.0]]), (2,)),), (2,), 1)
    >>> ball = Ball(np.zeros((1, 2)), np.array([0.1]), "linf", -np.inf, np.inf)
    >>> scores = interval_bounds(chain, ball, rounded=False).before[-1]
    >>> scores
    Interval(lower=array([[-0.3]]), upper=array([[0.3]]))
    """
    bounds = Bounds([ball.box], [])
    extend(chain, ball, bounds, len(chain.steps), rounded=rounded)
    return bounds


def extend(chain: LayerChain, ball: Ball, bounds: Bounds, stop: int, *, rounded: bool) -> None:
    """Go on from the last interval that is known to the inputs of step ``stop``."""
    for i in range(len(bounds.before) - 1, stop):
        step, x = chain.steps[i], bounds.before[i]
        y = _affine(chain, step, i, ball, bounds) if isinstance(step, AffineStep) else step.interval(x)
        error: FloatArray = np.zeros((1, *step.output_shape))
        if rounded:
            error = step.rounding(x.magnitude) if isinstance(step, AffineStep) else step.rounding(y)
        bounds.rounding.append(error)
        bounds.before.append(Interval(y.lower - error, y.upper + error))


def _affine(chain: LayerChain, step: AffineStep, i: int, ball: Ball, bounds: Bounds) -> Interval:
    x = bounds.before[i]
    middle, half = (x.lower + x.upper) / 2, (x.upper - x.lower) / 2
    centre, spread = step.apply(middle), step.absolute(half)
    y = Interval(centre - spread, centre + spread)
    before = [one for one in chain.steps[:i] if isinstance(one, AffineStep) and one.is_diagonal]
    if ball.norm == "linf" or step.is_diagonal or len(before) < i:
        return y
    # the first weighted sum: how far the whole ball can move it, not each coordinate by itself
    scale: FloatArray = np.ones((1, *chain.input_shape))
    error, at = np.zeros_like(scale), ball.centre
    for one, rounding in zip(before, bounds.rounding, strict=False):
        scale, error, at = one.absolute(scale), one.absolute(error) + rounding, one.apply(at)
    radius = ball.radius.reshape(-1, *[1] * len(step.output_shape))
    centre, reach = step.apply(at), step.dual_norm(scale, ball.norm) * radius + step.absolute(error)
    return Interval(np.maximum(y.lower, centre - reach), np.minimum(y.upper, centre + reach))
