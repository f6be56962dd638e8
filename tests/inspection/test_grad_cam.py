"""Grad-CAM against the formula written out, and against a region that decides."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from strates import CNNClassifier, MLPClassifier, NetworkClassifier
from strates.exceptions import DataError, ParameterError
from strates.inspection import grad_cam, image_layers
from strates.inspection.enlarge import enlarge


def test_the_formula_by_hand() -> None:
    """One convolution, rectified, then a dense layer: derivatives by its maps are the dense weights."""
    rng = np.random.default_rng(0)
    X, y = rng.uniform(size=(30, 7, 6)), np.arange(30) % 3
    clf = CNNClassifier((4,), pool_size=1, hidden_layer_sizes=(), learning_rate="cosine", max_iter=1, random_state=0)
    clf.fit(X, y)
    A = clf.transform(X[:5], layer="conv_1").astype(np.float64)  # (5, 7, 6, 4)
    kernel = np.asarray(clf.network_.get_layer("outputs").kernel, np.float64).reshape(7, 6, 4, 3)
    found = grad_cam(clf, X[:5], 2)
    weights = kernel[..., 2].mean(axis=(0, 1))
    np.testing.assert_allclose(found.weights, np.tile(weights, (5, 1)), rtol=1e-5)
    assert found.layer == "conv_1"
    np.testing.assert_allclose(found.coarse, np.maximum(A @ weights, 0), atol=1e-6)
    np.testing.assert_allclose(found.maps, found.coarse)  # as large as the image
    signed = grad_cam(clf, X[:5], 2, rectify=False)
    np.testing.assert_allclose(signed.coarse, A @ weights, atol=1e-6)
    assert signed.coarse.min() < 0


def test_through_pooling_a_hidden_layer_and_normalisation(digits: Any) -> None:
    """The same as a tape over a network that is cut in two by hand."""
    clf, images, labels = digits
    network = clf.network_
    names = [layer.name for layer in network.layers]
    cut = names.index("conv_2_activation")
    below = keras.Model(network.inputs[0], network.layers[cut].output)
    A = tf.constant(below(images[..., None]))
    with tf.GradientTape() as tape:
        tape.watch(A)
        x = A
        for layer in network.layers[cut + 1 : -1]:
            x = layer(x, training=False) if layer.name.endswith("norm") or "dropout" in layer.name else layer(x)
        z = tf.matmul(x, network.layers[-1].kernel) + network.layers[-1].bias
        score = tf.gather(z, labels, batch_dims=1)
    slopes = tape.gradient(score, A).numpy().astype(np.float64)
    weights = slopes.mean(axis=(1, 2))
    found = grad_cam(clf, images, labels)
    assert found.layer == "conv_2_activation"
    np.testing.assert_allclose(found.scores, score, rtol=1e-5)
    np.testing.assert_allclose(found.weights, weights, atol=1e-6)
    np.testing.assert_allclose(found.coarse, np.maximum(np.einsum("nhwk,nk->nhw", A, weights), 0), atol=1e-5)


def test_after_global_pooling_it_adds_up_to_the_logit() -> None:
    """Zhou et al. (2016): the mean of the class activation map, plus the bias, is the logit."""
    rng = np.random.default_rng(1)
    X, y = rng.uniform(size=(30, 8, 8)), np.arange(30) % 3
    clf = CNNClassifier((5, 6), hidden_layer_sizes=(), flatten=False, pool_size=1, learning_rate="cosine", max_iter=1)
    clf.fit(X, y)
    clf.network_.get_layer("outputs").bias.assign([0.3, -0.2, 0.1])
    found = grad_cam(clf, X[:4], 1, rectify=False)
    np.testing.assert_allclose(found.coarse.sum(axis=(1, 2)) - 0.2, found.scores, rtol=1e-4)


def test_a_shape_that_decides_is_found_wherever_it_is() -> None:
    """Upright bars decide; lying ones are in all images. The network looks for shapes, not for places."""
    rng = np.random.default_rng(0)
    X, y = rng.uniform(0, 0.2, (300, 12, 12)), np.arange(300) % 2
    places = rng.integers(0, 8, (300, 2))
    for image, label, (top, left) in zip(X, y, places, strict=True):
        row, column = rng.integers(0, 12), rng.integers(0, 8)
        image[row, column : column + 5] = 1.0
        if label:
            image[top : top + 5, left + 2] = 1.0
    clf = CNNClassifier(
        (6, 6), kernel_size=5, pool_size=1, hidden_layer_sizes=(), flatten=False, scale=1.0, learning_rate="one_cycle",
        learning_rate_init=0.02, batch_size=30, max_iter=30, random_state=0,
    ).fit(X[:200], y[:200])  # fmt: skip
    assert clf.score(X[200:], y[200:]) > 0.9
    rows = 200 + np.flatnonzero((y[200:] == 1) & (clf.predict(X[200:]) == 1))
    found = grad_cam(clf, X[rows], 1).heat
    peaks = np.column_stack(np.unravel_index(found.reshape(len(rows), -1).argmax(axis=1), (12, 12)))
    middles = places[rows] + 2
    near = np.abs(peaks - middles).max(axis=1) <= 3
    assert near.mean() > 0.9


def test_enlarging_is_tensorflows_bilinear_resize() -> None:
    maps = np.random.default_rng(0).normal(size=(3, 4, 5))
    for size in ((9, 20), (4, 5), (7, 7)):
        resized = tf.image.resize(maps[..., None], size, "bilinear")[..., 0]
        np.testing.assert_allclose(enlarge(maps, *size), resized, atol=1e-6)


def test_layers_of_networks_within_networks() -> None:
    rng = np.random.default_rng(0)
    inner = keras.Sequential(
        [
            keras.Input((9, 9, 1)),
            keras.layers.Conv2D(3, 3, name="first"),
            keras.layers.Conv2D(4, 3, name="second"),
            keras.layers.ReLU(name="relu"),
        ],
        name="inner",
    )
    inputs = keras.Input((9, 9, 1))
    x = keras.layers.Add(name="sum")([inner(inputs), keras.layers.Conv2D(4, 5, name="side")(inputs)])
    x = keras.layers.MaxPooling2D(name="pool")(x)
    outputs = keras.layers.Dense(3)(keras.layers.Flatten()(x))
    X, y = rng.normal(size=(12, 9, 9, 1)), np.arange(12) % 3
    clf = NetworkClassifier(keras.Model(inputs, outputs), learning_rate="cosine", max_iter=1).fit(X, y)
    assert set(image_layers(clf.network_)) == {"inner/first", "inner/second", "inner/relu", "side", "sum", "pool"}
    assert grad_cam(clf, X[:2]).layer == "sum"  # where the paths of the last convolution have met
    for layer in ("inner/second", "inner/relu", "side"):
        found = grad_cam(clf, X[:2], 1, layer=layer)
        assert found.weights is not None
        assert found.weights.shape == (2, 3 if layer == "inner/first" else 4)
    # a rectified sum passes slopes on where it is positive: those of the second convolution are the relu's, masked
    kernels = [np.asarray(layer.kernel) for layer in clf.network_.get_layer("inner").layers[:2]]
    assert [kernel.shape for kernel in kernels] == [(3, 3, 1, 3), (3, 3, 3, 4)]


def test_refusals(digits: Any) -> None:
    clf, images, _ = digits
    with pytest.raises(ParameterError, match=r"No layer 'conv2' makes feature maps. Did you mean 'conv_2'"):
        grad_cam(clf, images, layer="conv2")
    with pytest.raises(ParameterError, match=r"layer=9 does not exist: 8 layers make feature maps, numbered 0 to 7"):
        grad_cam(clf, images, layer=9)
    X, y = np.random.default_rng(0).uniform(size=(9, 16)), np.arange(9) % 3
    dense = MLPClassifier((3,), learning_rate="cosine", max_iter=1).fit(X, y)
    with pytest.raises(
        DataError, match=r"Grad-CAM shows places of images, but rows of shape \(16,\) reach the network"
    ):
        grad_cam(dense, X)
    flat = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    clf = NetworkClassifier(flat, learning_rate="cosine", max_iter=1).fit(X.reshape(-1, 4, 4, 1), y)
    with pytest.raises(ParameterError, match="Grad-CAM looks at the last convolution, and this network has none"):
        grad_cam(clf, X.reshape(-1, 4, 4, 1))
