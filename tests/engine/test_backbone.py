"""Networks without their last layers, and with a new head."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

from strates.engine.architecture import DenseArchitecture
from strates.engine.backbone import cut_network, make_backbone, smallest_side
from strates.engine.transfer_architecture import TransferArchitecture, TransferStage
from strates.exceptions import DataError, ParameterError

L = keras.layers
RNG = np.random.default_rng(0)


def convolutional(side=8, channels=1, end="softmax"):
    layers = [
        keras.Input((side, side, channels)),
        L.Conv2D(3, 3, padding="same", name="conv_a"),
        L.BatchNormalization(name="norm_a"),
        L.ReLU(name="relu_a"),
        L.MaxPooling2D(name="pool_a"),
        L.Conv2D(5, 3, padding="same", activation="relu", name="conv_b"),
        L.BatchNormalization(name="norm_b"),
        L.GlobalAveragePooling2D(name="average"),
        L.Dropout(0.5, name="drop"),
        L.Dense(4, activation=end, name="classes"),
    ]
    model = keras.Sequential(layers)
    for variable in model.weights:  # nothing stays where it begins
        variable.assign(RNG.uniform(0.2, 1.0, variable.shape))
    return model


@pytest.fixture(scope="module")
def source():
    return convolutional()


@pytest.fixture(scope="module")
def whole(source):
    backbone = make_backbone(source, (8, 8, 1))
    return TransferArchitecture(backbone, DenseArchitecture(5, (3,), 2, "categorical"))


def images(n=6, side=8, channels=1):
    return RNG.uniform(0, 1, (n, side, side, channels)).astype(np.float32)


def test_features_are_what_the_classifier_is_given(source):
    backbone = make_backbone(source, (8, 8, 1))
    assert (backbone.features, backbone.width) == ("average", 5)
    expected = keras.Model(source.inputs[0], source.get_layer("average").output)
    X = images()
    np.testing.assert_allclose(backbone.outputs(X), expected(X), rtol=1e-5)
    np.testing.assert_allclose(
        backbone.outputs(X, "pool_a"), keras.Model(source.inputs[0], source.get_layer("pool_a").output)(X), rtol=1e-5
    )


@pytest.mark.parametrize("end", ["softmax", "sigmoid", "linear", "apart"])
def test_where_a_classifier_begins(end):
    layers = [keras.Input((4,)), L.Dense(3, name="features"), L.Dropout(0.1)]
    layers += [L.Dense(2), L.Softmax()] if end == "apart" else [L.Dense(2, activation=end, name="last")]
    cut = cut_network(keras.Sequential(layers))
    assert cut.layers[-1].name == ("last" if end == "linear" else "features")  # numbers may be features


def test_maps_are_averaged_over_places(source):
    backbone = make_backbone(source, (8, 8, 1), layer="conv_b")
    maps = keras.Model(source.inputs[0], source.get_layer("conv_b").output)
    X = images()
    assert backbone.features == "features"
    np.testing.assert_allclose(backbone.outputs(X), np.mean(maps(X), axis=(1, 2)), rtol=1e-5)


def test_what_comes_before(source):
    colour = convolutional(channels=3)
    X = images()
    grey = make_backbone(colour, (8, 8, 1), scale=2.0)
    plain = make_backbone(colour, (8, 8, 3))
    np.testing.assert_allclose(grey.outputs(X), plain.outputs(2 * np.repeat(X, 3, axis=-1)), rtol=1e-5)
    wide = RNG.uniform(0, 1, (3, 16, 20, 1)).astype(np.float32)
    resized = make_backbone(source, (16, 20, 1), image_size=(8, 8))
    centre = [Image.fromarray(one[:, 2:18, 0]).resize((8, 8), Image.Resampling.BILINEAR) for one in wide]
    small = np.stack([np.asarray(one) for one in centre])[..., None]
    np.testing.assert_allclose(resized.outputs(wide), make_backbone(source, (8, 8, 1)).outputs(small), rtol=1e-4)


def test_names_of_its_layers_give_way():
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, name="hidden_1"), L.Dense(2, "softmax", name="outputs")])
    backbone = make_backbone(model, (4,))
    network = TransferArchitecture(backbone, DenseArchitecture(3, (6,), 2, "categorical")).build()
    assert [layer.name for layer in network.layers] == ["inputs", "backbone_hidden_1", "hidden_1", "outputs"]


def test_images_of_another_size_go_through_convolutions(source):
    large = images(side=11)
    free = keras.Sequential([keras.Input((None, None, 1)), *source.layers[:6]])
    np.testing.assert_allclose(
        make_backbone(source, (11, 11, 1)).outputs(large), np.mean(free(large), axis=(1, 2)), rtol=1e-5
    )


def test_rows_that_do_not_fit():
    flat = keras.Sequential([keras.Input((8, 8, 1)), L.Conv2D(2, 3), L.Flatten(), L.Dense(3), L.Dense(2, "softmax")])
    with pytest.raises(DataError, match=r"8 x 8 pixels, but X has images of 6 x 9 pixels. With image_size=\(8, 8\)"):
        make_backbone(flat, (6, 9, 1))
    with pytest.raises(DataError, match=r"takes images with 1 channel \(grey\), but X has images with 3 channels"):
        make_backbone(flat, (8, 8, 3))
    deep = keras.Sequential([keras.Input((None, None, 1)), *(L.Conv2D(2, 5, strides=2) for _ in range(3))])
    # backwards from one pixel: 5, then 2 * 4 + 5 = 13, then 2 * 12 + 5 = 29
    assert smallest_side(deep, 1) == 29
    with pytest.raises(DataError, match=r"at least 29 x 29 pixels, but X has images of 28 x 40 pixels.*image_size=29"):
        make_backbone(deep, (28, 40, 1))


def test_networks_that_cannot_be_cut(source):
    linear = keras.Sequential([keras.Input((4,)), L.Dense(2, activation="softmax")])
    with pytest.raises(ParameterError, match="without hidden layers: nothing of it can be transferred"):
        cut_network(linear)
    with pytest.raises(ParameterError, match=r"layer='conv_z': the backbone has no such layer. It has: conv_a, norm_a"):
        cut_network(source, "conv_z")
    two = keras.Model([a := keras.Input((2,)), b := keras.Input((2,))], L.Add()([a, b]))
    with pytest.raises(ParameterError, match="2 inputs and 1 outputs; expected one of each"):
        cut_network(two)

    class Own(keras.Model):
        def call(self, x):
            return x

    own = Own()
    own(np.zeros((1, 2)))
    with pytest.raises(ParameterError, match=r"a subclass of keras.Model, cannot be looked into"):
        cut_network(own)


def test_weights_of_both_parts(whole):
    rng = np.random.default_rng(1)
    below = [rng.normal(size=w.shape) for w in whole.backbone.weights]
    above = [rng.normal(size=w.shape) for w in whole.head.initial_weights(0)]
    network = whole.build()
    network.set_weights(whole.whole_weights(below, above))
    np.testing.assert_array_equal(network.get_layer("outputs").kernel, above[2].astype(np.float32))
    np.testing.assert_array_equal(network.get_layer("conv_b").kernel, below[6].astype(np.float32))
    for mine, given in zip(whole.head_weights(whole.whole_weights(below, above)), above, strict=True):
        np.testing.assert_array_equal(mine, given)


@pytest.mark.parametrize("n_unfrozen", [0, 1, 2])
@pytest.mark.parametrize("freeze_batch_norm", [True, False])
def test_what_can_be_trained(whole, n_unfrozen, freeze_batch_norm):
    network = replace(whole, n_unfrozen=n_unfrozen, freeze_batch_norm=freeze_batch_norm).build()
    owners = {variable.path.split("/")[0] for variable in network.trainable_variables}
    groups = [{"conv_b", "norm_b"}, {"conv_a", "norm_a"}]
    expected = {"hidden_1", "outputs"}.union(*groups[:n_unfrozen])
    assert owners == {name for name in expected if not (freeze_batch_norm and name.startswith("norm"))}


@pytest.mark.parametrize("n_unfrozen", [0, 1, 2])
def test_a_stage_is_the_end_of_the_network(whole, n_unfrozen):
    architecture = replace(whole, n_unfrozen=n_unfrozen)
    weights = architecture.initial_weights(0)
    stage = TransferStage(architecture, weights, whole=False)
    assert stage.layer == {0: "average", 1: "pool_a", 2: None}[n_unfrozen] or stage.layer == "relu_a"
    X = images()
    given = X if stage.layer is None else whole.backbone.outputs(X, stage.layer)
    network = architecture.build()
    network.set_weights(weights)
    part = stage.part.build()
    start = stage.part.initial_weights(0)
    part.set_weights(start)
    np.testing.assert_allclose(part(given), network(X), rtol=1e-5)
    moved = [w + 1 for w in start]
    part.set_weights(moved)
    network.set_weights(stage.whole_weights(moved))
    np.testing.assert_allclose(part(given), network(X), rtol=1e-5)
    assert len(stage.groups) == len(part.trainable_variables)
    names = [variable.path.split("/")[0] for variable in part.trainable_variables]
    distance = {"hidden_1": 0, "outputs": 0, "conv_b": 1, "conv_a": 2}
    assert stage.groups == [distance[name] for name in names]


def test_from_scratch_is_another_draw_and_forgets_faster(whole):
    scratch = replace(whole, scratch=True)
    network = scratch.build()
    one, again, other = (scratch.initial_weights(seed) for seed in (0, 0, 1))
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a, b)
    network.set_weights(one)
    assert not np.array_equal(one[0], other[0])
    np.testing.assert_array_equal(network.get_layer("norm_a").gamma, np.ones(3))
    assert network.get_layer("norm_a").momentum == 0.9  # Keras's own is 0.99
    assert len(network.trainable_variables) == 12
