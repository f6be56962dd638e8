"""Inputs that are climbed to, against optima that are known."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from strates import LogisticRegression, NetworkClassifier
from strates.engine.activation_ascent import gaussian_kernel
from strates.exceptions import ParameterError, TargetError
from strates.inspection import maximize_activation, saliency


@pytest.fixture(scope="module")
def linear() -> Any:
    X = np.random.default_rng(0).uniform(size=(60, 9))
    return LogisticRegression(alpha=0.1).fit(X, X[:, :3].argmax(axis=1))


def test_a_linear_score_within_bounds_ends_in_the_corner_of_the_weights_signs(linear: Any) -> None:
    found = maximize_activation(linear, bounds=(0, 1), decay=0.0, step=1.0)
    np.testing.assert_allclose(found.inputs, linear.coef_ > 0, atol=1e-6)
    assert found.scores.shape == (201, 3)
    best = np.maximum(linear.coef_, 0).sum(axis=1) + linear.intercept_
    np.testing.assert_allclose(found.scores[-1], best, rtol=1e-4)
    np.testing.assert_allclose(found.probabilities, linear.predict_proba(found.inputs))


def test_decay_settles_where_pull_and_climb_meet(linear: Any) -> None:
    """Without bounds: x = (1 - d)(x + s g / rms(g)), so that x = (1 - d) s g / (d rms(g))."""
    found = maximize_activation(linear, 2, bounds=None, step=0.03, decay=0.1, n_steps=400)
    g = linear.coef_[2]
    np.testing.assert_allclose(found.inputs[0], 0.9 * 0.03 / 0.1 * g / np.sqrt((g**2).mean()), rtol=1e-4)
    assert found.bounds is None


def test_one_step_by_hand_with_blur(digits: Any) -> None:
    clf = digits.clf
    seven = np.flatnonzero(clf.classes_ == 7)
    start = maximize_activation(clf, 7, n_steps=1, step=0.0, decay=0.0, blur=0.0).inputs
    blurred = maximize_activation(clf, 7, n_steps=1, step=0.0, decay=0.0, blur=0.8, blur_every=1).inputs
    expected = gaussian_filter(start[0, :, :, 0], 0.8, mode="nearest", truncate=3 / 0.8)
    np.testing.assert_allclose(blurred[0, :, :, 0], expected, atol=1e-4)
    assert gaussian_kernel(0.8).sum() == pytest.approx(1)
    none = maximize_activation(clf, 7, n_steps=2, step=0.0, decay=0.0, blur=0.8, blur_every=3).inputs
    np.testing.assert_allclose(none, start)
    pulled = maximize_activation(clf, 7, n_steps=1, step=0.0, decay=0.25, blur=0.0).inputs
    np.testing.assert_allclose(pulled, 0.75 * start, rtol=1e-5)
    assert seven.size == 1


def test_images_of_classes_score_higher_than_images_that_are_theirs(digits: Any) -> None:
    found = maximize_activation(digits.clf, [0, 3, 4], n_steps=100, blur=0.4)
    assert found.inputs.shape == (3, 8, 8, 1)
    assert found.bounds == (0, 16)
    assert 0 <= found.inputs.min() < found.inputs.max() <= 16
    for label, score in zip([0, 3, 4], found.scores[-1], strict=True):
        assert score > saliency(digits.clf, digits.images, label).scores.max()
    np.testing.assert_allclose(
        found.scores[-1], np.diag([saliency(digits.clf, found.inputs, label).scores for label in (0, 3, 4)]), rtol=1e-4
    )
    alone = maximize_activation(digits.clf, 3, n_steps=100, blur=0.4)
    np.testing.assert_allclose(alone.inputs[0], found.inputs[1], atol=0.05)  # rounding grows along the way


def test_channels_and_units_of_a_layer(digits: Any) -> None:
    clf = digits.clf
    found = maximize_activation(clf, [0, 5], layer="conv_2", n_steps=50)
    means = clf.transform(found.inputs, layer="conv_2").mean(axis=(1, 2))
    np.testing.assert_allclose(found.scores[-1], means[[0, 1], [0, 5]], rtol=1e-4, atol=1e-5)
    assert (found.scores[-1] > found.scores[0]).all()
    assert (found.targets.tolist(), found.layer) == ([0, 5], "conv_2")
    units = maximize_activation(clf, [2], layer="hidden_1_activation", n_steps=50)
    value = clf.transform(units.inputs, layer="hidden_1_activation")[0, 2]
    assert units.scores[-1, 0] == pytest.approx(value, abs=1e-5)
    assert value > 0.9  # of a tanh
    assert maximize_activation(clf, layer="conv_1", n_steps=1).targets.tolist() == [0, 1, 2, 3]


def test_units_of_networks_within_networks() -> None:
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="wide")], name="inner")
    network = keras.Sequential([keras.Input((3,)), inner, keras.layers.Dense(1)])
    X = np.random.default_rng(0).normal(size=(8, 3))
    clf = NetworkClassifier(network, learning_rate="cosine", max_iter=1).fit(X, np.arange(8) % 2)
    kernel = np.array([[1.0, -0.5], [0.3, 0.4], [2.0, 0.3]])
    clf.network_.get_layer("inner").get_layer("wide").kernel.assign(kernel)
    found = maximize_activation(clf, 1, layer="inner/wide", decay=0.0, bounds=(-2, 2))
    np.testing.assert_allclose(found.inputs[0], [-2, 2, 2], atol=1e-5)


def test_the_seed_decides(digits: Any) -> None:
    first, same, other = (maximize_activation(digits.clf, 3, n_steps=5, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.inputs, same.inputs)
    assert not np.allclose(first.inputs, other.inputs)


def test_refusals(digits: Any) -> None:
    clf = digits.clf
    with pytest.raises(TargetError, match="11"):
        maximize_activation(clf, 11)
    with pytest.raises(ParameterError, match=r"Layer 'conv_1' has the channels 0 to 3; targets=\[4\] names others"):
        maximize_activation(clf, [4], layer="conv_1")
    with pytest.raises(ParameterError, match=r"The network has no layer 'conv1'. Did you mean 'conv_1'"):
        maximize_activation(clf, layer="conv1")
    with pytest.raises(ParameterError, match=r"decay=1.0 cannot be used: it is a number, 0 or more, below 1"):
        maximize_activation(clf, 3, decay=1.0)
    with pytest.raises(ParameterError, match="n_steps=0 cannot be used: it is a whole number, 1 or more"):
        maximize_activation(clf, 3, n_steps=0)
    with pytest.raises(
        ParameterError, match=r"bounds=\(1, 0\) cannot be used: the first is to be less than the second"
    ):
        maximize_activation(clf, 3, bounds=(1, 0))
