"""Networks put one after the other, as one flat graph with weights of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strates.engine.backend import keras

#: Given a layer and its configuration, returns the configuration of its copy.
Configure = Callable[[Any, dict[str, Any]], dict[str, Any]]


def graft(
    model: keras.Model, x: Any, *, configure: Configure | None = None, keep_weights: bool = True
) -> tuple[Any, list[tuple[Any, Any]]]:
    """Send a tensor through copies of a network's layers.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, with one input and one output. It is not changed.
    x : keras tensor
        In place of its input.
    configure : callable (layer, config) -> config, optional
        What the copies are to have otherwise: another name, another momentum.
    keep_weights : bool, default=True
        Whether the copies have the weights of what they copy, or are drawn anew.

    Returns
    -------
    output : keras tensor
        In place of the network's output.
    layers : list of tuple (layer, copy)
        In the order in which they run; networks within the network stay whole.

    Examples
    --------
    >>> one = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="one")])
    >>> output, layers = graft(one, keras.Input((2,)))
    >>> tuple(output.shape), [copy.name for _, copy in layers]
    ((None, 3), ['one'])
    """
    graph = model._functional if isinstance(model, keras.Sequential) else model
    made: dict[int, tuple[Any, Any]] = {}

    def copy(operation: Any) -> Any:
        if id(operation) not in made:  # a layer that is called twice has one copy
            made[id(operation)] = (operation, _copy(operation, configure))
        return made[id(operation)][1]

    output = graph._run_through_graph(x, operation_fn=copy)
    pairs = [pair for pair in made.values() if isinstance(pair[0], keras.layers.Layer)]
    for old, new in pairs:
        if keep_weights:
            new.set_weights(old.get_weights())
        for inner, copied in zip(_adapted(old), _adapted(new), strict=True):  # their graphs hold it as constants
            copied.set_weights(inner.get_weights())
            copied.finalize_state()
    return output[0] if isinstance(output, list | tuple) else output, pairs


def _copy(operation: Any, configure: Configure | None) -> Any:
    if isinstance(operation, keras.Model):
        copy = keras.models.clone_model(operation)
        if configure is not None:
            copy.name = configure(operation, {"name": operation.name})["name"]
        return copy
    config = operation.get_config()
    if configure is not None and isinstance(operation, keras.layers.Layer):
        config = configure(operation, config)
    return type(operation).from_config(config)


def _adapted(layer: Any) -> list[Any]:
    return [one for one in layer._flatten_layers() if hasattr(one, "finalize_state")]
