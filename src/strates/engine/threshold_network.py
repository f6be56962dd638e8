"""The network of threshold units that a perceptron is."""

from __future__ import annotations

import numpy as np

from strates._types import AnyArray
from strates.engine.backend import keras


def threshold_network(coef: AnyArray, intercept: AnyArray) -> keras.Model:
    """Build the Keras model of a perceptron: linear scores, then a step.

    Parameters
    ----------
    coef : ndarray of shape (n_outputs, n_features)
    intercept : ndarray of shape (n_outputs,)

    Returns
    -------
    keras.Model
        One output: 1 where the score is positive, else 0. Several: 1 for the largest score, 0 for the others.

    Examples
    --------
    >>> import numpy as np
    >>> network = threshold_network(np.array([[1.0, 1.0]]), np.array([-1.5]))  # the logical and
    >>> network(np.array([[0.0, 1.0], [1.0, 1.0]])).numpy().ravel()
    array([0., 1.], dtype=float32)
    """
    n_outputs, n_inputs = coef.shape
    inputs = keras.Input((n_inputs,), name="inputs")
    dense = keras.layers.Dense(n_outputs, name="outputs")
    scores = dense(inputs)
    if n_outputs == 1:
        steps = keras.ops.cast(keras.ops.greater(scores, 0.0), "float32")
    else:
        steps = keras.ops.one_hot(keras.ops.argmax(scores, axis=-1), n_outputs, dtype="float32")
    dense.set_weights([np.asarray(coef.T, np.float32), np.asarray(intercept, np.float32)])
    return keras.Model(inputs, steps, name="perceptron")
