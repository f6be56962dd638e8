"""The weights of a network, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.exceptions import ParameterError
from strates.inspection.image_shape import input_image_shape
from strates.inspection.network_inputs import split_pipeline
from strates.inspection.outcome import class_names


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """The weights of one layer.

    Attributes
    ----------
    name : str
        The layer's name.
    kernel : ndarray of shape (n_in, n_units)
        Weights, as they are in the network; those of a convolution with a row for each of a filter's entries.
    bias : ndarray of shape (n_units,) or None
    shape : tuple of int
        The kernel's shape in the network.
    unit_names : tuple of str
        "unit 1", ...; of the output layer the classes that its units speak for.
    images : ndarray of shape (n_units, height, width) or (n_units, height, width, n_channels), or None
        Of the first layer on images: the weights that come into each unit, laid out as the image; of a first
        convolution its filters.
    """

    name: str
    kernel: FloatArray
    bias: FloatArray | None
    shape: tuple[int, ...]
    unit_names: tuple[str, ...]
    images: FloatArray | None = None

    @property
    def n_zeros(self) -> int:
        """Number of weights that are exactly zero, biases aside."""
        return int((self.kernel == 0).sum())

    @property
    def share_zero(self) -> float:
        """Share of the weights that are exactly zero, in [0, 1]."""
        return self.n_zeros / max(self.kernel.size, 1)


def layer_weights(clf: Any, *, image_shape: tuple[int, ...] | str | None = "auto") -> tuple[LayerWeights, ...]:
    """Return the weights of each layer of a network.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        With ``network_``, or a pipeline whose last step has one.
    image_shape : "auto", tuple of int or None, default="auto"
        Shape (height, width) or (height, width, n_channels) of an input that is an image laid out as a row. "auto"
        takes a square when the columns have no names, or names of pixels, and are a square number, 64 at least. None:
        the input is no image.

    Returns
    -------
    tuple of LayerWeights
        Dense and convolutional layers, from the input to the output.

    Raises
    ------
    ParameterError
        There is no network, it has no layer with weights, or ``image_shape`` does not fit the input.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import LogisticRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(alpha=0.1).fit(X[:500] / 16, y[:500])
    >>> (outputs,) = layer_weights(clf)
    >>> outputs.kernel.shape, outputs.images.shape
    ((64, 10), (10, 8, 8))
    """
    last = split_pipeline(clf)[1]
    if not hasattr(last, "network_"):
        raise ParameterError(
            f"{type(last).__name__} has no network_ whose weights could be shown. Give a fitted classifier of strates, "
            "such as MLPClassifier, or a pipeline that ends in one."
        )
    found: list[LayerWeights] = []
    layers = last.network_.layers
    for layer in layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is None or len(kernel.shape) < 2:
            continue
        values = np.asarray(kernel, dtype=np.float64)
        bias = None if getattr(layer, "bias", None) is None else np.asarray(layer.bias, dtype=np.float64)
        images = None
        if not found:
            images = _filters(values) if values.ndim == 4 else _images(clf, values, image_shape)
        ends = all(getattr(other, "kernel", None) is None for other in layers[layers.index(layer) + 1 :])
        names = _unit_names(last, values.shape[-1], ends=ends)
        found.append(LayerWeights(layer.name, values.reshape(-1, values.shape[-1]), bias, values.shape, names, images))
    if not found:
        raise ParameterError(
            f"The network {last.network_.name!r} has no dense or convolutional layer among its own layers: "
            f"{', '.join(layer.name for layer in last.network_.layers) or 'it has none'}."
        )
    return tuple(found)


def _unit_names(clf: Any, n_units: int, *, ends: bool) -> tuple[str, ...]:
    classes = getattr(clf, "classes_", None)
    if ends and classes is not None and not isinstance(classes, list):
        names = class_names(classes)
        if len(names) == n_units or (len(names), n_units) == (2, 1):
            return names[-n_units:]
    return tuple(f"unit {i}" for i in range(1, n_units + 1))


def _filters(kernel: FloatArray) -> FloatArray | None:
    """Return a convolution's filters as images, where they have 1 or 3 channels."""
    images: FloatArray = np.moveaxis(kernel, -1, 0)
    if images.shape[-1] == 1:
        return images[..., 0]
    return images if images.shape[-1] == 3 else None


def _images(clf: Any, kernel: FloatArray, image_shape: tuple[int, ...] | str | None) -> FloatArray | None:
    shape = input_image_shape(clf, kernel.shape[0], image_shape)
    return None if shape is None else kernel.T.reshape(-1, *shape)
