"""The steps of a Keras model, in order, if it is a chain."""

from __future__ import annotations

from typing import Any

from strates.backprop.keras_translation import KNOWN_WORDS
from strates.exceptions import ParameterError

_CHAINS = ("Functional", "Sequential")


def keras_chain(model: Any) -> list[Any]:
    """List the steps of a model that is a chain: its layers, nested models opened, and any operation between them.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    list of keras.layers.Layer or keras.Operation

    Raises
    ------
    ParameterError
        The model is a subclass, or some layer takes what another than the one before it gives.

    Examples
    --------
    >>> import keras
    >>> block = keras.Sequential([keras.layers.Dense(3, name="a"), keras.layers.Dense(3, name="b")])
    >>> [layer.name for layer in keras_chain(keras.Sequential([block, keras.layers.Dense(2, name="c")]))]
    ['a', 'b', 'c']
    """
    if type(model).__name__ not in _CHAINS:
        raise ParameterError(
            f"The network is a {type(model).__name__}, a subclass of keras.Model, whose layers cannot be read. "
            "Write it as keras.Sequential or keras.Model(inputs, outputs)."
        )
    functional = type(model).__name__ == "Functional"
    if functional:
        _refuse_branches(model)
    found: list[Any] = []
    for step in model.operations if functional else model.layers:  # .layers leaves out x + 1 and keras.ops.sin(x)
        kind = type(step).__name__
        if kind in _CHAINS:
            found += keras_chain(step)
        elif kind != "InputLayer":
            found.append(step)
    return found


def _refuse_branches(model: Any) -> None:
    """Refuse a model in which some layer takes what another than the layer before it gives."""
    before: str | None = None
    entries = model.get_config()["layers"]
    words = {e["name"]: "the inputs" if e["class_name"] == "InputLayer" else repr(e["name"]) for e in entries}
    for entry in entries:
        name, sources = entry["name"], _sources(entry["inbound_nodes"])
        if len(sources) > 1 or len(entry["inbound_nodes"]) > 1 or (sources and sources != {before}):
            given = " and ".join(sorted(words.get(source, repr(source)) for source in sources))
            raise ParameterError(
                f"The network is no chain: layer {name!r} ({entry['class_name']}) is fed by {given}, and comes after "
                f"{words.get(str(before), 'nothing')}. {KNOWN_WORDS}"
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
