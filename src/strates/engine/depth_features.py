"""What a network makes of rows on the way to its features, in about as many numbers everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.engine.backbone import PREFIX, Backbone
from strates.engine.backend import keras
from strates.engine.feature_store import rows_a_pass

#: What the rows themselves are called.
INPUT = "input"


@dataclass(frozen=True)
class Depth:
    """A place between the rows and the features.

    Attributes
    ----------
    layer : str
        Its name in the backbone; "input" for the rows themselves.
    n_kernels : int
        Convolutions and dense layers from the rows to here.
    """

    layer: str
    n_kernels: int

    @property
    def name(self) -> str:
        """What the layer is called in the network that the backbone was made of."""
        return self.layer.removeprefix(PREFIX)


def choose_depths(backbone: Backbone, most: int) -> list[Depth]:
    """Choose places from the input to the features, spread evenly over the layers that have a kernel.

    Parameters
    ----------
    backbone : Backbone
    most : int
        How many, at most, the input and the features among them.

    Returns
    -------
    list of Depth
        Each stands after what follows its last kernel: normalisation, activation, pooling.
    """
    last: dict[int, str] = {}
    n_kernels = 0
    for cut in backbone.cuts:
        n_kernels += cut.n_kernels
        last[n_kernels] = cut.layer
    last[n_kernels] = backbone.features
    last.pop(0, None)  # what only prepares the rows
    counts = sorted(last)
    places = np.unique(np.linspace(0, len(counts) - 1, min(most - 1, len(counts))).round().astype(int))
    return [Depth(INPUT, 0), *(Depth(last[counts[place]], counts[place]) for place in places)]


def depth_features(
    backbone: Backbone, X: AnyArray, depths: Sequence[Depth], *, most_numbers: int = 1024
) -> list[FloatArray]:
    """Return what rows are at several depths, by one pass of each row through the network.

    Parameters
    ----------
    backbone : Backbone
    X : ndarray of shape (n_rows, ...)
    depths : sequence of Depth
    most_numbers : int, default=1024
        Numbers of a row at one depth, about: maps are averaged over the cells of a grid that is as fine as this allows.
        One number a channel is the least.

    Returns
    -------
    list of ndarray of shape (n_rows, n_numbers)
        One for each depth.
    """
    model = backbone.model
    tensors = [model.inputs[0] if one.layer == INPUT else model.get_layer(one.layer).output for one in depths]
    network = keras.Model(model.inputs[0], [pooled(tensor, most_numbers) for tensor in tensors])
    size = rows_a_pass(X.shape[1:])
    parts: list[list[FloatArray]] = []
    for first in range(0, len(X), size):
        rows = X[first : first + size].astype(np.float32)
        missing = size - len(rows)
        padded = np.concatenate([rows, np.repeat(rows[:1], missing, axis=0)]) if missing else rows
        outputs = network.predict_on_batch(padded)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        parts.append([np.asarray(one)[: len(rows)] for one in outputs])
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


def pooled(tensor: Any, most_numbers: int) -> Any:
    """Average maps over the cells of a grid, then lay them flat.

    Examples
    --------
    >>> pooled(keras.Input((56, 56, 24)), 1024).shape, pooled(keras.Input((7,)), 4).shape
    ((None, 864), (None, 7))
    """
    places, channels = tensor.shape[1:-1], int(tensor.shape[-1])
    if not places:
        return tensor
    cells = max(1, int((most_numbers / channels) ** (1 / len(places)) + 1e-9))
    steps = tuple(math.ceil(int(side) / cells) for side in places)
    if max(steps) > 1:
        pooling = {1: keras.layers.AveragePooling1D, 2: keras.layers.AveragePooling2D, 3: keras.layers.AveragePooling3D}
        tensor = pooling[len(places)](steps, padding="same")(tensor)
    return keras.layers.Flatten()(tensor)
