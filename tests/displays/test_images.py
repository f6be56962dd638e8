"""Images as figures, and as small pictures for a page."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin

from strates.displays.image_grid import ImageGridDisplay
from strates.displays.predicted_images import PredictedImagesDisplay
from strates.displays.thumbnail import thumbnail
from strates.exceptions import DataError, ParameterError

RNG = np.random.default_rng(0)


def decoded(source: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.partition("base64,")[2]))))


@pytest.mark.parametrize("shape", [(28, 28, 1), (20, 40, 3), (8, 8)])
def test_small_pictures_lose_nothing(shape: tuple[int, ...]) -> None:
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    picture = thumbnail(pixels, label="a", name="b.png")
    assert picture.source.startswith("data:image/png;base64,")
    assert (picture.height, picture.width, picture.label, picture.name) == (*shape[:2], "a", "b.png")
    np.testing.assert_array_equal(decoded(picture.source), pixels.squeeze())


def test_larger_pictures_are_reduced_and_compressed() -> None:
    ramp = np.add.outer(np.arange(300), np.arange(400)).astype(np.uint8)[..., np.newaxis].repeat(3, axis=2) // 2
    picture = thumbnail(ramp, most_side=96)
    assert (picture.height, picture.width) == (72, 96)
    assert len(picture.source) < 6_000
    assert np.asarray(decoded(picture.source)).shape == (72, 96, 3)
    again = thumbnail(np.full((60, 80, 3), (200, 90, 10), np.uint8))
    assert np.abs(decoded(again.source).astype(int) - (200, 90, 10)).max() <= 4


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 1), (8, 6, 3)])
def test_grid_draws_the_pixels(shape: tuple[int, ...]) -> None:
    images = RNG.integers(0, 256, (7, *shape), dtype=np.uint8)
    display = ImageGridDisplay(images, [f"number {i}" for i in range(7)], n_columns=3).plot()
    assert len(display.images_) == 7
    for drawn, image in zip(display.images_, images, strict=True):
        np.testing.assert_array_equal(drawn.get_array(), image.squeeze())
        assert drawn.get_clim() == (0, 255)
    assert [one.axes.get_title() for one in display.images_] == [f"number {i}" for i in range(7)]
    assert "number 6" in display.to_svg()
    width, height = display.figure_size()
    assert width == pytest.approx(3 * 1.25)
    assert height > 3 * 1.25 * 8 / 6  # three rows, and their words


def test_numbers_are_stretched_from_black_to_white() -> None:
    images = np.array([[[-3.0, 0.0], [1.0, 5.0]]])
    display = ImageGridDisplay(images, ["x"]).plot()
    assert display.images_[0].get_clim() == (-3, 5)
    colored = np.broadcast_to(images[..., np.newaxis], (1, 2, 2, 3))
    drawn = ImageGridDisplay(colored, ["x"]).plot().images_[0].get_array()
    np.testing.assert_allclose(drawn[..., 0], (images[0] + 3) / 8)


def test_images_of_every_class() -> None:
    y = np.array(["b", "b", "b", "b", "a", "c", "c"])
    X = np.arange(7, dtype=np.uint8)[:, np.newaxis, np.newaxis] * np.ones((1, 2, 2), np.uint8)
    display = ImageGridDisplay.from_images(X, y, n_images=5)
    assert display.words == ["a", "b", "b", "c", "c"]
    assert display.images[:, 0, 0].tolist() == [4, 0, 1, 5, 6]


class Told(ClassifierMixin, BaseEstimator):
    """Gives the probability of "b" that the first pixel has in hundredths."""

    classes_ = np.array(["a", "b"])

    def predict_proba(self, X: Any) -> np.ndarray:
        given = np.asarray(X)[:, 0, 0] / 100
        return np.column_stack([1 - given, given])

    def predict(self, X: Any) -> np.ndarray:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def test_surest_mistakes_come_first() -> None:
    X = np.array([60, 95, 20, 70, 30], np.uint8)[:, np.newaxis, np.newaxis] * np.ones((1, 2, 3), np.uint8)
    display = PredictedImagesDisplay.from_estimator(Told(), X, ["a", "b", "b", "a", "a"], n_images=2)
    assert display.words == ["b\ntaken for a 80%", "a\ntaken for b 70%"]
    assert display.images[:, 0, 0].tolist() == [20, 70]
    assert display.describe() == "2 images: b taken for a 80%; a taken for b 70%."
    every = PredictedImagesDisplay.from_estimator(Told(), X, ["a", "b", "b", "a", "a"], kind="any", n_images=2)
    assert every.words == ["a\ntaken for b 60%", "b\nis b 95%"]
    with pytest.raises(DataError, match=r"None of the 2 images is predicted wrong: ask for kind='any'"):
        PredictedImagesDisplay.from_estimator(Told(), X[:2], ["b", "b"])
    with pytest.raises(ParameterError, match=r"kind='wrong' is not known; it is \"mistakes\" or \"any\""):
        PredictedImagesDisplay.from_estimator(Told(), X, list("abbaa"), kind="wrong")


@pytest.mark.parametrize("images", [np.zeros((3, 64)), np.zeros((0, 8, 8)), np.zeros((2, 8, 8, 3, 1))])
def test_what_is_no_image(images: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"The images have shape .*; expected \(n, height, width\)"):
        ImageGridDisplay(images, [""] * len(images))
    with pytest.raises(DataError, match=r"There are 2 images and 1 words"):
        ImageGridDisplay(np.zeros((2, 4, 4)), ["a"])
