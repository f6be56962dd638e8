"""The layers of a network, for a table."""

from __future__ import annotations

from typing import Any


def network_layers(network: Any) -> list[dict[str, Any]]:
    """Describe a network layer by layer.

    Parameters
    ----------
    network : keras.Model

    Returns
    -------
    list of dict
        For each layer "name", "type", "output_shape" (of one row), "parameters" and "activation".
    """
    layers = []
    for layer in network.layers:
        try:
            shape = list(layer.output.shape[1:])
        except (AttributeError, ValueError, TypeError):  # a layer that has several outputs, or was called twice
            shape = []
        activation = getattr(layer, "activation", None)
        layers.append(
            {
                "name": layer.name,
                "type": type(layer).__name__,
                "output_shape": shape,
                "parameters": int(layer.count_params()),
                "activation": getattr(activation, "__name__", None) if callable(activation) else None,
            }
        )
    return layers
