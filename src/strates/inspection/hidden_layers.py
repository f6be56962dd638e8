"""Which layers of a network hold a representation, and the weights that decide in the last one."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.exceptions import ParameterError, did_you_mean

INPUT = "input"
# layers that finish what the one before began: a block ends with the last of them
_FINISHING = {
    "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax", "BatchNormalization", "LayerNormalization",
    "GroupNormalization", "UnitNormalization", "Normalization", "Rescaling", "Flatten", "Reshape", "MaxPooling1D",
    "MaxPooling2D", "AveragePooling1D", "AveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D",
}  # fmt: skip
_RESHAPING = {"Flatten", "Reshape"}
# at prediction they pass on what they are given
_PASSING = {"Dropout", "SpatialDropout1D", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise",
            "ActivityRegularization"}  # fmt: skip
_ENDING = {"Activation", "Softmax"}


def _passes(layer: Any) -> bool:
    """Whether a layer hands on what it is given, at prediction: dropout, noise, and augmentation."""
    kind = type(layer).__name__
    # of Keras's augmentation this one alone acts at prediction too: it takes the middle
    return kind in _PASSING or (kind.startswith("Random") and kind != "RandomCrop")


def layer_names(network: Any) -> tuple[str, ...]:
    """Return the layers whose outputs are representations: one a block, its last, the output layer aside.

    A block is a layer with weights and what finishes it: normalisation, activation, pooling. Dropout and augmentation
    do nothing at prediction.

    Parameters
    ----------
    network : keras.Model

    Returns
    -------
    tuple of str
        Empty for a network without hidden layers.
    """
    layers = [layer for layer in network.layers if not (type(layer).__name__ == "InputLayer" or _passes(layer))]
    while layers and type(layers[-1]).__name__ in _ENDING:
        layers.pop()
    hidden, names = layers[:-1], []
    opened = False
    for i, layer in enumerate(hidden):
        opened = opened or type(layer).__name__ not in _FINISHING
        ends = i == len(hidden) - 1 or type(hidden[i + 1]).__name__ not in _FINISHING
        # what stands before the first weights only prepares the input, unless the output layer takes it
        if ends and (opened or (i == len(hidden) - 1 and type(layer).__name__ not in _RESHAPING)):
            names.append(layer.name)
    return tuple(names)


def choose_spaces(network: Any, layers: Any) -> list[str]:
    """Return the spaces asked for, in the order of the network.

    Parameters
    ----------
    network : keras.Model
    layers : sequence of (str or int), str, int or None
        Names ("input" among them), or numbers of hidden layers: from 0, or negative from the output. None for all.

    Returns
    -------
    list of str

    Raises
    ------
    ParameterError
        There is no such layer; the message names those that there are.
    """
    hidden = layer_names(network)
    known = [INPUT, *hidden]
    if layers is None:
        return known
    every = [INPUT, *_before_output(network)]
    asked = []
    for one in [layers] if isinstance(layers, (str, int, np.integer)) else layers:
        if isinstance(one, (int, np.integer)) and not isinstance(one, bool):
            if not -len(hidden) <= one < len(hidden):
                numbered = f"hidden layers 0 to {len(hidden) - 1}" if hidden else "no hidden layer"
                raise ParameterError(f"There is no layer {one}: the network has {numbered}. Known: {', '.join(known)}.")
            asked.append(hidden[one])
        elif one in every:
            asked.append(one)
        else:
            raise ParameterError(f"The network has no layer {one!r} to show. {did_you_mean(str(one), known)}")
    if not asked:
        raise ParameterError(f"layers is empty; name one at least. Known: {', '.join(known)}.")
    return [name for name in every if name in asked]


def _before_output(network: Any) -> list[str]:
    names = [layer.name for layer in network.layers if type(layer).__name__ != "InputLayer"]
    hidden = layer_names(network)
    return names[: names.index(hidden[-1]) + 1] if hidden else []


def output_weights(clf: Any) -> tuple[AnyArray, AnyArray, str] | None:
    """Return kernel, bias and last activation of the output layer, where it takes the last space as it is.

    Parameters
    ----------
    clf : fitted classifier
        With ``network_``.

    Returns
    -------
    tuple or None
        Kernel of shape (width, n_outputs), bias of shape (n_outputs,) and the name of the activation; None when the
        network does not end in a dense layer on the last space.
    """
    network = clf.network_
    layers = [layer for layer in network.layers if not (type(layer).__name__ == "InputLayer" or _passes(layer))]
    ending = ""
    while layers and type(layers[-1]).__name__ in _ENDING:
        end = layers.pop()
        ending = ending or getattr(getattr(end, "activation", None), "__name__", "softmax")
    if not layers or type(layers[-1]).__name__ != "Dense":
        return None
    dense = layers[-1]
    names = layer_names(network)
    if not _takes(network, dense, names[-1] if names else INPUT):
        return None
    kernel, *bias = (np.asarray(w, dtype=np.float64) for w in dense.get_weights())
    return kernel, bias[0] if bias else np.zeros(kernel.shape[1]), ending or dense.activation.__name__


def _takes(network: Any, dense: Any, name: str) -> bool:
    """Whether a layer takes what a space holds, dropout and reshaping aside."""
    try:
        given = dense.input
        while True:
            source = next(one for one in network.layers if one.output is given)
            kind = type(source).__name__
            if source.name == name or (kind == "InputLayer" and name == INPUT):
                return True
            if not _passes(source) and not (name == INPUT and kind in _RESHAPING):
                return False
            given = source.input
    except (AttributeError, ValueError, StopIteration):  # several inputs, or a layer called twice
        return False
