"""The nearest adversarial example of a small ReLU network, exactly: a mixed-integer program."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds as Box
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from strates._types import FloatArray
from strates.attacks.certificates.affine_step import AffineStep
from strates.attacks.certificates.ball import Ball
from strates.attacks.certificates.bend import Interval
from strates.attacks.certificates.layer_chain import LayerChain
from strates.attacks.certificates.margins import TIE, bounds_of, lowest_margins
from strates.attacks.certificates.relu_blocks import ReluBlocks
from strates.attacks.certificates.silent_solver import silent_solver
from strates.exceptions import ParameterError

#: By how much scores may be off in the solver, whose constraints hold within 1e-6 or so.
_SOLVER = 1e-5
_OPTIMAL, _LIMIT, _INFEASIBLE = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Found:
    """What the search for a nearest counterexample came to.

    Attributes
    ----------
    lower : float
        No input nearer than this has another class; infinite if none within the ball has.
    points : ndarray of shape (n_points, n_inputs)
        Inputs that should have another class, for all that the solver can say, nearest first.
    """

    lower: float
    points: FloatArray


def nearest_counterexample(
    chain: LayerChain, blocks: ReluBlocks, ball: Ball, code: int, *, deadline: float, most_unstable: int
) -> Found:
    """Find the input of another class that is nearest in linf, within a ball, or prove that there is none.

    Every relu whose input changes sign within the ball has a binary variable that says on which side it is; the rest
    of the network is linear. One program for each other class that the linear bounds do not rule out.

    Parameters
    ----------
    chain : LayerChain
    blocks : ReluBlocks
        Of the chain.
    ball : Ball
        Of one row, in linf.
    code : int
        The row's class.
    deadline : float
        When to stop, as ``time.monotonic()`` counts.
    most_unstable : int
        Relus that may change sign, at most.

    Returns
    -------
    Found

    Raises
    ------
    ParameterError
        More of them may.

    References
    ----------
    V. Tjeng, K. Xiao, R. Tedrake (2019), Evaluating robustness of neural networks with mixed integer programming.
    """
    bounds = bounds_of(chain, ball, "linear")
    codes = np.array([code])
    inside = [_flat(bounds.before[i]) for i in blocks.bends]
    n_unstable = sum(int(((x.lower < 0) & (x.upper > 0)).sum()) for x in inside)
    if n_unstable > most_unstable:
        raise ParameterError(
            f'method="exact" is for small networks: within {float(ball.radius[0]):.3g} of a row {n_unstable} relus may '
            f"change sign, more than max_unstable={most_unstable}. Take a smaller epsilon, raise max_unstable (time "
            'grows exponentially), or use method="linear".'
        )
    margins = lowest_margins(chain, ball, codes, bounds, "linear")[0]
    slack = float(_rounding(chain, bounds.rounding)) + TIE
    differences = chain.differences(codes)[0]
    program = _program(blocks, inside, _flat(ball.box), ball.centre.ravel())
    lower, best, points = np.inf, float(ball.radius[0]), []
    for j in np.argsort(margins):
        if margins[j] > TIE:
            break
        budget = deadline - time.monotonic()
        proved, point = program.solve(differences[j], best, slack=slack + _SOLVER, seconds=budget)
        lower = min(lower, proved)
        if point is not None:
            points.append(point)
            best = min(best, float(np.abs(point - ball.centre.ravel()).max()))
    points.sort(key=lambda p: float(np.abs(p - ball.centre.ravel()).max()))
    return Found(lower, np.array(points).reshape(len(points), ball.centre.size))


def _flat(x: Interval) -> Interval:
    return Interval(x.lower.ravel(), x.upper.ravel())


def _rounding(chain: LayerChain, rounding: list[FloatArray]) -> float:
    """Bound how far a margin in float32 may be from the exact one: relus pass errors on, weights add them up."""
    error = np.zeros((1, *chain.input_shape))
    for step, own in zip(chain.steps, rounding, strict=True):
        error = (step.absolute(error) if isinstance(step, AffineStep) else error) + own
    return 2 * float(error.max())


@dataclass(frozen=True, eq=False)
class _Program:
    """Variables: inputs, outputs of each relu layer, one binary for each unstable relu, and the distance."""

    rows: csr_array
    upper: FloatArray
    box: Interval
    n_binary: int
    outputs: FloatArray  # scores = v @ outputs + offset
    offset: FloatArray
    n_inputs: int

    def solve(
        self, difference: FloatArray, radius: float, *, slack: float, seconds: float
    ) -> tuple[float, FloatArray | None]:
        """Minimise the distance at which a margin is no longer positive; return its lower bound and where it is.

        HiGHS is wrong in about one of 5,000 such programs (versions of 2025), with its presolve or without; but not in
        both ways at once. What it claims is put to it a second time, the other way.
        """
        deadline = time.monotonic() + seconds
        lower, point = self._ask(difference, radius, slack, seconds, presolve=False)
        if lower == 0:
            return lower, point
        again, nearer = self._ask(difference, min(radius, lower), slack, deadline - time.monotonic(), presolve=True)
        return min(lower, again), point if nearer is None else nearer

    def _ask(
        self, difference: FloatArray, radius: float, slack: float, seconds: float, *, presolve: bool
    ) -> tuple[float, FloatArray | None]:
        """Return a lower bound (infinite if there is nothing within the radius), and a point where it is."""
        if seconds <= 0:
            return 0.0, None
        n = len(self.box.lower)
        cost, binary, upper = np.zeros(n), np.zeros(n), self.box.upper.copy()
        cost[-1], upper[-1] = 1.0, radius
        binary[n - 1 - self.n_binary : n - 1] = 1
        margin = self.outputs @ difference
        with silent_solver():
            answer = milp(
                cost,
                integrality=binary,
                bounds=Box(self.box.lower, upper),
                constraints=[
                    LinearConstraint(self.rows, -np.inf, self.upper),
                    LinearConstraint(margin[None, :], -np.inf, slack - float(self.offset @ difference)),
                ],
                options={"time_limit": seconds, "mip_rel_gap": 1e-4, "presolve": presolve},
            )
        point = None if answer.x is None else np.asarray(answer.x[: self.n_inputs])
        if answer.status == _INFEASIBLE:
            return np.inf, None
        bound = answer.mip_dual_bound if self.n_binary else answer.fun
        if answer.status not in (_OPTIMAL, _LIMIT) or bound is None or not np.isfinite(bound):
            return 0.0, point
        return max(0.0, float(bound) * (1 - 1e-6) - 1e-9), point


def _program(blocks: ReluBlocks, inside: list[Interval], box: Interval, centre: FloatArray) -> _Program:
    """Lay out the constraints: distances, then for each relu of inputs between l < 0 < u, with its binary a.

    h >= z, h <= z - l (1 - a), h <= u a, h >= 0; a relu that does not change sign is its input, or 0.
    """
    n_inputs = len(centre)
    unstable = [(x.lower < 0) & (x.upper > 0) for x in inside]
    n_binary = sum(int(u.sum()) for u in unstable)
    n = n_inputs + sum(len(u) for u in unstable) + n_binary + 1
    rows, limits = [], []

    def add(left: FloatArray, right: FloatArray) -> None:
        rows.append(csr_array(left))
        limits.append(right)

    low, high = np.zeros(n), np.ones(n)
    low[:n_inputs], high[:n_inputs] = box.lower, box.upper
    distance = np.zeros((n_inputs, n))
    distance[:, :n_inputs], distance[:, -1] = np.eye(n_inputs), -1
    add(distance, centre)
    distance[:, :n_inputs] *= -1
    add(distance, -centre)
    start, binary = 0, n - 1 - n_binary
    at = slice(0, n_inputs)
    for matrix, offset, x, bent in zip(blocks.matrices, blocks.offsets, inside, unstable, strict=False):
        start = at.stop
        own = slice(start, start + len(offset))
        z = np.zeros((len(offset), n))
        z[:, at] = matrix.T
        h = np.zeros_like(z)
        h[:, own] = np.eye(len(offset))
        dead, live = x.upper <= 0, x.lower >= 0
        low[own], high[own] = np.where(dead, 0.0, np.maximum(x.lower, 0)), np.where(dead, 0.0, np.maximum(x.upper, 0))
        add((z - h)[~dead], -offset[~dead])  # h >= z
        add((h - z)[live], offset[live])  # h <= z
        a = np.zeros((int(bent.sum()), n))
        a[np.arange(len(a)), binary + np.arange(len(a))] = 1
        lower, upper = x.lower[bent], x.upper[bent]
        add((h - z)[bent] - lower[:, None] * a, offset[bent] - lower)
        add(h[bent] - upper[:, None] * a, np.zeros(len(a)))
        binary += len(a)
        at = own
    outputs = np.zeros((n, blocks.matrices[-1].shape[1]))
    outputs[at] = blocks.matrices[-1]
    return _Program(
        csr_array(vstack(rows)), np.concatenate(limits), Interval(low, high), n_binary, outputs, blocks.offsets[-1],
        n_inputs,
    )  # fmt: skip
