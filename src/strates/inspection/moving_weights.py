"""The weights of a network through training."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.inspection.layer_weights import layer_weights


@dataclass(frozen=True, eq=False, kw_only=True)
class MovingWeights:
    """Weights frame by frame.

    Attributes
    ----------
    names : tuple of str
        The n_layers layers with weights, from the input to the output.
    first : ndarray of shape (n_frames, n_in, n_units), float32
        The first layer's weights; those of a convolution with a row for each of a filter's entries.
    norms : ndarray of shape (n_frames, n_layers)
        Euclidean norm of each layer's weights, biases aside.
    input_names, unit_names : tuple of str
        Of the rows and columns of ``first``; empty where they have no names of their own.
    moved : ndarray of shape (n_frames, n_layers)
        How far they are from where they began, as a share of their norm then (of 1, where they began at 0).
    """

    names: tuple[str, ...]
    first: FloatArray
    norms: FloatArray
    moved: FloatArray
    input_names: tuple[str, ...] = ()
    unit_names: tuple[str, ...] = ()


def moving_weights(estimators: Sequence[Any], input_names: Sequence[str] = ()) -> MovingWeights:
    """Take down the weights of each frame.

    Parameters
    ----------
    estimators : sequence of fitted classifiers
        One a frame, of one architecture.
    input_names : sequence of str, default=()
        What reaches the network.

    Returns
    -------
    MovingWeights

    Examples
    --------
    >>> from strates import MLPClassifier, Recorder
    >>> from strates.datasets import moons
    >>> clf = MLPClassifier((4,), learning_rate="cosine", max_iter=30, random_state=0)
    >>> clf = clf.set_callbacks(Recorder(frames=5)).fit(*moons(100))
    >>> found = moving_weights([frame.estimator for frame in clf.recording_])
    >>> found.names, found.first.shape, found.norms.shape
    (('hidden_1', 'outputs'), (6, 2, 4), (6, 2))
    """
    began = layer_weights(copy.copy(estimators[0]), image_shape=None)
    first, norms, distances = [], [], []
    for est in estimators:
        layers = layer_weights(copy.copy(est), image_shape=None)  # a copy: the frames are not to keep 60 Keras models
        first.append(layers[0].kernel.astype(np.float32))
        norms.append([np.linalg.norm(layer.kernel) for layer in layers])
        distances.append([np.linalg.norm(a.kernel - b.kernel) for a, b in zip(layers, began, strict=True)])
    lengths = np.array(norms)
    is_named = began[0].shape == (len(input_names), began[0].kernel.shape[1])  # not a convolution
    return MovingWeights(
        names=tuple(layer.name for layer in began),
        first=np.stack(first),
        norms=lengths,
        moved=np.array(distances) / np.where(lengths[0] > 0, lengths[0], 1.0),
        input_names=tuple(input_names) if is_named else (),
        unit_names=began[0].unit_names if len(began) == 1 else (),
    )
