"""One perturbation for all rows: pieced together from the rows' own, or climbing the loss of all of them."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.engine.backend import keras, tf
from strates.engine.class_lead import class_lead
from strates.engine.class_margins import is_fooled, row_bounds
from strates.engine.deepfool_search import DeepFoolFunctions
from strates.engine.perturbation import Norm, climb, project
from strates.engine.score_gradient import score_functions

#: From how large a lead of the other classes on, in logits, a row has no more say.
_ENOUGH = 2.0
#: Rows of a step at most, and steps of a pass at least.
_BATCH, _STEPS = 50, 10


class _Passes(DeepFoolFunctions):
    """The traced passes of one architecture."""

    def _universal(self, name: str) -> Any:
        _, norm, inner, bounded, _ = name.split()

        def run(
            X: Any, codes: Any, wanted: Any, rivals: Any, order: Any, v: Any, low: Any, high: Any, numbers: Any, n: Any,
            *weights: Any,
        ) -> Any:  # fmt: skip
            epsilon, overshoot = tf.unstack(numbers, num=2)
            box = (low, high) if bounded == "bounded" else None

            def visit(i: Any, v: Any, asked: Any) -> Any:
                row = order[i : i + 1]
                own, goal, others = (tf.gather(t, row) for t in (codes, wanted, rivals))
                x = tf.ensure_shape(tf.gather(X, row) + v, (None, *X.shape[1:]))
                x = x if box is None else tf.clip_by_value(x, low, high)
                there, points = self.walk(x, own, goal, others, box, inner, overshoot, n, weights)
                arrived = is_fooled(self.logits(there, weights), own, goal)[0]
                longer = project(v + there - x, epsilon, cast(Norm, norm))
                return (
                    i + 1,
                    tf.ensure_shape(tf.where(arrived, longer, v), v.shape),
                    tf.tensor_scatter_nd_add(asked, row[:, None], points + 1),
                )

            _, v, asked = tf.while_loop(
                lambda i, *_: i < tf.size(order),
                visit,
                (tf.constant(0), v, tf.zeros_like(codes)),
                shape_invariants=(tf.TensorShape([]), v.shape, tf.TensorShape([None])),
            )
            return v[0], asked

        return run

    def _together(self, name: str) -> Any:
        sign = -1.0 if name.split()[1] == "targeted" else 1.0

        def run(X: Any, classes: Any, v: Any, low: Any, high: Any, *weights: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                # beyond the bounds the slope is taken to be that at them: v finds its way back
                x = tf.ensure_shape(tf.clip_by_value(X + v, low, high), X.shape)
                tape.watch(x)
                lead = sign * class_lead(self.logits(x, weights), classes, soft=True)
            slopes = tape.gradient(lead, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            going = tf.reshape(tf.cast(lead < _ENOUGH, x.dtype), [-1, *([1] * (x.shape.rank - 1))])
            return [tf.reduce_sum(slopes * going, axis=0)]

        return run


def universal_pass(
    model: keras.Model, X: AnyArray, codes: AnyArray, rivals: AnyArray, order: AnyArray, perturbation: AnyArray, *,
    epsilon: float, norm: Norm, wanted: AnyArray | None = None, low: AnyArray | None = None,
    high: AnyArray | None = None, overshoot: float = 0.02, max_iter: int = 10,
) -> tuple[FloatArray, AnyArray]:  # fmt: skip
    """Visit rows one after the other; let those that the perturbation does not fool yet add what they need.

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities.
    X : ndarray of shape (n_rows, ...)
    codes : ndarray of int, of shape (n_rows,)
        The classes to leave.
    rivals : ndarray of int, of shape (n_rows, n_rivals)
        The classes whose boundaries are looked at.
    order : ndarray of int
        Numbers of the rows to visit.
    perturbation : ndarray of the shape of a row
        To begin with.
    epsilon : float
        Radius of the ball that it stays in.
    norm : {"linf", "l2", "l1"}
    wanted : ndarray of int, of shape (n_rows,), optional
        The classes to reach.
    low, high : ndarray of the shape of a row, optional
        Bounds of the rows.
    overshoot : float
        Of each row's own walk.
    max_iter : int
        Steps of each row's own walk, at most.

    Returns
    -------
    perturbation : ndarray of the shape of a row, float32
    asked : ndarray of int, of shape (n_rows,)
        Points at which the network was evaluated.
    """
    rows = np.asarray(X, np.float32)
    shape = rows.shape[1:]
    goals = np.full(len(rows), -1) if wanted is None else wanted
    below, above, bounded = row_bounds(shape, low, high)
    inner = "linf" if norm == "linf" else "l2"
    kind = f"universal {norm} {inner} {'bounded' if bounded else 'free'} {rivals.shape[1]}"
    integers = (np.asarray(a, np.int32) for a in (codes, goals, rivals, order))
    start = np.asarray(perturbation, np.float32)[None]
    numbers = (below, above, np.array([epsilon, overshoot], np.float32), np.int32(max_iter))
    functions = score_functions(model, tuple(shape), _Passes)
    found, asked = functions.call(kind, model, rows, *integers, start, *numbers)
    return found, asked


def climb_together(
    model: keras.Model, X: AnyArray, classes: AnyArray, order: AnyArray, perturbation: AnyArray, *,
    epsilon: float, norm: Norm, step: float, targeted: bool, low: AnyArray, high: AnyArray,
) -> FloatArray:  # fmt: skip
    """Take a step for each batch of rows, that in which the sum of their losses rises most.

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities.
    X : ndarray of shape (n_rows, ...)
    classes : ndarray of int, of shape (n_rows,)
        To be left, or reached.
    order : ndarray of int
        Numbers of the rows, as they are visited.
    perturbation : ndarray of the shape of a row
        To begin with.
    epsilon : float
        Radius of the ball that it stays in.
    norm : {"linf", "l2", "l1"}
    step : float
        Length of a step in that norm.
    targeted : bool
    low, high : ndarray of the shape of a row
        Bounds of the rows, infinite for none.

    Returns
    -------
    ndarray of the shape of a row, float32
    """
    rows, v = np.asarray(X, np.float32), np.asarray(perturbation, np.float32)[None]
    functions = score_functions(model, tuple(rows.shape[1:]), _Passes)
    kind = f"together {'targeted' if targeted else 'untargeted'}"
    below, above = (np.asarray(b, np.float32)[None] for b in (low, high))
    span = above - below  # beyond which a number of v does nothing more
    n_steps = min(len(order), max(_STEPS, -(-len(order) // _BATCH)))
    for batch in np.array_split(order, n_steps):
        numbers = np.asarray(classes[batch], np.int32)
        (pull,) = functions.call(kind, model, rows[batch], numbers, v, below, above)
        v = project(climb(v, pull[None], np.float32(step), -span, span, norm), epsilon, norm).numpy()
    found: FloatArray = v[0]
    return found
