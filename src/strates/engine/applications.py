"""The networks of ``keras.applications``: their names, what they want of pixels, and their trained weights."""

from __future__ import annotations

import os
import re
import socket
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from strates.engine.backend import keras
from strates.exceptions import ParameterError, did_you_mean

#: What a network wants of pixels from 0 to 255. tf: x / 127.5 - 1; torch: x / 255, standardised by channel; caffe: BGR
#: less each channel's mean; none: as they are, because the network has layers of its own for it.
Preprocessing = Literal["tf", "torch", "caffe", "none"]
PREPROCESSINGS: tuple[Preprocessing, ...] = ("tf", "torch", "caffe", "none")

#: Seconds without a byte after which a download is given up.
SILENCE = 30.0
#: Names, what they want of pixels, and the smallest side of an image; the first that matches counts.
_FAMILIES: tuple[tuple[str, Preprocessing, int], ...] = (
    ("ConvNeXt*", "none", 32),
    ("DenseNet*", "torch", 32),
    ("EfficientNet*", "none", 32),
    ("Inception*", "tf", 75),
    ("MobileNetV3*", "none", 32),
    ("MobileNet*", "tf", 32),
    ("NASNet*", "tf", 32),
    ("ResNet*V2", "tf", 32),
    ("ResNet*", "caffe", 32),
    ("VGG*", "caffe", 32),
    ("Xception", "tf", 71),
)
#: Sides of the images that networks were trained on, where that is not 224 pixels.
_USUAL = {
    "InceptionResNetV2": 299,
    "InceptionV3": 299,
    "NASNetLarge": 331,
    "Xception": 299,
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2S": 384,
    "EfficientNetV2M": 480,
    "EfficientNetV2L": 480,
}


@dataclass(frozen=True)
class Application:
    """A network of ``keras.applications``.

    Attributes
    ----------
    name : str
    preprocessing : {"tf", "torch", "caffe", "none"}
    smallest : int
        Smallest height and width of its images, in pixels.
    usual : int
        Those that it was trained on.
    """

    name: str
    preprocessing: Preprocessing
    smallest: int
    usual: int = 224

    def build(self, image_shape: tuple[int, int, int], weights: str | os.PathLike[str] | None) -> keras.Model:
        """Build the network without its own classifier, down to the maps of its last layer.

        Parameters
        ----------
        image_shape : tuple (height, width, channels)
            Three channels, unless ``weights`` is None.
        weights : str, path-like or None
            "imagenet" for those that Keras downloads, a file of them, or None for random ones.

        Raises
        ------
        ParameterError
            The weights cannot be downloaded, or the file's are not this network's.
        """
        make = getattr(keras.applications, self.name)
        if weights is None or weights != "imagenet":
            model = make(include_top=False, weights=None, input_shape=image_shape)
            return model if weights is None else load_weights(model, weights, self.name)
        try:
            # what it says of its progress is not for who reads the answer, and a network that is silent is none
            with warnings.catch_warnings(), redirect_stdout(sys.stderr), _patience(SILENCE):
                # that it takes the weights of another image size: sizes are free
                warnings.filterwarnings("ignore", message=".*input_shape", category=UserWarning)
                return make(include_top=False, weights="imagenet", input_shape=image_shape)
        except Exception as error:
            raise ParameterError(
                f"The ImageNet weights of {self.name} could not be downloaded ({' '.join(str(error).split())}). "
                f'{_by_hand(error)}, or give another file of them: weights="{self.name}.weights.h5".'
            ) from error


def _by_hand(error: Exception) -> str:
    """Say where Keras looks for a file that it could not fetch."""
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")) / "models"
    url = re.search(r"https?://\S+/([^\s/:]+)", str(error))
    what = "them" if url is None else "that file"
    named = "" if url is None else f" as {folder / url[1]}"
    return f"Download {what} where there is a network, and put {'it' if url else 'them'} here{named or f' in {folder}'}"


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Give up on connections that are silent for longer."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def applications() -> Mapping[str, Application]:
    """Return the networks of ``keras.applications`` by name.

    Examples
    --------
    >>> applications()["VGG16"]
    Application(name='VGG16', preprocessing='caffe', smallest=32, usual=224)
    """
    found = {}
    for name in dir(keras.applications):
        for pattern, preprocessing, smallest in _FAMILIES:
            if fnmatchcase(name, pattern):
                found[name] = Application(name, preprocessing, smallest, _USUAL.get(name, 224))
                break
    return found


def find_application(name: str) -> Application:
    """Return the network of ``keras.applications`` that a name means.

    Raises
    ------
    ParameterError
        There is none; the message gives the nearest name.

    Examples
    --------
    >>> find_application("MobileNetV2").preprocessing
    'tf'
    """
    known = applications()
    if name not in known:
        raise ParameterError(
            f"backbone={name!r} is no network of keras.applications. {did_you_mean(name, known)} "
            "A keras.Model, a .keras or .strates file, and a fitted classifier of strates also serve."
        )
    return known[name]


def load_weights(model: keras.Model, path: str | os.PathLike[str], name: str) -> keras.Model:
    """Load a file of weights into a network.

    Raises
    ------
    ParameterError
        There is no such file, or it holds the weights of another network.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise ParameterError(f'weights={str(path)!r}: there is no such file. Give a .weights.h5 file, or "imagenet".')
    if file.suffix not in (".h5", ".keras"):
        raise ParameterError(
            f"weights={str(path)!r} is no file of weights by its name; expected one that ends in .weights.h5."
        )
    try:
        model.load_weights(file)
    except Exception as error:
        raise ParameterError(
            f"weights={str(path)!r} does not hold the weights of {name} without its classifier (include_top=False), "
            f"which has {len(model.weights)} arrays, {model.count_params():,} numbers: {_first_sentence(error)} Name "
            "the network that the file was made for, or give another file."
        ) from error
    return model


def _first_sentence(error: Exception) -> str:
    text = " ".join(str(error).split()).partition(". ")[0] or type(error).__name__
    return text if text.endswith(".") else f"{text}."


#: Mean and standard deviation of ImageNet's red, green and blue, on a scale to 1.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: Means of its blue, green and red, on a scale to 255, as the authors of VGG took them.
_BGR_MEAN = (103.939, 116.779, 123.68)


def preprocess(x: Any, preprocessing: Preprocessing) -> Any:
    """Send pixels from 0 to 255, in RGB, through the layers that give a network what it was trained on.

    Parameters
    ----------
    x : keras tensor of shape (None, height, width, 3)
    preprocessing : {"tf", "torch", "caffe", "none"}

    Returns
    -------
    keras tensor of the same shape

    Examples
    --------
    >>> inputs = keras.Input((1, 1, 3))
    >>> network = keras.Model(inputs, preprocess(inputs, "tf"))
    >>> network(keras.ops.array([[[[0.0, 127.5, 255.0]]]])).numpy().ravel().tolist()
    [-1.0, 0.0, 1.0]
    """
    rescaling = keras.layers.Rescaling
    if preprocessing == "tf":
        return rescaling(1 / 127.5, offset=-1.0, name="preprocessing")(x)
    if preprocessing == "torch":
        scale = [1 / (255 * s) for s in _STD]
        offset = [-m / s for m, s in zip(_MEAN, _STD, strict=True)]
        return rescaling(scale, offset=offset, name="preprocessing")(x)
    if preprocessing == "caffe":
        return rescaling(1.0, offset=[-m for m in _BGR_MEAN], name="preprocessing")(keras.ops.flip(x, axis=-1))
    return x
