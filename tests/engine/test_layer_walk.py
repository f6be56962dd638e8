"""Walks through networks: what Keras itself computes, wherever paths part and networks hold networks."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from strates.engine.layer_walk import layer_records, walk_layers
from strates.exceptions import ParameterError

layers = keras.layers


@pytest.fixture(scope="module")
def network() -> Any:
    inner = keras.Sequential([keras.Input((None, None, 2)), layers.Conv2D(3, 3, name="conv")], name="inner")
    inputs = keras.Input((8, 7, 2))
    shared = layers.Conv2D(2, 1, name="shared")
    x = shared(shared(layers.Dropout(0.5, name="drop")(inputs)))
    x = layers.Add(name="sum")([inner(x), layers.Conv2D(3, 3, name="side")(inputs)])
    x = layers.BatchNormalization(name="norm")(x * 2.0)
    outputs = layers.Dense(4, name="end")(layers.Flatten(name="flat")(x))
    model = keras.Model(inputs, outputs)
    rng = np.random.default_rng(0)
    model.set_weights([np.abs(rng.normal(size=w.shape)) for w in model.get_weights()])
    return model


def test_tensors_through_the_walk_are_the_networks_answer(network: Any) -> None:
    X = np.random.default_rng(0).normal(size=(3, 8, 7, 2)).astype("float32")
    names: list[str] = []

    def visit(call: Any, inputs: list[Any]) -> Any:
        names.append(call.name)
        return call.run(inputs)

    found = walk_layers(network, keras.ops.convert_to_tensor(X), visit)
    np.testing.assert_allclose(found, network(X, training=False), rtol=1e-5)
    assert names.count("shared") == 2
    assert names[-2:] == ["flat", "end"]
    assert {"inner/conv", "side", "sum", "norm"} < set(names)


def test_records(network: Any) -> None:
    start, records = layer_records(network)
    assert start == (8, 7, 2)
    by_name = {record.name: record for record in records}
    assert by_name["inner/conv"].output_shape == by_name["side"].output_shape == (6, 5, 3)
    assert [records[i].name for i in by_name["sum"].sources] == ["inner/conv", "side"]
    assert by_name["side"].sources == (-1,)
    assert by_name["flat"].output_shape == (90,)
    assert by_name["inner/conv"].operation is network.get_layer("inner").layers[0]


def test_another_size_without_building_anything(network: Any) -> None:
    free = network.get_layer("inner")
    assert layer_records(free)[1][0].output_shape == (None, None, 3)
    assert layer_records(free, (30, 20, 2))[1][0].output_shape == (28, 18, 3)


def test_refusals() -> None:
    class Own(keras.Model):
        def call(self, x: Any) -> Any:
            return x

    inputs = keras.Input((3,))
    with pytest.raises(ParameterError, match=r"layers of a Own, a subclass of keras.Model, cannot be looked into"):
        layer_records(keras.Model(inputs, Own()(inputs)))
    two = keras.Model([inputs, keras.Input((3,))], layers.Dense(1)(inputs), name="two")
    with pytest.raises(ParameterError, match="The network 'two' has 2 inputs and 1 outputs; expected one of each"):
        layer_records(two)
