"""Inputs that a network answers most strongly to, climbed to from noise in one compiled loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.engine.backend import keras, tf
from strates.engine.score_gradient import ScoreFunctions, layer_place, score_functions


@dataclass(frozen=True)
class AscentSettings:
    """How to climb.

    Attributes
    ----------
    n_steps : int
    step : float
        Length of a step: root mean square change of an input, as a share of ``span``.
    span : float
        Range of the inputs.
    low, high : float
        Their bounds; infinite for none.
    decay : float
        Share of the way back to ``rest`` at each step: the L2 penalty's pull.
    rest : float
    blur : float
        Standard deviation, in pixels, of the Gaussian that an image is blurred with; 0 for none.
    blur_every : int
        Steps from one blur to the next.
    """

    n_steps: int
    step: float
    span: float
    low: float
    high: float
    decay: float
    rest: float
    blur: float
    blur_every: int


class _Ascents(ScoreFunctions):
    """The traced climbs of one architecture."""

    def _climb(self, name: str) -> Any:
        _, place, shape = name.split()
        image = shape == "image"

        def score(X: Any, units: Any, weights: Any) -> Any:
            if place == "class":
                _, outputs, _ = self._forward(X, weights, training=False)
                return self.scores(outputs, units, "logit" if self._form.logits else "probability")
            (values,), _ = self.through(X, weights, int(place))
            chosen = tf.gather(values, units, batch_dims=1, axis=values.shape.rank - 1)
            return tf.reduce_mean(tf.reshape(chosen, [tf.shape(X)[0], -1]), axis=1)

        def run(X: Any, units: Any, numbers: Any, kernel: Any, counts: Any, *weights: Any) -> Any:
            step, low, high, decay, rest = tf.unstack(numbers, num=5)

            def advance(i: Any, x: Any, curve: Any) -> Any:
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch(x)
                    scores = score(x, units, weights)
                slope = tape.gradient(scores, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
                axes = list(range(1, x.shape.rank))
                size = tf.sqrt(tf.reduce_mean(tf.square(slope), axis=axes, keepdims=True))
                x = x + step * tf.math.divide_no_nan(slope, size)
                x = x - decay * (x - rest)
                if image:
                    x = tf.cond(tf.equal(i % counts[1], counts[1] - 1), lambda: _blurred(x, kernel), lambda: x)
                return i + 1, tf.clip_by_value(x, low, high), curve.write(i, scores)

            curve = tf.TensorArray(tf.float32, size=counts[0] + 1, element_shape=[None])
            _, found, curve = tf.while_loop(
                lambda i, x, curve: i < counts[0], advance, (tf.constant(0), X, curve),
                shape_invariants=(tf.TensorShape([]), X.shape, tf.TensorShape(None)),
            )  # fmt: skip
            return found, curve.write(counts[0], score(found, units, weights)).stack()

        return run


def _blurred(x: Any, kernel: Any) -> Any:
    """Blur images along rows, then columns; beyond the edge is what is at it."""
    reach = tf.shape(kernel)[0] // 2
    channels = x.shape[-1]
    for axis in (1, 2):
        before = tf.repeat(tf.gather(x, [0], axis=axis), reach, axis=axis)
        after = tf.repeat(tf.gather(x, [x.shape[axis] - 1], axis=axis), reach, axis=axis)
        wide = tf.concat([before, x, after], axis=axis)
        shape = [tf.shape(kernel)[0], 1, 1, 1] if axis == 1 else [1, tf.shape(kernel)[0], 1, 1]
        filters = tf.tile(tf.reshape(kernel, shape), [1, 1, channels, 1])
        x = tf.ensure_shape(tf.nn.depthwise_conv2d(wide, filters, [1, 1, 1, 1], "VALID"), x.shape)
    return x


def gaussian_kernel(sigma: float) -> FloatArray:
    """Return the weights of a Gaussian, cut at three standard deviations, summing to 1.

    Examples
    --------
    >>> gaussian_kernel(0.0)
    array([1.], dtype=float32)
    """
    reach = int(np.ceil(3 * sigma))
    at = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (at / sigma) ** 2) if sigma > 0 else np.ones(1)
    return np.asarray(weights / weights.sum(), np.float32)


def climb_activation(
    model: keras.Model, X: AnyArray, units: AnyArray, settings: AscentSettings, *, layer: str | None = None
) -> tuple[FloatArray, FloatArray]:
    """Climb from each row to an input that a class or a unit answers to more strongly.

    ::

        x ← x + step g / rms(g)        g the derivative of the score by x
        x ← x - decay (x - rest)       then a blur now and then, and the bounds

    Parameters
    ----------
    model : keras.Model
        Ends in probabilities.
    X : ndarray of shape (n_rows, ...)
        Where to start.
    units : ndarray of int, of shape (n_rows,)
        Each row's class; with ``layer``, its unit or channel, whose mean over all places is climbed.
    settings : AscentSettings
    layer : str, optional
        "network/layer" within a nested network.

    Returns
    -------
    rows : ndarray of shape (n_rows, ...), float32
    scores : ndarray of shape (n_steps + 1, n_rows)
        Before each step, and at the end.
    """
    place = "class" if layer is None else str(layer_place(model, layer))
    rows = np.asarray(X, np.float32)
    s = settings
    numbers = np.array([s.step * s.span, s.low, s.high, s.decay, s.rest], np.float32)
    found = score_functions(model, tuple(rows.shape[1:]), _Ascents)
    counts = np.array([s.n_steps, s.blur_every], np.int32)
    kind = f"climb {place} {'image' if rows.ndim == 4 else 'row'}"
    end, curve = found.call(kind, model, rows, np.asarray(units, np.int32), numbers, gaussian_kernel(s.blur), counts)
    return end, curve
