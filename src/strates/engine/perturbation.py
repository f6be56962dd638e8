"""Perturbations of rows: the balls that they stay in, the steps that climb fastest, points to start from.

Every function works row by row on tensors of shape (n_rows, ...), and can be traced, with XLA or without.
"""

from __future__ import annotations

import math
from typing import Any, Literal

from strates.engine.backend import tf

Norm = Literal["linf", "l2", "l1"]
NORMS: tuple[Norm, ...] = ("linf", "l2", "l1")
#: How many of a row's steepest entries are looked at first for the room that an l1 step takes.
_SORTED = 32
#: A number of float32 times 1 minus this is the number before it: half of the way there, and a little more.
_TO_THE_NEXT = 2.0**-24 * (1 + 2.0**-20)


def row_norms(delta: Any, norm: Norm) -> Any:
    """Return each row's norm.

    Parameters
    ----------
    delta : tensor of shape (n_rows, ...)
    norm : {"linf", "l2", "l1"}

    Returns
    -------
    tensor of shape (n_rows,)

    Examples
    --------
    >>> row_norms(tf.constant([[3.0, -4.0]]), "l1").numpy().tolist()
    [7.0]
    """
    flat = _flat(delta)
    if norm == "linf":
        return tf.reduce_max(tf.abs(flat), axis=1)
    return tf.reduce_sum(tf.abs(flat), axis=1) if norm == "l1" else tf.sqrt(tf.reduce_sum(tf.square(flat), axis=1))


def project(delta: Any, epsilon: Any, norm: Norm) -> Any:
    r"""Return the nearest point of the ball ``|delta| <= epsilon``, row by row.

    ::

        linf   each entry cut off at ±ε
        l2     δ min(1, ε / |δ|₂)
        l1     sign(δ) max(|δ| - θ, 0), θ such that the norm is ε; δ itself within the ball

    No entry grows or changes its sign, so that a point of a box around 0 stays in it: for such a point this is also the
    nearest point of ball and box together.

    Parameters
    ----------
    delta : tensor of shape (n_rows, ...)
    epsilon : float or tensor of shape (n_rows,)
        Radius.
    norm : {"linf", "l2", "l1"}

    Returns
    -------
    tensor like delta

    References
    ----------
    Duchi, Shalev-Shwartz, Singer & Chandra (2008), Efficient projections onto the l1-ball for learning in high
    dimensions, ICML. θ without sorting: Michelot (1986), A finite algorithm for finding the projection of a point onto
    the canonical simplex of R^n, Journal of Optimization Theory and Applications 50.

    Examples
    --------
    >>> delta = tf.constant([[3.0, -4.0]])
    >>> [project(delta, 1.0, norm).numpy().round(1).tolist() for norm in NORMS]
    [[[1.0, -1.0]], [[0.6, -0.8]], [[0.0, -1.0]]]
    """
    flat = _flat(delta)
    radius = tf.reshape(tf.cast(epsilon, flat.dtype), [-1, 1])
    if norm == "linf":
        return tf.reshape(tf.clip_by_value(flat, -radius, radius), tf.shape(delta))
    if norm == "l2":
        length = tf.sqrt(tf.reduce_sum(tf.square(flat), axis=1, keepdims=True))
        return tf.reshape(flat * tf.minimum(1.0, tf.math.divide_no_nan(radius, length)), tf.shape(delta))
    size = tf.abs(flat)
    theta = _soft_threshold(size, radius)
    inside = tf.reduce_sum(size, axis=1, keepdims=True) <= radius
    near = tf.where(inside, flat, tf.sign(flat) * tf.maximum(size - theta, 0.0))
    return tf.reshape(near, tf.shape(delta))


