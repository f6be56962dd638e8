"""Pictures of maps over images, judged by the numbers behind their pixels and words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from sklearn.datasets import load_digits

from strates import CNNClassifier, MLPClassifier
from strates.displays import FeatureMapsDisplay, FiltersDisplay, SaliencyDisplay
from strates.displays.overlay import full_colour, overlay, pixels_to_show
from strates.exceptions import DataError, ParameterError
from strates.inspection import Attribution, Filters, feature_maps, filters, grad_cam, saliency

X, Y = load_digits(return_X_y=True)
IMAGES = X[1000:1003].reshape(-1, 8, 8)
BLUE, VERMILION = to_rgb("#0072B2"), to_rgb("#D55E00")
QUICK = {"learning_rate": "one_cycle", "learning_rate_init": 0.02, "max_iter": 2, "random_state": 0}


@pytest.fixture(scope="module")
def clf() -> Any:
    return CNNClassifier((4, 10), hidden_layer_sizes=(), activation="tanh", **QUICK).fit(X[:300], Y[:300])


# --- overlays -------------------------------------------------------------------------------------


def test_colours_of_an_overlay() -> None:
    image = np.array([[0.0, 1.0, 0.0, 1.0]])
    shown = overlay(image, np.array([[0.0, 0.0, 2.0, -2.0]]), 2.0)
    assert shown[0, 1] == pytest.approx((1, 1, 1))  # white stays white, black becomes a light grey
    assert shown[0, 0, 0] == shown[0, 0, 1] == shown[0, 0, 2] > 0.6
    assert shown[0, 2] == pytest.approx(BLUE)
    assert shown[0, 3] == pytest.approx(VERMILION)
    half = overlay(image, np.array([[1.0, 0, 0, 0]]), 2.0)[0, 0]
    np.testing.assert_allclose(half, (shown[0, 0] + BLUE) / 2)
    np.testing.assert_allclose(overlay(image, np.zeros((1, 4)), 0.0)[0], shown[0, [0, 1, 0, 1]])


def test_a_single_pixel_does_not_decide_the_scale() -> None:
    heat = np.full((20, 20), 0.5)
    heat[3, 3] = 100.0
    assert full_colour(heat) == pytest.approx(0.5)
    heat[:] = 0
    heat[3, 3] = -2.0
    assert full_colour(heat) == 2.0


def test_pixels_are_stretched_and_unusual_channels_averaged() -> None:
    assert pixels_to_show(np.array([[[2.0, 4.0], [6.0, 8.0]]])).tolist() == [[0.0, 1.0]]
    assert pixels_to_show(np.full((2, 2), 7.0)).tolist() == [[0.0, 0.0], [0.0, 0.0]]


# --- saliency -------------------------------------------------------------------------------------


def test_methods_stand_side_by_side(clf: Any) -> None:
    methods = ["gradient", "smooth_grad", "integrated_gradients", "gradient_x_input", "grad_cam", "occlusion"]
    display = SaliencyDisplay.from_estimator(clf, IMAGES, [0, 1, 2], method=methods).plot()
    assert len(display.images_) == 3
    expected = saliency(clf, IMAGES, [0, 1, 2])
    for row in range(3):
        np.testing.assert_allclose(display.images_[row].get_array(), IMAGES[row] / IMAGES[row].max())
        assert len(display.overlays_[row]) == 6
        heat = expected.heat[row]
        drawn = np.asarray(display.overlays_[row][0].get_array())
        np.testing.assert_allclose(drawn, overlay(IMAGES[row], heat, full_colour(heat)))
    titles = [ax.get_title() for ax in display.figure_.axes]
    assert [title for title in titles if title][:7] == [
        "0", "gradient", "SmoothGrad", "integrated gradients", "gradient × input", "Grad-CAM", "occlusion",
    ]  # fmt: skip
    words = [text.get_text() for ax in display.figure_.axes for text in ax.texts]
    assert f"full at {full_colour(expected.heat[0]):.2g}" in words
    assert f"logit {expected.scores[1]:.2f}".replace("-", "\u2212") in words
    assert [label.get_text() for label in display.bar_.ax.get_yticklabels()] == [
        "against\nthe class",
        "0",
        "for the\nclass",
    ]


def test_what_is_said_is_what_is_drawn() -> None:
    maps = np.zeros((1, 5, 9))
    maps[0, 3, 6] = -0.25
    found = Attribution(
        maps, np.zeros((1, 5, 9, 1)), np.array(["cat"]), np.array([0.75]), "probability", "occlusion", ()
    )
    said = SaliencyDisplay(found).describe()
    assert said == (
        "Image 1, for class cat (probability 0.75): occlusion from -0.25 to 0, centred on row 4 of 5, column 7 of 9."
    )
    empty = Attribution(0 * maps, np.zeros((1, 5, 9, 1)), np.array(["cat"]), np.array([0.75]), "logit", "grad_cam", ())
    assert "Grad-CAM zero everywhere" in SaliencyDisplay(empty).describe()
    assert "Grad-CAM zero everywhere" in SaliencyDisplay(empty).to_svg()


def test_rows_of_pixels(clf: Any) -> None:
    dense = MLPClassifier((5,), **QUICK).fit(X[:300], Y[:300])
    display = SaliencyDisplay.from_estimator(dense, X[:2], method=["gradient", "occlusion"], image_shape=(8, 8)).plot()
    np.testing.assert_array_equal(display.heats[0], saliency(dense, X[:2]).maps.reshape(2, 8, 8))
    with pytest.raises(DataError, match="the rows are no images"):
        SaliencyDisplay.from_estimator(dense, X[:2])


def test_choices_and_refusals(clf: Any) -> None:
    one = SaliencyDisplay.from_estimator(clf, IMAGES, method="grad_cam", layer="conv_1", rectify=False)
    np.testing.assert_array_equal(one.heats[0], grad_cam(clf, IMAGES, layer="conv_1", rectify=False).maps)
    with pytest.raises(ParameterError, match=r"layer cannot be given to 2 methods at once. Call their functions"):
        SaliencyDisplay.from_estimator(clf, IMAGES, method=["grad_cam", "gradient"], layer="conv_1")
    with pytest.raises(ParameterError, match=r"method='gradcam' cannot be used. Did you mean 'grad_cam'"):
        SaliencyDisplay.from_estimator(clf, IMAGES, method="gradcam")
    with pytest.raises(DataError, match="maps are of different images or classes"):
        SaliencyDisplay([saliency(clf, IMAGES, 0), saliency(clf, IMAGES, 1)])
    with pytest.raises(ParameterError, match="There is no map to draw"):
        SaliencyDisplay([])


# --- feature maps and filters ----------------------------------------------------------------


def test_the_strongest_channels_on_one_scale(clf: Any) -> None:
    display = FeatureMapsDisplay.from_estimator(clf, IMAGES, image=1, n_channels=5).plot()
    assert [one.layer for one in display.layers] == ["conv_1", "pool_1", "conv_2", "pool_2"]
    assert [len(row) for row in display.maps_] == [4, 4, 5, 5]
    values = feature_maps(clf, IMAGES, "conv_2").maps[1]
    strongest = np.argsort(-np.abs(values).mean(axis=(0, 1)))[:5]
    assert display.channels_[2] == sorted(strongest.tolist())
    largest = np.abs(values).max()
    for drawn, channel in zip(display.maps_[2], display.channels_[2], strict=True):
        np.testing.assert_array_equal(drawn.get_array(), values[..., channel])
        assert drawn.get_clim() == pytest.approx((-largest, largest))  # tanh has both signs
        assert drawn.to_rgba(0.0)[:3] == pytest.approx((1, 1, 1), abs=0.01)
    said = display.describe()
    assert said.startswith(
        f"Feature maps of an image taken for {clf.predict(IMAGES)[1]}: conv_1, 4 channels of 8 by 8, "
    )
    assert "conv_2" in display.to_svg()


def test_amounts_begin_at_zero() -> None:
    clf = CNNClassifier((3,), hidden_layer_sizes=(), **QUICK).fit(X[:200], Y[:200])
    display = FeatureMapsDisplay.from_estimator(clf, IMAGES, layer="conv_1").plot()
    assert display.maps_[0][0].get_clim()[0] == 0
    values = feature_maps(clf, IMAGES, "conv_1").maps[0]
    assert f"{(values == 0).mean():.0%} exactly 0" in display.describe()
    with pytest.raises(DataError, match="image=3 does not exist: there are maps of 3 images"):
        FeatureMapsDisplay(feature_maps(clf, IMAGES), image=3)


def test_filters(clf: Any) -> None:
    display = FiltersDisplay.from_estimator(clf).plot()
    given = filters(clf)
    for drawn, number in zip(display.images_, display.shown_, strict=True):
        np.testing.assert_array_equal(drawn.get_array(), given.kernels[number, :, :, 0])
    deep = FiltersDisplay.from_estimator(clf, layer="conv_2").plot()
    kernels = filters(clf, "conv_2").kernels
    norms = np.linalg.norm(kernels.reshape(10, -1), axis=1)
    assert deep.shown_ == sorted(np.argsort(-norms)[:8].tolist())
    assert (len(deep.images_), deep.channels_) == (32, [0, 1, 2, 3])
    np.testing.assert_array_equal(deep.images_[5].get_array(), kernels[deep.shown_[1], :, :, 1])
    scale = np.abs(kernels[deep.shown_]).max()
    assert {drawn.get_clim() for drawn in deep.images_} == {(-scale, scale)}
    assert "10 filters of conv_2, each 3 by 3 on 4 channels" in deep.describe()


def test_what_is_said_of_filters(clf: Any) -> None:
    """Which are drawn, and what the colours of filters on colours mean."""
    assert FiltersDisplay.from_estimator(clf).describe().endswith("Shown: all.")
    many = Filters("conv", np.random.default_rng(0).normal(size=(12, 3, 3, 20)), None)
    assert FiltersDisplay(many).describe().endswith("Shown: the 8 strongest, on the 8 strongest channels.")
    colours = Filters("conv", np.random.default_rng(0).normal(size=(4, 3, 3, 3)), None)
    assert "red, green and blue; middle grey is zero" in FiltersDisplay(colours).describe()
    drawn = FiltersDisplay(Filters("conv", np.eye(3).reshape(1, 3, 3, 1) * np.ones(3), None)).plot().images_[0]
    np.testing.assert_allclose(drawn.get_array()[0, 1], [0.5, 0.5, 0.5])


def test_a_network_that_is_not_fitted() -> None:
    with pytest.raises(ParameterError, match="This CNNClassifier is not fitted yet: call fit first"):
        saliency(CNNClassifier(), IMAGES)
