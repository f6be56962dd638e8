"""Fitting on images that stay in their files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from strates import CNNClassifier, MLPClassifier
from strates.datasets import ImageFolder, read_image_folder
from strates.estimators import fit_stream
from strates.estimators._stream_rows import ImageRows
from strates.exceptions import DataError, ImageError, ParameterError

SMALL = {
    "hidden_layer_sizes": (),
    "flatten": False,
    "batch_size": 8,
    "max_iter": 3,
    "learning_rate": "one_cycle",
    "random_state": 0,
}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageFolder:
    """Fifty images of noise, dark or light, twice as many dark."""
    folder = tmp_path_factory.mktemp("shades")
    rng = np.random.default_rng(0)
    for i in range(50):
        kind, low = ("light", 100) if i % 3 == 0 else ("dark", 0)
        (folder / kind).mkdir(exist_ok=True)
        noise = rng.integers(low, low + 120, (8, 8), dtype=np.uint8)
        Image.fromarray(noise).save(folder / kind / f"{i:02}.png")
    return read_image_folder(folder)


@pytest.mark.parametrize("class_weight", [None, "balanced", {"dark": 3.0}])
def test_stream_learns_what_the_array_learns(images: ImageFolder, class_weight: object) -> None:
    settings = {**SMALL, "shuffle": False, "class_weight": class_weight}
    streamed = fit_stream(CNNClassifier((4,), **settings), images)
    X, y = images.load()
    whole = CNNClassifier((4,), **settings).fit(X, y)
    np.testing.assert_allclose(streamed.loss_curve_, whole.loss_curve_, rtol=1e-5)
    np.testing.assert_allclose(streamed.predict_proba(X), whole.predict_proba(X), rtol=1e-4)
    assert streamed.scale_ == whole.scale_ == 1 / 255
    assert streamed.image_shape_ == (8, 8, 1)


def test_every_image_comes_once_an_epoch_in_another_order(images: ImageFolder) -> None:
    clf = CNNClassifier((4,), **SMALL).initialized(*images.load())
    rows = ImageRows(clf, images)
    rows._block = 16
    epochs = [[np.concatenate(part) for part in zip(*rows.read(7, epoch), strict=True)] for epoch in (0, 0, 1)]
    X, y = images.load()
    label = {image.tobytes(): name for image, name in zip(X, y, strict=True)}
    for seen, targets, weights in epochs:
        assert sorted(image.tobytes() for image in seen) == sorted(label)
        assert [clf.classes_[int(code)] for code in targets.ravel()] == [label[image.tobytes()] for image in seen]
        assert seen.dtype == np.uint8
        np.testing.assert_array_equal(weights, 1)
    assert (epochs[0][0] == epochs[1][0]).all()
    assert (epochs[0][0] != epochs[2][0]).any()


def test_same_seed_same_network_and_validation(images: ImageFolder, assert_same) -> None:
    X, y = images.load()
    settings = {**SMALL, "early_stopping": True, "max_iter": 30, "learning_rate_init": 0.05}
    one, other = (fit_stream(CNNClassifier((4,), **settings), images, validation_data=(X, y)) for _ in range(2))
    assert_same(one, other)
    assert one.score(X, y) > 0.9
    assert one.best_validation_score_ == pytest.approx(one.score(X, y))


def test_file_that_breaks_later_is_named(images: ImageFolder, tmp_path: Path) -> None:
    for path, label in zip(images.paths, images.labels, strict=True):
        (tmp_path / label).mkdir(exist_ok=True)
        (tmp_path / label / path.name).write_bytes(path.read_bytes())
    copied = read_image_folder(tmp_path)
    (tmp_path / "dark" / "02.png").write_bytes(b"\x89PNG now it is broken")
    with pytest.raises(ImageError, match=r"1 of 50 images .* cannot be read: dark/02\.png \(it is damaged"):
        fit_stream(CNNClassifier((4,), **SMALL), copied)


def test_what_cannot_learn_from_images(images: ImageFolder) -> None:
    with pytest.raises(
        ParameterError, match=r"The pipeline has 2 steps, but images are streamed to a classifier alone"
    ):
        fit_stream(make_pipeline(FunctionTransformer(), CNNClassifier(**SMALL)), images)
    with pytest.raises(ParameterError, match=r"early_stopping=True on a stream needs validation_data"):
        fit_stream(CNNClassifier(early_stopping=True), images)
    with pytest.raises(ParameterError, match=r"solver='lbfgs' needs all rows at once"):
        fit_stream(CNNClassifier(solver="lbfgs"), images)
    with pytest.raises(ValueError, match=r"dim 4"):
        fit_stream(MLPClassifier(), images)
    with pytest.raises(DataError, match=r"y has one class only .*at least two classes"):
        fit_stream(CNNClassifier(**SMALL), images.take(images.labels == "light"))
