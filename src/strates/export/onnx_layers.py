"""A layer of Keras as nodes of ONNX. Images stay (rows, height, width, channels) between layers, as in Keras."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from strates._types import AnyArray
from strates.exceptions import ParameterError
from strates.export.onnx_graph import OnnxGraph, integers, number

_CHANNELS_FIRST, _CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)


class OnnxTensor(NamedTuple):
    """What stands for a tensor of the network.

    Attributes
    ----------
    name : str
    shape : tuple of int or None
        Of one row.
    """

    name: str
    shape: tuple[int | None, ...]


def add_layer(graph: OnnxGraph, layer: Any, inputs: Sequence[OnnxTensor], shape: tuple[int | None, ...]) -> OnnxTensor:
    """Add the nodes of a layer.

    Parameters
    ----------
    graph : OnnxGraph
    layer : keras.layers.Layer or keras.Operation
    inputs : sequence of OnnxTensor
    shape : tuple of int or None
        Of one row of its output.

    Returns
    -------
    OnnxTensor

    Raises
    ------
    ParameterError
        It has no counterpart that is known.
    """
    kind = type(layer).__name__
    foreign = not type(layer).__module__.startswith(("keras.", "strates."))
    if not foreign and (kind in _PASSING or ("image_preprocessing" in type(layer).__module__ and "Random" in kind)):
        return inputs[0]
    if foreign or kind not in _WRITERS:
        raise ParameterError(
            f"Layer {layer.name!r} ({kind}{f' of {type(layer).__module__}' if foreign else ''}) cannot be written in "
            f"ONNX. What can: {', '.join(sorted(_WRITERS))}. to_saved_model writes every network."
        )
    config = layer.get_config() if hasattr(layer, "get_config") else {}
    if config.get("data_format", "channels_last") != "channels_last":
        raise ParameterError(f"Layer {layer.name!r} has its channels first; expected data_format='channels_last'.")
    weights = {one.name: np.asarray(one, np.float64) for one in getattr(layer, "weights", ())}
    return OnnxTensor(_WRITERS[kind](graph, config, weights, inputs), shape)


_PASSING = {
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "MaskingNoise",
    "SpatialDropout2D",
}
_Config = dict[str, Any]
_Weights = dict[str, AnyArray]


def _float(values: Any) -> AnyArray:
    return np.asarray(values, np.float32)


def add_activation(graph: OnnxGraph, x: str, function: Any) -> str:
    """Add an activation by Keras's name, or by a layer's configuration; None and "linear" add nothing."""
    if isinstance(function, dict):  # a layer as an activation
        kind, config = str(function.get("class_name")), function.get("config")
        if kind in ("ReLU", "LeakyReLU", "ELU", "Softmax"):
            return _WRITERS[kind](graph, dict(config or {}), {}, [OnnxTensor(x, ())])
        function = config if isinstance(config, str) else kind
    if function in (None, "linear"):
        return x
    if function in _PLAIN:
        operation, attributes = _PLAIN[function]
        return str(graph.add(operation, x, **attributes))
    if function not in _COMPOSED:
        known = ", ".join(sorted([*_PLAIN, *_COMPOSED]))
        raise ParameterError(f"The activation {function!r} cannot be written in ONNX. What can: {known}.")
    return _COMPOSED[function](graph, x)


_PLAIN: dict[str, tuple[str, dict[str, Any]]] = {
    "elu": ("Elu", {"alpha": 1.0}),
    "exponential": ("Exp", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
    "relu": ("Relu", {}),
    "selu": ("Selu", {"alpha": 1.6732632423543772, "gamma": 1.0507009873554805}),
    "sigmoid": ("Sigmoid", {}),
    "softmax": ("Softmax", {"axis": -1}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "tanh": ("Tanh", {}),
}


def _gelu(graph: OnnxGraph, x: str) -> str:
    share = graph.add("Add", graph.add("Erf", graph.add("Mul", x, number(math.sqrt(0.5)))), number(1.0))
    return str(graph.add("Mul", graph.add("Mul", x, number(0.5)), share))


def _times(function: str) -> Callable[[OnnxGraph, str], str]:
    return lambda graph, x: str(graph.add("Mul", x, add_activation(graph, x, function)))


_COMPOSED: dict[str, Callable[[OnnxGraph, str], str]] = {
    "gelu": _gelu,
    "hard_silu": _times("hard_sigmoid"),
    "hard_swish": _times("hard_sigmoid"),
    "relu6": lambda graph, x: str(graph.add("Clip", x, number(0.0), number(6.0))),
    "silu": _times("sigmoid"),
    "swish": _times("sigmoid"),
}


# --- one function a kind of layer ---------------------------------------------------------------------------


def _dense(graph: OnnxGraph, config: _Config, w: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    x = graph.add("MatMul", inputs[0].name, _float(w["kernel"]))
    if "bias" in w:
        x = graph.add("Add", x, _float(w["bias"]))
    return add_activation(graph, x, config["activation"])


def _turn(graph: OnnxGraph, x: str, order: tuple[int, ...]) -> str:
    return str(graph.add("Transpose", x, perm=list(order)))


def _borders(config: _Config, size: tuple[int, int], shape: tuple[int | None, ...], name: str) -> list[int]:
    """Return how many cells to add: above, left, below, right, as TensorFlow does."""
    if config["padding"] == "valid":
        return [0, 0, 0, 0]
    if None in shape[:2]:
        raise ParameterError(
            f'Layer {name!r} has padding="same" on images of any size, which cannot be written in ONNX.'
        )
    before, after = [], []
    dilation = config.get("dilation_rate", (1, 1))
    for n, k, stride, gap in zip(shape[:2], size, config["strides"], dilation, strict=True):
        missing = max((-(-int(n or 0) // stride) - 1) * stride + (k - 1) * gap + 1 - int(n or 0), 0)
        before.append(missing // 2)
        after.append(missing - missing // 2)
    return [*before, *after]


def _convolve(
    graph: OnnxGraph, config: _Config, x: OnnxTensor, kernel: AnyArray, bias: AnyArray | None, groups: int
) -> str:
    """Add a convolution with a kernel of shape (filters, channels, h, w)."""
    size = (kernel.shape[2], kernel.shape[3])
    pads = _borders(config, size, x.shape, config["name"])
    inputs: list[str | AnyArray] = [_turn(graph, x.name, _CHANNELS_FIRST), _float(kernel)]
    if bias is not None:
        inputs.append(_float(bias))
    found = graph.add(
        "Conv", *inputs, kernel_shape=list(size), strides=list(config["strides"]), pads=pads, group=groups,
        dilations=list(config["dilation_rate"]),
    )  # fmt: skip
    return _turn(graph, found, _CHANNELS_LAST)


def _conv(graph: OnnxGraph, config: _Config, w: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    kernel = w["kernel"].transpose(3, 2, 0, 1)
    x = _convolve(graph, config, inputs[0], kernel, w.get("bias"), config["groups"])
    return add_activation(graph, x, config["activation"])


def _by_channel(kernel: AnyArray) -> AnyArray:
    height, width, channels, multiplier = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)


def _depthwise(graph: OnnxGraph, config: _Config, w: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    x = _convolve(graph, config, inputs[0], _by_channel(w["kernel"]), w.get("bias"), w["kernel"].shape[2])
    return add_activation(graph, x, config["activation"])


def _separable(graph: OnnxGraph, config: _Config, w: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    depthwise = w["depthwise_kernel"]
    x = _convolve(graph, config, inputs[0], _by_channel(depthwise), None, depthwise.shape[2])
    # one by one pixel: a matrix product over the channels
    x = graph.add("MatMul", x, _float(w["pointwise_kernel"][0, 0]))
    if "bias" in w:
        x = graph.add("Add", x, _float(w["bias"]))
    return add_activation(graph, x, config["activation"])


def _pool(operation: str, **attributes: Any) -> Callable[..., str]:
    def written(graph: OnnxGraph, config: _Config, _: _Weights, inputs: Sequence[OnnxTensor]) -> str:
        size = tuple(config["pool_size"])
        pads = _borders(config, size, inputs[0].shape, config["name"])
        found = graph.add(
            operation, _turn(graph, inputs[0].name, _CHANNELS_FIRST), kernel_shape=list(size),
            strides=list(config["strides"]), pads=pads, **attributes,
        )  # fmt: skip
        return _turn(graph, found, _CHANNELS_LAST)

    return written


def _reduce(operation: str) -> Callable[..., str]:
    def written(graph: OnnxGraph, config: _Config, _: _Weights, inputs: Sequence[OnnxTensor]) -> str:
        return str(graph.add(operation, inputs[0].name, integers(1, 2), keepdims=int(bool(config.get("keepdims")))))

    return written


def _last_axis(config: _Config, shape: tuple[int | None, ...]) -> None:
    axis = config.get("axis", -1)
    if any(one not in (-1, len(shape)) for one in (axis if isinstance(axis, list | tuple) else [axis])):
        raise ParameterError(f"Layer {config['name']!r} acts along axis {axis}; in ONNX only the last one is written.")


def _affine(graph: OnnxGraph, x: str, factor: AnyArray, shift: AnyArray) -> str:
    return str(graph.add("Add", graph.add("Mul", x, _float(factor)), _float(shift)))


def _batch_norm(graph: OnnxGraph, config: _Config, w: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    _last_axis(config, inputs[0].shape)
    factor = w.get("gamma", 1.0) / np.sqrt(w["moving_variance"] + config["epsilon"])
    return _affine(graph, inputs[0].name, factor, w.get("beta", 0.0) - w["moving_mean"] * factor)


def _layer_norm(graph: OnnxGraph, config: _Config, w: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    _last_axis(config, inputs[0].shape)
    width = int(inputs[0].shape[-1] or 0)
    scale, bias = _float(w.get("gamma", np.ones(width))), _float(w.get("beta", np.zeros(width)))
    return str(graph.add("LayerNormalization", inputs[0].name, scale, bias, axis=-1, epsilon=float(config["epsilon"])))


def _normalization(graph: OnnxGraph, config: _Config, w: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    _last_axis(config, inputs[0].shape)
    mean = w.get("mean", np.asarray(config.get("mean"), np.float64) if "mean" not in w else 0.0)
    variance = w.get("variance", np.asarray(config.get("variance"), np.float64) if "variance" not in w else 1.0)
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    return str(graph.add("Div", graph.add("Sub", inputs[0].name, _float(mean)), _float(deviation)))


def _rescaling(graph: OnnxGraph, config: _Config, _: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    return _affine(graph, inputs[0].name, np.asarray(config["scale"]), np.asarray(config["offset"]))


def _relu(graph: OnnxGraph, config: _Config, _: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    if config.get("threshold"):
        raise ParameterError(f"Layer {config.get('name')!r} has a threshold, which is not written in ONNX.")
    slope = float(config.get("negative_slope") or 0.0)
    x = graph.add("LeakyRelu", inputs[0].name, alpha=slope) if slope else graph.add("Relu", inputs[0].name)
    return str(x if config.get("max_value") is None else graph.add("Min", x, number(config["max_value"])))


def _leaky(graph: OnnxGraph, config: _Config, _: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    return str(graph.add("LeakyRelu", inputs[0].name, alpha=float(config["negative_slope"])))


def _elu(graph: OnnxGraph, config: _Config, _: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    return str(graph.add("Elu", inputs[0].name, alpha=float(config["alpha"])))


def _prelu(graph: OnnxGraph, _: _Config, w: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    return str(graph.add("PRelu", inputs[0].name, _float(w["alpha"])))


def _padding(graph: OnnxGraph, config: _Config, _: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    (top, bottom), (left, right) = config["padding"]
    return str(graph.add("Pad", inputs[0].name, integers(0, top, left, 0, 0, bottom, right, 0), number(0.0)))


def _flatten(graph: OnnxGraph, _: _Config, __: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    return str(graph.add("Flatten", inputs[0].name, axis=1))


def _reshape(graph: OnnxGraph, config: _Config, _: _Weights, inputs: Sequence[OnnxTensor]) -> str:
    return str(graph.add("Reshape", inputs[0].name, integers(0, *config["target_shape"])))


def _joined(operation: str) -> Callable[..., str]:
    def written(graph: OnnxGraph, config: _Config, _: _Weights, inputs: Sequence[OnnxTensor]) -> str:
        names = [one.name for one in inputs]
        if operation == "Concat":
            return str(graph.add("Concat", *names, axis=int(config.get("axis", -1))))
        x = names[0]
        for other in names[1:]:
            x = graph.add(operation, x, other)
        return x

    return written


_WRITERS: dict[str, Callable[[OnnxGraph, _Config, _Weights, Sequence[OnnxTensor]], str]] = {
    "Activation": lambda graph, config, _, inputs: add_activation(graph, inputs[0].name, config["activation"]),
    "Add": _joined("Add"),
    "AveragePooling2D": _pool("AveragePool", count_include_pad=0),
    "BatchNormalization": _batch_norm,
    "Concatenate": _joined("Concat"),
    "Conv2D": _conv,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
    "ELU": _elu,
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _reduce("ReduceMean"),
    "GlobalMaxPooling2D": _reduce("ReduceMax"),
    "LayerNormalization": _layer_norm,
    "LayerScale": lambda graph, _, w, inputs: str(graph.add("Mul", inputs[0].name, _float(next(iter(w.values()))))),
    "LeakyReLU": _leaky,
    "MaxPooling2D": _pool("MaxPool"),
    "Multiply": _joined("Mul"),
    "Normalization": _normalization,
    "PReLU": _prelu,
    "ReLU": _relu,
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "SeparableConv2D": _separable,
    "Softmax": lambda graph, _, __, inputs: str(graph.add("Softmax", inputs[0].name, axis=-1)),
    "ZeroPadding2D": _padding,
}
