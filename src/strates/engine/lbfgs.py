"""Full-batch L-BFGS: SciPy drives, TensorFlow computes value and gradient in float64."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import Bounds, minimize
from threadpoolctl import ThreadpoolController

from strates._types import AnyArray
from strates.engine.architecture import Architecture, ProblemKind
from strates.engine.backend import tf
from strates.engine.batches import dense_rows
from strates.engine.epoch import Epoch
from strates.engine.losses import compared_with, row_hits, row_losses
from strates.engine.program import is_kernel
from strates.engine.step_data import Penalties
from strates.engine.tied_weights import TiedWeights
from strates.engine.traced import Traced
from strates.engine.training_form import training_form
from strates.exceptions import DivergenceError, ParameterError

#: Rows of one call; larger data are summed over calls.
BLOCK_ROWS = 16_384


class Objective:
    """Mean loss of a network and its gradient, as a function of one float64 vector of weights."""

    def __init__(self, architecture: Architecture, kind: ProblemKind) -> None:
        self.architecture = architecture
        self.kind = kind
        form = training_form(architecture.build(), dtype="float64")
        readable = form.logits or kind == "reconstruction"
        if not readable or form.model.non_trainable_variables or architecture.noise_levels:
            raise ParameterError(
                "solver='lbfgs' needs a network whose loss is a fixed function of its weights: no dropout, no batch "
                "normalisation, no augmentation, no subclassed model. Use solver='adam' or 'sgd', or leave out what "
                "makes it vary."
            )
        self.model = form.model
        self._logits = form.logits
        self._tied = TiedWeights.of(architecture)
        self._trainable = self._tied.free(form.model.trainable_variables)
        self.shapes = [tuple(v.shape) for v in self._trainable]
        self.sizes = [int(np.prod(s)) for s in self.shapes]
        parts = [np.full(n, is_kernel(v)) for n, v in zip(self.sizes, self._trainable, strict=True)]
        self.penalized = np.concatenate(parts)
        self.traces = 0
        targets = tf.TensorSpec([None], tf.int32) if kind == "categorical" else tf.TensorSpec([None, None], tf.float32)
        rows = tf.TensorSpec((None, *form.model.input_shape[1:]), tf.float64)
        vector, scalar = tf.TensorSpec([sum(self.sizes)], tf.float64), tf.TensorSpec([], tf.float64)
        self._function = Traced(self._run, [vector, rows, targets, tf.TensorSpec([None], tf.float64), scalar])

    def _run(self, vector: Any, X: Any, targets: Any, weights: Any, smoothing: Any) -> Any:
        self.traces += 1
        with tf.GradientTape() as tape:
            tape.watch(vector)
            parts = tf.split(vector, self.sizes)
            free = [tf.reshape(p, s) for p, s in zip(parts, self.shapes, strict=True)]
            values = self._tied.whole(free, tf.transpose)
            targets = compared_with(self.kind, X, targets)
            outputs, _, own_losses = self.model.stateless_call(values, [], X, training=True, return_losses=True)
            losses = row_losses(self.kind, outputs, targets, smoothing, logits=self._logits)
            loss = tf.reduce_sum(losses * weights)
            for own in own_losses:  # the weights of all blocks sum to one, so that it counts once
                loss += own * tf.reduce_sum(weights)
        hits = tf.cast(row_hits(self.kind, outputs, targets, logits=self._logits), weights.dtype) * weights
        return loss, tape.gradient(loss, vector), tf.reduce_sum(hits)

    def value_and_gradient(
        self, vector: AnyArray, blocks: Sequence[tuple[Any, ...]], smoothing: float
    ) -> tuple[float, AnyArray, float]:
        """Sum over blocks of rows: loss, gradient, weights of the rows predicted right."""
        loss, gradient, hits = 0.0, np.zeros_like(vector), 0.0
        point = tf.constant(vector, tf.float64)
        for block in blocks:
            a, b, c = self._function(point, *block, tf.constant(smoothing, tf.float64))
            loss += float(a)
            gradient += b.numpy()
            hits += float(c)
        return loss, gradient, hits

    def pack(self, weights: Sequence[AnyArray]) -> AnyArray:
        """Put weights (in the order of ``model.weights``) into one vector."""
        return np.concatenate([np.asarray(w, np.float64).ravel() for w in self._tied.free(weights)])

    def unpack(self, vector: AnyArray) -> list[AnyArray]:
        """Cut a vector into weights, in float64."""
        parts = np.split(vector, np.cumsum(self.sizes)[:-1])
        free = [p.reshape(s) for p, s in zip(parts, self.shapes, strict=True)]
        return self._tied.whole(free, np.transpose)


_OBJECTIVES: OrderedDict[Hashable, Objective] = OrderedDict()
_LOCK = threading.Lock()


def objective(architecture: Architecture, kind: ProblemKind) -> Objective:
    """Return the shared objective of an architecture; the last 32 are kept."""
    key = (architecture.key, kind)
    with _LOCK:
        found = _OBJECTIVES.pop(key, None)
        if found is None:
            found = Objective(architecture, kind)
        _OBJECTIVES[key] = found
        while len(_OBJECTIVES) > 32:
            _OBJECTIVES.popitem(last=False)
    return found


@dataclass(frozen=True)
class LbfgsResult:
    """Where L-BFGS ended.

    Attributes
    ----------
    weights : list of ndarray
        float64, in the order of ``model.weights``.
    n_iter, n_evaluations : int
    gradient_norm : float
        Largest absolute entry of the projected gradient of the objective.
    converged : bool
    message : str
        SciPy's words.
    """

    weights: list[AnyArray]
    n_iter: int
    n_evaluations: int
    gradient_norm: float
    converged: bool
    message: str


class _Problem:
    """What SciPy minimises: the objective with its penalty, over weights or (with L1) over their halves.

    With an L1 part, each penalised weight w is p - n with p, n >= 0, which makes the objective smooth, the bounds
    simple and the zeros exact.
    """

    def __init__(self, goal: Objective, blocks: Sequence[tuple[Any, ...]], penalties: Penalties) -> None:
        self._goal, self._blocks = goal, blocks
        self._smoothing = penalties.label_smoothing
        self.l1 = penalties.l1
        self.l2 = penalties.l2
        self._seen: OrderedDict[bytes, tuple[float, float, float]] = OrderedDict()

    def split(self, w: AnyArray) -> AnyArray:
        """Return the point that stands for some weights."""
        if not self.l1:
            return w
        positive = w.copy()
        positive[self._goal.penalized] = np.maximum(w[self._goal.penalized], 0)
        return np.concatenate([positive, np.maximum(-w[self._goal.penalized], 0)])

    def join(self, v: AnyArray) -> AnyArray:
        """Return the weights that a point stands for."""
        if not self.l1:
            return v
        n = len(self._goal.penalized)
        w = v[:n].copy()
        w[self._goal.penalized] -= v[n:]
        return w

    @property
    def bounds(self) -> Bounds | None:
        """Zero below the halves, nothing elsewhere."""
        if not self.l1:
            return None
        penalized = self._goal.penalized
        halves = np.concatenate([penalized, np.ones(int(penalized.sum()), bool)])
        return Bounds(np.where(halves, 0.0, -np.inf), np.inf)

    def __call__(self, v: AnyArray) -> tuple[float, AnyArray]:
        """Return value and gradient."""
        w, penalized = self.join(v), self._goal.penalized
        loss, gradient, hits = self._goal.value_and_gradient(w, self._blocks, self._smoothing)
        free = w[penalized]
        # l1 * (p + n), which is l1 * |w| where it matters, at the minimum, and smooth everywhere
        size = float(v[: len(penalized)][penalized].sum() + v[len(penalized) :].sum()) if self.l1 else 0.0
        penalty = self.l2 / 2 * float(free @ free) + self.l1 * size
        gradient[penalized] += self.l2 * free
        if not np.isfinite(loss + penalty):
            raise DivergenceError(
                "L-BFGS met a loss that is not a finite number. Scale the inputs to about unit variance "
                "(strates.tabular_pipeline does)."
            )
        shown = penalty - self.l1 * (size - float(np.abs(free).sum()))
        self._seen[v.tobytes()] = (loss, shown, hits)
        if len(self._seen) > 64:
            self._seen.popitem(last=False)
        if self.l1:
            gradient = np.concatenate([gradient, self.l1 - gradient[penalized]])
            gradient[: len(penalized)][penalized] += self.l1
        return loss + penalty, gradient

    def numbers(self, v: AnyArray) -> tuple[float, float, float]:
        """Return loss, penalty and training score at a point."""
        if v.tobytes() not in self._seen:
            self(v)
        return self._seen[v.tobytes()]

    def slope(self, v: AnyArray, gradient: AnyArray) -> float:
        """Return the largest entry of the gradient, projected on what the bounds leave free."""
        bounds = self.bounds
        if bounds is not None:
            gradient = np.where((v <= bounds.lb), np.minimum(gradient, 0), gradient)
        return float(np.abs(gradient).max(initial=0.0))


@cache
def _threadpools() -> ThreadpoolController:
    return ThreadpoolController()


def minimize_lbfgs(
    goal: Objective,
    weights: Sequence[AnyArray],
    X: Any,
    targets: AnyArray,
    sample_weight: AnyArray,
    *,
    penalties: Penalties,
    max_iter: int,
    max_fun: int,
    gtol: float,
    ftol: float,
    on_epoch: Callable[[Epoch, list[AnyArray]], bool],
) -> LbfgsResult:
    """Minimise mean loss plus penalty over all rows at once.

    Parameters
    ----------
    goal : Objective
    weights : sequence of ndarray
        Where to start.
    X : ndarray or CSR matrix of shape (n_rows, n_inputs)
    targets, sample_weight : ndarray
    penalties : Penalties
    max_iter, max_fun : int
    gtol, ftol : float
        SciPy's tolerances: on the projected gradient, and on the relative decrease.
    on_epoch : callable (Epoch, weights) -> bool
        Sees each iteration; returning True stops.

    Returns
    -------
    LbfgsResult
    """
    problem = _Problem(goal, make_blocks(X, targets, sample_weight), penalties)
    clock = [time.perf_counter()]

    def report(intermediate_result: Any) -> None:
        point = intermediate_result.x
        loss, penalty, score = problem.numbers(point)
        clock.append(time.perf_counter())
        seconds = clock[-1] - clock[-2]
        epoch = Epoch(len(clock) - 1, loss + penalty, penalty, loss, score, None, None, seconds, np.nan)
        if on_epoch(epoch, goal.unpack(problem.join(point))):
            raise StopIteration

    # SciPy's own vectors are short: threads that wait for one another would take most of the time
    with _threadpools().limit(limits=1, user_api="blas"):
        found = minimize(
            problem,
            problem.split(goal.pack(weights)),
            jac=True,
            method="L-BFGS-B",
            bounds=problem.bounds,
            callback=report,
            options={"maxiter": max_iter, "maxfun": max_fun, "gtol": gtol, "ftol": ftol, "maxls": 50},
        )
    return LbfgsResult(
        goal.unpack(problem.join(found.x)),
        int(found.nit),
        int(found.nfev),
        problem.slope(found.x, found.jac),
        bool(found.success),
        str(found.message),
    )


def make_blocks(X: Any, targets: AnyArray, weights: AnyArray) -> list[tuple[Any, ...]]:
    """Cut rows into blocks of tensors, with weights that sum to one."""
    shares = weights / weights.sum(dtype=np.float64)
    blocks = []
    for first in range(0, X.shape[0], BLOCK_ROWS):
        rows = slice(first, first + BLOCK_ROWS)
        x = tf.constant(dense_rows(X, rows), tf.float64)
        blocks.append((x, tf.constant(targets[rows]), tf.constant(shares[rows], tf.float64)))
    return blocks
