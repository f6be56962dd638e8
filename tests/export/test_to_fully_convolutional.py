"""A network that slides over an image answers for every crop what the classifier answers."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from strates import CNNClassifier, MLPClassifier, NetworkClassifier
from strates.exceptions import ParameterError
from strates.export import to_fully_convolutional

X, Y = load_digits(return_X_y=True)
QUICK = {"learning_rate": "one_cycle", "learning_rate_init": 0.02, "max_iter": 2, "random_state": 0}
LARGE = np.random.default_rng(0).uniform(0, 16, (2, 21, 18, 1)).astype("float32")


def crops(images: Any, stride: int, size: tuple[int, int] = (8, 8)) -> dict[tuple[int, int], Any]:
    """Return every crop that lies inside, by its place in the map."""
    height, width = images.shape[1:3]
    return {
        (i, j): images[:, i * stride : i * stride + size[0], j * stride : j * stride + size[1]]
        for i in range((height - size[0]) // stride + 1)
        for j in range((width - size[1]) // stride + 1)
    }


def worst(network: Any, clf: Any, stride: int) -> float:
    answers = np.asarray(network(LARGE))
    found = crops(LARGE, stride)
    assert answers.shape[1] >= max(i for i, _ in found) + 1
    assert answers.std(axis=(1, 2)).max() > 1e-3  # crops do differ
    return max(float(np.abs(answers[:, i, j] - clf.predict_proba(crop)).max()) for (i, j), crop in found.items())


@pytest.mark.parametrize(
    ("choices", "stride"),
    [
        ({"filters": (4,), "hidden_layer_sizes": (9, 7)}, 2),
        ({"filters": (4,), "batch_norm": True, "dropout": 0.3, "hidden_layer_sizes": (9,)}, 2),
        ({"filters": (4, 5), "kernel_size": 2, "hidden_layer_sizes": ()}, 4),  # pixels that pooling leaves over
        ({"filters": (4,), "flatten": False, "activation": "tanh", "augmentation": "flip"}, 2),
        ({"filters": (4, 4), "kernel_size": (3, 2), "pool_size": 1, "hidden_layer_sizes": (5,)}, 1),
    ],
)
def test_equal_to_sliding_crops(choices: dict[str, Any], stride: int) -> None:
    clf = CNNClassifier(padding="valid", **choices, **QUICK).fit(X[:200], Y[:200])
    network = to_fully_convolutional(clf)
    assert worst(network, clf, stride) < 1e-5
    assert {type(layer).__name__ for layer in network.layers} & {"Dense", "Flatten"} == set()
    np.testing.assert_allclose(
        np.asarray(network(X[:5].reshape(-1, 8, 8, 1)))[:, 0, 0], clf.predict_proba(X[:5]), atol=1e-5
    )


def test_a_dense_network_of_pixels_slides_pixel_by_pixel() -> None:
    clf = MLPClassifier((12, 6), **QUICK).fit(X[:200] / 16, Y[:200])
    network = to_fully_convolutional(clf, image_shape=(8, 8))
    answers = np.asarray(network(LARGE / 16))
    assert answers.shape == (2, 14, 11, 10)
    for (i, j), crop in crops(LARGE / 16, 1).items():
        np.testing.assert_allclose(answers[:, i, j], clf.predict_proba(crop.reshape(2, 64)), atol=1e-5)


def test_one_logistic_output_and_a_network_that_lays_rows_out() -> None:
    build = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Reshape((8, 8, 1)),
            keras.layers.Conv2D(3, 3, activation="relu"),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(1),
        ]
    )
    clf = NetworkClassifier(build, **QUICK).fit(X[:200] / 16, Y[:200] > 4)
    answers = np.asarray(to_fully_convolutional(clf, image_shape=(8, 8))(LARGE / 16))
    assert answers.shape == (2, 14, 11, 1)
    for (i, j), crop in crops(LARGE / 16, 1).items():
        np.testing.assert_allclose(answers[:, i, j, 0], clf.predict_proba(crop.reshape(2, 64))[:, 1], atol=1e-5)


def test_padding_is_refused_or_approximate() -> None:
    """With zeros around crops, equality holds for images of the classifier's own size alone."""
    clf = CNNClassifier((4, 4), hidden_layer_sizes=(9,), **QUICK).fit(X[:200], Y[:200])
    with pytest.raises(
        ParameterError, match=r"conv_1, pool_1, conv_2, pool_2 put zeros around .*or accept that with approx"
    ):
        to_fully_convolutional(clf)
    network = to_fully_convolutional(clf, approximate=True)
    own = np.asarray(network(X[:5].reshape(-1, 8, 8, 1)))
    assert own.shape == (5, 1, 1, 10)
    np.testing.assert_allclose(own[:, 0, 0], clf.predict_proba(X[:5]), atol=1e-5)
    assert worst(network, clf, 4) > 1e-3


def test_refusals() -> None:
    dense = MLPClassifier((3,), **QUICK).fit(X[:50], Y[:50])
    with pytest.raises(
        ParameterError, match=r"image_shape=None does not tell which image they are\. Give \(height, width\)"
    ):
        to_fully_convolutional(dense)
    with pytest.raises(
        ParameterError, match=r"image_shape=\(8, 9\) does not tell which image they are.* of 64 numbers"
    ):
        to_fully_convolutional(dense, image_shape=(8, 9))
    clf = CNNClassifier((2,), padding="valid", **QUICK).fit(X[:50], Y[:50])
    with pytest.raises(
        ParameterError, match=r"image_shape=\(4, 16\) is not that of the network, \(8, 8, 1\)\. Leave it out"
    ):
        to_fully_convolutional(clf, image_shape=(4, 16))
    turned = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Permute((2, 1, 3), name="turn"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    own = NetworkClassifier(turned, **QUICK).fit(X[:50].reshape(-1, 8, 8, 1), Y[:50])
    with pytest.raises(
        ParameterError, match="Layer 'turn', a Permute, has no counterpart that slides over a larger image"
    ):
        to_fully_convolutional(own)
    with pytest.raises(ParameterError, match="str has no network_ to rebuild"):
        to_fully_convolutional("clf")
