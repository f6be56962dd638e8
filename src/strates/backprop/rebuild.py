"""From a fitted classifier to the same network on the blackboard: read off its Keras model, layer by layer."""

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
    LogisticLoss,
    MaxPool2D,
    Normalization,
    Penalty,
    Rescaling,
    Reshape,
    Softmax,
    SoftmaxCrossEntropy,
)
from strates.backprop.network import Network
from strates.exceptions import ParameterError

_CHAINS = ("Functional", "Sequential")


def rebuild(est: Any, *, training: bool = False) -> Network:
    """Write a fitted classifier's network on the blackboard.

    Parameters
    ----------
    est : fitted classifier, or pipeline that ends in one
        With ``network_``, a Keras model that is a chain of layers.
    training : bool, default=False
        Whether batch normalisation uses the statistics of the rows that come, as in training, instead of its moving
        averages. Dropout passes everything on; see :func:`gradient_check` for masks.

    Returns
    -------
    Network
        Its layers bear Keras's names. A layer of Keras with an activation becomes two: ``"hidden_1"`` and
        ``"hidden_1 (tanh)"``. The last activation belongs to the loss, and so do label smoothing and the penalties
        of the classifier.

    Raises
    ------
    ParameterError
        The network has a layer that the blackboard does not know, or is no chain. The message names the layer, and
        what is known.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=60, random_state=0)
    >>> clf = MLPClassifier((4,), learning_rate="cosine", max_iter=5, random_state=0).fit(X, y)
    >>> [layer.name for layer in rebuild(clf).layers]
    ['hidden_1', 'hidden_1 (relu)', 'outputs']
    """
    last = est[-1] if hasattr(est, "steps") else est
    model = getattr(last, "network_", None)
    if model is None:
        raise ParameterError(
            f"{type(last).__name__} has no network_. The blackboard takes a fitted classifier of strates, such as "
            "MLPClassifier or LogisticRegression, or a pipeline that ends in one."
        )
    keras_layers = _chain(model)
    layers: list[Layer] = []
    penalties: dict[str, Penalty] = {}
    for keras_layer in keras_layers:
        made = _translate(keras_layer, training)
        layers += made
        for key, penalty in _own_penalties(keras_layer).items():
            penalties[f"{made[0].name}/{key}"] = penalty
    smoothing, alpha, l1_ratio = _objective(last)
    network = Network(tuple(layers[:-1]), _loss(layers, smoothing))  # the loss takes the last activation upon itself
    if alpha:
        kernels = [name for name in network.parameters if name.endswith("/kernel")]
        if penalties:
            raise ParameterError(
                "The network's own layers have regularizers, and the classifier has alpha besides. Set alpha=0, or "
                "take the regularizers out."
            )
        penalties = {name: Penalty(alpha, l1_ratio=l1_ratio) for name in kernels}
    return Network(network.layers, network.loss, penalties)


def _objective(last: Any) -> tuple[float, float, float]:
    """Return label smoothing, the penalty's strength and its share of L1."""
    parameters = last.get_params(deep=False) if hasattr(last, "get_params") else {}
    alpha = getattr(last, "alpha_", parameters.get("alpha", 0.0))
    return (
        float(parameters.get("label_smoothing", 0.0)),
        0.0 if isinstance(alpha, str) else float(alpha),
        float(parameters.get("l1_ratio", 0.0) or 0.0),
    )


def _loss(layers: list[Layer], smoothing: float) -> SoftmaxCrossEntropy | LogisticLoss:
    last = layers[-1] if layers else None
    if isinstance(last, Softmax):
        return SoftmaxCrossEntropy(label_smoothing=smoothing)
    if isinstance(last, Activation) and last.activation in ("logistic", "sigmoid"):
        return LogisticLoss(label_smoothing=smoothing)
    raise ParameterError(
        f"The network ends in {last!r}; the blackboard knows the loss of a softmax and that of logistic units. End the "
        "network in one of them."
    )


def _chain(model: Any) -> list[Any]:
    """List the layers of a model that is a chain, nested models opened."""
    if type(model).__name__ not in _CHAINS:
        raise ParameterError(
            f"The network is a {type(model).__name__}, a subclass of keras.Model, whose layers cannot be read. "
            "Write it as keras.Sequential or keras.Model(inputs, outputs)."
        )
    if type(model).__name__ == "Functional":
        _refuse_branches(model)
    found: list[Any] = []
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in _CHAINS:
            found += _chain(layer)
        elif kind != "InputLayer":
            found.append(layer)
    return found


def _refuse_branches(model: Any) -> None:
    """Refuse a model in which some layer takes what another than the layer before it gives."""
    before = None
    for entry in model.get_config()["layers"]:
        name, sources = entry["name"], _sources(entry["inbound_nodes"])
        if len(sources) > 1 or len(entry["inbound_nodes"]) > 1 or (sources and sources != {before}):
            given = ", ".join(sorted(sources)) or "nothing"
            raise ParameterError(
                f"The network is no chain: layer {name!r} ({entry['class_name']}) takes what {given} gives, and comes "
                f"after {before!r}. {_KNOWN_WORDS}"
            )
        before = name


def _sources(node: Any) -> set[str]:
    """Name the layers whose outputs a serialised node mentions."""
    if isinstance(node, dict):
        if "keras_history" in node:
            return {str(node["keras_history"][0])}
        return set().union(*map(_sources, node.values())) if node else set()
    if isinstance(node, list | tuple):
        return set().union(*map(_sources, node)) if node else set()
    return set()


# --- one function a kind of Keras layer: its configuration and weights -> ours ---------------------------


