"""Carlini and Wagner's search for the nearest input of another class, compiled whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.engine.backend import keras, tf
from strates.engine.class_margins import MarginFunctions, row_block, row_bounds, strongest_other
from strates.engine.score_gradient import score_functions

#: A row stops where a tenth of the steps has not lowered its loss by this share, as in the authors' program.
_PROGRESS = 1e-4
_CHECKS = 10
#: A lead over the own class that rounding cannot turn, as a share of the largest score.
_ROUNDING = 1e-5
_LARGEST_C = 1e10
_INSIDE = 0.99999
_FIRST_DECAY, _SECOND_DECAY, _EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class CarliniWagnerSettings:
    """How to search.

    Attributes
    ----------
    confidence : float
        Lead of the new class over the others, in logits, from which on a row counts as found.
    learning_rate : float
        Of Adam, in units of w.
    max_iter : int
        Steps of Adam for each value of c, at most.
    search_steps : int
        Values of c.
    initial_c : float
    """

    confidence: float
    learning_rate: float
    max_iter: int
    search_steps: int
    initial_c: float


class _Searches(MarginFunctions):
    """The traced searches of one architecture."""

    def lead(self, logits: Any, codes: Any, wanted: Any) -> Any:
        """Return how far the class to reach (any but the own) is ahead of the one to leave (the strongest other)."""
        aims = tf.where(wanted >= 0, wanted, strongest_other(logits, codes))
        left = tf.where(wanted >= 0, strongest_other(logits, wanted), codes)
        return tf.gather(logits, aims, batch_dims=1) - tf.gather(logits, left, batch_dims=1)

    def first_distance(self, X: Any, codes: Any, wanted: Any, weights: Any) -> Any:
        """Return how far the boundary would be if the network were linear; 1 where it is flat."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(X)
            lead = self.lead(self.logits(X, weights), codes, wanted)
        slope = tf.reshape(tape.gradient(lead, X), [tf.shape(X)[0], -1])
        distance = tf.math.divide_no_nan(tf.abs(lead), tf.norm(slope, axis=1))
        return tf.where(distance > 0, distance, 1.0)

    def _carlini(self, name: str) -> Any:
        kind = name.split()[1]

        def run(X: Any, codes: Any, wanted: Any, low: Any, high: Any, numbers: Any, counts: Any, *weights: Any) -> Any:
            space = _Space(kind, low, high, X, self.first_distance(X, codes, wanted, weights))

            def judge(x: Any, own: Any, goal: Any) -> tuple[Any, Any]:
                logits = self.logits(x, weights)
                return self.lead(logits, own, goal), _ROUNDING * tf.reduce_max(tf.abs(logits), axis=1)

            search = _Search(space, judge, X, codes, wanted, numbers, counts)
            return search.run()

        return run


