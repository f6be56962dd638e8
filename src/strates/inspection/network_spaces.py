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
        The space that the output layer takes, whether or not it is among ``values``.
    """

    values: dict[str, FloatArray]
    shapes: dict[str, tuple[int, ...]]
    last: str


def network_spaces(clf: Any, X: Any, *, layers: Any = None) -> NetworkSpaces:
    """Carry rows through a network, and keep what they are in each space.

    Parameters
    ----------
    clf : fitted classifier or pipeline
    X : DataFrame or array of n_rows rows
        As the pipeline takes them.
    layers : sequence of (str or int), str, int or None, default=None
        Which spaces; all by default.

    Returns
    -------
    NetworkSpaces

    Raises
    ------
    ParameterError
        There is no such layer, or the network is a subclass of ``keras.Model`` that cannot be looked into.
    """
    inputs, last = network_inputs(clf, X)
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
