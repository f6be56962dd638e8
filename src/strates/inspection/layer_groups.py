"""A network's layers as people count them: weights, and what follows up to the activation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from strates.exceptions import ParameterError

#: Layers that belong to the layer with weights before them. An activation ends the group.
_PASSING = frozenset(
    {"BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization", "RMSNormalization",
     "Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise"}
)  # fmt: skip
_ACTIVATION_LAYERS = frozenset({"Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax"})


@dataclass(frozen=True)
class LayerGroup:
    """A layer with weights and what belongs to it: normalisation, activation.

    Attributes
    ----------
    name : str
        Of the layer with the weights.
    ends_at : str
        The layer whose outputs are the group's.
    activation : str or None
        Keras's name of the function that makes them; None where the outputs are what the network answers, whose last
        function the loss takes in.
    kernels : tuple of keras.Variable
        The weights, biases aside.
    """

    name: str
    ends_at: str
    activation: str | None
    kernels: tuple[Any, ...]


def layer_groups(network: Any) -> tuple[LayerGroup, ...]:
    """Divide a network into layers with weights, each with the normalisation and the activation that follow it.

    Parameters
    ----------
    network : keras.Model
        Sequential or functional. A model among its layers counts as one layer.

    Returns
    -------
    tuple of LayerGroup
        From the inputs to the outputs.

    Raises
    ------
    ParameterError
        The network is a subclass of ``keras.Model``, whose layers cannot be looked into, or it has no weights.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> X, y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]
    >>> clf = MLPClassifier((3,), batch_norm=True, learning_rate="cosine", max_iter=1).fit(X, y)
    >>> [(group.name, group.ends_at, group.activation) for group in layer_groups(clf.network_)]
    [('hidden_1', 'activation_1', 'relu'), ('outputs', 'outputs', None)]
    """
    for model in [network, *(layer for layer in network.layers if hasattr(layer, "layers"))]:
        kind = type(model).__name__
        if kind not in ("Sequential", "Functional"):
            raise ParameterError(
                f"The layers of a {kind}, a subclass of keras.Model, cannot be looked into. Write the network as "
                "keras.Sequential or keras.Model(inputs, outputs)."
            )
    consumers = _consumers(network)
    groups = []
    for layer in network.layers:
        kernels = tuple(v for v in layer.weights if len(v.shape) > 1 and v.name.endswith(("kernel", "embeddings")))
        if kernels:
            end = _end(layer, consumers)
            answers = any(end.output is output for output in network.outputs)
            groups.append(LayerGroup(layer.name, end.name, None if answers else _activation(end), kernels))
    if not groups:
        raise ParameterError(f"The network {network.name!r} has no layer with weights, such as Dense or Conv2D.")
    return tuple(groups)


def _consumers(network: Any) -> dict[int, list[Any]]:
    """Return who takes each tensor, by the tensor's identity."""
    found: dict[int, list[Any]] = {}
    for layer in getattr(network, "operations", network.layers):
        for tensor in _tensors(getattr(layer, "input", None)):
            found.setdefault(id(tensor), []).append(layer)
    return found


def _tensors(structure: Any) -> Iterator[Any]:
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, list | tuple):
        for one in structure:
            yield from _tensors(one)
    elif structure is not None:
        yield structure


def _end(layer: Any, consumers: dict[int, list[Any]]) -> Any:
    """Return the layer at which a group ends: at its activation, or before the paths part."""
    while _activation(layer) == "linear":
        following = consumers.get(id(layer.output), [])
        if len(following) != 1 or type(following[0]).__name__ not in _PASSING | _ACTIVATION_LAYERS:
            break
        layer = following[0]
    return layer


def _activation(layer: Any) -> str:
    """Name the function that a layer ends with."""
    kind = type(layer).__name__
    if kind == "ReLU":
        plain = layer.negative_slope == 0 and layer.threshold == 0
        return "relu" if plain else "relu with a slope or a threshold"
    if kind in _ACTIVATION_LAYERS - {"Activation"}:
        return kind.lower()
    if hasattr(layer, "recurrent_activation"):  # gates multiply what the activation gives
        return "gated"
    activation = getattr(layer, "activation", None)
    return "linear" if activation is None else str(getattr(activation, "__name__", activation))
