"""One perturbation for all rows, pieced together from the rows' own in one compiled pass."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.engine.backend import keras, tf
from strates.engine.class_margins import is_fooled, row_bounds
from strates.engine.deepfool_search import DeepFoolFunctions
from strates.engine.perturbation import Norm, project
from strates.engine.score_gradient import score_functions


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
