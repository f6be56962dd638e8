"""Images in every form, through a network that is Keras's own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

import strates
from strates import CNNClassifier, MLPClassifier
from strates.backprop import gradient_check, rebuild
from strates.engine.program import count_traces
from strates.exceptions import DataError, ParameterError, StratesWarning

X, Y = load_digits(return_X_y=True)
IMAGES = X.reshape(-1, 8, 8)
QUICK = {"learning_rate": "one_cycle", "learning_rate_init": 0.02, "max_iter": 8, "batch_size": 64, "random_state": 0}


@pytest.fixture(scope="module")
def clf():
    return CNNClassifier((6, 8), hidden_layer_sizes=(16,), **QUICK).fit(IMAGES[:1000], Y[:1000])


def test_it_learns_what_images_show(clf):
    assert clf.score(IMAGES[1000:], Y[1000:]) > 0.8
    assert (clf.image_shape_, clf.n_features_in_, clf.scale_) == ((8, 8, 1), 64, 1 / 16)


def test_the_forms_of_images_are_one(clf):
    p = clf.predict_proba(IMAGES[:20])
    np.testing.assert_array_equal(clf.predict_proba(IMAGES[:20, :, :, None]), p)
    np.testing.assert_array_equal(clf.predict_proba(X[:20]), p)
    flat = clone(clf).fit(X[:1000], Y[:1000])
    np.testing.assert_array_equal(flat.predict_proba(X[:20]), p)


def test_bytes_are_scaled_in_the_network():
    as_bytes = (IMAGES * 15).astype(np.uint8)  # 0 to 240
    one = CNNClassifier((4,), hidden_layer_sizes=(), **QUICK).fit(as_bytes[:300], Y[:300])
    assert one.network_.get_layer("rescaling").scale == 1 / 255
    other = CNNClassifier((4,), hidden_layer_sizes=(), scale=1.0, **QUICK).fit(as_bytes[:300] / 255.0, Y[:300])
    np.testing.assert_allclose(one.predict_proba(as_bytes[:9]), other.predict_proba(as_bytes[:9] / 255.0), atol=1e-4)
    np.testing.assert_allclose(one.network_(as_bytes[:9, :, :, None]), one.predict_proba(as_bytes[:9]), atol=1e-6)


def test_colour():
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 3, 90)
    images = rng.integers(0, 80, (90, 5, 7, 3), dtype=np.uint8)
    images[np.arange(90), :, :, colours] += 120
    clf = CNNClassifier((4,), hidden_layer_sizes=(), flatten=False, **{**QUICK, "max_iter": 60}).fit(images, colours)
    assert clf.score(images, colours) == 1
    assert clf.image_shape_ == (5, 7, 3)
    flat = CNNClassifier((4,), image_shape=(5, 7, 3), **QUICK).fit(images.reshape(90, -1), colours)
    assert flat.image_shape_ == (5, 7, 3)


def test_the_network_is_the_one_described(clf):
    kinds = [type(layer).__name__ for layer in clf.network_.layers]
    block = ["Conv2D", "MaxPooling2D"]
    assert kinds == ["InputLayer", "Rescaling", *block, *block, "Flatten", "Dense", "Dense"]
    n = (3 * 3 * 1 + 1) * 6 + (3 * 3 * 6 + 1) * 8 + (2 * 2 * 8 + 1) * 16 + (16 + 1) * 10
    assert clf.network_.count_params() == n


@pytest.mark.parametrize(
    "choices",
    [
        {"batch_norm": True, "dropout": 0.3},
        {"pool_size": 1, "kernel_size": (2, 3), "activation": "tanh"},
        {"padding": "valid", "flatten": False, "alpha": 1e-3, "l1_ratio": 0.5},
        {"augmentation": ("flip", keras.layers.RandomTranslation(0.1, 0.1)), "max_norm": 2.0, "label_smoothing": 0.1},
    ],
    ids=lambda choices: next(iter(choices)),
)
def test_three_witnesses_of_the_gradient(choices):
    clf = CNNClassifier((3,), hidden_layer_sizes=(6,), **{**QUICK, "max_iter": 1}, **choices).fit(X[:200], Y[:200])
    check = gradient_check(clf, X[:12] + 0.01, Y[:12], entries=12)
    assert check.verdict in ("good", "fine")
    assert check.tensorflow_error < 1e-7


def test_the_blackboard_predicts_the_same(clf):
    network = rebuild(clf)
    scores = network.forward(IMAGES[:10, :, :, None], Y[:10]).scores
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(clf.predict_proba(IMAGES[:10]), p, atol=1e-6)


def test_layers_of_transform(clf):
    assert clf.transform(X[:3]).shape == (3, 16)
    assert clf.transform(X[:3], layer="pool_1").shape == (3, 4, 4, 6)
    assert clf.transform(X[:3], layer=0).shape == (3, 4, 4, 6)


def test_augmentation_acts_in_training_alone():
    plain = CNNClassifier((4,), hidden_layer_sizes=(), **QUICK).fit(X[:300], Y[:300])
    moved = CNNClassifier((4,), hidden_layer_sizes=(), augmentation="translation", **QUICK).fit(X[:300], Y[:300])
    again = clone(moved).fit(X[:300], Y[:300])
    assert not np.allclose(plain.predict_proba(X), moved.predict_proba(X))
    np.testing.assert_array_equal(moved.predict_proba(X), moved.predict_proba(X))
    np.testing.assert_array_equal(again.predict_proba(X[:50]), moved.predict_proba(X[:50]))


def test_fits_share_one_trace():
    CNNClassifier((5,), dropout=0.2, **QUICK).fit(X[:200], Y[:200])
    before = count_traces()
    for seed, rate in ((1, 0.3), (2, 0.4)):
        CNNClassifier((5,), dropout=rate, **{**QUICK, "random_state": seed}).fit(X[:150], Y[:150])
    assert count_traces() == before


def test_a_model_file_keeps_it_whole(tmp_path):
    augmentation = ("flip", keras.layers.RandomRotation(0.1))
    clf = CNNClassifier((4,), augmentation=augmentation, **{**QUICK, "max_iter": 1}).fit(IMAGES[:100], Y[:100])
    loaded = strates.load(strates.save(clf, tmp_path / "digits.strates"))
    np.testing.assert_array_equal(loaded.predict_proba(IMAGES[:9]), clf.predict_proba(IMAGES[:9]))
    assert type(loaded.augmentation[1]).__name__ == "RandomRotation"
    assert loaded.fit(IMAGES[:100], Y[:100]).image_shape_ == (8, 8, 1)


def test_convolutions_need_fewer_weights_than_dense_layers():
    cnn = CNNClassifier((8, 16), hidden_layer_sizes=(), **QUICK).fit(X[:100], Y[:100])
    mlp = MLPClassifier((100,), **{k: v for k, v in QUICK.items() if k != "batch_size"}).fit(X[:100], Y[:100])
    assert cnn.network_.count_params() < mlp.network_.count_params()


class TestRefusals:
    def test_images_of_another_shape(self, clf):
        with pytest.raises(DataError, match=r"X has shape \(2, 9, 8\).*images of 8 x 8 pixels with 1 channel"):
            clf.predict(np.zeros((2, 9, 8)))
        with pytest.raises(ValueError, match="X has 63 features, but CNNClassifier is expecting 64"):
            clf.predict(np.zeros((2, 63)))

    def test_a_shape_that_the_rows_do_not_have(self):
        with pytest.raises(DataError, match=r"X has shape \(9, 64\).*9 x 7 pixels.*flat rows of 63 numbers"):
            CNNClassifier(image_shape=(9, 7)).fit(X[:9], Y[:9])

    def test_images_too_small(self):
        with pytest.raises(DataError, match=r'8 x 8 pixels, but 3 blocks with padding="valid" need at least 22 x 22'):
            CNNClassifier((2, 2, 2), padding="valid").fit(X[:50], Y[:50])

    def test_five_dimensions(self):
        with pytest.raises(DataError, match=r"X has shape \(4, 2, 2, 2, 2\); expected images"):
            CNNClassifier().fit(np.zeros((4, 2, 2, 2, 2)), [0, 1, 0, 1])

    @pytest.mark.parametrize(
        ("choice", "message"),
        [
            ({"filters": ()}, r"filters=\(\) cannot be used.*MLPClassifier"),
            ({"filters": (3, -1)}, r"filters=\(3, -1\)"),
            ({"kernel_size": 0}, "kernel_size=0 cannot be used: it is a positive integer, or two"),
            ({"pool_size": (2, 2, 2)}, r"pool_size=\(2, 2, 2\)"),
            ({"padding": "smae"}, "padding='smae' is not known.*same"),
            ({"image_shape": (8,)}, r"image_shape=\(8,\) cannot be used: it is \(height, width\)"),
            ({"scale": 0}, "scale=0 cannot be used"),
            ({"augmentation": "filp"}, "augmentation='filp' cannot be used.*flip"),
            ({"augmentation": 3}, "augmentation=3 cannot be used"),
            ({"scale": None}, "scale=None cannot be used: it is a positive number"),
            ({"solver": "lbfgs", "augmentation": "flip"}, "no augmentation"),
        ],
    )
    def test_parameters(self, choice, message):
        with pytest.raises(ParameterError, match=message):
            CNNClassifier(**choice).fit(X[:50], Y[:50])


def test_bytes_after_floats_and_floats_after_bytes():
    """Each trains in the same process: what was compiled for the one does not stand in the other's way."""
    as_bytes = (IMAGES[:200] * 15).astype(np.uint8)  # largest 240: both are scaled by 1/255
    build = CNNClassifier((3,), hidden_layer_sizes=(), **{**QUICK, "max_iter": 2})
    watched = {"validation_data": (as_bytes[:50], Y[:50])}
    one = clone(build).fit(as_bytes, Y[:200], **watched)
    other = clone(build).fit(as_bytes.astype(float), Y[:200], validation_data=(as_bytes[:50].astype(float), Y[:50]))
    np.testing.assert_allclose(one.predict_proba(as_bytes), other.predict_proba(as_bytes), atol=1e-6)
    assert one.validation_scores_ == other.validation_scores_
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-5)


