"""The spaces that a network carries its rows through."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.inspection.hidden_layers import INPUT, choose_spaces, layer_names
from strates.inspection.network_inputs import network_inputs


@dataclass(frozen=True, eq=False)
class NetworkSpaces:
    """What the rows are in each space, from the input to the last hidden layer.

    Attributes
    ----------
    values : dict of str to ndarray of shape (n_rows, width)
        "input", then the names of layers, in their order; images and sequences are flattened.
    shapes : dict of str to tuple of int
        Shape of one row in each space, before it is flattened.
    last : str
        The space that the output layer takes, whether or not it is among ``values``; empty for an autoencoder, whose
        outputs tell no classes apart.
    """

    values: dict[str, FloatArray]
    shapes: dict[str, tuple[int, ...]]
    last: str


def network_spaces(clf: Any, X: Any, *, layers: Any = None) -> NetworkSpaces:
    """Carry rows through a network, and keep what they are in each space.

    Parameters
    ----------
    clf : fitted classifier, autoencoder or pipeline
    X : DataFrame or array of n_rows rows
        As the pipeline takes them.
    layers : sequence of (str or int), str, int or None, default=None
        Which spaces; all by default, of an autoencoder those down to its code.

    Returns
    -------
    NetworkSpaces

    Raises
    ------
    ParameterError
        There is no such layer, or the network is a subclass of ``keras.Model`` that cannot be looked into.
    """
    inputs, last = network_inputs(clf, X)
    if hasattr(last, "encoder_"):
        return _autoencoder_spaces(last, inputs, layers)
    # `transform` notes which layer was last asked for: a copy keeps the user's own note as it is
    twin = copy.copy(last)
    first = twin.transform(inputs)  # refuses what cannot be looked into
    network = last.network_
    names = choose_spaces(network, layers)
    last_name = (INPUT, *layer_names(network))[-1]
    values: dict[str, FloatArray] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for name in names:
        if name == INPUT:
            found = np.asarray(inputs.toarray() if hasattr(inputs, "toarray") else inputs)
        else:
            found = first if name == last_name else twin.transform(inputs, layer=name)
        shapes[name] = tuple(int(n) for n in found.shape[1:])
        values[name] = np.asarray(found, dtype=np.float64).reshape(len(found), -1)
    return NetworkSpaces(values, shapes, last_name)


def _autoencoder_spaces(autoencoder: Any, inputs: Any, layers: Any) -> NetworkSpaces:
    down_to_code = [INPUT, *(layer.name for layer in autoencoder.encoder_.layers[1:])]
    names = down_to_code if layers is None else choose_spaces(autoencoder.network_, layers)
    found = np.asarray(inputs.toarray() if hasattr(inputs, "toarray") else inputs, dtype=np.float32)
    every = {INPUT: found}
    for layer in autoencoder.network_.layers[1:]:  # a chain of dense layers
        found = np.asarray(layer(found))
        every[layer.name] = found
    values: dict[str, FloatArray] = {name: every[name].astype(np.float64) for name in names}
    return NetworkSpaces(values, {name: value.shape[1:] for name, value in values.items()}, "")
