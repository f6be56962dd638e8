"""A network of convolutions and dense layers, rebuilt of convolutions alone: it then takes images of any size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from strates.engine.backend import keras
from strates.engine.training_form import is_augmentation
from strates.exceptions import ParameterError

Shape = tuple[int, int, int]

#: Layers that treat each place by itself, or windows of places: they run on larger images as they are.
_AS_THEY_ARE = {"Rescaling", "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D",
                "BatchNormalization", "Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"}  # fmt: skip
_LEFT_OUT = {"Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise",
             "ActivityRegularization", "Identity"}  # fmt: skip
_PADDING = {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D"}


def padded_layers(layers: Sequence[Any]) -> list[str]:
    """Return the layers that put zeros around their images.

    Parameters
    ----------
    layers : sequence of keras.layers.Layer

    Returns
    -------
    list of str
        A window of 1 needs none under any padding.
    """
    return [
        layer.name
        for layer in layers
        if type(layer).__name__ in _PADDING
        and layer.padding == "same"
        and (max(getattr(layer, "kernel_size", None) or layer.pool_size) > 1)
    ]


@dataclass
class _Rebuilding:
    """The graph so far, and the shape that one crop has in it.

    Attributes
    ----------
    x : keras tensor of shape (n, None, None, channels)
    shape : tuple of int
        What a crop of the network's own size has become: (height, width, channels), or (n,) once it is a row.
    crop : tuple (height, width, channels)
        What the next dense layer sees of ``x``.
    weights : list
        Pairs of a new layer and its weights, set at the end.
    """

    x: Any
    shape: tuple[int, ...]
    crop: Shape | None
    weights: list[tuple[Any, list[Any]]] = field(default_factory=list)

    def add(self, layer: Any, weights: list[Any]) -> None:
        self.x = layer(self.x)
        if weights:
            self.weights.append((layer, weights))


def build_fully_convolutional(layers: Sequence[Any], input_shape: tuple[int, ...], image_shape: Shape) -> keras.Model:
    """Turn a chain of layers into a network of convolutions with the same weights.

    Parameters
    ----------
    layers : sequence of keras.layers.Layer
        In their order, inputs aside.
    input_shape : tuple of int
        Of one row: an image, or a row of pixels.
    image_shape : tuple (height, width, channels)
        Of one image.

    Returns
    -------
    keras.Model
        From images of shape (n, height, width, channels), of any height and width that is large enough, to maps.

    Raises
    ------
    ParameterError
        A layer looks at a whole image in a way that has no window.
    """
    inputs = keras.Input((None, None, image_shape[2]), name="images")
    shape: tuple[int, ...] = image_shape
    crop = None
    if len(input_shape) == 1:  # a row of pixels is an image laid out
        shape, crop = (math.prod(image_shape),), image_shape
    state = _Rebuilding(inputs, shape, crop)
    for layer in layers:
        _rebuild(state, layer)
    model = keras.Model(inputs, state.x, name="fully_convolutional")
    for layer, weights in state.weights:
        layer.set_weights(weights)
    return model


def _rebuild(state: _Rebuilding, layer: Any) -> None:
    kind = type(layer).__name__
    weights = [np.asarray(w) for w in layer.get_weights()] if hasattr(layer, "get_weights") else []
    if kind in _LEFT_OUT or (isinstance(layer, keras.layers.Layer) and is_augmentation(layer)):
        return
    if kind == "Flatten" and len(state.shape) == 3:
        state.crop, state.shape = _image(state.shape), (math.prod(state.shape),)
    elif kind == "Flatten":
        return
    elif kind == "Reshape" and state.crop is not None and tuple(layer.target_shape) == state.crop:
        state.shape, state.crop = state.crop, None
    elif kind in ("GlobalAveragePooling2D", "GlobalMaxPooling2D") and len(state.shape) == 3:
        pooling = keras.layers.AveragePooling2D if "Average" in kind else keras.layers.MaxPooling2D
        state.add(pooling(state.shape[:2], strides=1, name=layer.name), [])
        state.shape = state.shape[2:]
    elif kind == "Dense":
        _add_dense(state, layer, weights)
    elif kind in _AS_THEY_ARE and (state.crop is None or kind in ("Rescaling", "Activation", "ReLU")):
        if kind == "BatchNormalization" and layer.axis not in (-1, len(state.shape)):
            raise ParameterError(f"Layer {layer.name!r} normalises along axis {layer.axis}; expected the last one.")
        config = layer.get_config() | ({"axis": -1} if kind == "BatchNormalization" else {})
        if len(state.shape) == 3:
            state.shape = tuple(layer.compute_output_shape((None, *state.shape))[1:])
        state.add(type(layer).from_config(config), weights)
    else:
        raise ParameterError(
            f"Layer {layer.name!r}, a {kind}, has no counterpart that slides over a larger image. What has: "
            f"{', '.join(sorted({*_AS_THEY_ARE, *_LEFT_OUT, 'Dense', 'Flatten', 'GlobalAveragePooling2D'}))}."
        )


def _add_dense(state: _Rebuilding, layer: Any, weights: list[Any]) -> None:
    """Add a dense layer as a convolution: the first one's window is all that a crop has become."""
    crop = state.crop or (1, 1, state.shape[-1])
    kernel = weights[0].reshape(*crop, layer.units)
    conv = keras.layers.Conv2D(
        layer.units, crop[:2], activation=layer.activation, use_bias=layer.use_bias, name=layer.name
    )
    state.add(conv, [kernel, *weights[1:]])
    state.crop, state.shape = None, (layer.units,)


def _image(shape: tuple[int, ...]) -> Shape:
    height, width, channels = shape
    return height, width, channels