def linf_box(x: Any, epsilon: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """Return how low and how high each number may go that stays both near and within bounds.

    Parameters
    ----------
    x : tensor of shape (n_rows, ...)
        Within the bounds.
    epsilon : float or scalar tensor
        The largest distance; may be infinite.
    low, high : tensor that broadcasts to x

    Returns
    -------
    lowest, highest : tensor like x
        Rounded so that no distance, computed exactly, exceeds epsilon.

    Examples
    --------
    >>> x = tf.constant([[0.1]])
    >>> lowest, highest = linf_box(x, 0.25, 0.0, 1.0)
    >>> float(lowest[0, 0]), float(highest[0, 0]) - float(x[0, 0]) <= 0.25
    (0.0, True)
    """
    lowest, highest = x - epsilon, x + epsilon
    # inwards to the next number: rounding moved them by half of the way there at most
    lowest = tf.minimum(lowest * (1.0 + _TO_THE_NEXT * tf.sign(lowest)), x)
    highest = tf.maximum(highest * (1.0 - _TO_THE_NEXT * tf.sign(highest)), x)
    return tf.maximum(lowest, low), tf.minimum(highest, high)


def steepest_step(gradient: Any, norm: Norm) -> Any:
    r"""Return the step of length one that a linear function rises most by, row by row: argmax of <g, s> for |s| = 1.

    ::

        linf   sign(g)
        l2     g / |g|₂
        l1     sign(g) at the largest |g|, shared out where several are; 0 elsewhere

    Parameters
    ----------
    gradient : tensor of shape (n_rows, ...)
        A row of zeros has no steepest step: zeros come back.
    norm : {"linf", "l2", "l1"}

    Returns
    -------
    tensor like gradient

    Examples
    --------
    >>> gradient = tf.constant([[3.0, -4.0]])
    >>> [steepest_step(gradient, norm).numpy().round(1).tolist() for norm in NORMS]
    [[[1.0, -1.0]], [[0.6, -0.8]], [[0.0, -1.0]]]
    """
    if norm == "linf":
        return tf.sign(gradient)
    flat = _flat(gradient)
    # of numbers whose squares would leave float32
    largest = tf.reduce_max(tf.abs(flat), axis=1, keepdims=True)
    flat = tf.math.divide_no_nan(flat, largest)
    if norm == "l2":
        step = tf.math.divide_no_nan(flat, tf.sqrt(tf.reduce_sum(tf.square(flat), axis=1, keepdims=True)))
    else:
        at = tf.where(tf.abs(flat) >= 1.0, tf.sign(flat), tf.zeros_like(flat))
        step = tf.math.divide_no_nan(at, tf.reduce_sum(tf.abs(at), axis=1, keepdims=True))
    return tf.reshape(step, tf.shape(gradient))


def climb(x: Any, gradient: Any, size: Any, low: Any, high: Any, norm: Norm, *, sorting: bool = True) -> Any:
    """Take a step of steepest ascent that stays within bounds.

    What points out of the bounds has no say in the direction: an l2 step turns along the wall, an l1 step goes on with
    the next largest derivatives until all of its length is spent, which is the best that a linear function can rise by.

    Parameters
    ----------
    x : tensor of shape (n_rows, ...)
        Within the bounds.
    gradient : tensor like x
    size : float or scalar tensor
        Length of the step in the norm.
    low, high : tensor that broadcasts to x
        Infinite for none.
    norm : {"linf", "l2", "l1"}
    sorting : bool, default=True
        Whether an l1 step may sort, which is slow under XLA.

    Returns
    -------
    tensor like x
        Within the bounds exactly.

    Examples
    --------
    >>> x, gradient = tf.constant([[0.5, 0.9]]), tf.constant([[1.0, 2.0]])
    >>> climb(x, gradient, 0.4, 0.0, 1.0, "l1").numpy().round(3).tolist()
    [[0.8, 1.0]]
    """
    if norm == "linf":
        return tf.clip_by_value(x + size * tf.sign(gradient), low, high)
    room = tf.where(gradient > 0, high - x, x - low)
    free = tf.where(room > 0, gradient, tf.zeros_like(gradient))
    if norm == "l2":
        return tf.clip_by_value(x + size * steepest_step(free, norm), low, high)
    flat = _flat(free)
    steep = tf.abs(flat)
    rooms = tf.where(steep > 0, tf.minimum(_flat(room), size), tf.zeros_like(flat))  # infinite room has no sum
    threshold = _filling_threshold(steep, rooms, size, sorting=sorting)
    whole = tf.where(steep > threshold, rooms, tf.zeros_like(rooms))
    last = tf.where(tf.equal(steep, threshold), rooms, tf.zeros_like(rooms))
    rest = size - tf.reduce_sum(whole, axis=1, keepdims=True) - tf.cumsum(last, axis=1, exclusive=True)
    step = tf.sign(flat) * (whole + tf.clip_by_value(rest, 0.0, last))
    return tf.clip_by_value(x + tf.reshape(step, tf.shape(x)), low, high)


def random_point(shape: Any, norm: Norm, seed: Any, *, generator: str = "philox") -> Any:
    """Draw points uniformly in the unit ball, one a row.

    Parameters
    ----------
    shape : sequence of int or int tensor (n_rows, ...)
    norm : {"linf", "l2", "l1"}
    seed : int tensor of shape (2,)
        The same seed draws the same points.
    generator : {"philox", "threefry"}, default="philox"
        The plain graph on a CPU has the first alone; the second is the quick one under XLA.

    Returns
    -------
    tensor of the given shape, float32

    References
    ----------
    Barthe, Guédon, Mendelson & Naor (2005), A probabilistic approach to the geometry of the l_p^n-ball, Annals of
    Probability 33: for l1, d signed exponentials over the sum of d + 1.

    Examples
    --------
    >>> point = random_point((1, 3), "l1", [0, 1])
    >>> bool(row_norms(point, "l1")[0] < 1)
    True
    """
    n, width = shape[0], tf.reduce_prod(shape[1:])
    if norm == "linf":
        return tf.random.stateless_uniform(shape, seed, -1.0, 1.0, alg=generator)
    first, second = tf.unstack(tf.random.experimental.stateless_split(seed, 2, alg=generator), num=2)
    if norm == "l2":
        direction = tf.random.stateless_normal(shape, first, alg=generator)
        radius = tf.random.stateless_uniform([n], second, alg=generator) ** (1.0 / tf.cast(width, tf.float32))
        return tf.reshape(_flat(steepest_step(direction, "l2")) * radius[:, None], shape)
    # 1 - u: the logarithm of 0 does not exist, and u is below 1
    sizes = -tf.math.log1p(-tf.random.stateless_uniform([n, width + 1], first, alg=generator))
    signs = tf.sign(tf.random.stateless_uniform([n, width], second, -1.0, 1.0, alg=generator))
    return tf.reshape(signs * sizes[:, 1:] / tf.reduce_sum(sizes, axis=1, keepdims=True), shape)


def _soft_threshold(size: Any, radius: Any) -> Any:
    """Return θ of shape (n_rows, 1) such that the sum of max(size - θ, 0) is the radius, in each row that exceeds it.

    From the mean over all entries but zeros on, entries below it are left out, until none is: θ only grows.
    """

    def advance(_: Any, theta: Any) -> tuple[Any, Any]:
        kept = tf.cast(size > theta, size.dtype)  # zeros never: few entries of a short way are others
        n = tf.maximum(tf.reduce_sum(kept, axis=1, keepdims=True), 1.0)
        return theta, tf.maximum(theta, (tf.reduce_sum(size * kept, axis=1, keepdims=True) - radius) / n)

    start = tf.zeros_like(radius + size[:, :1])
    _, theta = tf.while_loop(lambda old, new: tf.reduce_any(new > old), advance, advance(start, start))
    return theta


def _filling_threshold(steep: Any, rooms: Any, size: Any, *, sorting: bool) -> Any:
    """Return the least number of each row such that the entries steeper than it have no more room than ``size``.

    The steepest few nearly always have the room: sorting those is several times quicker than to halve.
    """
    if not sorting:
        return _halved_threshold(steep, rooms, size)
    width = tf.shape(steep)[1] if steep.shape[1] is None else steep.shape[1]
    steepest, places = tf.math.top_k(steep, tf.minimum(width, _SORTED))
    spent = tf.cumsum(tf.gather(rooms, places, batch_dims=1), axis=1) > size
    # the first that does not fit; zero where there is room for all
    found = tf.reduce_max(tf.where(spent, steepest, tf.zeros_like(steepest)), axis=1, keepdims=True)
    unknown = tf.logical_not(tf.logical_or(spent[:, -1], steepest[:, -1] <= 0))
    some = tf.logical_and(tf.reduce_any(unknown), width > _SORTED)
    return tf.cond(some, lambda: _halved_threshold(steep, rooms, size), lambda: found)


def _halved_threshold(steep: Any, rooms: Any, size: Any) -> Any:
    """Find the threshold by halving the integers that write positive float32 down: they are in the same order."""

    def halve(_: Any, low: Any, high: Any) -> tuple[Any, Any, Any]:
        middle = low + (high - low) // 2
        steeper = tf.where(steep > tf.bitcast(middle, tf.float32), rooms, tf.zeros_like(rooms))
        fits = tf.reduce_sum(steeper, axis=1, keepdims=True) <= size
        return _ + 1, tf.where(fits, low, middle + 1), tf.where(fits, middle, high)

    most = tf.bitcast(tf.reduce_max(steep, axis=1, keepdims=True), tf.int32)
    _, found, _ = tf.while_loop(lambda i, *_: i < 31, halve, (tf.constant(0), tf.zeros_like(most), most))
    return tf.bitcast(found, tf.float32)


def _flat(rows: Any) -> Any:
    """Return rows of shape (n_rows, numbers of a row)."""
    rows = tf.convert_to_tensor(rows)
    static = rows.shape[1:]
    width = math.prod(static) if static.is_fully_defined() else tf.reduce_prod(tf.shape(rows)[1:])
    return tf.reshape(rows, [tf.shape(rows)[0], width])
