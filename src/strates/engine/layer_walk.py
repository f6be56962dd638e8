"""A network's operations in the order in which they run, nested networks opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from strates.engine.backend import keras
from strates.engine.keras_architecture import is_functional
from strates.exceptions import ParameterError

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class LayerCall:
    """One operation of a network, called once.

    Attributes
    ----------
    name : str
        The layer's name; those of a nested network begin with its name and a slash.
    operation : keras.layers.Layer or keras.Operation
    node : keras node
        What it is called with.
    """

    name: str
    operation: Any
    node: Any

    def run(self, inputs: Sequence[Any]) -> Any:
        """Call it, as at prediction, with tensors in place of those that it was built with."""
        given = {id(t): x for t, x in zip(self.node.input_tensors, inputs, strict=True)}
        args, kwargs = self.node.arguments.fill_in(given)
        if getattr(self.operation, "_call_has_training_arg", False):
            kwargs = {**kwargs, "training": False}
        return self.operation(*args, **kwargs)

    def shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of its output, of one row, for inputs of given shapes."""
        given = {
            id(t): keras.KerasTensor((None, *shape), dtype=t.dtype)
            for t, shape in zip(self.node.input_tensors, inputs, strict=True)
        }
        args, kwargs = self.node.arguments.fill_in(given)
        found = keras.tree.flatten(self.operation.compute_output_spec(*args, **kwargs))
        return tuple(found[0].shape[1:])


def walk_layers(model: keras.Model, inputs: Any, visit: Callable[[LayerCall, list[Any]], Any]) -> Any:
    """Send something through a network: tensors, shapes, or whatever ``visit`` makes of them.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, with one input and one output.
    inputs : object
        Stands for the network's input.
    visit : callable (LayerCall, list of objects) -> object
        Called for each operation with what stands for its inputs; returns what stands for its output.

    Returns
    -------
    object
        What stands for the network's output.

    Raises
    ------
    ParameterError
        The network is, or holds, a subclass of ``keras.Model``.
    """
    return _walk(model, inputs, visit, "")


def _walk(model: keras.Model, inputs: Any, visit: Callable[[LayerCall, list[Any]], Any], prefix: str) -> Any:
    if not is_functional(model):
        raise ParameterError(
            f"The layers of a {type(model).__name__}, a subclass of keras.Model, cannot be looked into. Write the "
            "network as keras.Sequential or keras.Model(inputs, outputs)."
        )
    graph = model._functional if isinstance(model, keras.Sequential) else model
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ParameterError(
            f"The network {model.name!r} has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; expected one "
            "of each."
        )
    values = {id(graph.inputs[0]): inputs}
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            if node.is_input or not all(id(t) in values for t in node.input_tensors):
                continue
            given = [values[id(t)] for t in node.input_tensors]
            operation = node.operation
            if isinstance(operation, keras.Model):
                found = _walk(operation, given[0], visit, f"{prefix}{operation.name}/")
            else:
                found = visit(LayerCall(prefix + operation.name, operation, node), given)
            values[id(node.outputs[0])] = found
    return values[id(graph.outputs[0])]


@dataclass(frozen=True)
class LayerRecord:
    """What is known of one operation without running it.

    Attributes
    ----------
    name : str
    operation : keras.layers.Layer or keras.Operation
    sources : tuple of int
        Places in the list of records of those that it takes; -1 is the network's input.
    output_shape : tuple of int or None
        Of one row.
    """

    name: str
    operation: Any
    sources: tuple[int, ...]
    output_shape: Shape


def layer_records(model: keras.Model, input_shape: Shape | None = None) -> tuple[Shape, list[LayerRecord]]:
    """List a network's operations, with the shapes that they make of an input.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional.
    input_shape : tuple of int, optional
        Of one row; the network's own by default, where None stands for any size.

    Returns
    -------
    input_shape : tuple of int or None
    records : list of LayerRecord

    Raises
    ------
    ParameterError
        The network cannot be looked into.

    Examples
    --------
    >>> network = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(8, 5, name="conv")])
    >>> layer_records(network)[1][0].output_shape
    (24, 24, 8)
    """
    records: list[LayerRecord] = []

    def visit(call: LayerCall, inputs: list[tuple[int, Shape]]) -> tuple[int, Shape]:
        shape = call.shape([given for _, given in inputs])
        records.append(LayerRecord(call.name, call.operation, tuple(place for place, _ in inputs), shape))
        return len(records) - 1, shape

    own = getattr(model, "input_shape", None)
    start = tuple(own[1:]) if input_shape is None and isinstance(own, tuple) else tuple(input_shape or ())
    walk_layers(model, (-1, start), visit)
    return start, records
