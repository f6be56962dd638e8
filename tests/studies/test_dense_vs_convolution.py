"""Dense and convolutional networks on the same images: counts by formula, shifts by SciPy, and the lesson itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import shift as moved
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier

from strates import MLPClassifier
from strates.exceptions import DataError, ParameterError
from strates.studies import dense_vs_convolution, paired_differences, paired_split
from strates.studies.dense_vs_convolution import shifted_images

X, Y = load_digits(return_X_y=True)
PARTS: dict[str, Any] = {"train_size": 400, "test_size": 300}


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return dense_vs_convolution(X, Y, shift=1, seeds=range(3), **PARTS)


def test_fewer_parameters_lose_less_by_a_shift(frame: pd.DataFrame) -> None:
    counts = frame.groupby("network")["n_parameters"].unique().map(list).to_dict()
    dense = 64 * 128 + 128 + 128 * 10 + 10
    convolution = (9 * 1 + 1) * 16 + (9 * 16 + 1) * 32 + (2 * 2 * 32 + 1) * 10
    assert counts == {"dense": [dense], "convolution": [convolution]}
    lost = paired_differences(frame, {"network": "dense"}, "accuracy_lost")
    assert lost["high"].item() < 0  # less is lost, by more than the seeds vary
    assert (frame["test_accuracy"] > 0.85).all()
    np.testing.assert_allclose(frame["accuracy_lost"], frame["test_accuracy"] - frame["shifted_accuracy"])


def test_shifts_by_hand(frame: pd.DataFrame) -> None:
    clf = MLPClassifier(
        (128,), batch_size=64, learning_rate="one_cycle", learning_rate_init=0.005, max_iter=10, random_state=1
    )
    train, test = paired_split(Y, 1, **PARTS)
    clf.fit((X[train] / 16).astype("float32"), Y[train])
    accuracies = []
    for down, across in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        images = moved((X[test] / 16).reshape(-1, 8, 8), (0, down, across), order=0, cval=0.0)
        accuracies.append((clf.predict(images.reshape(-1, 64)) == Y[test]).mean())
    row = frame[(frame["network"] == "dense") & (frame["seed"] == 1)]
    assert row["shifted_accuracy"].item() == pytest.approx(np.mean(accuracies))


def test_every_direction() -> None:
    images = np.random.default_rng(0).uniform(size=(2, 6, 5, 3))
    expected = [(-2, 0), (2, 0), (0, -2), (0, 2)]
    for found, (down, across) in zip(shifted_images(images, 2, fill=0.7), expected, strict=True):
        np.testing.assert_allclose(found, moved(images, (0, down, across, 0), order=0, cval=0.7))


def test_images_of_any_form_and_estimators_of_ones_own() -> None:
    images = np.random.default_rng(0).integers(0, 255, (40, 5, 6, 3), dtype=np.uint8)
    seen: list[Any] = []

    class Guess(DummyClassifier):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Any:
            seen.append(X)
            return super().fit(X, y)

    found = dense_vs_convolution(images, np.arange(40) % 2, estimators={"guess": Guess()}, seeds=[0])
    assert found["network"].tolist() == ["guess"]
    assert found["n_parameters"].isna().all()
    assert seen[0].shape == (30, 90)
    assert 0 <= seen[0].min() < 0.1 < 0.9 < seen[0].max() <= 1


def test_refusals() -> None:
    with pytest.raises(
        ParameterError, match=r"shift=8 cannot be used: it is a number of pixels from 1 to 7, less than"
    ):
        dense_vs_convolution(X, Y, shift=8)
    with pytest.raises(ParameterError, match="estimators is empty; give one classifier at least, by name"):
        dense_vs_convolution(X, Y, estimators={})
    with pytest.raises(DataError, match=r"X has shape \(2, 2, 2, 2, 2\); expected images"):
        dense_vs_convolution(np.zeros((2, 2, 2, 2, 2)), [0, 1])
    with pytest.raises(DataError, match="but the network takes images of 4 x 4 pixels"):
        dense_vs_convolution(X, Y, image_shape=(4, 4))
