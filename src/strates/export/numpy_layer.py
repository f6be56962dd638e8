"""A layer of the blackboard as lines of NumPy: its forward line, and beside it its backward lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from strates._types import AnyArray
from strates.backprop.layers import (
    Activation,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    LayerNorm,
    MaxPool2D,
    Normalization,
    Rescaling,
    Reshape,
)
from strates.exceptions import ParameterError


class NumpyLayer(NamedTuple):
    """Lines with {x} for what comes in, {y} for what goes out; going back, d is what comes and what goes.

    Attributes
    ----------
    forward : tuple of str
        Empty for a layer that passes everything on.
    backward : tuple of str
    weights : dict of str to ndarray
        By their name in the module.
    functions : tuple of str
        Functions of :mod:`strates.export.numpy_functions` that the lines call.
    names : dict of str to str
        From the name in the module to "layer/weight".
    """

    forward: tuple[str, ...]
    backward: tuple[str, ...]
    weights: dict[str, AnyArray]
    functions: tuple[str, ...]
    names: dict[str, str]


def numpy_layer(layer: Layer, number: int, *, n_axes: int) -> NumpyLayer:
    """Write a layer.

    Parameters
    ----------
    layer : Layer
    number : int
        That its weights bear.
    n_axes : int
        Of what comes in, rows included.

    Returns
    -------
    NumpyLayer
    """
    writer = _WRITERS.get(type(layer))
    if writer is None:
        raise ParameterError(f"Layer {layer.name!r}, a {type(layer).__name__}, has no lines of NumPy.")
    forward, backward, functions, keys = writer(layer, number, n_axes)
    arrays = {**layer.parameters, **{key: getattr(layer, key) for key in getattr(type(layer), "fixed", ())}}
    weights = {own: np.asarray(arrays[key]) for own, key in keys.items()}
    return NumpyLayer(forward, backward, weights, functions, {own: f"{layer.name}/{key}" for own, key in keys.items()})


_Written = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], dict[str, str]]


def _w(name: str) -> str:
    return f'P["{name}"]'


def _dense(layer: Any, i: int, n_axes: int) -> _Written:
    W, b = f"W{i}", f"b{i}"
    plus = "" if layer.bias is None else f" + {_w(b)}"
    forward = f"{{y}} = {{x}} @ {_w(W)}{plus}"
    keys = {W: "kernel"} | ({} if layer.bias is None else {b: "bias"})
    if n_axes == 2:
        back = [f'g["{W}"] = {{x}}.T @ d']
        rows = "d.sum(axis=0)"
    else:
        axes = ", ".join(str(k) for k in range(n_axes - 1))
        back = [f'g["{W}"] = np.tensordot({{x}}, d, axes=(({axes}), ({axes})))']
        rows = f"d.sum(axis=({axes}))"
    if layer.bias is not None:
        back.append(f'g["{b}"] = {rows}')
    return (forward,), (*back, f"d = d @ {_w(W)}.T"), (), keys


def _activation(layer: Any, _: int, __: int) -> _Written:
    forward, backward, functions = _ACTIVATIONS[layer.activation]
    slope = repr(float(layer.negative_slope))
    forward = forward.replace("SLOPE", slope)
    return (forward,) if forward else (), (backward.replace("SLOPE", slope),) if backward else (), functions, {}


#: forward, backward ({x} is z, {y} is a), functions
_ACTIVATIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "identity": ("", "", ()),
    "logistic": ("{y} = logistic({x})", "d = d * {y} * (1 - {y})", ("logistic",)),
    "tanh": ("{y} = np.tanh({x})", "d = d * (1 - {y}**2)", ()),
    "relu": ("{y} = np.maximum({x}, 0)", "d = d * ({x} > 0)", ()),
    "leaky_relu": ("{y} = np.where({x} > 0, {x}, SLOPE * {x})", "d = d * np.where({x} > 0, 1, SLOPE)", ()),
    "elu": (
        "{y} = np.where({x} > 0, {x}, np.expm1(np.minimum({x}, 0)))",
        "d = d * np.exp(np.minimum({x}, 0))",
        (),
    ),
    "selu": ("{y} = selu({x})", "d = d * selu_slope({x})", ("selu",)),
    "gelu": ("{y} = {x} * normal_cdf({x})", "d = d * gelu_slope({x})", ("normal_cdf",)),
    "silu": (
        "{y} = {x} * logistic({x})",
        "d = d * (logistic({x}) + {y} * (1 - logistic({x})))",
        ("logistic",),
    ),
    "softplus": ("{y} = np.logaddexp(0, {x})", "d = d * logistic({x})", ("logistic",)),
    "softsign": ("{y} = {x} / (1 + np.abs({x}))", "d = d / (1 + np.abs({x})) ** 2", ()),
}
for _synonym, _name in {"linear": "identity", "sigmoid": "logistic", "swish": "silu"}.items():
    _ACTIVATIONS[_synonym] = _ACTIVATIONS[_name]


def _batch_norm(layer: Any, i: int, n_axes: int) -> _Written:
    mean, variance = f"mean{i}", f"variance{i}"
    deviation = f"np.sqrt({_w(variance)} + {layer.epsilon!r})"
    keys = {mean: "moving_mean", variance: "moving_variance"}
    forward, back = [f"{{y}} = ({{x}} - {_w(mean)}) / {deviation}"], []
    axes = "0" if n_axes == 2 else "(" + ", ".join(str(k) for k in range(n_axes - 1)) + ")"
    if layer.beta is not None:
        keys[f"beta{i}"] = "beta"
        back.append(f'g["beta{i}"] = d.sum(axis={axes})')
    if layer.gamma is not None:
        keys[f"gamma{i}"] = "gamma"
        standard = f"({{x}} - {_w(mean)}) / {deviation}"
        back += [f"standard = {standard}", f'g["gamma{i}"] = (d * standard).sum(axis={axes})']
        back.append(f"d = d * {_w(f'gamma{i}')}")
    back.append(f"d = d / {deviation}")
    scaled = f" * {_w(f'gamma{i}')}" if layer.gamma is not None else ""
    shifted = f" + {_w(f'beta{i}')}" if layer.beta is not None else ""
    if scaled or shifted:
        forward.append(f"{{y}} = {{y}}{scaled}{shifted}")
    return tuple(forward), tuple(back), (), keys


def _layer_norm(layer: Any, i: int, n_axes: int) -> _Written:
    keys: dict[str, str] = {}
    forward, back = [f"{{y}} = standardize({{x}}, {layer.epsilon!r})"], []
    axes = "0" if n_axes == 2 else "(" + ", ".join(str(k) for k in range(n_axes - 1)) + ")"
    scaled = shifted = ""
    if layer.beta is not None:
        keys[f"beta{i}"], shifted = "beta", f" + {_w(f'beta{i}')}"
        back.append(f'g["beta{i}"] = d.sum(axis={axes})')
    if layer.gamma is not None:
        keys[f"gamma{i}"], scaled = "gamma", f" * {_w(f'gamma{i}')}"
        back.append(f"standard = standardize({{x}}, {layer.epsilon!r})")
        back += [f'g["gamma{i}"] = (d * standard).sum(axis={axes})', f"d = d * {_w(f'gamma{i}')}"]
    if scaled or shifted:
        forward.append(f"{{y}} = {{y}}{scaled}{shifted}")
    back.append(f"d = standardize_backward({{x}}, d, {layer.epsilon!r})")
    return tuple(forward), tuple(back), ("standardize",), keys


def _normalization(layer: Any, i: int, _: int) -> _Written:
    mean, variance = f"mean{i}", f"variance{i}"
    deviation = f"np.maximum(np.sqrt({_w(variance)}), 1e-7)"
    forward = f"{{y}} = ({{x}} - {_w(mean)}) / {deviation}"
    return (forward,), (f"d = d / {deviation}",), (), {mean: "mean", variance: "variance"}


def _rescaling(layer: Any, i: int, _: int) -> _Written:
    if np.ndim(layer.scale) or np.ndim(layer.offset):
        keys = {f"scale{i}": "scale", f"offset{i}": "offset"}
        scale, offset = _w(f"scale{i}"), f" + {_w(f'offset{i}')}"
    else:
        keys, scale = {}, repr(float(layer.scale))
        offset = f" + {float(layer.offset)!r}" if layer.offset else ""
    return (f"{{y}} = {{x}} * {scale}{offset}",), (f"d = d * {scale}",), (), keys


def _conv(layer: Any, i: int, _: int) -> _Written:
    W, b = f"W{i}", f"b{i}"
    plus = "" if layer.bias is None else f" + {_w(b)}"
    keys = {W: "kernel"} | ({} if layer.bias is None else {b: "bias"})
    options = f"{layer.strides!r}, {layer.padding!r}".replace("'", '"')
    if layer.dilation != (1, 1):
        options += f", {layer.dilation!r}"
    forward = f"{{y}} = conv2d({{x}}, {_w(W)}, {options}){plus}"
    back = [] if layer.bias is None else [f'g["{b}"] = d.sum(axis=(0, 1, 2))']
    back.append(f'd, g["{W}"] = conv2d_backward({{x}}, {_w(W)}, d, {options})')
    return (forward,), tuple(back), ("conv2d",), keys


def _pool(kind: str) -> Callable[[Any, int, int], _Written]:
    def written(layer: Any, _: int, __: int) -> _Written:
        strides = layer.pool_size if layer.strides is None else layer.strides
        options = f"{tuple(layer.pool_size)!r}, {tuple(strides)!r}, {layer.padding!r}".replace("'", '"')
        back = f"d = {kind}_pool_backward({{x}}, d, {options})"
        return (f"{{y}} = {kind}_pool({{x}}, {options})",), (back,), (f"{kind}_pool",), {}

    return written


def _average(*_: Any) -> _Written:
    back = "d = np.broadcast_to(d[:, None, None], {x}.shape) / ({x}.shape[1] * {x}.shape[2])"
    return ("{y} = {x}.mean(axis=(1, 2))",), (back,), (), {}


def _flatten(*_: Any) -> _Written:
    return ("{y} = {x}.reshape(len({x}), -1)",), ("d = d.reshape({x}.shape)",), (), {}


def _reshape(layer: Any, *_: Any) -> _Written:
    shape = ", ".join(str(n) for n in layer.target_shape)
    return (f"{{y}} = {{x}}.reshape(len({{x}}), {shape})",), ("d = d.reshape({x}.shape)",), (), {}


_WRITERS: dict[type[Layer], Callable[[Any, int, int], _Written]] = {
    Activation: _activation,
    AveragePool2D: _pool("average"),
    BatchNorm: _batch_norm,
    Conv2D: _conv,
    Dense: _dense,
    Dropout: lambda *_: ((), (), (), {}),  # acts in training alone
    Flatten: _flatten,
    GlobalAveragePool2D: _average,
    LayerNorm: _layer_norm,
    MaxPool2D: _pool("max"),
    Normalization: _normalization,
    Rescaling: _rescaling,
    Reshape: _reshape,
}


def axes_after(layer: Layer, n_axes: int) -> int:
    """Return how many axes come out of a layer that so many go into."""
    if isinstance(layer, Flatten | GlobalAveragePool2D):
        return 2
    return len(layer.target_shape) + 1 if isinstance(layer, Reshape) else n_axes
