"""A trained network without its last layers, as what makes features of raw rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.engine.applications import Preprocessing, preprocess
from strates.engine.backend import keras
from strates.engine.feature_store import STORE
from strates.engine.graft import graft
from strates.engine.keras_architecture import KerasArchitecture
from strates.engine.network_cuts import Cut, layer_groups, network_cuts
from strates.engine.predictor import constants, predictor, refuse_subclass
from strates.exceptions import DataError, ParameterError

#: What the names of a backbone's layers begin with, where they would be those of layers around it.
PREFIX = "backbone_"
#: Names of the layers around a backbone.
_OWN = re.compile(r"(inputs|pixels|resizing|grey_to_rgb|preprocessing|features|outputs|input_noise)$"
                  r"|(augmentation|hidden|dropout|batch_norm|activation)_\d+$")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Backbone:
    """What makes features of rows.

    Attributes
    ----------
    architecture : KerasArchitecture
        Rows to features, with the weights.
    features : str
        The layer whose output the features are.
    groups : tuple of tuple of str
        Its layers, from the input to the features, in the groups that are unfrozen one at a time.
    """

    architecture: KerasArchitecture
    features: str
    groups: tuple[tuple[str, ...], ...]

    @property
    def model(self) -> keras.Model:
        """The network, rows to features."""
        return self.architecture.model

    @property
    def width(self) -> int:
        """How many features there are."""
        return int(self.model.output_shape[-1])

    @cached_property
    def weights(self) -> list[AnyArray]:
        """Its weights, in the order of its model's."""
        return self.architecture.initial_weights(0)

    @cached_property
    def key(self) -> Hashable:
        """Equal for networks that answer alike: those of equal layers and equal weights."""
        digest = hashlib.blake2b(digest_size=16)
        for weight in self.weights:
            digest.update(np.ascontiguousarray(weight).tobytes())
        return (self.architecture.key, digest.digest())

    @cached_property
    def cuts(self) -> list[Cut]:
        """Where it can be cut in two, from the input to the features."""
        return network_cuts(self.model)

    def outputs(self, X: AnyArray, layer: str | None = None) -> FloatArray:
        """Return features, or the outputs of an earlier layer; each row is computed once in the process, and kept.

        Parameters
        ----------
        X : ndarray of shape (n_rows, ...)
        layer : str, optional
        """
        run = predictor(self.architecture, None if layer in (None, self.features) else layer)
        tensors = self._tensors
        return STORE((self.key, layer or self.features), X, lambda rows: run(tensors, rows))

    @cached_property
    def _tensors(self) -> tuple[Any, ...]:
        return constants(self.weights)


def make_backbone(
    source: keras.Model,
    input_shape: tuple[int, ...],
    *,
    layer: str | None = None,
    image_size: tuple[int, int] | None = None,
    scale: float = 1.0,
    preprocessing: Preprocessing = "none",
    name: str = "The backbone",
) -> Backbone:
    """Put a network behind what raw rows need, and cut its last layers off.

    Parameters
    ----------
    source : keras.Model
        It is not changed.
    input_shape : tuple of int
        Of one row.
    layer : str, optional
        The layer to cut after; by default the last one before the classifier, if it ends in one.
    image_size : tuple (height, width), optional
        To resize images to; what goes beyond its proportions is cut off on both sides.
    scale : float, default=1.0
        What pixels are multiplied by first.
    preprocessing : {"tf", "torch", "caffe", "none"}, default="none"
        What comes next.
    name : str
        For messages.

    Returns
    -------
    Backbone

    Raises
    ------
    DataError
        The rows do not fit the network.
    ParameterError
        The network cannot be cut there.
    """
    part = cut_network(source, layer)
    x = inputs = keras.Input(input_shape, name="inputs")
    if image_size is not None:
        x = keras.layers.Resizing(*image_size, crop_to_aspect_ratio=True, antialias=True, name="resizing")(x)
    wanted = tuple(source.input_shape[1:])
    if len(wanted) == 3 and wanted[-1] == 3 and input_shape[-1] == 1:
        x = keras.layers.Concatenate(name="grey_to_rgb")([x, x, x])
    if scale != 1.0:
        x = keras.layers.Rescaling(scale, name="pixels")(x)
    x = preprocess(x, preprocessing)
    clash = any(_OWN.match(one.name) for one in part.layers if not isinstance(one, keras.layers.InputLayer))

    def configure(one: Any, config: dict[str, Any]) -> dict[str, Any]:
        return {**config, "name": f"{PREFIX}{one.name}"} if clash else config

    try:
        x, pairs = graft(part, x, configure=configure)
    except ValueError as error:
        raise _does_not_fit(part, tuple(x.shape[1:]), name) from error
    features = pairs[-1][1].name if len(x.shape) == 2 else "features"
    if len(x.shape) == 4:
        x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    elif len(x.shape) == 3:
        x = keras.layers.GlobalAveragePooling1D(name="features")(x)
    elif len(x.shape) != 2:
        raise ParameterError(
            f"{name} makes outputs of shape {tuple(x.shape)}, which are no features. Cut it elsewhere."
        )
    whole = keras.Model(inputs, x, name="backbone")
    own = {copy.name for _, copy in pairs}
    groups = [tuple(one for one in group if one in own or one == features) for group in layer_groups(whole)]
    architecture = KerasArchitecture(whole, input_shape, keep_weights=True)
    return Backbone(architecture, features, tuple(groups))


