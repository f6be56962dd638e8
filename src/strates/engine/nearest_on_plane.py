"""The shortest way from a point to a plane, inside a box."""

from __future__ import annotations

from typing import Any

from strates.engine.backend import tf

_NEWTON_STEPS = 20


def nearest_on_plane(
    gap: Any, normal: Any, room: Any | None, norm: str, *, slack: float = 1e-6
) -> tuple[Any, Any]:  # fmt: skip
    """Return the least step r with ``normal @ r = gap``, no coordinate of it beyond its room.

    Without a box (Moosavi-Dezfooli, Fawzi & Frossard 2016)::

        l2      r = gap / |w|_2^2 * w
        linf    r = gap / |w|_1 * sign(w)

    In a box the step is ``r_i = sign(w_i) min(t u_i, room_i)``, u_i being |w_i| for l2 and 1 for linf; the way that it
    covers, ``|w| @ |r|``, grows with t along a concave line of straight pieces, whose t Newton's method finds from
    below in a few steps, the first of which is the step above, cut off by the box.

    Parameters
    ----------
    gap : tensor of shape (...,)
        At least 0.
    normal : tensor of shape (..., n_numbers)
        w.
    room : tensor of shape (..., n_numbers), or None
        How far each coordinate can go in the direction of the sign of w, at least 0; None: as far as it likes.
    norm : {"l2", "linf"}
    slack : float, default=1e-6
        Share of the gap that may be left.

    Returns
    -------
    step : tensor of shape (..., n_numbers)
        Zeros where the normal is zero. Where all the room does not reach the plane, all the room.
    length : tensor of shape (...,)
        Its norm, divided by the share of the gap that it covers: planes that are hard to reach come last. Largest where
        the normal is zero.
    """
    size = tf.abs(normal)
    pace = size if norm == "l2" else tf.cast(size > 0, size.dtype)
    rate = tf.reduce_sum(size * pace, axis=-1)
    t = tf.math.divide_no_nan(gap, rate)
    step, share = t[..., None] * pace, tf.ones_like(gap)
    if room is not None:
        t = _time_to_cover(gap, size, pace, room, t, slack)
        step = tf.minimum(t[..., None] * pace, room)
        share = tf.where(gap > 0, tf.math.divide_no_nan(tf.reduce_sum(size * step, axis=-1), gap), 1.0)
    length = tf.norm(step, axis=-1) if norm == "l2" else tf.reduce_max(step, axis=-1)
    reached = tf.logical_and(rate > 0, share > 0)
    length = tf.where(reached, tf.math.divide_no_nan(length, share), length.dtype.max)
    return tf.sign(normal) * step, length


def _time_to_cover(gap: Any, size: Any, pace: Any, room: Any, t: Any, slack: float) -> Any:
    def advance(i: Any, t: Any, more: Any) -> Any:
        step = t[..., None] * pace
        missing = gap - tf.reduce_sum(size * tf.minimum(step, room), axis=-1)
        rate = tf.reduce_sum(tf.where(step < room, size * pace, 0.0), axis=-1)
        further = tf.where(missing > slack * gap, tf.math.divide_no_nan(missing, rate), 0.0)
        return i + 1, t + further, tf.reduce_any(further > 0)

    return tf.while_loop(
        lambda i, t, more: tf.logical_and(more, i < _NEWTON_STEPS), advance, (0, t, tf.constant(True))
    )[1]
