"""A network as code: layer by layer, in a list where it is a chain, by calls where it is a graph."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from typing import Any

from strates.engine.backend import keras
from strates.engine.keras_architecture import is_functional
from strates.engine.keras_code.layout import Call, Keyword, lay_out, literal
from strates.engine.keras_code.objects import cannot_write, keras_call

#: Given a layer, returns arguments that it is to have besides its own, or in their place.
Extra = Callable[[Any], Mapping[str, Any]]


def network_code(
    model: keras.Model, extra: Extra, *, name: str = "model", wrap: Mapping[str, Call] | None = None
) -> str:
    """Write the code that builds a network.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, of Keras's own layers.
    extra : callable (layer) -> mapping of str to code
        Arguments to add: regularizers, initializers.
    name : str, default="model"
        The variable that holds it.
    wrap : mapping of layer name to Call, optional
        Code to write in place of a layer's own.

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        A layer is of somebody's own class.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax", name="outputs")])
    >>> print(network_code(model, lambda layer: {}))
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(3, activation="softmax", name="outputs"),
        ]
    )
    """
    return _Writer(extra, wrap or {}).write(model, name)


def chain_of(model: keras.Model) -> list[Any] | None:
    """Return the layers of a network that is a chain, input left out; None for any other."""
    if isinstance(model, keras.Sequential):
        return list(model.layers)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        return None
    nodes = [node for depth in sorted(model._nodes_by_depth, reverse=True) for node in model._nodes_by_depth[depth]]
    operations = [node.operation for node in nodes if not isinstance(node.operation, keras.layers.InputLayer)]
    plain = all(isinstance(one, keras.layers.Layer) for one in operations)
    single = all(len(node.input_tensors) <= 1 for node in nodes) and len(set(map(id, operations))) == len(operations)
    sources = [id(tensor) for node in nodes for tensor in node.input_tensors]
    return operations if plain and single and len(set(sources)) == len(sources) else None


class _Writer:
    def __init__(self, extra: Extra, wrap: Mapping[str, Call]) -> None:
        self._extra, self._wrap = extra, wrap
        self._before: list[str] = []  # networks within the network, which stand before it
        self._names: set[str] = set()

    def write(self, model: keras.Model, name: str) -> str:
        if not is_functional(model):
            raise cannot_write(model)
        layers = chain_of(model)
        text = self._functional(model, name) if layers is None else self._sequential(model, layers, name)
        return "\n\n".join([*self._before, text]) if self._before else text

    def _sequential(self, model: keras.Model, layers: list[Any], name: str) -> str:
        made = [self._input(model.inputs[0]), *(self._layer(layer) for layer in layers)]
        arguments: tuple[Any, ...] = (Call("[", tuple(made), "]"),)
        if name != "model":
            arguments = (*arguments, Keyword("name", literal(model.name)))
        return lay_out(Call("keras.Sequential(", arguments), before=f"{name} = ")

    def _functional(self, model: keras.Model, name: str) -> str:
        lines, made = [], dict[int, str]()
        for i, tensor in enumerate(model.inputs):
            variable = self._free("inputs" if len(model.inputs) == 1 else f"inputs_{i + 1}")
            made[id(tensor)] = variable
            lines.append(lay_out(self._input(tensor), before=f"{variable} = "))
        shared: dict[int, str] = {}
        nodes = [node for depth in sorted(model._nodes_by_depth, reverse=True) for node in model._nodes_by_depth[depth]]
        uses = [id(node.operation) for node in nodes]
        for node in nodes:
            operation = node.operation
            if isinstance(operation, keras.layers.InputLayer):
                continue
            given = self._given(node, made)
            variable = self._free(_identifier(getattr(operation, "name", "x")))
            made[id(node.output_tensors[0])] = variable
            if not isinstance(operation, keras.layers.Layer):
                lines.append(lay_out(self._operation(operation, given), before=f"{variable} = "))
                continue
            if uses.count(id(operation)) > 1 or isinstance(operation, keras.Model):
                if id(operation) not in shared:
                    layer = self._layer(operation)
                    shared[id(operation)] = layer if isinstance(layer, str) else self._free(f"{variable}_layer")
                    if not isinstance(layer, str):
                        lines.append(lay_out(layer, before=f"{shared[id(operation)]} = "))
                lines.append(f"{variable} = {shared[id(operation)]}({given})")
                continue
            lines.append(lay_out(self._layer(operation), before=f"{variable} = ", after=f"({given})"))
        outputs = [made[id(tensor)] for tensor in model.outputs]
        ends = outputs[0] if len(outputs) == 1 else f"[{', '.join(outputs)}]"
        starts = [made[id(tensor)] for tensor in model.inputs]
        begins = starts[0] if len(starts) == 1 else f"[{', '.join(starts)}]"
        arguments: tuple[Any, ...] = (begins, ends)
        if name != "model":
            arguments = (*arguments, Keyword("name", literal(model.name)))
        lines.append(lay_out(Call("keras.Model(", arguments), before=f"{name} = "))
        return "\n".join(lines)

    def _input(self, tensor: Any) -> Call:
        arguments: tuple[Any, ...] = (literal(tuple(tensor.shape[1:])),)
        if tensor.dtype not in ("float32", keras.config.floatx()):
            arguments = (*arguments, Keyword("dtype", literal(tensor.dtype)))
        return Call("keras.Input(", arguments)

    def _layer(self, layer: Any) -> Any:
        """Return the code of a layer; the name of the variable for a network within the network."""
        if isinstance(layer, keras.Model):
            variable = self._free(_identifier(layer.name))
            self._before.append(_Writer(self._extra, self._wrap).write(layer, variable))
            return variable
        if layer.name in self._wrap:
            return self._wrap[layer.name]
        return keras_call(layer, extra=self._extra(layer))

    def _operation(self, operation: Any, given: str) -> Call:
        """Write an operation between layers, such as x + y."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(operation).__name__).lower()
        if not hasattr(keras.ops, name) or not type(operation).__module__.startswith("keras."):
            raise cannot_write(operation)
        config = {k: v for k, v in operation.get_config().items() if k not in ("name", "dtype") and v is not None}
        return Call(f"keras.ops.{name}(", (given, *(Keyword(k, literal(v)) for k, v in config.items())))

    def _given(self, node: Any, made: Mapping[int, str]) -> str:
        """Write what an operation is called with."""

        def written(value: Any) -> str:
            if isinstance(value, keras.KerasTensor):
                return made[id(value)]
            if isinstance(value, list | tuple):
                return "[" + ", ".join(written(one) for one in value) + "]"
            return literal(value)

        silent = ("training", "mask")
        parts = [written(value) for value in node.arguments.args]
        for key, value in node.arguments.kwargs.items():
            if value is not None and key not in silent:
                parts.append(f"{key}={written(value)}")
        return ", ".join(parts)

    def _free(self, name: str) -> str:
        found, i = name, 2
        while found in self._names:
            found, i = f"{name}_{i}", i + 1
        self._names.add(found)
        return found


def _identifier(name: str) -> str:
    found = re.sub(r"\W", "_", name).lower()
    return f"x_{found}" if not found or found[0].isdigit() or keyword.iskeyword(found) or found == "model" else found