def cut_network(source: keras.Model, layer: str | None = None) -> keras.Model:
    """Return a network up to a layer, or up to what its classifier is given.

    Parameters
    ----------
    source : keras.Model
        Sequential or functional, with one input and one output.
    layer : str, optional
        By default, the input of a last dense layer that ends in softmax or sigmoid, dropout left out; all of a
        network that does not end so.

    Raises
    ------
    ParameterError
        There is no such layer, or there is nothing before the classifier.

    Examples
    --------
    >>> layers = keras.layers
    >>> ends = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a"), layers.Dense(2, activation="softmax")])
    >>> cut_network(ends).layers[-1].name
    'a'
    """
    refuse_subclass(source)
    graph = source._functional if isinstance(source, keras.Sequential) else source
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ParameterError(
            f"The backbone has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; expected one of each."
        )
    if layer is not None:
        names = [one.name for one in graph.layers if not isinstance(one, keras.layers.InputLayer)]
        if layer not in names:
            shown = ", ".join(names if len(names) <= 12 else [*names[:3], "...", *names[-8:]])
            raise ParameterError(f"layer={layer!r}: the backbone has no such layer. It has: {shown}.")
        end = graph.get_layer(layer).output
    else:
        end = _before_classifier(graph)
    if end is graph.inputs[0]:
        raise ParameterError(
            "The backbone is a classifier without hidden layers: nothing of it can be transferred. Take a network "
            "with hidden layers."
        )
    return keras.Model(graph.inputs[0], end)


def _before_classifier(graph: keras.Model) -> Any:
    """Return the tensor that a classifier at the end of a network is given; the output where there is none."""
    tensor = graph.outputs[0]
    last = tensor._keras_history.operation
    activation = isinstance(last, keras.layers.Softmax) or _activation(last) in ("softmax", "sigmoid")
    if not activation:
        return tensor
    if not isinstance(last, keras.layers.Dense):
        tensor = _source(tensor)
        if tensor is None or not isinstance(tensor._keras_history.operation, keras.layers.Dense):
            return graph.outputs[0]
    tensor = _source(tensor)
    while isinstance(tensor._keras_history.operation, keras.layers.Dropout):
        tensor = _source(tensor)
    return tensor


def _activation(layer: Any) -> str | None:
    return getattr(getattr(layer, "activation", None), "__name__", None)


def _source(tensor: Any) -> Any:
    """Return what the layer that made a tensor was given."""
    history = tensor._keras_history
    given = history.operation._inbound_nodes[history.node_index].input_tensors
    return given[0] if len(given) == 1 else None


def _does_not_fit(part: keras.Model, shape: tuple[int, ...], name: str) -> DataError:
    """Say why rows of a shape do not fit a network."""
    wanted = tuple(part.input_shape[1:])
    if len(wanted) != 3 or len(shape) != 3:
        return DataError(f"{name} takes rows of shape {wanted}, but X has rows of shape {shape}.")
    if wanted[-1] is not None and wanted[-1] != shape[-1]:
        return DataError(
            f"{name} takes images with {_channels(wanted[-1])}, but X has images with {_channels(shape[-1])}. "
            "Convert them, or take another backbone."
        )
    here = f"{shape[0]} x {shape[1]} pixels"
    if None not in wanted:
        return DataError(
            f"{name} takes images of {wanted[0]} x {wanted[1]} pixels, but X has images of {here}. With "
            f"image_size=({wanted[0]}, {wanted[1]}) the network resizes them itself."
        )
    side = smallest_side(part, shape[-1])
    return DataError(
        f"{name} needs images of at least {side} x {side} pixels, but X has images of {here}. With image_size={side} "
        "or more the network enlarges them itself."
    )


def smallest_side(model: keras.Model, channels: int, most: int = 1024) -> int:
    """Return the smallest side of a square image that goes through a network of free image size.

    Examples
    --------
    >>> smallest_side(keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(2, 5)]), 1)
    5
    """
    low, high = 1, most
    while low < high:
        side = (low + high) // 2
        try:
            graft(model, keras.Input((side, side, channels)), keep_weights=False)
            high = side
        except ValueError:
            low = side + 1
    return low


def _channels(n: int) -> str:
    return "1 channel (grey)" if n == 1 else f"{n} channels"
