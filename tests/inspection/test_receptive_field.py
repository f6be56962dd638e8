"""Receptive fields against published ones, and against what derivatives say that a unit sees."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from strates import CNNClassifier, MLPClassifier
from strates.exceptions import ParameterError
from strates.inspection import LayerSpec, receptive_field

layers = keras.layers


def row(table: Any, name: str) -> Any:
    return table.set_index("layer").loc[name]


# --- numbers of the course and of the literature --------------------------------------------------


def test_three_layers_of_3_see_7() -> None:
    table = receptive_field([LayerSpec.conv(8, 3)] * 3)
    assert table["height"].tolist() == table["width"].tolist() == [1, 3, 5, 7]
    assert row(table, "conv_3")["centre_down"] == 3


@pytest.mark.parametrize(
    ("name", "layer", "size", "stride"), [("alexnet", "pool_3", 195, 32), ("VGG16", "pool_5", 212, 32)]
)
def test_networks_of_the_literature(name: str, layer: str, size: int, stride: int) -> None:
    """Araujo, Norris and Sim (2019), table 1."""
    found = row(receptive_field(name), layer)
    assert (found["height"], found["width"], found["stride_down"]) == (size, size, stride)


@pytest.mark.parametrize(("name", "size"), [("MobileNet", 315), ("ResNet50", 483), ("InceptionV3", 1311)])
def test_networks_of_keras(name: str, size: int) -> None:
    """The same table; paths that part and meet among them."""
    choices = {"alpha": 0.25} if name == "MobileNet" else {}  # fewer channels see no less
    network = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(128, 128, 3), **choices)
    found = receptive_field(network).iloc[-1]
    assert (found["height"], found["width"], found["stride_down"]) == (size, size, 32)


# --- derivatives as the witness -------------------------------------------------------------------


def seen(network: Any, shape: tuple[int, int], place: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return first and last row and column of the pixels that a unit's derivative reaches, all weights being 1."""
    network.set_weights([np.ones_like(w) for w in network.get_weights()])
    x = tf.Variable(np.random.default_rng(0).uniform(1, 2, (1, *shape, 1)).astype("float32"))
    with tf.GradientTape() as tape:
        unit = tf.reduce_sum(network(x)[0, place[0], place[1]])
    rows, columns = np.nonzero(tape.gradient(unit, x).numpy()[0, :, :, 0])
    return rows.min(), rows.max(), columns.min(), columns.max()


def branches(shape: tuple[int, int]) -> Any:
    inputs = keras.Input((*shape, 1))
    x = layers.Conv2D(2, (3, 5), padding="same", name="a")(inputs)
    y = layers.Conv2D(2, 3, dilation_rate=2, padding="same")(layers.ReLU()(x))
    x = layers.Add(name="sum")([x, y])
    x = layers.ZeroPadding2D(((1, 2), (0, 1)))(x)
    x = layers.AveragePooling2D(2, name="pool")(x)
    return keras.Model(inputs, layers.DepthwiseConv2D(3, name="end")(layers.Cropping2D(1)(x)))


def strided(shape: tuple[int, int]) -> Any:
    inner = keras.Sequential(
        [keras.Input((None, None, 2)), layers.AveragePooling2D(3, strides=2, padding="same")], name="inner"
    )
    inputs = keras.Input((*shape, 1))
    x = layers.Conv2D(2, 3, strides=2, padding="same")(inputs)
    return keras.Model(inputs, layers.Conv2D(1, 2, name="end")(inner(x)))


@pytest.mark.parametrize("build", [branches, strided])
def test_a_unit_sees_what_its_derivative_reaches(build: Any) -> None:
    shape = (40, 37)
    network = build(shape)
    found = receptive_field(network).iloc[-1]
    place = (3, 3)
    top, bottom, left, right = seen(network, shape, place)
    first = (
        place[0] * found["stride_down"] - found["padding_top"],
        place[1] * found["stride_across"] - found["padding_left"],
    )
    assert (first[0], first[0] + found["height"] - 1) == (top, bottom)
    assert (first[1], first[1] + found["width"] - 1) == (left, right)
    assert found["centre_down"] + place[0] * found["stride_down"] == (top + bottom) / 2


