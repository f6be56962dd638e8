"""Projected gradient ascent on a classifier's loss, row by row within a ball, in one compiled loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray
from strates.engine.backend import keras, tf
from strates.engine.class_lead import class_lead
from strates.engine.perturbation import Norm, climb, linf_box, project, random_point
from strates.engine.score_gradient import ScoreFunctions, score_functions

AscentLoss = Literal["cross_entropy", "margin"]

#: Numbers of the inputs of one call, at most: what a network makes of them has to stay in the caches' reach.
BLOCK_NUMBERS = 400_000
_LEAST_ROWS, _MOST_ROWS = 16, 2048
#: A row counts as done when its logits differ by this share of them: what predicts in the end may round otherwise.
_CLEARLY = 1e-4


@dataclass(frozen=True)
class AscentSettings:
    """How to climb.

    Attributes
    ----------
    epsilon : float
        Radius of the ball around each row; infinite for none.
    norm : {"linf", "l2", "l1"}
    n_steps : int
    step : float
        Length of a step in that norm.
    loss : {"cross_entropy", "margin"}
    targeted : bool
        Whether the classes are to be reached rather than left.
    random_start : bool
        Start at a random point of the ball.
    stop : bool
        Whether a row is done at its first success; its result is then that, or else the best point seen. If not,
        its result is the last point.
    """

    epsilon: float
    norm: Norm
    n_steps: int
    step: float
    loss: AscentLoss = "cross_entropy"
    targeted: bool = False
    random_start: bool = False
    stop: bool = True


class AttackFunctions(ScoreFunctions):
    """The traced functions of one architecture that attacks are made of."""

    def logits(self, X: Any, weights: Any) -> Any:
        """Return the logits, one column a class: a single unit's class has z, the other 0.

        Of a network that cannot be read, logarithms of its probabilities serve (their differences are the logits').
        """
        _, z, _ = self._forward(X, weights, training=False)
        if not self._form.logits:
            tiny = np.finfo(np.float32).tiny
            p = tf.clip_by_value(z, tiny, 1.0)
            z = tf.math.log(p) - tf.math.log(tf.clip_by_value(1 - z, tiny, 1.0)) if z.shape[-1] == 1 else tf.math.log(p)
        return tf.concat([tf.zeros_like(z), z], axis=1) if z.shape[-1] == 1 else z

    def _ascend(self, name: str) -> Any:
        _, norm, loss, goal, start, end = name.split()
        sign = -1.0 if goal == "targeted" else 1.0

        def slope(x: Any, classes: Any, weights: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                logits = self.logits(x, weights)
                lead = sign * class_lead(logits, classes, soft=loss == "cross_entropy")
            return logits, tape.gradient(lead, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)

        def success(logits: Any, classes: Any) -> Any:
            # how far a row is over the boundary: positive when it is clearly there
            clearly = _CLEARLY * (1.0 + tf.reduce_max(tf.abs(logits), axis=1))
            return sign * class_lead(logits, classes, soft=False) - clearly

        def run(X: Any, classes: Any, low: Any, high: Any, numbers: Any, counts: Any, *weights: Any) -> Any:
            n_steps, *seed = tf.unstack(counts, num=3)
            ball = _Ball(X, low, high, numbers, norm)  # type: ignore[arg-type]

            def advance(i: Any, x: Any, ids: Any, best: Any, scores: Any, calls: Any) -> Any:
                if end == "last":
                    _, gradient = slope(x, classes, weights)
                    return i + 1, ball.move(x, gradient, None), ids, best, scores, calls + 1
                mine = tf.gather(classes, ids)
                logits, gradient = slope(x, mine, weights)
                calls = tf.tensor_scatter_nd_add(calls, ids[:, None], tf.ones_like(ids))
                score = success(logits, mine)
                best, scores = _keep_better(best, scores, ids, x, score)
                x, gradient, ids = (tf.boolean_mask(t, score <= 0) for t in (x, gradient, ids))
                return i + 1, ball.move(x, gradient, ids), ids, best, scores, calls

            x = ball.draw(tf.stack(seed)) if start == "random" else X
            ids = tf.range(tf.shape(X)[0])
            scores, calls = tf.fill(tf.shape(ids), -np.inf), tf.zeros_like(ids)
            _, x, ids, best, scores, calls = tf.while_loop(
                lambda i, x, ids, *_: tf.logical_and(i < n_steps, tf.size(ids) > 0), advance,
                (tf.constant(0), x, ids, x, scores, calls),
                shape_invariants=(
                    tf.TensorShape([]), X.shape, tf.TensorShape([None]), X.shape, scores.shape, calls.shape
                ),
            )  # fmt: skip
            if end == "stop":

                def judged() -> Any:
                    score = success(self.logits(x, weights), tf.gather(classes, ids))
                    return _keep_better(best, scores, ids, x, score)[0]

                # some layers' kernels refuse a batch without rows
                best = tf.cond(tf.size(ids) > 0, judged, lambda: best)
                calls = tf.tensor_scatter_nd_add(calls, ids[:, None], tf.ones_like(ids))
            else:
                best = x
            return best, calls

        return run


class _Ball:
    """What can be reached from each row, while a search is traced."""

    def __init__(self, X: Any, low: Any, high: Any, numbers: Any, norm: Norm) -> None:
        self._X, self._norm = X, norm
        self._epsilon, self._step = tf.unstack(numbers, num=2)
        # a box within a box is a box: a step of linf needs no ball beside its bounds
        self._box = linf_box(X, self._epsilon, low, high) if norm == "linf" else (low, high)

    def draw(self, seed: Any) -> Any:
        """Return a random point of each row's ball."""
        delta = self._epsilon * random_point(tf.shape(self._X), self._norm, seed)
        return tf.clip_by_value(self._X + project(delta, self._epsilon, self._norm), *self._box)

    def move(self, x: Any, gradient: Any, rows: Any) -> Any:
        """Take a step from points of some rows' balls (None: of all), and go back to the ball."""
        if self._norm == "linf":
            lowest, highest = self._box if rows is None else (tf.gather(edge, rows) for edge in self._box)
            return climb(x, gradient, self._step, lowest, highest, self._norm)
        origin = self._X if rows is None else tf.gather(self._X, rows)
        x = climb(x, gradient, self._step, *self._box, self._norm)
        return tf.clip_by_value(origin + project(x - origin, self._epsilon, self._norm), *self._box)


def _keep_better(best: Any, scores: Any, ids: Any, x: Any, score: Any) -> tuple[Any, Any]:
    """Write rows over the best known ones that they exceed."""
    better = score > tf.gather(scores, ids)
    places = tf.boolean_mask(ids, better)[:, None]
    best = tf.tensor_scatter_nd_update(best, places, tf.boolean_mask(x, better))
    return best, tf.tensor_scatter_nd_update(scores, places, tf.boolean_mask(score, better))


def ascend_loss(
    model: keras.Model,
    X: AnyArray,
    classes: AnyArray,
    low: AnyArray,
    high: AnyArray,
    settings: AscentSettings,
    *,
    seed: int = 0,
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Climb from each row to a point of its ball where the network's loss is larger.

    ::

        x ← clip(x + step · steepest(∂L/∂x), low, high)        then the nearest point of the ball around the row

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities: a softmax, or one logistic unit.
    X : ndarray of shape (n_rows, ...)
        Within the bounds.
    classes : ndarray of int, of shape (n_rows,)
        To be left, or reached.
    low, high : ndarray of the shape of a row
        Infinite for none.
    settings : AscentSettings
    seed : int, default=0
        Of the random start.

    Returns
    -------
    points : ndarray like X, float32
        No farther in linf than epsilon, to the last digit; up to rounding in the other norms.
    calls : ndarray of shape (n_rows,)
        How often the network was asked about each row.
    """
    s = settings
    goal = "targeted" if s.targeted else "untargeted"
    kind = f"ascend {s.norm} {s.loss} {goal} {'random' if s.random_start else 'row'} {'stop' if s.stop else 'last'}"
    rows = np.asarray(X, np.float32)
    found = score_functions(model, tuple(rows.shape[1:]), AttackFunctions)
    numbers = np.array([s.epsilon, s.step], np.float32)
    if float(numbers[0]) > s.epsilon:  # rounded down: no linf distance exceeds what was given
        numbers[0] = np.nextafter(numbers[0], np.float32(0))
    size = int(np.clip(BLOCK_NUMBERS // max(1, int(np.prod(rows.shape[1:]))), _LEAST_ROWS, _MOST_ROWS))
    points, calls = [], []
    for first in range(0, max(1, len(rows)), size):
        block = slice(first, first + size)
        counts = np.array([s.n_steps, seed & 0x7FFFFFFF, first], np.int32)
        inputs = np.asarray(classes[block], np.int32), low[None].astype(np.float32), high[None].astype(np.float32)
        x, n = found.call(kind, model, rows[block], *inputs, numbers, counts)
        points.append(x)
        calls.append(n)
    whole = (points[0], calls[0]) if len(points) == 1 else (np.concatenate(points), np.concatenate(calls))
    return whole[0], whole[1].astype(np.int64)
