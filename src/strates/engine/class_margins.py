"""How far the classes of a network are ahead of each other, which the searches for the nearest other class follow."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.engine.backend import tf
from strates.engine.loss_ascent import AttackFunctions


class MarginFunctions(AttackFunctions):
    """Traced functions of one architecture that compare the logits of classes."""

    def leads(self, X: Any, rivals: Any, codes: Any, wanted: Any, weights: Any) -> tuple[Any, Any]:
        """Return how far rival classes are ahead of a row's own class, and the derivatives by the row.

        Parameters
        ----------
        X : tensor of shape (n_rows, ...)
        rivals : int tensor of shape (n_rows, n_rivals)
        codes, wanted : int tensor of shape (n_rows,)
            The class to leave, and the one to reach; -1: any other. A row that has one to reach leaves the strongest
            of the others, whichever that is by now.
        weights : sequence of tensor

        Returns
        -------
        leads : tensor of shape (n_rows, n_rivals)
        slopes : tensor of shape (n_rows, n_rivals, ...)
        """
        with tf.GradientTape(watch_accessed_variables=False, persistent=True) as tape:
            tape.watch(X)
            logits = self.logits(X, weights)
            left = tf.where(wanted >= 0, strongest_other(logits, wanted), codes)
            leads = tf.gather(logits, rivals, batch_dims=1) - tf.gather(logits, left[:, None], batch_dims=1)
            columns = tf.unstack(leads, axis=1)
        none = tf.UnconnectedGradients.ZERO
        return leads, tf.stack([tape.gradient(column, X, unconnected_gradients=none) for column in columns], axis=1)


def strongest_other(logits: Any, codes: Any) -> Any:
    """Return each row's class of the highest score, one class left out; -1 leaves out none."""
    out = tf.one_hot(codes, logits.shape[-1], on_value=True, off_value=False, dtype=tf.bool)
    return tf.argmax(tf.where(out, tf.fill(tf.shape(logits), logits.dtype.min), logits), axis=1, output_type=tf.int32)


def is_fooled(logits: Any, codes: Any, wanted: Any) -> Any:
    """Whether a row has left its class or, where it is to reach one, has reached it."""
    found = tf.argmax(logits, axis=1, output_type=tf.int32)
    return tf.where(wanted >= 0, tf.equal(found, wanted), tf.not_equal(found, codes))


def row_block(n_numbers: int) -> int:
    """Return how many rows of so many numbers are searched for at once: few enough for their layers to stay in cache.

    Examples
    --------
    >>> row_block(784)
    256
    """
    return max(1, min(256, 4_000_000 // max(1, n_numbers)))


def row_bounds(shape: tuple[int, ...], low: AnyArray | None, high: AnyArray | None) -> tuple[AnyArray, AnyArray, bool]:
    """Return bounds as float32 arrays of the shape of a row, and whether any of them is finite.

    Examples
    --------
    >>> row_bounds((2,), None, None)
    (array([-inf, -inf], dtype=float32), array([inf, inf], dtype=float32), False)
    """
    lowest, highest = -np.inf if low is None else low, np.inf if high is None else high
    below, above = (np.array(np.broadcast_to(np.asarray(b, np.float32), shape)) for b in (lowest, highest))
    return below, above, bool(np.isfinite(below).any() or np.isfinite(above).any())


def rival_classes(probabilities: AnyArray, codes: AnyArray, candidates: int | None) -> AnyArray:
    """Return each row's most probable other classes, the most probable first.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
    codes : ndarray of int, of shape (n_rows,)
        The rows' own classes.
    candidates : int or None
        How many classes to look at, the own one among them; None: all.

    Returns
    -------
    ndarray of int, of shape (n_rows, n_rivals)

    Examples
    --------
    >>> rival_classes(np.array([[0.7, 0.1, 0.2]]), np.array([0]), None)
    array([[2, 1]])
    """
    logits = np.array(probabilities, np.float64)
    np.put_along_axis(logits, np.asarray(codes)[:, None], np.inf, axis=1)
    count = logits.shape[1] if candidates is None else min(candidates, logits.shape[1])
    order = np.argsort(-logits, axis=1, kind="stable")
    rivals: AnyArray = order[:, 1:count]
    return rivals