def test_all_of_the_image_once_a_layer_has_looked_at_it() -> None:
    inputs = keras.Input((20, 12, 1))
    x = layers.Conv2D(2, 3, name="conv")(inputs)
    gate = layers.Reshape((1, 1, 2))(layers.GlobalAveragePooling2D(name="average")(x))
    x = layers.Conv2D(2, 3, name="after")(layers.Multiply(name="gated")([x, gate]))
    table = receptive_field(keras.Model(inputs, layers.Dense(3, name="end")(layers.Flatten()(x))))
    assert row(table, "conv")[["height", "width"]].tolist() == [3, 3]
    for name in ("average", "gated", "after", "end"):
        assert row(table, name)[["height", "width", "stride_down"]].tolist() == [20, 12, 0]


def test_without_a_size_a_dense_layers_field_has_none() -> None:
    specs = [LayerSpec.conv(4, 3), LayerSpec.pool(), LayerSpec.global_pool(), LayerSpec.dense(2)]
    table = receptive_field(specs)
    assert row(table, "pool_1")["height"] == 4
    assert np.isnan(row(table, "dense_1")["height"])
    known = receptive_field(specs, input_shape=(11, 12))
    assert row(known, "dense_1")[["height", "width"]].tolist() == [10, 12]  # the pool leaves a row of 9 over


def test_a_fitted_classifier_and_rows_of_pixels() -> None:
    X = np.random.default_rng(0).uniform(size=(20, 100))
    y = np.arange(20) % 2
    clf = CNNClassifier((2, 2), kernel_size=(3, 5), hidden_layer_sizes=(3,), learning_rate="cosine", max_iter=1).fit(
        X, y
    )
    table = receptive_field(clf)
    assert row(table, "conv_1")[["height", "width", "padding_top", "padding_left"]].tolist() == [3, 5, 1, 2]
    assert row(table, "conv_2")[["height", "width", "stride_down"]].tolist() == [3 + 1 + 4, 5 + 1 + 8, 2]
    laid_out = keras.Sequential([keras.Input((100,)), layers.Reshape((10, 10, 1)), layers.Conv2D(2, 3, name="conv")])
    assert row(receptive_field(laid_out), "conv")["height"] == 3
    with pytest.raises(
        ParameterError, match=r"takes rows of shape \(100,\), not images: every unit of a dense layer sees"
    ):
        receptive_field(MLPClassifier((2,), learning_rate="cosine", max_iter=1).fit(X, y))


# --- refusals -------------------------------------------------------------------------------------


def test_what_is_not_known_is_named() -> None:
    inputs = keras.Input((8, 8, 1))
    turned = keras.Model(inputs, layers.Permute((2, 1, 3), name="turned")(inputs))
    with pytest.raises(ParameterError, match="receptive field of layer 'turned', a Permute, is not known"):
        receptive_field(turned)
    cut = keras.Model(inputs, layers.Conv2D(1, 3)(inputs[:, 2:]))
    with pytest.raises(ParameterError, match=r"receptive field of layer 'get_item.*', a GetItem, is not known"):
        receptive_field(cut)
    with pytest.raises(ParameterError, match=r'padding="same" with strides=\(2, 2\) depends on the size of the image'):
        receptive_field([LayerSpec.conv(4, 3, strides=2, padding="same")])
    with pytest.raises(ParameterError, match=r"int is no network to look into. Give a fitted classifier"):
        receptive_field(3)
    with pytest.raises(ParameterError, match=r"no reference network 'vgg17'. Did you mean 'vgg-16'"):
        receptive_field("vgg17")
