"""Networks of keras.applications against Keras itself."""

from __future__ import annotations

import importlib
import socket

import keras
import numpy as np
import pytest

from strates.engine.applications import SILENCE, applications, find_application, load_weights, preprocess
from strates.engine.storage import network_from_bytes, network_to_bytes
from strates.exceptions import ParameterError

MODULES = {
    "ConvNeXtTiny": "convnext",
    "DenseNet121": "densenet",
    "EfficientNetB0": "efficientnet",
    "EfficientNetV2S": "efficientnet_v2",
    "InceptionResNetV2": "inception_resnet_v2",
    "InceptionV3": "inception_v3",
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3Small": "mobilenet_v3",
    "NASNetMobile": "nasnet",
    "ResNet50": "resnet",
    "ResNet50V2": "resnet_v2",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "Xception": "xception",
}


def small_network(units=3):
    with_names = [keras.Input((4,)), keras.layers.Dense(units, name="a"), keras.layers.Dense(2, name="b")]
    return keras.Sequential(with_names)


def test_all_networks_of_keras_are_known():
    there = [name for name in dir(keras.applications) if name[0].isupper()]
    assert sorted(applications()) == sorted(there)


@pytest.mark.parametrize("name", MODULES)
def test_preprocessing_is_that_of_keras(name):
    module = importlib.import_module(f"keras.applications.{MODULES[name]}")
    images = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.float32)
    inputs = keras.Input((5, 4, 3))
    network = keras.Model(inputs, preprocess(inputs, find_application(name).preprocessing))
    found = network(images).numpy()
    np.testing.assert_allclose(found, module.preprocess_input(images.copy()), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("preprocessing", ["tf", "torch", "caffe"])
def test_preprocessing_is_kept_in_a_file(preprocessing):
    inputs = keras.Input((2, 2, 3))
    network = keras.Model(inputs, preprocess(inputs, preprocessing))
    images = np.random.default_rng(0).integers(0, 256, (3, 2, 2, 3)).astype(np.float32)
    again = network_from_bytes(network_to_bytes(network))
    np.testing.assert_array_equal(again(images), network(images))


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith("NASNet")])
def test_smaller_images_keras_refuses(name):
    side = find_application(name).smallest - 1
    with pytest.raises(ValueError, match=f"at least {side + 1}x{side + 1}"):
        getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(side, side, 3))


def test_an_unknown_name():
    with pytest.raises(ParameterError, match=r"backbone='MobilNetV2'.*Did you mean 'MobileNetV2'.*keras.Model"):
        find_application("MobilNetV2")


def test_weights_that_cannot_be_downloaded(monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", "/shared/keras")
    seen = []

    def offline(**_):
        seen.append(socket.getdefaulttimeout())
        print("Downloading data")  # noqa: T201  (as Keras does)
        raise OSError("URL fetch failure on https://example.org/models/vgg16_notop.h5: None --\n [Errno -2] unknown")

    monkeypatch.setattr(keras.applications, "VGG16", offline)
    place = (
        r"that file where there is a network, and put it here as /shared/keras/models/vgg16_notop\.h5, or give another"
    )
    with pytest.raises(
        ParameterError, match=rf"weights of VGG16 could not be downloaded \(URL .*\)\. Download {place}"
    ):
        find_application("VGG16").build((32, 32, 3), "imagenet")
    assert capsys.readouterr().out == ""  # which is for answers
    assert (seen, socket.getdefaulttimeout()) == ([SILENCE], None)
    monkeypatch.setattr(keras.applications, "VGG16", lambda **_: 1 / 0)
    with pytest.raises(ParameterError, match="Download them where there is a network, and put them here in /shared"):
        find_application("VGG16").build((32, 32, 3), "imagenet")


def test_files_of_weights(tmp_path):
    given = small_network()
    given.save_weights(tmp_path / "given.weights.h5")
    loaded = load_weights(small_network(), tmp_path / "given.weights.h5", "Small")
    for mine, theirs in zip(loaded.get_weights(), given.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    with pytest.raises(
        ParameterError,
        match=r"does not hold the weights of Small.*4 arrays, 30 numbers: A total of 2 objects.*another file",
    ):
        load_weights(small_network(4), tmp_path / "given.weights.h5", "Small")
    with pytest.raises(ParameterError, match=r"no such file. Give a .weights.h5"):
        load_weights(given, tmp_path / "absent.weights.h5", "Small")
    (tmp_path / "given.txt").write_text("weights")
    with pytest.raises(ParameterError, match="no file of weights by its name"):
        load_weights(given, tmp_path / "given.txt", "Small")
    (tmp_path / "broken.weights.h5").write_bytes(b"no weights")
    with pytest.raises(ParameterError, match="does not hold the weights of Small"):
        load_weights(given, tmp_path / "broken.weights.h5", "Small")
