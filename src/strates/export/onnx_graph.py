"""A graph of ONNX while it is being written: nodes, constants, and names that are used once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from strates._types import AnyArray

#: What the graph's operations are taken from; every runtime since 2023 has it.
OPSET = 19


@dataclass
class OnnxGraph:
    """Collects nodes in their order.

    Parameters
    ----------
    onnx : module
        The package, which is an optional one.

    Attributes
    ----------
    nodes, constants : list
    """

    onnx: Any
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    _count: int = 0

    def add(self, operation: str, *inputs: str | AnyArray, n_outputs: int = 1, **attributes: Any) -> Any:
        """Add a node, and return the name of its output, or their list; arrays among its inputs become constants."""
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        outputs = [self._name(operation.lower()) for _ in range(n_outputs)]
        self.nodes.append(self.onnx.helper.make_node(operation, names, outputs, name=outputs[0], **attributes))
        return outputs[0] if n_outputs == 1 else outputs

    def constant(self, values: AnyArray) -> str:
        """Keep an array, and return its name; text is kept as text."""
        name = self._name("constant")
        if values.dtype.kind in "OU":
            texts = [str(one).encode() for one in values.ravel()]
            kind = self.onnx.TensorProto.STRING
            self.constants.append(self.onnx.helper.make_tensor(name, kind, values.shape, texts))
        else:
            self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def cast(self, x: str, kind: str) -> str:
        """Add a change of type: "FLOAT", "DOUBLE" or "INT64"."""
        return str(self.add("Cast", x, to=getattr(self.onnx.TensorProto, kind)))

    def end(self, x: str, name: str) -> None:
        """Give a tensor the name of one of the graph's outputs."""
        self.nodes.append(self.onnx.helper.make_node("Identity", [x], [name], name=f"output_{name}"))

    def _name(self, word: str) -> str:
        self._count += 1
        return f"/{word}_{self._count}"  # the slash keeps it apart from the name of a column


def integers(*values: int) -> AnyArray:
    """Return an array of shape-like numbers, as ONNX wants them."""
    return np.array(values, np.int64)


def number(value: float) -> AnyArray:
    """Return a constant of float32."""
    return np.array(value, np.float32)
