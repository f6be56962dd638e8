"""A circuit of values as a list of rows, which the text and the drawing share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from strates.backprop.circuit_expression import expanded_expressions, symbol, write_operation
from strates.backprop.value import Value


@dataclass(frozen=True)
class Use:
    """One place where a value is used.

    Attributes
    ----------
    node : int
        Position in ``Circuit.nodes`` of what was made from it.
    slope : float
        The derivative of that with respect to this value, through this place.
    """

    node: int
    slope: float


@dataclass(frozen=True)
class CircuitNode:
    """One value of a circuit.

    Attributes
    ----------
    name : str
        Its label, or ``v1``, ``v2``, ... in the order of evaluation; unique in the circuit.
    is_labelled : bool
        Whether it has a label.
    operation : str
        As in :class:`Value`.
    expression : str
        How it is made from the names of others; empty for an input.
    symbol : str
        The operation as a drawing shows it, with the numbers in it: ``+``, ``+1``, ``1/x``, ``exp``.
    value, gradient : float
        Its number, and the derivative of the output with respect to it.
    parents : tuple of int
        Positions of its operands in ``Circuit.nodes``, numbers left out.
    uses : tuple of Use
        Where it is used: ``gradient`` is the sum over them of ``slope`` times the gradient there.
    """

    name: str
    is_labelled: bool
    operation: str
    expression: str
    symbol: str
    value: float
    gradient: float
    parents: tuple[int, ...]
    uses: tuple[Use, ...]


@dataclass(frozen=True)
class Circuit:
    """The values that went into an output, the numbers written into its expressions left out.

    Attributes
    ----------
    nodes : tuple of CircuitNode
        Operands before what is made from them; the output is the last.
    expression : str
        The output in terms of the inputs; empty where that is longer than a line.

    Examples
    --------
    >>> x, y = Value(4.0, label="x"), Value(-3.0, label="y")
    >>> circuit = Circuit.from_value(x * y + 1)
    >>> circuit.expression, [node.name for node in circuit.nodes]
    ('x * y + 1', ['x', 'y', 'v1', 'v2'])
    >>> circuit.nodes[0].gradient
    -3.0
    """

    nodes: tuple[CircuitNode, ...]
    expression: str

    @classmethod
    def from_value(cls, output: Value, *, max_letters: int | None = None) -> Self:
        """Read the circuit behind a value. Neither it nor any ``grad`` is changed.

        Parameters
        ----------
        output : Value
            The result; gradients are derivatives of it.
        max_letters : int, default=None
            Letters of a label to keep; no limit by default. Labels that are the same then get a number behind them.

        Returns
        -------
        Circuit
        """
        gradients = output.gradients()
        names = value_names(output, max_letters=max_letters)
        order = list(names)
        position = {value: number for number, value in enumerate(order)}
        uses: list[list[Use]] = [[] for _ in order]
        for value in order:
            for parent, slope in zip(value.parents, value.local_gradients, strict=True):
                if parent in position:
                    uses[position[parent]].append(Use(position[value], slope))
        nodes = tuple(
            CircuitNode(
                name=names[value],
                is_labelled=bool(_label(value, None)),
                operation=value.operation,
                expression=write_operation(value, names),
                symbol=symbol(value),
                value=value.data,
                gradient=gradients[value],
                parents=tuple(position[parent] for parent in value.parents if parent in position),
                uses=tuple(uses[position[value]]),
            )
            for value in order
        )
        return cls(nodes, expanded_expressions(order, names).get(output) or "")

    @property
    def inputs(self) -> tuple[CircuitNode, ...]:
        """The nodes that no operation made."""
        return tuple(node for node in self.nodes if not node.expression)

    @property
    def output(self) -> CircuitNode:
        """The last node."""
        return self.nodes[-1]

    @property
    def depth(self) -> int:
        """The number of operations on the longest way from an input to the output."""
        depths: list[int] = []
        for node in self.nodes:
            depths.append(max((depths[parent] for parent in node.parents), default=-1) + 1)
        return depths[-1]


def value_names(output: Value, *, max_letters: int | None = None) -> dict[Value, str]:
    """Return the values that went into an output, in the order of evaluation, with unique names.

    Parameters
    ----------
    output : Value
        The result.
    max_letters : int, default=None
        Letters of a label to keep.

    Returns
    -------
    dict
        From value to name: its label, with a number where another one has the same; v1, v2, ... where it has none.
        Constants are left out.

    Examples
    --------
    >>> x, y = Value(4.0, label="x"), Value(-3.0, label="x")
    >>> list(value_names(x * y + 1).values())
    ['x', 'x#2', 'v1', 'v2']
    """
    values = [value for value in output.topological_order() if value.operation != "constant" or value is output]
    labels = [_label(value, max_letters) for value in values]
    fresh = {"": _numbered("v", 1)}
    taken = set(labels)
    names: dict[Value, str] = {}
    met = {""}
    for value, label in zip(values, labels, strict=True):
        candidates = fresh.setdefault(label, _numbered(f"{label}#", 2))
        # not by the names so far alone: another value may be labelled v1, further on
        names[value] = label if label not in met else next(name for name in candidates if name not in taken)
        met.add(label)
    return names


def _numbered(prefix: str, start: int) -> Iterator[str]:
    return (f"{prefix}{number}" for number in itertools.count(start))


def _label(value: Value, max_letters: int | None) -> str:
    """Return a label on one line, without control characters."""
    text = "" if value.label is None else str(value.label)
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if max_letters is None or len(text) <= max_letters else f"{text[: max_letters - 3].rstrip()}..."
