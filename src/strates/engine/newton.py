"""Newton's method for linear classifiers: from near the optimum to its last digits, or to the proof of its absence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from strates._types import AnyArray
from strates.engine.linear_likelihood import LinearLikelihood

#: Added to a Hessian whose diagonal is one: above rounding, below any curvature that matters.
_RIDGE = 1e-11
#: A step that changes no score by more is the last: the error left is about its square.
_SMALL = 1e-6


@dataclass(frozen=True)
class NewtonResult:
    """Where Newton's method ended.

    Attributes
    ----------
    theta : ndarray of shape (n_inputs + 1, n_outputs)
        Weights, and intercepts in the last row.
    n_iter : int
        Steps taken.
    gradient_norm : float
        Largest entry of the objective's (sub)gradient.
    recession : ndarray of the shape of theta, or None
        A direction in which the loss falls for ever: no row gets worse along it, and some get better. The classes
        are then separated, and no finite weights are the best.
    """

    theta: AnyArray
    n_iter: int
    gradient_norm: float
    recession: AnyArray | None


class _Penalized:
    """Cross-entropy plus ``l2 / 2 |W|^2 + l1 |W|_1``, intercepts free."""

    def __init__(self, likelihood: LinearLikelihood, l2: float, l1: float) -> None:
        self.likelihood, self.l2, self.l1 = likelihood, l2, l1

    def value(self, theta: AnyArray) -> float:
        w = theta[:-1]
        return self.likelihood.value(theta) + self.l2 / 2 * float((w * w).sum()) + self.l1 * float(np.abs(w).sum())

    def subgradient(self, theta: AnyArray) -> AnyArray:
        """Return the subgradient of least size: zero at a minimum."""
        g = self.likelihood.gradient(theta)
        g[:-1] += self.l2 * theta[:-1]
        if self.l1:
            at_zero = np.sign(g[:-1]) * np.maximum(np.abs(g[:-1]) - self.l1, 0)
            g[:-1] = np.where(theta[:-1] == 0, at_zero, g[:-1] + self.l1 * np.sign(theta[:-1]))
        return g

    def step(self, theta: AnyArray, g: AnyArray) -> AnyArray:
        """Return Newton's step over the parameters that are not held at zero."""
        free = np.ones(theta.shape, bool)
        if self.l1:
            free[:-1] = (theta[:-1] != 0) | (g[:-1] != 0)
        h = self.likelihood.hessian(theta)
        penalized = np.ones(theta.shape)
        penalized[-1] = 0
        h[np.diag_indices_from(h)] += self.l2 * penalized.ravel()
        kept = np.flatnonzero(free)
        step = np.zeros(theta.size)
        step[kept] = -solve_symmetric(h[np.ix_(kept, kept)], g.ravel()[kept])
        return step.reshape(theta.shape)

    def move(self, theta: AnyArray, step: AnyArray, g: AnyArray) -> AnyArray:
        """Take a step; under L1 a weight that would change its sign stops at zero."""
        moved = theta + step
        if self.l1:
            sign = np.where(theta[:-1] != 0, np.sign(theta[:-1]), -np.sign(g[:-1]))
            moved[:-1] = np.where(sign * moved[:-1] > 0, moved[:-1], 0.0)
        return moved


def solve_symmetric(h: AnyArray, g: AnyArray) -> AnyArray:
    """Solve ``h x = g`` for a positive semidefinite ``h``, in which ``g`` has no part that ``h`` does not see."""
    diagonal = np.diag(h)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = h * scale[:, None] * scale
    # a softmax is blind to a constant added to all classes, collinear columns to their combination: such directions
    # get a curvature, and, there being no slope along them, no step
    scaled[np.diag_indices_from(scaled)] += _RIDGE
    ridge = _RIDGE
    while True:
        try:
            solution: AnyArray = scale * cho_solve(cho_factor(scaled), scale * g)
        except LinAlgError:  # rounding has made it indefinite, where probabilities are all but 0 and 1
            scaled[np.diag_indices_from(scaled)] += 99 * ridge
            ridge *= 100
        else:
            return solution


def newton(
    likelihood: LinearLikelihood, theta: AnyArray, *, l2: float = 0.0, l1: float = 0.0, max_iter: int = 30
) -> NewtonResult:
    """Minimise ``likelihood.value(theta) + l2 / 2 |W|^2 + l1 |W|_1`` by damped Newton steps.

    Parameters
    ----------
    likelihood : LinearLikelihood
    theta : ndarray of shape (n_inputs + 1, n_outputs)
        Where to start.
    l2, l1 : float
        Penalties on the weights.
    max_iter : int

    Returns
    -------
    NewtonResult

    References
    ----------
    Albert & Anderson (1984), On the existence of maximum likelihood estimates in logistic regression models,
    Biometrika 71.

    Examples
    --------
    >>> import numpy as np
    >>> rows = LinearLikelihood(np.array([[-1.0], [0.0], [1.0], [1.0]]), np.array([0, 1, 0, 1]), np.ones(4), 1)
    >>> newton(rows, np.zeros((2, 1))).gradient_norm < 1e-10
    True
    """
    goal = _Penalized(likelihood, l2, l1)
    value, g = goal.value(theta), goal.subgradient(theta)
    done = 0
    for _ in range(max_iter):
        slope = float(np.abs(g).max(initial=0.0))
        if slope == 0:
            break
        step = goal.step(theta, g)
        if not l2 and not l1 and is_recession(likelihood, step):
            return NewtonResult(theta, done, slope, step)
        better = _search(goal, theta, step, value, g)
        if better is None:
            break
        last = np.abs(likelihood.margins(better[0] - theta)).max() < _SMALL
        theta, value, g = better
        done += 1
        if last:
            break
    return NewtonResult(theta, done, float(np.abs(g).max(initial=0.0)), None)


def _search(
    goal: _Penalized, theta: AnyArray, step: AnyArray, value: float, g: AnyArray
) -> tuple[AnyArray, float, AnyArray] | None:
    """Halve a step until it helps; None when it does not."""
    slope, noise = np.abs(g).max(), 4 * np.finfo(float).eps * abs(value)
    for halvings in range(12):
        moved = goal.move(theta, step / 2**halvings, g)
        there = goal.value(moved)
        if there > value + noise:
            continue
        slope_there = goal.subgradient(moved)
        # near the minimum the value's digits are exhausted, and the gradient alone tells better from worse
        if there < value - noise or np.abs(slope_there).max() < slope:
            return moved, there, slope_there
    return None


def is_recession(likelihood: LinearLikelihood, direction: AnyArray) -> bool:
    """Tell whether going along a direction makes no row worse and some rows better.

    Near a minimum Newton's step is tiny. Towards a minimum at infinity it never is: gradient and curvature fade alike,
    and the scores of the rows that are separated grow by about one each time.
    """
    margins = likelihood.margins(direction)[likelihood.weights > 0]
    largest = float(np.abs(margins).max(initial=0.0))
    return largest > 0.1 and float(margins.min()) >= -1e-6 * largest
