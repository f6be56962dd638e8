"""Scores of one class a row, and their derivatives, against the gradients of all classes and a tape of Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from strates.engine.gradients import class_gradient
from strates.engine.score_gradient import count_score_traces, layer_gradient, layer_outputs, score_gradient
from strates.exceptions import ParameterError

layers = keras.layers
RNG = np.random.default_rng(0)


def build(last: str, units: int, *, names: str = "") -> Any:
    inner = keras.Sequential(
        [keras.Input((5, 5, 1)), layers.Conv2D(3, 2, activation="tanh", name=f"{names}conv")], name=f"{names}inner"
    )
    inputs = keras.Input((5, 5, 1))
    x = layers.Dropout(0.5)(inner(inputs))
    x = layers.BatchNormalization()(x)
    x = layers.Flatten()(layers.AveragePooling2D(2)(x))
    model = keras.Model(inputs, layers.Dense(units, activation=last)(x))
    model.set_weights([np.abs(RNG.normal(size=w.shape)) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def rows() -> Any:
    return RNG.normal(size=(7, 5, 5, 1)).astype("float32")


@pytest.mark.parametrize(("last", "units", "n_classes"), [("softmax", 3, 3), ("sigmoid", 1, 2), ("sigmoid", 3, 3)])
@pytest.mark.parametrize("of", ["logit", "probability"])
def test_one_class_a_row_is_its_part_of_the_jacobian(rows: Any, last: str, units: int, n_classes: int, of: str) -> None:
    model, classes = build(last, units), RNG.integers(n_classes, size=7)
    scores, gradients = score_gradient(model, rows, classes, of=of)
    outputs, jacobian = class_gradient(model, rows, logits=of == "logit")
    np.testing.assert_allclose(scores, outputs[np.arange(7), classes], rtol=1e-5)
    np.testing.assert_allclose(gradients, jacobian[np.arange(7), classes], atol=1e-6)


def test_a_layer_within_a_network(rows: Any) -> None:
    model, classes = build("softmax", 3), RNG.integers(3, size=7)
    below = keras.Model(model.inputs[0], model.layers[1](model.inputs[0]))
    values = tf.constant(below(rows))
    with tf.GradientTape() as tape:
        tape.watch(values)
        x = values
        for layer in model.layers[2:-1]:
            x = layer(x, training=False) if isinstance(layer, layers.Dropout | layers.BatchNormalization) else layer(x)
        z = tf.matmul(x, model.layers[-1].kernel) + model.layers[-1].bias
        chosen = tf.gather(z, classes, batch_dims=1)
    scores, activations, slopes = layer_gradient(model, rows, "inner/conv", classes)
    np.testing.assert_allclose(scores, chosen, rtol=1e-5)
    np.testing.assert_allclose(activations, values, atol=1e-6)
    np.testing.assert_allclose(slopes, tape.gradient(chosen, values), atol=1e-6)
    pooled, again = layer_outputs(model, rows, [model.layers[4].name, "inner/conv"])
    np.testing.assert_array_equal(again, activations)
    np.testing.assert_allclose(pooled, keras.Model(model.inputs[0], model.layers[4].output)(rows), atol=1e-6)


def test_a_functional_network_within_one(rows: Any) -> None:
    entrance = keras.Input((5, 5, 1))
    inner = keras.Model(entrance, layers.Conv2D(2, 3, activation="relu", name="conv")(entrance), name="inner")
    inputs = keras.Input((5, 5, 1))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Flatten()(inner(inputs))))
    classes = RNG.integers(2, size=7)
    scores, activations, slopes = layer_gradient(model, rows, "inner/conv", classes)
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(activations, inner(rows), atol=1e-6)
    np.testing.assert_allclose(slopes.reshape(7, -1), kernel[:, classes].T, atol=1e-6)
    z = activations.reshape(7, -1) @ kernel + bias
    np.testing.assert_allclose(scores, z[np.arange(7), classes], atol=1e-5)
    np.testing.assert_allclose(score_gradient(model, rows, classes)[0], scores, atol=1e-6)


def test_a_layer_that_the_output_does_not_take_is_not_the_networks(rows: Any) -> None:
    inputs = keras.Input((5, 5, 1))
    used, unused = layers.Flatten(name="used")(inputs), layers.Conv2D(2, 2, name="side")(inputs)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(used))
    assert unused is not None
    with pytest.raises(ParameterError, match=r"The network has no layer 'side'. .*Known: used, dense"):
        layer_outputs(model, rows, ["side"])


def test_networks_of_one_architecture_share_their_traces_whatever_their_names(rows: Any) -> None:
    first, second = build("softmax", 3), build("softmax", 3, names="other_")
    classes = np.zeros(7, int)
    one = layer_gradient(first, rows, "inner/conv", classes)
    before = count_score_traces()
    two = layer_gradient(second, rows, "other_inner/other_conv", classes)
    assert count_score_traces() == before
    assert not np.allclose(one[1], two[1])  # each with weights of its own
    np.testing.assert_allclose(two[1], second.layers[1](rows), atol=1e-6)
    layer_gradient(first, rows[:2], "inner/conv", classes[:2])  # any number of rows
    assert count_score_traces() == before


def test_many_rows_go_in_blocks(monkeypatch: pytest.MonkeyPatch, rows: Any) -> None:
    model, classes = build("softmax", 3), RNG.integers(3, size=7)
    whole = score_gradient(model, rows, classes), layer_gradient(model, rows, "inner/conv", classes)
    monkeypatch.setattr("strates.engine.gradients.BLOCK_NUMBERS", 60)
    parts = score_gradient(model, rows, classes), layer_gradient(model, rows, "inner/conv", classes)
    for one, other in zip([*whole[0], *whole[1]], [*parts[0], *parts[1]], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
