"""Weights by layer are those of the network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression as Reference

from strates import LogisticRegression, MLPClassifier, NetworkClassifier, tabular_pipeline
from strates.datasets import moons
from strates.exceptions import ParameterError
from strates.inspection import layer_weights

DIGITS, LABELS = load_digits(n_class=4, return_X_y=True)


@pytest.fixture(scope="module")
def clf() -> Any:
    model = MLPClassifier((6,), solver="lbfgs", max_iter=30, tol=1.0, random_state=0).fit(DIGITS / 16, LABELS)
    weights = [np.array(one) for one in model.network_.get_weights()]
    weights[0][:16] = 0  # planted: 16 of 64 inputs
    weights[2][0, 0] = 0
    model.network_.set_weights(weights)
    return model


def test_kernels_and_biases_are_the_networks(clf: Any) -> None:
    found = layer_weights(clf)
    assert [one.name for one in found] == ["hidden_1", "outputs"]
    for layer, kernel, bias in zip(found, clf.coefs_, clf.intercepts_, strict=True):
        np.testing.assert_array_equal(layer.kernel, kernel)
        np.testing.assert_array_equal(layer.bias, bias)
        assert layer.shape == kernel.shape
    assert found[0].unit_names[0] == "unit 1"
    assert found[1].unit_names == ("0", "1", "2", "3")


def test_exact_zeros_are_counted(clf: Any) -> None:
    hidden, outputs = layer_weights(clf)
    assert (hidden.n_zeros, hidden.share_zero) == (16 * 6, 0.25)
    assert (outputs.n_zeros, outputs.share_zero) == (1, 1 / 24)


def test_what_comes_into_a_unit_is_laid_out_as_the_image(clf: Any) -> None:
    hidden, outputs = layer_weights(clf)
    assert hidden.images is not None
    assert hidden.images.shape == (6, 8, 8)
    assert hidden.images[3, 2, 5] == clf.coefs_[0][2 * 8 + 5, 3]
    assert outputs.images is None
    assert layer_weights(clf, image_shape=None)[0].images is None
    tall = layer_weights(clf, image_shape=(16, 4))[0].images
    assert tall is not None
    assert tall.shape == (6, 16, 4)
    grey = layer_weights(clf, image_shape=(8, 8, 1))[0].images
    np.testing.assert_array_equal(grey, hidden.images)


def test_a_table_is_no_image() -> None:
    rows, labels = load_iris(return_X_y=True, as_frame=True)  # four columns are 2 x 2
    assert layer_weights(LogisticRegression(alpha=0.01).fit(rows, labels))[0].images is None
    named = LogisticRegression(alpha=0.01).fit(*load_digits(n_class=2, return_X_y=True, as_frame=True))
    assert layer_weights(named)[0].images is not None  # "pixel_0_0"
    frame = load_digits(n_class=2, as_frame=True).data.rename(columns=lambda name: f"spend {name}")
    other = LogisticRegression(alpha=0.01).fit(frame, load_digits(n_class=2).target)
    assert layer_weights(other)[0].images is None


def test_binary_outputs_speak_for_the_second_class_and_pipelines_are_followed() -> None:
    rows, labels = moons(60)
    clf = tabular_pipeline(LogisticRegression(alpha=0.01)).fit(rows, np.where(labels == 1, "up", "down"))
    (outputs,) = layer_weights(clf)
    assert outputs.unit_names == ("up",)
    np.testing.assert_allclose(outputs.kernel.T, clf[-1].coef_, rtol=1e-6)


def test_filters_of_a_convolution_are_images() -> None:
    def build(shape: Any, n: int) -> Any:
        layers = keras.layers
        return keras.Sequential([keras.Input(shape), layers.Conv2D(5, 3), layers.Flatten(), layers.Dense(n)])

    clf = NetworkClassifier(build, max_iter=1, random_state=0)
    with pytest.warns(ConvergenceWarning):
        clf.fit(DIGITS[:50].reshape(-1, 8, 8, 1) / 16, LABELS[:50])
    first, outputs = layer_weights(clf)
    kernel = clf.network_.get_weights()[0]
    assert first.shape == (3, 3, 1, 5)
    assert first.kernel.shape == (9, 5)
    assert first.images is not None
    np.testing.assert_array_equal(first.images[2], kernel[:, :, 0, 2])
    assert outputs.kernel.shape == (180, 4)


@pytest.mark.parametrize(
    ("image_shape", "message"),
    [
        ((8, 9), r"image_shape=\(8, 9\) does not fit: 64 columns reach the first layer"),
        ((4, 4, 4), r"with 1 or 3 channels, whose product is 64"),
        ("square", "image_shape='square'; expected 'auto', None or a tuple"),
    ],
)
def test_shapes_that_do_not_fit(clf: Any, image_shape: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        layer_weights(clf, image_shape=image_shape)


def test_what_has_no_network() -> None:
    with pytest.raises(ParameterError, match="LogisticRegression has no network_ whose weights could be shown"):
        layer_weights(Reference().fit([[0], [1]], [0, 1]))
