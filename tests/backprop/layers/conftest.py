"""Three witnesses of a derivative: the layer's own, centred differences, and TensorFlow's tape on the Keras layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from strates.backprop.layers import Layer

H = 1e-5


def centred_differences(f: Callable[[Any], float], at: Any) -> Any:
    """Return the slope of f along each number of an array."""
    slopes = np.zeros_like(at)
    for i in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[i] = H
        slopes[i] = (f(at + step) - f(at - step)) / (2 * H)
    return slopes


def against_differences(layer: Layer, x: Any, *, seed: int = 0) -> None:
    """Compare backward with centred differences of a random weighted sum of the outputs."""
    output, cache = layer.forward(x)
    weights = np.random.default_rng(seed).normal(size=output.shape)
    down, gradients = layer.backward(weights, cache)

    def total(layer: Layer, x: Any) -> float:
        return float((weights * layer.forward(x)[0]).sum())

    np.testing.assert_allclose(down, centred_differences(lambda x: total(layer, x), x), rtol=1e-6, atol=1e-7)
    assert gradients.keys() == layer.parameters.keys()
    for name, value in layer.parameters.items():
        numeric = centred_differences(lambda p, name=name: total(layer.with_parameters(**{name: p}), x), value)
        np.testing.assert_allclose(gradients[name], numeric, rtol=1e-6, atol=1e-7, err_msg=name)


def against_keras(
    layer: Layer,
    x: Any,
    peer: Callable[[Any], Any],
    *,
    seed: int = 0,
    rtol: float = 1e-10,
    atol: float = 1e-11,
    **mode: bool,
) -> None:
    """Compare output and derivatives with those of a Keras layer of dtype float64, or of any function of a tensor.

    The Keras layer is given the weights of ours, by name, and is called with ``mode``.
    """
    t = tf.constant(x, tf.float64)
    variables = []
    if isinstance(peer, keras.layers.Layer):
        peer.build(x.shape)
        for variable in peer.weights:
            variable.assign(getattr(layer, variable.name))
        variables = peer.trainable_variables
    output, cache = layer.forward(x)
    weights = np.random.default_rng(seed).normal(size=output.shape)
    with tf.GradientTape() as tape:
        tape.watch(t)
        expected = peer(t, **mode)
        total = tf.reduce_sum(expected * weights)
    assert expected.dtype == tf.float64
    slopes = tape.gradient(total, [t, *(variable.value for variable in variables)])
    down, gradients = layer.backward(weights, cache)
    np.testing.assert_allclose(output, expected, rtol=rtol, atol=atol)
    np.testing.assert_allclose(down, slopes[0], rtol=rtol, atol=atol)
    assert gradients.keys() == {variable.name for variable in variables}
    for variable, slope in zip(variables, slopes[1:], strict=True):
        np.testing.assert_allclose(gradients[variable.name], slope, rtol=rtol, atol=atol, err_msg=variable.name)


@pytest.fixture(scope="session")
def differences() -> Callable[..., None]:
    return against_differences


@pytest.fixture(scope="session")
def tape() -> Callable[..., None]:
    return against_keras