class TestMistakesThatAreMeant:
    """What everyone does once with images, and what the message says about it."""

    def test_fractions_for_a_network_of_bytes(self, clf):
        with pytest.warns(
            StratesWarning, match=r"fractions up to 1, but .* learned from pixels up to 16.*Multiply X by 16"
        ):
            clf.predict(IMAGES[:5] / 16)

    def test_bytes_for_a_network_of_fractions(self):
        one = CNNClassifier((2,), hidden_layer_sizes=(), **{**QUICK, "max_iter": 1}).fit(IMAGES[:99] / 16, Y[:99])
        one.predict(IMAGES[:5] / 16)  # without a word: warnings are errors here
        with pytest.warns(StratesWarning, match=r"bytes, up to \d+, but .* no scaling.*Divide X by 255"):
            one.predict((IMAGES[:5] * 15).astype(np.uint8))

    def test_a_scale_of_ones_own_is_not_judged(self):
        one = CNNClassifier((2,), hidden_layer_sizes=(), scale=1 / 16, **{**QUICK, "max_iter": 1})
        one.fit(IMAGES[:99], Y[:99]).predict(IMAGES[:5] / 16)

    def test_one_image(self, clf):
        with pytest.raises(DataError, match=r"X has shape \(8, 8\).*One image goes in as X\[np.newaxis\]"):
            clf.predict(IMAGES[0])
        with pytest.raises(DataError, match=r"X has shape \(8, 8, 1\).*One image goes in as X\[np.newaxis\]"):
            clf.predict(IMAGES[0, :, :, None])
        assert clf.predict(IMAGES[0][np.newaxis]).shape == (1,)

    def test_channels_first(self):
        rgb = np.random.default_rng(0).random((30, 8, 9, 3))
        quick = CNNClassifier((2,), hidden_layer_sizes=(), **{**QUICK, "max_iter": 1})
        with pytest.warns(StratesWarning, match=r"3 x 8 pixels with 9 channels.*transpose\(0, 2, 3, 1\)"):
            clone(quick).fit(rgb.transpose(0, 3, 1, 2), np.arange(30) % 2)
        clone(quick).set_params(image_shape=(3, 8, 9)).fit(rgb.transpose(0, 3, 1, 2), np.arange(30) % 2)
        with pytest.raises(DataError, match=r"Channels go last: X.transpose\(0, 2, 3, 1\)"):
            clone(quick).fit(rgb, np.arange(30) % 2).predict(rgb.transpose(0, 3, 1, 2))

    def test_images_of_several_sizes(self):
        with pytest.raises(DataError, match=r"several shapes, \(8, 8\) and \(4, 8\) among them"):
            CNNClassifier().fit([IMAGES[0], IMAGES[1][:4]], [0, 1])


def test_a_line_of_pixels_takes_windows_of_a_line():
    """An image of one row fits windows of one row, whatever they need across."""
    lines = np.random.default_rng(0).random((20, 1, 10))
    quick = CNNClassifier((2, 2), kernel_size=(1, 3), pool_size=(1, 2), padding="valid", **{**QUICK, "max_iter": 1})
    assert quick.fit(lines, np.arange(20) % 2).network_.get_layer("pool_2").output.shape[1:] == (1, 1, 2)
    with pytest.raises(DataError, match=r"1 x 9 pixels, but 2 blocks .* need at least 1 x 10"):
        quick.fit(lines[:, :, :9], np.arange(20) % 2)


def test_the_smallest_image_is_the_smallest():
    """At the size that the message names, a network can be built; a pixel less, and it cannot."""
    build = CNNClassifier((2, 2), kernel_size=3, padding="valid", **{**QUICK, "max_iter": 1})
    build.fit(np.random.default_rng(0).random((20, 10, 10)), np.arange(20) % 2)
    with pytest.raises(DataError, match="at least 10 x 10"):
        build.fit(np.zeros((20, 9, 9)), np.arange(20) % 2)
