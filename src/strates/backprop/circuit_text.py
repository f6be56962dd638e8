"""A circuit as a table for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import wrap

from strates.backprop.circuit import Circuit, CircuitNode
from strates.backprop.circuit_expression import number_text
from strates.backprop.value import Value
from strates.exceptions import ParameterError

WIDTH = 80
MAX_NODES = 200
_LETTERS, _USES, _LARGEST = 10, 6, 10  # of a name; uses of a value; inputs in a summary


def circuit_text(output: Value, *, max_nodes: int = MAX_NODES) -> str:
    """Return a circuit as a table: how each value is made, its number, its gradient, and why.

    A line a value, in the order of evaluation; a value that is used twice stands there once, and others refer to it by
    its name. Its gradient is a sum over its uses: the gradient upstream, of what it is used for, times the local
    derivative. Unlabelled values are called v1, v2, ...; numbers in an expression have no line.

    Parameters
    ----------
    output : Value
        The result; gradients are derivatives of it. Neither it nor any ``grad`` is changed, and :meth:`Value.backward`
        need not have been called.
    max_nodes : int, default=200
        Lines at most; a larger circuit is summed up by its counts and its inputs with the largest gradients.

    Returns
    -------
    str
        For a terminal of 80 columns; labels are cut to 10 letters.

    Raises
    ------
    ParameterError
        ``max_nodes`` is below 1.

    Examples
    --------
    >>> x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    >>> q = x + y
    >>> q.label = "q"
    >>> f = q * z
    >>> f.label = "f"
    >>> print(circuit_text(f))
    f = (x + y) * z = -12
    <BLANKLINE>
       made of  value  gradient = upstream * local (used by)
    x  input       -2        -4 = -4 * 1 (q)
    y  input        5        -4 = -4 * 1 (q)
    q  x + y        3        -4 = 1 * -4 (f)
    z  input       -4         3 = 1 * 3 (f)
    f  q * z      -12         1
    """
    if max_nodes < 1:
        raise ParameterError(f"max_nodes={max_nodes!r} cannot be used: a table has at least 1 line.")
    circuit = Circuit.from_value(output, max_letters=_LETTERS)
    if len(circuit.nodes) > max_nodes:
        return "\n".join(_summary(circuit))
    return "\n".join([_headline(circuit), "", *_table(circuit)])


def _headline(circuit: Circuit) -> str:
    start, value = circuit.output.name, number_text(circuit.output.value)
    whole = f"{start} = {circuit.expression} = {value}"
    return whole if circuit.output.expression and circuit.expression and len(whole) <= WIDTH else f"{start} = {value}"


def _table(circuit: Circuit) -> Iterator[str]:
    """Yield the header and a line a node; an explanation that does not fit goes on the next lines."""
    cells = [
        (node.name, node.expression or "input", number_text(node.value), number_text(node.gradient))
        for node in circuit.nodes
    ]
    heads = ("", "made of", "value", "gradient")
    name, made, value, gradient = (max(len(cell[column]) for cell in [*cells, heads]) for column in range(4))
    about = "upstream * local (used by)"
    has_room = name + made + value + gradient + 6 + 3 + len(about) <= WIDTH
    explained = [(_terms(node, circuit), cell) for node, cell in zip(circuit.nodes, cells, strict=True)]
    for terms, cell in [([about] if has_room else [], heads), *explained]:
        start = f"{cell[0]:{name}}  {cell[1]:{made}}  {cell[2]:>{value}}  {cell[3]:>{gradient}}"
        margin = len(start)
        if not terms or len(start) + 3 + max(map(len, terms)) > WIDTH:
            yield start
            margin = name + 1
            start = " " * margin
        for number, line in enumerate(_fill(terms, WIDTH - margin - 3)):
            yield f"{' ' * margin if number else start} {'+' if number else '='} {line}"


def _terms(node: CircuitNode, circuit: Circuit) -> list[str]:
    """Return the products whose sum is the gradient of a node; of many uses the first ones, and the rest in one."""
    terms = [
        f"{number_text(circuit.nodes[use.node].gradient)} * {number_text(use.slope)} ({circuit.nodes[use.node].name})"
        for use in node.uses
    ]
    if len(terms) > _USES:
        rest = node.uses[_USES - 1 :]
        total = sum(use.slope * circuit.nodes[use.node].gradient for use in rest)
        terms[_USES - 1 :] = [f"{number_text(total)} (from {len(rest)} more uses)"]
    return terms


def _fill(terms: Sequence[str], room: int) -> Iterator[str]:
    """Yield lines of so many letters at most, whose terms are joined by plus signs."""
    line = ""
    for term in terms:
        if line and len(line) + 3 + len(term) > room:
            yield line
            line = term
        else:
            line = f"{line} + {term}" if line else term
    if line:
        yield line


def _summary(circuit: Circuit) -> Iterator[str]:
    """Yield what a large circuit is made of, and its inputs with the largest gradients."""
    inputs = sorted(circuit.inputs, key=lambda node: -abs(node.gradient))
    counts = Counter(node.operation for node in circuit.nodes if node.expression)
    nodes = len(circuit.nodes)
    yield _headline(circuit)
    yield ""
    yield f"{nodes:,} values, too many to list: circuit_text(..., max_nodes={nodes}) lists them."
    operations = f"{sum(counts.values()):,} operations, {circuit.depth:,} deep"
    tally = ", ".join(f"{name} {count:,}" for name, count in counts.most_common())
    yield from wrap(f"{len(inputs):,} input{'s' * (len(inputs) != 1)}; {operations}: {tally}", WIDTH)
    yield ""
    shown = inputs[:_LARGEST]
    if len(shown) < len(inputs):
        yield f"The {len(shown)} inputs with the largest gradients:"
    name = max(len(node.name) for node in shown)
    yield f"{'':{name}}  {'value':>12}  {'gradient':>12}"
    for node in shown:
        yield f"{node.name:{name}}  {number_text(node.value):>12}  {number_text(node.gradient):>12}"
