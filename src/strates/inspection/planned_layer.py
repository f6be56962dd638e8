"""One layer of a network as its geometry and its costs see it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from strates.engine.layer_walk import LayerRecord, Shape
from strates.inspection.conv_window import Borders, ConvWindow

_WINDOWS = {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D"}
_WHOLE = {"Flatten", "Reshape", "GlobalAveragePooling2D", "GlobalMaxPooling2D"}
_BORDERS = {"ZeroPadding2D": 1, "Cropping2D": -1}
#: Layers and operations that make each place of their output of the same place of their inputs.
_PLACE_BY_PLACE = {
    "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax", "BatchNormalization", "LayerNormalization",
    "GroupNormalization", "UnitNormalization", "RMSNormalization", "Normalization", "Rescaling", "Dropout",
    "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization", "Identity", "Add",
    "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dense", "Divide", "TrueDivide", "Negative",
    "Power", "Square", "Sqrt", "Absolute", "Exp", "Log", "Clip", "Relu", "Relu6", "Sigmoid", "HardSigmoid", "Tanh",
    "Silu", "Gelu", "GetItem", "Cast",
}  # fmt: skip
#: Kernels that every place of the output multiplies by.
_MULTIPLYING = {"Dense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D",
                "SeparableConv2D"}  # fmt: skip
#: Layers that hand on the numbers that they are given, at prediction.
_PASSING = {"Flatten", "Reshape", "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise",
            "ActivityRegularization", "Identity", "flatten"}  # fmt: skip


@dataclass(frozen=True)
class PlannedLayer:
    """A layer of a network.

    Attributes
    ----------
    name, kind : str
        Its name, and what it is: the class in Keras, or the word of a :class:`LayerSpec`.
    sources : tuple of int
        Places of the layers whose outputs it takes; -1 is the network's input.
    output_shape : tuple of int or None
        Of one row.
    action : {"window", "whole", "border", "zoom", "place", "unknown"}
        What it does to an image: see windows of it, all of it, change its border, enlarge it, or treat each place.
    window : ConvWindow or None
    border : tuple of two (before, after)
        Pixels added to rows and columns; negative ones are cut away.
    zoom : tuple of two int
    weights, biases, parameters : int
        Numbers that it learned or measured: ``parameters`` are all of them.
    multiply_adds : int or None
        Of one row; None where they are not known.
    """

    name: str
    kind: str
    sources: tuple[int, ...]
    output_shape: Shape
    action: str
    window: ConvWindow | None = None
    border: Borders = ((0, 0), (0, 0))
    zoom: tuple[int, int] = (1, 1)
    weights: int = 0
    biases: int = 0
    parameters: int = 0
    multiply_adds: int | None = 0

    @property
    def activations(self) -> int:
        """Numbers that it makes of one row: none, if it hands on those that it is given."""
        augments = self.kind.startswith("Random") and self.kind != "RandomCrop"
        if self.kind in _PASSING or augments or None in self.output_shape:
            return 0
        return math.prod(n or 0 for n in self.output_shape)


def planned_keras_layer(record: LayerRecord, *, counted: bool) -> PlannedLayer:
    """Read a layer of Keras.

    Parameters
    ----------
    record : LayerRecord
    counted : bool
        Whether its parameters were counted before, for a layer that is called more than once.

    Returns
    -------
    PlannedLayer
    """
    layer, kind = record.operation, type(record.operation).__name__
    variables = () if counted else tuple(getattr(layer, "weights", ()))
    sizes = [(variable, math.prod(variable.shape)) for variable in variables]
    biases = sum(n for variable, n in sizes if variable.name in ("bias", "beta"))
    weights = sum(n for variable, n in sizes if variable.name not in ("bias", "beta") and len(variable.shape) > 1)
    image = len(record.output_shape) == 3
    geometry: dict[str, Any] = {"action": "unknown"}
    if kind in _WINDOWS and image and getattr(layer, "data_format", "channels_last") == "channels_last":
        geometry = {"action": "window", "window": _window(layer)}
    elif kind in _WHOLE:
        geometry = {"action": "whole"}
    elif kind in _BORDERS and image:
        sides = layer.padding if kind == "ZeroPadding2D" else layer.cropping
        sign = _BORDERS[kind]
        geometry = {"action": "border", "border": tuple((sign * before, sign * after) for before, after in sides)}
    elif kind == "UpSampling2D" and image:
        geometry = {"action": "zoom", "zoom": tuple(layer.size)}
    elif kind in _PLACE_BY_PLACE or kind.startswith("Random"):
        geometry = {"action": "place"}
    return PlannedLayer(
        record.name, kind, record.sources, record.output_shape, weights=weights, biases=biases,
        parameters=sum(n for _, n in sizes), multiply_adds=_multiply_adds(layer, kind, record.output_shape), **geometry,
    )  # fmt: skip


def _window(layer: Any) -> ConvWindow:
    size = getattr(layer, "kernel_size", None) or layer.pool_size
    dilation = getattr(layer, "dilation_rate", 1)
    return ConvWindow.of(size, strides=layer.strides, padding=layer.padding, dilation=dilation)


def _multiply_adds(layer: Any, kind: str, output_shape: Shape) -> int | None:
    kernels = [v for v in getattr(layer, "weights", ()) if len(v.shape) > 1]
    if not kernels or kind == "PReLU":
        return 0
    if kind not in _MULTIPLYING or None in output_shape:
        return None
    places = math.prod(n or 0 for n in output_shape[:-1])
    return places * sum(int(math.prod(v.shape)) for v in kernels)