def _translate(layer: Any, training: bool) -> list[Layer]:
    kind = type(layer).__name__
    if kind not in _TRANSLATIONS:
        if kind in ("Greater", "Argmax", "OneHot", "Cast"):
            raise ParameterError(
                "The network ends in a step, whose derivative is zero wherever it has one: there is nothing to "
                "propagate back. A Perceptron learns by its own rule; LogisticRegression is its smooth neighbour."
            )
        raise ParameterError(f"The blackboard does not know layer {layer.name!r} ({kind}). {_KNOWN_WORDS}")
    config = layer.get_config()
    if config.get("data_format", "channels_last") != "channels_last":
        raise ParameterError(
            f"Layer {layer.name!r} ({kind}) has data_format={config['data_format']!r}; the blackboard knows "
            "channels_last."
        )
    weights = {variable.name: np.asarray(variable, np.float64) for variable in layer.weights}
    made = _TRANSLATIONS[kind](config, weights)
    if isinstance(made, BatchNorm):
        made = replace(made, training=training)
    function = config.get("activation")
    if function in (None, "linear") or isinstance(made, Activation | Softmax):
        return [made]
    return [made, _activation(function, f"{layer.name} ({_word(function)})", layer)]


def _word(function: Any) -> str:
    return str(function if isinstance(function, str) else getattr(function, "__name__", function))


def _named(word: str, name: str) -> Layer:
    return Softmax(name=name) if word == "softmax" else Activation(word, name=name)


def _activation(function: Any, name: str, layer: Any) -> Layer:
    try:
        return _named(_word(function), name)
    except ParameterError as error:
        raise ParameterError(
            f"The blackboard does not know the activation of layer {layer.name!r} ({type(layer).__name__}): {error}"
        ) from error


def _dense(config: dict[str, Any], w: dict[str, Any]) -> Layer:
    return Dense(w["kernel"], w.get("bias"), name=config["name"])


def _conv(config: dict[str, Any], w: dict[str, Any]) -> Layer:
    if config.get("groups", 1) != 1:
        raise ParameterError(f"Layer {config['name']!r} has groups={config['groups']}; the blackboard knows groups=1.")
    return Conv2D(
        w["kernel"], w.get("bias"), strides=tuple(config["strides"]), padding=config["padding"],
        dilation=tuple(config["dilation_rate"]), name=config["name"],
    )  # fmt: skip


def _batch_norm(config: dict[str, Any], w: dict[str, Any]) -> Layer:
    return BatchNorm(
        w.get("gamma"), w.get("beta"), w["moving_mean"], w["moving_variance"],
        epsilon=config["epsilon"], name=config["name"],
    )  # fmt: skip


def _layer_norm(config: dict[str, Any], w: dict[str, Any]) -> Layer:
    return LayerNorm(w.get("gamma"), w.get("beta"), epsilon=config["epsilon"], name=config["name"])


def _pool(make: type[MaxPool2D] | type[AveragePool2D]) -> Callable[[dict[str, Any], dict[str, Any]], Layer]:
    def made(config: dict[str, Any], _: dict[str, Any]) -> Layer:
        return make(
            tuple(config["pool_size"]), strides=tuple(config["strides"]), padding=config["padding"], name=config["name"]
        )

    return made


def _relu(config: dict[str, Any], _: dict[str, Any]) -> Layer:
    unusual = {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}
    for key, usual in unusual.items():
        if config.get(key, usual) != usual:
            raise ParameterError(
                f"Layer {config['name']!r} is a ReLU with {key}={config[key]}; the blackboard has none."
            )
    return Activation("relu", name=config["name"])


def _normalization(config: dict[str, Any], w: dict[str, Any]) -> Layer:
    mean = w["mean"] if "mean" in w else np.asarray(config["mean"], np.float64)
    variance = w["variance"] if "variance" in w else np.asarray(config["variance"], np.float64)
    return Normalization(mean, variance, name=config["name"])


_TRANSLATIONS: dict[str, Callable[[dict[str, Any], dict[str, Any]], Layer]] = {
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
    "Activation": lambda config, _: _named(_word(config["activation"]), config["name"]),
    "Softmax": lambda config, _: Softmax(name=config["name"]),
    "ReLU": _relu,
    "LeakyReLU": lambda config, _: Activation(
        "leaky_relu", negative_slope=config["negative_slope"], name=config["name"]
    ),
}
_KNOWN_WORDS = f"It knows chains of {', '.join(sorted(_TRANSLATIONS))}."


def _own_penalties(layer: Any) -> dict[str, Penalty]:
    """Return the penalties that a layer brings along, by parameter."""
    config, found = layer.get_config(), {}
    for key in ("kernel_regularizer", "bias_regularizer", "activity_regularizer"):
        given = config.get(key)
        if given is None:
            continue
        own = given.get("config", {}) if isinstance(given, dict) else {}
        sizes = (float(own.get("l1", 0.0) or 0.0), float(own.get("l2", 0.0) or 0.0))
        if key == "activity_regularizer" or not isinstance(given, dict) or given.get("class_name") not in _REGULARIZERS:
            name = given.get("class_name") if isinstance(given, dict) else given
            raise ParameterError(
                f"The blackboard does not know the {key} {name!r} of layer {layer.name!r}. It knows L1, L2 and L1L2 of "
                "kernels and biases."
            )
        alpha = sizes[0] + 2 * sizes[1]  # Keras's L2 is l2 * |w|^2, without the half
        found[key.removesuffix("_regularizer")] = Penalty(alpha, l1_ratio=sizes[0] / alpha if alpha else 0.0)
    return found


_REGULARIZERS = ("L1", "L2", "L1L2")
