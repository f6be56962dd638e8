"""Feature maps against the blackboard's convolutions, filters against the network's weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from strates import CNNClassifier, MLPClassifier, NetworkClassifier
from strates.backprop import Conv2D, MaxPool2D
from strates.exceptions import DataError, ParameterError
from strates.inspection import feature_maps, filters, image_layers


@pytest.fixture(scope="module")
def clf() -> Any:
    X, y = np.random.default_rng(0).uniform(size=(30, 9, 8)), np.arange(30) % 3
    return CNNClassifier((3, 5), hidden_layer_sizes=(4,), learning_rate="cosine", max_iter=1, random_state=0).fit(X, y)


def test_maps_are_the_blackboards_convolutions(clf: Any) -> None:
    images = np.random.default_rng(1).uniform(size=(4, 9, 8))
    x: Any = images[..., None] * clf.scale_
    for number in (1, 2):
        kernel, bias = (np.asarray(w, np.float64) for w in clf.network_.get_layer(f"conv_{number}").get_weights())
        x = np.maximum(Conv2D(kernel, bias, padding="same").forward(x)[0], 0)
        found = feature_maps(clf, images, f"conv_{number}")
        np.testing.assert_allclose(found.maps, x, atol=1e-5)
        np.testing.assert_allclose(found.strengths, np.abs(x).mean(axis=(1, 2)), atol=1e-5)
        x = MaxPool2D(2, padding="same").forward(x)[0]
        np.testing.assert_allclose(feature_maps(clf, images, f"pool_{number}").maps, x, atol=1e-5)
    assert found.predicted.tolist() == clf.predict(images).tolist()
    assert found.inputs.shape == (4, 9, 8, 1)


def test_layers_by_number(clf: Any) -> None:
    images = np.random.default_rng(1).uniform(size=(2, 9, 8))
    names = image_layers(clf.network_)
    assert names == ("conv_1", "pool_1", "conv_2", "pool_2")
    assert [feature_maps(clf, images, i).layer for i in (0, 1, -1)] == ["conv_1", "pool_1", "pool_2"]


def test_filters_are_the_networks_weights(clf: Any) -> None:
    first, second = filters(clf), filters(clf, "conv_2")
    assert (first.layer, first.kernels.shape, second.kernels.shape) == ("conv_1", (3, 3, 3, 1), (5, 3, 3, 3))
    kernel, bias = clf.network_.get_layer("conv_2").get_weights()
    for i in range(5):
        np.testing.assert_array_equal(second.kernels[i], kernel[..., i])
    np.testing.assert_array_equal(second.biases, bias)
    np.testing.assert_allclose(second.norms, [np.sqrt((kernel[..., i] ** 2).sum()) for i in range(5)])
    assert filters(clf, -1).layer == "conv_2"


def test_filters_of_each_channel_alone_and_within_networks() -> None:
    inner = keras.Sequential([keras.Input((6, 6, 2)), keras.layers.DepthwiseConv2D(3, name="deep")], name="inner")
    inputs = keras.Input((6, 6, 2))
    network = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inner(inputs))))
    X = np.random.default_rng(0).uniform(size=(8, 6, 6, 2))
    clf = NetworkClassifier(network, learning_rate="cosine", max_iter=1).fit(X, np.arange(8) % 2)
    found = filters(clf, "inner/deep")
    assert found.kernels.shape == (2, 3, 3, 1)
    kernel, bias = clf.network_.get_layer("inner").get_layer("deep").get_weights()
    np.testing.assert_array_equal(found.kernels[1, :, :, 0], kernel[:, :, 1, 0])
    maps = feature_maps(clf, X[:3], "inner/deep").maps
    np.testing.assert_allclose(
        maps[:, 0, 0], np.einsum("nhwc,hwc->nc", X[:3, :3, :3], kernel[..., 0]) + bias, atol=1e-5
    )


def test_refusals(clf: Any) -> None:
    images = np.zeros((1, 9, 8))
    with pytest.raises(ParameterError, match=r"No layer 'conv_3' makes feature maps. Did you mean 'conv_"):
        feature_maps(clf, images, "conv_3")
    with pytest.raises(ParameterError, match=r"No convolution is called 'pool_1'. "):
        filters(clf, "pool_1")
    with pytest.raises(
        ParameterError, match=r"layer=2 does not exist: the convolutions are numbered 0 to 1 \(conv_1, conv_2"
    ):
        filters(clf, 2)
    X, y = np.random.default_rng(0).uniform(size=(9, 4)), np.arange(9) % 3
    dense = MLPClassifier((3,), learning_rate="cosine", max_iter=1).fit(X, y)
    with pytest.raises(ParameterError, match="This network has no convolution, so no filters"):
        filters(dense)
    with pytest.raises(DataError, match=r"Feature maps are made of images, but rows of shape \(4,\) reach the network"):
        feature_maps(dense, X)