class _Search:
    """The search of one block of rows, while it is traced."""

    def __init__(
        self, space: _Space, judge: Callable[[Any, Any, Any], tuple[Any, Any]], X: Any, codes: Any, wanted: Any,
        numbers: Any, counts: Any,
    ) -> None:  # fmt: skip
        self._space, self._judge = space, judge
        self._X, self._codes, self._wanted = X, codes, wanted
        self._confidence, self._rate, self._initial = tf.unstack(numbers, num=3)
        self._max_iter, self._search_steps, self._tenth = tf.unstack(counts, num=3)
        self._axes = list(range(1, X.shape.rank))

    def run(self) -> tuple[Any, Any]:
        """Search for each row's c; return the nearest points found, and how often the network was asked."""

        def search(i: Any, c: Any, low: Any, high: Any, nearest: Any, best: Any, asked: Any) -> Any:
            nearest, best, hit, asked = self.descend(c, nearest, best, asked)
            high = tf.where(hit, tf.minimum(high, c), high)
            low = tf.where(hit, low, tf.maximum(low, c))
            beside = tf.where(hit, c / 10, tf.minimum(10 * c, _LARGEST_C))
            c = tf.where(tf.logical_and(low > 0, tf.math.is_finite(high)), tf.sqrt(low) * tf.sqrt(high), beside)
            return i + 1, c, low, high, nearest, best, asked

        c = tf.fill(tf.shape(self._codes), self._initial)
        infinite = tf.fill(tf.shape(c), np.float32(np.inf))
        *_, best, asked = tf.while_loop(
            lambda i, *_: i < self._search_steps, search,
            (tf.constant(0), c, tf.zeros_like(c), infinite, infinite, self._X, tf.ones_like(self._codes)),
        )  # fmt: skip
        return best, asked

    def descend(self, c: Any, nearest: Any, best: Any, asked: Any) -> Any:
        """Minimise from the rows themselves, for one c a row; also return where the class was reached."""

        def tenth(i: Any, rows: Any, w: Any, m: Any, v: Any, least: Any, *found: Any) -> Any:
            """Take a tenth of the steps, and leave out the rows that got no further."""
            last = tf.minimum(i + self._tenth, self._max_iter)
            mine = tuple(tf.gather(t, rows) for t in found[:3])
            step = self._step(rows, tf.gather(c, rows))
            _, w, m, v, lowest, *mine = tf.while_loop(lambda i, *_: i < last, step, (i, w, m, v, least, *mine))
            whole = [
                tf.tensor_scatter_nd_update(t, rows[:, None], part) for t, part in zip(found[:3], mine, strict=True)
            ]
            asked = tf.tensor_scatter_nd_add(found[3], rows[:, None], tf.fill(tf.shape(rows), last - i))
            going = tf.where(lowest < (1 - _PROGRESS) * least)[:, 0]
            return (last, *(tf.gather(t, going) for t in (rows, w, m, v, lowest)), *whole, asked)

        zeros, shape = tf.zeros_like(self._X), self._X.shape
        some = tf.TensorShape([None])
        rows = tf.range(tf.shape(self._X)[0])
        start = (tf.constant(0), rows, self._space.start, zeros, zeros, tf.fill(tf.shape(c), np.float32(np.inf)))
        found = tf.while_loop(
            lambda i, rows, *_: tf.logical_and(i < self._max_iter, tf.size(rows) > 0), tenth,
            (*start, nearest, best, tf.zeros_like(c, tf.bool), asked),
            shape_invariants=(tf.TensorShape([]), some, shape, shape, shape, some, some, shape, some, some),
        )  # fmt: skip
        return found[6:]

    def _step(self, rows: Any, c: Any) -> Callable[..., Any]:
        """Return a step of Adam on some rows."""
        start, own, goal, unit = (tf.gather(t, rows) for t in (self._X, self._codes, self._wanted, self._space.unit))

        def step(i: Any, w: Any, m: Any, v: Any, lowest: Any, nearest: Any, best: Any, hit: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(w)
                x = self._space.point(w, rows)
                lead, sure = self._judge(x, own, goal)
                square = tf.reduce_sum(tf.square(x - start), axis=self._axes)
                loss = square / tf.square(unit) + c * tf.maximum(self._confidence - lead, 0.0)
            slope = tape.gradient(loss, w)
            there = lead > tf.maximum(self._confidence, sure)
            closer = tf.logical_and(there, square < nearest)
            best = tf.where(tf.reshape(closer, [-1, *([1] * len(self._axes))]), x, best)
            nearest = tf.where(closer, square, nearest)
            m = _FIRST_DECAY * m + (1 - _FIRST_DECAY) * slope
            v = _SECOND_DECAY * v + (1 - _SECOND_DECAY) * tf.square(slope)
            t = tf.cast(i + 1, tf.float32)
            pace = self._rate * tf.sqrt(1 - _SECOND_DECAY**t) / (1 - _FIRST_DECAY**t)
            w = w - pace * m / (tf.sqrt(v) + _EPSILON)
            return i + 1, w, m, v, tf.minimum(lowest, loss), nearest, best, tf.logical_or(hit, there)

        return step


class _Space:
    """The change of variables from w to points: within the bounds by tanh, where a coordinate has both of them."""

    def __init__(self, kind: str, low: Any, high: Any, X: Any, reach: Any) -> None:
        self._kind, self._low, self._high, self._origin = kind, low, high, X
        self._reach = tf.reshape(reach, [-1, *([1] * (X.shape.rank - 1))])
        self.unit = tf.fill(tf.shape(reach), tf.reduce_max(high - low)) if kind == "bounded" else reach
        if kind == "free":
            self.start = tf.zeros_like(X)
            return
        self._both = tf.logical_and(tf.math.is_finite(low), tf.math.is_finite(high))
        self._centre = tf.where(self._both, (low + high) / 2, 0.0)
        self._half = tf.where(self._both, (high - low) / 2, 1.0)
        share = tf.clip_by_value((X - self._centre) / self._half, -1.0, 1.0)
        # one at a bound starts a little inside: where tanh is flat, hundreds of steps would be spent on the way back
        self.start = tf.where(self._both, tf.atanh(share * _INSIDE), 0.0)

    def point(self, w: Any, rows: Any) -> Any:
        """Return the points that stand for the w of some rows."""
        free = None
        if self._kind != "bounded":
            free = tf.gather(self._origin, rows) + tf.gather(self._reach, rows) * w
            if self._kind == "free":
                return free
        x = self._centre + self._half * tf.tanh(w)
        return tf.clip_by_value(x if free is None else tf.where(self._both, x, free), self._low, self._high)


def search_nearest(
    model: keras.Model, X: AnyArray, codes: AnyArray, settings: CarliniWagnerSettings, *,
    wanted: AnyArray | None = None, low: AnyArray | None = None, high: AnyArray | None = None,
) -> tuple[FloatArray, AnyArray]:  # fmt: skip
    """Minimise distance and class together, by Adam, for a row of prices of the class.

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities.
    X : ndarray of shape (n_rows, ...)
    codes : ndarray of int, of shape (n_rows,)
        The classes to leave. A single unit has classes 0 and 1.
    settings : CarliniWagnerSettings
    wanted : ndarray of int, of shape (n_rows,), optional
        The classes to reach.
    low, high : ndarray of the shape of a row, optional
        Bounds, perhaps infinite; X is within.

    Returns
    -------
    rows : ndarray of shape (n_rows, ...), float32
        The nearest that was found; the row itself where none was.
    asked : ndarray of int, of shape (n_rows,)
        Points at which the network was evaluated.
    """
    rows, s = np.asarray(X, np.float32), settings
    shape = rows.shape[1:]
    goals = np.full(len(rows), -1) if wanted is None else wanted
    below, above, bounded = row_bounds(shape, low, high)
    whole = bool(np.isfinite(below).all() and np.isfinite(above).all())
    kind = "bounded" if whole else "mixed" if bounded else "free"
    functions = score_functions(model, tuple(shape), _Searches)
    numbers = np.array([s.confidence, s.learning_rate, s.initial_c], np.float32)
    counts = np.array([s.max_iter, s.search_steps, -(-s.max_iter // _CHECKS)], np.int32)
    size = row_block(int(np.prod(shape)))
    parts = []
    for first in range(0, max(1, len(rows)), size):
        block = slice(first, first + size)
        integers = (np.asarray(a[block], np.int32) for a in (codes, goals))
        parts.append(functions.call(f"carlini {kind}", model, rows[block], *integers, below, above, numbers, counts))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
