"""Where networks can be cut, by searching every path; and copies of their layers."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from strates.engine.graft import graft
from strates.engine.network_cuts import layer_groups, network_cuts

L = keras.layers


def residual():
    inputs = x = keras.Input((16, 16, 3))
    x = L.Rescaling(0.5, name="half")(x)
    x = L.Conv2D(4, 3, padding="same", name="stem")(x)
    x = y = L.MaxPooling2D(name="down_1")(x)
    y = L.Conv2D(4, 3, padding="same", name="block_1")(y)
    y = L.BatchNormalization(name="block_2")(y)
    x = L.Add(name="sum")([x, y])
    x = L.Conv2D(12, 1, name="widen")(x)
    x = L.Conv2D(6, 3, strides=2, padding="same", name="down_2")(x)
    x = L.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(inputs, L.Dense(2, name="dense")(x))


def branches():
    inputs = keras.Input((5,))
    shared = L.Dense(4, activation="tanh", name="shared")
    x = L.Dense(5, name="first")(inputs)
    a, b = shared(x), shared(L.Dense(5, name="side")(x))
    x = L.Concatenate(name="both")([a, b])
    y = keras.ops.tanh(x) + x
    return keras.Model(inputs, L.Dense(3, name="last")(L.Dense(4, name="before")(y)))


def nested():
    adapted = L.Normalization(name="adapted")
    adapted.adapt(np.random.default_rng(0).normal(2, 3, (50, 4)))
    inner = keras.Sequential(
        [keras.Input((4,)), L.Dense(3, name="in"), L.BatchNormalization(name="norm")], name="inner"
    )
    return keras.Sequential([keras.Input((4,)), adapted, inner, L.Dense(2, name="out")])


def without(model, name):
    """Whether a row can reach the output though nothing passes the layer: by a search over the graph's tensors."""
    graph = model._functional if isinstance(model, keras.Sequential) else model
    nodes = [node for nodes in graph._nodes_by_depth.values() for node in nodes if not node.is_input]
    reached, before = {id(graph.inputs[0])}, -1
    while len(reached) > before:
        before = len(reached)
        for node in nodes:
            if node.operation.name != name and any(id(t) in reached for t in node.input_tensors):
                reached |= {id(t) for t in node.output_tensors}
    return id(graph.outputs[0]) in reached


@pytest.mark.parametrize("make", [residual, branches, nested])
def test_cuts_are_what_every_path_passes(make):
    model = make()
    layers = [layer.name for layer in model.layers if not isinstance(layer, L.InputLayer) and layer.name != "shared"]
    cuts = network_cuts(model)
    assert {cut.layer for cut in cuts} == {name for name in layers if not without(model, name)}
    inside = [name for cut in cuts for name in cut.inside]
    assert sorted(set(inside)) == sorted({layer.name for layer in model.layers if not isinstance(layer, L.InputLayer)})


def test_cuts_know_their_shape():
    shapes = {cut.layer: cut.shape for cut in network_cuts(residual())}
    assert (shapes["stem"], shapes["sum"], shapes["average"]) == ((16, 16, 4), (8, 8, 4), (6,))


def test_groups_of_images_are_resolutions_and_end_where_little_is_handed_on():
    assert layer_groups(residual()) == [
        ("half", "stem"),
        ("down_1", "block_1", "block_2", "sum"),
        ("widen", "down_2", "average"),
        ("dense",),
    ]


def test_groups_of_dense_networks_are_layers():
    model = keras.Sequential([keras.Input((4,)), L.Dense(8, name="a"), L.ReLU(name="b"), L.Dense(4, name="c")])
    assert layer_groups(model) == [("a", "b"), ("c",)]


@pytest.mark.parametrize("make", [residual, branches, nested])
def test_grafts_answer_as_what_they_copy(make):
    model = make()
    for variable in model.weights:
        if "adapted" not in variable.path:
            variable.assign(np.random.default_rng(1).uniform(0.1, 1.0, variable.shape))
    shape = tuple(model.input_shape[1:])
    inputs = keras.Input(shape)
    renamed = lambda layer, config: {**config, "name": f"my_{layer.name}"}  # noqa: E731
    output, pairs = graft(model, L.Rescaling(2.0)(inputs), configure=renamed)
    twin = keras.Model(inputs, output)
    rows = np.random.default_rng(2).normal(size=(7, *shape)).astype(np.float32)
    np.testing.assert_allclose(twin(rows), model(2 * rows), rtol=1e-6, atol=1e-6)
    assert all(new.name == f"my_{old.name}" for old, new in pairs)
    before = twin(rows).numpy()
    model.set_weights([0 * w for w in model.get_weights()])
    np.testing.assert_array_equal(twin(rows), before)  # its weights are its own


def test_grafts_with_weights_drawn_anew():
    model = nested()
    output, pairs = graft(model, keras.Input((4,)), keep_weights=False)
    copies = {new.name: new for _, new in pairs}
    np.testing.assert_array_equal(copies["adapted"].mean, model.get_layer("adapted").mean)  # what was counted stays
    assert not np.array_equal(copies["out"].kernel, model.get_layer("out").kernel)
    assert tuple(output.shape) == (None, 2)
