"""Which layers of a network make images."""

from __future__ import annotations

from typing import Any

from strates.engine.layer_walk import layer_records
from strates.exceptions import ParameterError, did_you_mean
from strates.inspection.planned_layer import PlannedLayer, planned_keras_layer

_HANDED_ON = {"Rescaling", "Normalization", "Identity", "GetItem"}


def _planned(network: Any) -> list[PlannedLayer]:
    return [planned_keras_layer(record, counted=True) for record in layer_records(network)[1]]


def _is_image(layer: PlannedLayer) -> bool:
    handed_on = layer.kind in _HANDED_ON or layer.kind.startswith("Random") or "Dropout" in layer.kind
    return len(layer.output_shape) == 3 and not handed_on


def image_layers(network: Any) -> tuple[str, ...]:
    """Return the layers whose outputs are feature maps, of shape (height, width, channels).

    Parameters
    ----------
    network : keras.Model

    Returns
    -------
    tuple of str
        In their order; of nested networks as "network/layer".

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier((4, 8), hidden_layer_sizes=(), max_iter=1, learning_rate="cosine", random_state=0)
    >>> image_layers(clf.fit(X[:300], y[:300]).network_)
    ('conv_1', 'pool_1', 'conv_2', 'pool_2')
    """
    return tuple(layer.name for layer in _planned(network) if _is_image(layer))


def choose_image_layer(network: Any, layer: str | int) -> str:
    """Return the name of a layer that makes feature maps.

    Parameters
    ----------
    network : keras.Model
    layer : str or int
        Its name, or its number among the layers that do: from 0, or negative from the last.

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        There is none such; the message names those that there are.
    """
    names = image_layers(network)
    if not names:
        raise ParameterError(
            "No layer of this network makes feature maps: it has no convolution. Take a CNNClassifier."
        )
    if isinstance(layer, str):
        if layer in names:
            return layer
        raise ParameterError(f"No layer {layer!r} makes feature maps. {did_you_mean(layer, names)}")
    if isinstance(layer, bool) or not -len(names) <= layer < len(names):
        raise ParameterError(
            f"layer={layer!r} does not exist: {len(names)} layers make feature maps, numbered 0 to {len(names) - 1} "
            f"({', '.join(names)})."
        )
    return names[layer]


def last_convolution(network: Any) -> str:
    """Return where the last convolution ends: with the normalisation and activation that follow it.

    Raises
    ------
    ParameterError
        The network has no convolution.
    """
    layers = _planned(network)
    places = [i for i, layer in enumerate(layers) if "Conv" in layer.kind and _is_image(layer)]
    if not places:
        raise ParameterError(
            "Grad-CAM looks at the last convolution, and this network has none. Take saliency or occlusion_map."
        )
    place = places[-1]
    while place + 1 < len(layers):
        following = layers[place + 1]
        if following.action != "place" or not _is_image(following) or place not in following.sources:
            break
        place += 1
    return layers[place].name
