"""What the filters of a layer find in an image, and the filters themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.engine.layer_walk import layer_records
from strates.engine.score_gradient import layer_outputs
from strates.exceptions import DataError, ParameterError, did_you_mean
from strates.inspection.explained_rows import explained_rows
from strates.inspection.image_layers import choose_image_layer
from strates.inspection.network_inputs import split_pipeline


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """The output of a layer for some images.

    Attributes
    ----------
    layer : str
    maps : ndarray of shape (n_rows, rows, columns, n_channels)
    inputs : ndarray of shape (n_rows, height, width, channels)
        The images as they reached the network.
    predicted : ndarray of shape (n_rows,)
        What the classifier takes them for.
    """

    layer: str
    maps: FloatArray
    inputs: FloatArray
    predicted: FloatArray

    @property
    def strengths(self) -> FloatArray:
        """Mean absolute value of each channel, of shape (n_rows, n_channels)."""
        return np.asarray(np.abs(self.maps).mean(axis=(1, 2)))


@dataclass(frozen=True, eq=False)
class Filters:
    """The filters of a convolution.

    Attributes
    ----------
    layer : str
    kernels : ndarray of shape (n_filters, rows, columns, channels)
        Weights, float64.
    biases : ndarray of shape (n_filters,) or None
    """

    layer: str
    kernels: FloatArray
    biases: FloatArray | None

    @property
    def norms(self) -> FloatArray:
        """Euclidean norm of each filter, of shape (n_filters,)."""
        return np.asarray(np.linalg.norm(self.kernels.reshape(len(self.kernels), -1), axis=1))


def feature_maps(clf: Any, X: Any, layer: str | int = 0) -> FeatureMaps:
    """Return what a layer makes of images: one picture a channel.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        Whose network has a convolution.
    X : array of n_rows images
        In any form that the classifier takes.
    layer : str or int, default=0
        Its name ("network/layer" within a nested network), or its number among those that make feature maps: from 0,
        or negative from the last.

    Returns
    -------
    FeatureMaps

    Raises
    ------
    ParameterError
        There is no such layer.

    See Also
    --------
    filters : What made them.
    strates.displays.FeatureMapsDisplay : The pictures.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier((4, 8), hidden_layer_sizes=(), max_iter=1, learning_rate="cosine", random_state=0)
    >>> feature_maps(clf.fit(X[:300], y[:300]), X[:2], "pool_1").maps.shape
    (2, 4, 4, 4)
    """
    return several_feature_maps(clf, X, [layer])[0]


def several_feature_maps(clf: Any, X: Any, layers: Sequence[str | int]) -> list[FeatureMaps]:
    """Return what several layers make of images, in one pass.

    Parameters
    ----------
    clf, X
        See :func:`feature_maps`.
    layers : sequence of str or int

    Returns
    -------
    list of FeatureMaps
    """
    given = explained_rows(clf, X, None, smooth=False)
    if not given.is_image:
        raise DataError(f"Feature maps are made of images, but rows of shape {given.rows.shape[1:]} reach the network.")
    names = [choose_image_layer(given.network, layer) for layer in layers]
    found = layer_outputs(given.network, given.rows, names)
    return [FeatureMaps(name, maps, given.rows, given.labels) for name, maps in zip(names, found, strict=True)]


def filters(clf: Any, layer: str | int = 0) -> Filters:
    """Return the filters of a convolution.

    Parameters
    ----------
    clf : fitted classifier or pipeline
    layer : str or int, default=0
        Its name, or its number among the convolutions: from 0, or negative from the last.

    Returns
    -------
    Filters

    Raises
    ------
    ParameterError
        There is no such convolution.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier((4, 8), hidden_layer_sizes=(), max_iter=1, learning_rate="cosine", random_state=0)
    >>> filters(clf.fit(X[:300], y[:300]), -1).kernels.shape
    (8, 3, 3, 4)
    """
    last = split_pipeline(clf)[1]
    if not hasattr(last, "network_"):
        raise ParameterError(f"{type(last).__name__} has no network_ with filters. Give a fitted CNNClassifier.")
    records = layer_records(last.network_)[1]
    found = {
        r.name: r.operation for r in records if len(getattr(getattr(r.operation, "kernel", None), "shape", ())) == 4
    }
    names = list(found)
    if not names:
        raise ParameterError("This network has no convolution, so no filters. WeightsDisplay shows dense weights.")
    if isinstance(layer, str) and layer not in found:
        raise ParameterError(f"No convolution is called {layer!r}. {did_you_mean(layer, names)}")
    if not isinstance(layer, str) and not -len(names) <= layer < len(names):
        raise ParameterError(
            f"layer={layer!r} does not exist: the convolutions are numbered 0 to {len(names) - 1} ({', '.join(names)})."
        )
    name = layer if isinstance(layer, str) else names[layer]
    operation = found[name]
    kernel = np.asarray(operation.kernel, dtype=np.float64)
    if type(operation).__name__ == "DepthwiseConv2D":  # a filter for each channel, of that channel alone
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
    bias = None if getattr(operation, "bias", None) is None else np.asarray(operation.bias, dtype=np.float64)
    return Filters(name, np.moveaxis(kernel, -1, 0), bias)
