"""Full-batch L-BFGS: SciPy drives, TensorFlow computes value and gradient in float64."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, minimize

from strates._types import AnyArray
from strates.engine.architecture import Architecture, ProblemKind
from strates.engine.backend import tf
from strates.engine.batches import dense_rows
from strates.engine.epoch import Epoch
from strates.engine.losses import row_hits, row_losses
from strates.engine.program import Penalties, is_kernel
from strates.engine.training_form import training_form
from strates.exceptions import DivergenceError, ParameterError

#: Rows of one call; larger data are summed over calls.
BLOCK_ROWS = 16_384


class Objective:
    """Mean cross-entropy of a network and its gradient, as a function of one float64 vector of weights."""

    def __init__(self, architecture: Architecture, kind: ProblemKind) -> None:
        self.architecture = architecture
        self.kind = kind
        form = training_form(architecture.build(), dtype="float64")
        if not form.logits or form.model.non_trainable_variables or architecture.dropout_rates:
            raise ParameterError(
                "solver='lbfgs' needs a network whose loss is a fixed function of its weights: no dropout, no batch "
                "normalisation, no subclassed model. Use solver='adam' or 'sgd', or leave those layers out."
            )
        self.model = form.model
        self._trainable = list(form.model.trainable_variables)
        self.shapes = [tuple(v.shape) for v in self._trainable]
        self.sizes = [int(np.prod(s)) for s in self.shapes]
        parts = [np.full(n, is_kernel(v)) for n, v in zip(self.sizes, self._trainable, strict=True)]
        self.penalized = np.concatenate(parts)
        self.traces = 0
        targets = tf.TensorSpec([None], tf.int32) if kind == "categorical" else tf.TensorSpec([None, None], tf.float32)
        rows = tf.TensorSpec((None, *form.model.input_shape[1:]), tf.float64)
        vector, scalar = tf.TensorSpec([sum(self.sizes)], tf.float64), tf.TensorSpec([], tf.float64)
        self._function = tf.function(
            self._run,
            autograph=False,
            input_signature=[vector, rows, targets, tf.TensorSpec([None], tf.float64), scalar],
        )

    def _run(self, vector: Any, X: Any, targets: Any, weights: Any, smoothing: Any) -> Any:
        self.traces += 1
        with tf.GradientTape() as tape:
            tape.watch(vector)
            parts = tf.split(vector, self.sizes)
            values = [tf.reshape(p, s) for p, s in zip(parts, self.shapes, strict=True)]
            outputs, _ = self.model.stateless_call(values, [], X, training=True)
            losses = row_losses(self.kind, outputs, targets, smoothing, logits=True)
            loss = tf.reduce_sum(losses * weights)
        hits = row_hits(self.kind, outputs, targets, logits=True) * tf.cast(weights > 0, "float32")
        return loss, tape.gradient(loss, vector), tf.reduce_sum(hits)

    def value_and_gradient(
        self, vector: AnyArray, blocks: Sequence[tuple[Any, ...]], smoothing: float
    ) -> tuple[float, AnyArray, float]:
        """Sum over blocks of rows: loss, gradient, rows predicted right."""
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
        return np.concatenate([np.asarray(w, np.float64).ravel() for w in weights])

    def unpack(self, vector: AnyArray) -> list[AnyArray]:
        """Cut a vector into weights, in float64."""
        parts = np.split(vector, np.cumsum(self.sizes)[:-1])
        return [p.reshape(s) for p, s in zip(parts, self.shapes, strict=True)]


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
    """Minimise mean cross-entropy plus penalty over all rows at once.

    With an L1 part, each penalised weight is split into its positive and negative parts, both bounded below by
    zero, which makes the objective smooth and the zeros exact.

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
    total = sample_weight.sum(dtype=np.float64)
    blocks = _blocks(X, targets, sample_weight / total)
    penalized = goal.penalized
    l1 = penalties.alpha * penalties.l1_ratio
    l2 = penalties.alpha * (1 - penalties.l1_ratio)
    n = len(penalized)
    last: dict[str, Any] = {"time": time.perf_counter(), "iteration": 0}

    def join(v: AnyArray) -> AnyArray:
        if not l1:
            return v
        w = v[:n].copy()
        w[penalized] -= v[n:]
        return w

    def evaluate(v: AnyArray) -> tuple[float, AnyArray]:
        w = join(v)
        loss, gradient, hits = goal.value_and_gradient(w, blocks, penalties.label_smoothing)
        penalty = l2 / 2 * float(np.sum(w[penalized] ** 2)) + l1 * float(np.abs(w[penalized]).sum())
        gradient[penalized] += l2 * w[penalized]
        if not np.isfinite(loss + penalty):
            raise DivergenceError(
                f"L-BFGS met a loss that is not a finite number in iteration {last['iteration'] + 1}. "
                "Scale the inputs to about unit variance (strates.tabular_pipeline does)."
            )
        last[v.tobytes()] = (loss, penalty, hits / len(targets))
        if len(last) > 64:
            last.pop(next(k for k in last if isinstance(k, bytes)))
        if not l1:
            return loss + penalty, gradient
        both = np.concatenate([gradient, -gradient[penalized] + l1])
        both[:n][penalized] += l1
        return loss + penalty, both

    def report(intermediate_result: Any) -> None:
        v = intermediate_result.x
        if v.tobytes() not in last:
            evaluate(v)
        loss, penalty, score = last[v.tobytes()]
        now = time.perf_counter()
        last["iteration"] += 1
        epoch = Epoch(last["iteration"], loss + penalty, penalty, loss, score, None, None, now - last["time"], np.nan)
        last["time"] = now
        if on_epoch(epoch, goal.unpack(join(v))):
            raise StopIteration

    start = goal.pack(weights)
    bounds = None
    if l1:
        negative = np.maximum(-start[penalized], 0)
        start[penalized] = np.maximum(start[penalized], 0)
        start = np.concatenate([start, negative])
        free = np.concatenate([~penalized, np.zeros(len(negative), bool)])
        bounds = Bounds(np.where(free, -np.inf, 0.0), np.inf)
    options = {"maxiter": max_iter, "maxfun": max_fun, "gtol": gtol, "ftol": ftol, "maxls": 50}
    found = minimize(evaluate, start, jac=True, method="L-BFGS-B", bounds=bounds, callback=report, options=options)
    slope = found.jac.copy()
    if l1:
        at_bound = (found.x <= 0) & ~free
        slope[at_bound] = np.minimum(slope[at_bound], 0)
    return LbfgsResult(
        goal.unpack(join(found.x)),
        int(found.nit),
        int(found.nfev),
        float(np.abs(slope).max(initial=0.0)),
        bool(found.success),
        str(found.message),
    )


def _blocks(X: Any, targets: AnyArray, weights: AnyArray) -> list[tuple[Any, ...]]:
    blocks = []
    for first in range(0, X.shape[0], BLOCK_ROWS):
        rows = slice(first, first + BLOCK_ROWS)
        x = tf.constant(dense_rows(X, rows), tf.float64)
        blocks.append((x, tf.constant(targets[rows]), tf.constant(weights[rows], tf.float64)))
    return blocks
