"""A classifier of images as a network that slides over larger ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from strates.backprop.keras_chain import keras_chain
from strates.engine.fully_convolutional import build_fully_convolutional, padded_layers
from strates.exceptions import ParameterError

if TYPE_CHECKING:
    import keras


def to_fully_convolutional(
    clf: Any, *, image_shape: tuple[int, ...] | None = None, approximate: bool = False
) -> keras.Model:
    """Return a network of convolutions alone that gives, for a larger image, a map of answers.

    A dense layer on an image of h x w places is a convolution whose window is h x w; one on a row is a convolution of
    1 x 1. The network that results answers for all crops of an image at once, what crops share being computed once:
    ``model(image)[0, i, j]`` is what the classifier says of the crop that begins at pixel (i * stride, j * stride),
    stride being the product of all strides on the way.

    That is exact where no layer pads its images (``padding="valid"``). With ``padding="same"`` a crop has zeros around
    it, where the larger image has the crop's surroundings: near the borders of a crop the two see different things, and
    answers differ. How much is the data's doing: of digits of MNIST in a row, crops that hold one whole digit get the
    same probabilities to 1e-4, for it has black around it; over all crops, most of which cut digits, the largest
    difference of a crop's probabilities is 0.06 on average, and 95 % get the same class. On images of the classifier's
    own size the two are the same in any case.

    Parameters
    ----------
    clf : fitted classifier
        Whose network is a chain: convolutions, pooling, normalisation, activations, flattening or global pooling, dense
        layers.
    image_shape : tuple (height, width) or (height, width, channels), optional
        Of a network that takes rows of pixels, as an ``MLPClassifier`` does.
    approximate : bool, default=False
        Accept a network that pads, and answers that differ from those for crops.

    Returns
    -------
    keras.Model
        Images of shape (n, height, width, channels), in the units that the classifier takes, to probabilities of shape
        (n, rows, columns, n_outputs). A binary network has one output, the probability of its second class.

    Raises
    ------
    ParameterError
        The network pads (and ``approximate`` is False), is no chain, or has a layer without a counterpart.

    References
    ----------
    Sermanet et al. (2014), OverFeat, https://arxiv.org/abs/1312.6229. Long, Shelhamer & Darrell (2015), Fully
    convolutional networks for semantic segmentation, CVPR, https://arxiv.org/abs/1411.4038.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from strates import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier((4,), padding="valid", learning_rate="one_cycle", max_iter=2, random_state=0)
    >>> network = to_fully_convolutional(clf.fit(X[:300], y[:300]))
    >>> row = np.hstack([X[0].reshape(8, 8), X[1].reshape(8, 8)])  # two digits side by side: 8 x 16 pixels
    >>> answers = np.asarray(network(row[None, :, :, None]))
    >>> answers.shape
    (1, 1, 5, 10)
    >>> np.allclose(answers[0, 0, [0, 4]], clf.predict_proba(X[:2]), atol=1e-5)
    True
    """
    if not hasattr(clf, "network_"):
        raise ParameterError(
            f"{type(clf).__name__} has no network_ to rebuild. Give a fitted classifier of strates; of a pipeline, its "
            "last step."
        )
    network = clf.network_
    layers = keras_chain(network)
    padded = padded_layers(layers)
    if padded and not approximate:
        raise ParameterError(
            f'{", ".join(padded)} put zeros around their images (padding="same"): a crop of a larger image has its '
            "surroundings there instead, and the answers for it differ near its borders. Fit with "
            'padding="valid", or accept that with approximate=True.'
        )
    shape = tuple(network.input_shape[1:])
    return build_fully_convolutional(layers, shape, _image_shape(clf, shape, image_shape))


def _image_shape(clf: Any, shape: tuple[int, ...], given: tuple[int, ...] | None) -> tuple[int, int, int]:
    """Return the shape of one image that the network takes."""
    if len(shape) == 3:
        if given is not None and (*given, 1)[:3] != shape:
            raise ParameterError(f"image_shape={given!r} is not that of the network, {shape}. Leave it out.")
        wanted: tuple[int, ...] = shape
    elif given is None or len(given) not in (2, 3) or math.prod(given) != math.prod(shape):
        raise ParameterError(
            f"{type(clf).__name__} takes rows of shape {shape}; image_shape={given!r} does not tell which image they "
            f"are. Give (height, width) or (height, width, channels) of {math.prod(shape)} numbers."
        )
    else:
        wanted = (*given, 1)[:3]
    height, width, channels = (int(n) for n in wanted)
    return height, width, channels
