"""From a layer of Keras to the same layer on the blackboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

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
    Penalty,
    Rescaling,
    Reshape,
    Softmax,
)
from strates.exceptions import ParameterError

Config = dict[str, Any]


def translate(layer: Any, *, training: bool = False) -> list[Layer]:
    """Write a layer of Keras on the blackboard.

    Parameters
    ----------
    layer : keras.layers.Layer
        Built.
    training : bool, default=False
        Whether batch normalisation uses the statistics of the rows that come. A frozen one never does.

    Returns
    -------
    list of Layer
        One, or two where the layer has an activation.

    Raises
    ------
    ParameterError
        The layer is none that is known, or has a setting that is not.

    Examples
    --------
    >>> import keras
    >>> layer = keras.layers.Dense(3, activation="tanh", name="hidden")
    >>> layer.build((None, 2))
    >>> [made.name for made in translate(layer)]
    ['hidden', 'hidden (tanh)']
    """
    kind = type(layer).__name__
    if kind in ("Greater", "Argmax", "ArgMax", "OneHot"):
        raise ParameterError(
            "The network ends in a step, whose derivative is zero wherever it has one: there is nothing to "
            "propagate back. A Perceptron learns by its own rule; LogisticRegression is its smooth neighbour."
        )
    foreign = not type(layer).__module__.startswith("keras.")
    if "image_preprocessing" in type(layer).__module__ and kind.startswith("Random") and kind != "RandomCrop":
        return [Activation("identity", name=layer.name)]  # changes images in training alone
    if foreign or kind not in _TRANSLATIONS:
        own = f", a class of {type(layer).__module__}" if foreign else ""
        raise ParameterError(f"The blackboard does not know layer {layer.name!r} ({kind}{own}). {KNOWN_WORDS}")
    config = layer.get_config()
    _refuse_unusual(layer, config)
    weights = {variable.name: np.asarray(variable, np.float64) for variable in layer.weights}
    if kind == "Activation":
        return [_activation(config["activation"], layer.name, layer)]
    made = _TRANSLATIONS[kind](config, weights)
    if isinstance(made, BatchNorm):
        made = replace(made, training=training and bool(layer.trainable))
    function = config.get("activation")
    if function in (None, "linear"):
        return [made]
    return [made, _activation(function, f"{layer.name} ({_word(function)})", layer)]


def own_penalties(layer: Any) -> dict[str, Penalty]:
    """Return the penalties that a layer of Keras brings along, by parameter; none of a frozen one.

    Parameters
    ----------
    layer : keras.layers.Layer

    Returns
    -------
    dict of str to Penalty

    Raises
    ------
    ParameterError
        A regularizer is none of L1, L2 and L1L2, or is of the layer's output.
    """
    config, found = layer.get_config(), {}
    for key in [key for key in config if key.endswith("_regularizer")]:
        given = config[key]
        if given is None:
            continue
        own = given.get("config", {}) if isinstance(given, dict) else {}
        if key == "activity_regularizer" or not isinstance(given, dict) or given.get("class_name") not in _REGULARIZERS:
            name = given.get("class_name") if isinstance(given, dict) else given
            raise ParameterError(
                f"The blackboard does not know the {key} {name!r} of layer {layer.name!r}. It knows L1, L2 and L1L2 of "
                "parameters."
            )
        l1, l2 = float(own.get("l1", 0.0) or 0.0), float(own.get("l2", 0.0) or 0.0)
        alpha = l1 + 2 * l2  # Keras's L2 is l2 * |w|^2, without the half
        if layer.trainable:
            found[key.removesuffix("_regularizer")] = Penalty(alpha, l1_ratio=l1 / alpha if alpha else 0.0)
    return found


_REGULARIZERS = ("L1", "L2", "L1L2")

#: Settings that the blackboard has one value of, by kind of layer.
_USUAL: dict[str, dict[str, Any]] = {
    "BatchNormalization": {"renorm": False},
    "Conv2D": {"groups": 1},
    "GlobalAveragePooling2D": {"keepdims": False},
    "LayerNormalization": {"rms_scaling": False},
    "Normalization": {"invert": False},
    "ReLU": {"max_value": None, "negative_slope": 0.0, "threshold": 0.0},
}


def _refuse_unusual(layer: Any, config: Config) -> None:
    kind = type(layer).__name__
    for key, usual in {"data_format": "channels_last", **_USUAL.get(kind, {})}.items():
        if config.get(key, usual) != usual:
            raise ParameterError(
                f"Layer {layer.name!r} ({kind}) has {key}={config[key]!r}; the blackboard knows {key}={usual!r}."
            )
    axis = config.get("axis", -1)
    last = len(layer.output.shape) - 1 if "axis" in config else -1
    if any(one not in (-1, last) for one in (axis if isinstance(axis, list | tuple) else [axis])):
        raise ParameterError(
            f"Layer {layer.name!r} ({kind}) has axis={axis!r}; the blackboard knows axis=-1, the units or channels."
        )


# --- one function a kind of layer: its configuration and weights -> ours ------------------------------


def _word(function: Any) -> str:
    if isinstance(function, dict):  # an object that Keras wrote down: a layer, or a function of somebody's own
        return str(function.get("config") if function.get("class_name") == "function" else function.get("class_name"))
    return str(function)


def _activation(function: Any, name: str, layer: Any) -> Layer:
    word = _word(function)
    if word == "softmax":
        return Softmax(name=name)
    try:
        if isinstance(function, dict):  # whatever its name is, it may compute something else
            raise ParameterError(f"{word!r} is no name of Keras's. Give it as a layer, if it is one of Keras's layers.")
        return Activation(word, name=name)
    except ParameterError as error:
        raise ParameterError(
            f"The blackboard does not know the activation of layer {layer.name!r} ({type(layer).__name__}): {error}"
        ) from error


def _dense(config: Config, w: Config) -> Layer:
    return Dense(w["kernel"], w.get("bias"), name=config["name"])


def _conv(config: Config, w: Config) -> Layer:
    return Conv2D(
        w["kernel"], w.get("bias"), strides=tuple(config["strides"]), padding=config["padding"],
        dilation=tuple(config["dilation_rate"]), name=config["name"],
    )  # fmt: skip


def _batch_norm(config: Config, w: Config) -> Layer:
    return BatchNorm(
        w.get("gamma"), w.get("beta"), w["moving_mean"], w["moving_variance"],
        epsilon=config["epsilon"], name=config["name"],
    )  # fmt: skip


def _layer_norm(config: Config, w: Config) -> Layer:
    return LayerNorm(w.get("gamma"), w.get("beta"), epsilon=config["epsilon"], name=config["name"])


def _pool(make: type[MaxPool2D] | type[AveragePool2D]) -> Callable[[Config, Config], Layer]:
    def made(config: Config, _: Config) -> Layer:
        return make(
            tuple(config["pool_size"]), strides=tuple(config["strides"]), padding=config["padding"], name=config["name"]
        )

    return made


def _normalization(config: Config, w: Config) -> Layer:
    mean = w["mean"] if "mean" in w else np.asarray(config["mean"], np.float64)
    variance = w["variance"] if "variance" in w else np.asarray(config["variance"], np.float64)
    return Normalization(mean, variance, name=config["name"])


_TRANSLATIONS: dict[str, Callable[[Config, Config], Layer]] = {
    "Dense": _dense,
    "Conv2D": _conv,
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "MaxPooling2D": _pool(MaxPool2D),
    "AveragePooling2D": _pool(AveragePool2D),
    "GlobalAveragePooling2D": lambda config, _: GlobalAveragePool2D(name=config["name"]),
    "Flatten": lambda config, _: Flatten(name=config["name"]),
    "Reshape": lambda config, _: Reshape(tuple(config["target_shape"]), name=config["name"]),
    "Rescaling": lambda config, _: Rescaling(config["scale"], config["offset"], name=config["name"]),
    "Normalization": _normalization,
    "Dropout": lambda config, _: Dropout(config["rate"], name=config["name"]),
    "GaussianNoise": lambda config, _: Activation("identity", name=config["name"]),  # as dropout, only in training
    "Activation": lambda config, _: Activation("identity", name=config["name"]),  # see _activation
    "Softmax": lambda config, _: Softmax(name=config["name"]),
    "ReLU": lambda config, _: Activation("relu", name=config["name"]),
    "LeakyReLU": lambda config, _: Activation(
        "leaky_relu", negative_slope=config["negative_slope"], name=config["name"]
    ),
}
KNOWN_WORDS = f"It knows chains of {', '.join(sorted(_TRANSLATIONS))}."
