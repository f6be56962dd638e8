"""Where the parts of a drawn circuit stand, in inches."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from strates.backprop import Circuit
from strates.displays.circuit_columns import HALF_NODE, CircuitColumns

INPUT, LABEL, SYMBOL, NUMBER = 10.0, 8.5, 9.5, 9.0  # points
BOX = 0.32  # height of an operation's box, and its least width
_GAP = 0.3  # between columns, where wires go up and down

Point = tuple[float, float]
Wire = tuple[Point, ...]  # a rise or fall and a level stretch in turn, from where a value's numbers end to a box


@dataclass(frozen=True)
class CircuitLayout:
    """Positions in inches; y grows upwards.

    Attributes
    ----------
    boxes : tuple of points
        Centres of the operations; for an input the right end of its name.
    widths : tuple of float
        Of the boxes.
    numbers : tuple of points
        Where, on its wire, the numbers of a value stand: one above, one below.
    ends : tuple of points
        Where the wire of each value ends, or goes on to others.
    branches : tuple of points
        Where wires branch.
    wires : tuple of tuples of Wire
        One for each use of each value.
    bounds : tuple of four floats
        Left, right, bottom, top.
    """

    boxes: tuple[Point, ...]
    widths: tuple[float, ...]
    numbers: tuple[Point, ...]
    ends: tuple[Point, ...]
    branches: tuple[Point, ...]
    wires: tuple[tuple[Wire, ...], ...]
    bounds: tuple[float, float, float, float]


def text_width(text: str, points: float) -> float:
    """Return the width of a text in inches, with a little air for a page whose font is wider.

    Parameters
    ----------
    text : str
    points : float
        Size of the letters.

    Returns
    -------
    float

    Examples
    --------
    >>> text_width("WWWW", 10.0) > 3 * text_width("iiii", 10.0)
    True
    """
    with warnings.catch_warnings():
        # letters that the measuring font lacks are as wide as its box for them
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)
        font = FontProperties(family=["DejaVu Sans"], size=points)
        width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return 1.06 * float(width) / 72


def lay_out(circuit: Circuit, names: Sequence[str], numbers: Sequence[tuple[str, str]]) -> CircuitLayout:
    """Place a circuit in columns from left to right, with few crossings.

    Parameters
    ----------
    circuit : Circuit
    names : sequence of str
        What is written at each node: the name of an input, above the box of an operation its label, or nothing.
    numbers : sequence of (str, str)
        What is written above and below the wire of each node.

    Returns
    -------
    CircuitLayout

    Examples
    --------
    >>> from strates.backprop import Value
    >>> circuit = Circuit.from_value(Value(2.0).exp())
    >>> layout = lay_out(circuit, ["x", ""], [("2", "7.39"), ("7.39", "1")])
    >>> [y for _, y in layout.boxes]
    [0.0, 0.0]
    """
    columns = CircuitColumns(circuit)
    columns.untangle()
    heights = columns.heights()
    widths, rooms = [], []  # of each box, and of its box or the name above, whichever is wider
    for node, name in zip(circuit.nodes, names, strict=True):
        box = max(BOX, text_width(node.symbol, SYMBOL) + 0.14)
        widths.append(box if node.expression else text_width(name, INPUT))
        rooms.append(max(box, text_width(name, LABEL)) if node.expression else widths[-1])
    spans = [max(text_width(text, NUMBER) for text in pair) + 0.14 for pair in numbers]
    left, middle, right = _stretches(columns, heights, rooms, spans)
    boxes, places, ends = [], [], []
    for number, node in enumerate(circuit.nodes):
        column = columns.column_of[number]
        y = heights[column][number]
        boxes.append((middle[column] - (rooms[number] / 2 if node.expression else 0.0), y))
        places.append(((middle[column] + right[column]) / 2, y))
        ends.append((right[column], y))
    ways: list[Wire] = [(end,) for end in ends]  # of each value, as far as the current column
    wires: list[list[Wire]] = [[] for _ in circuit.nodes]
    branches: list[Point] = []
    for gap in range(circuit.depth):
        links = columns.links(gap)
        branching = Counter(start for start, _, _ in links)
        branches += [ways[number][-1] for number, count in branching.items() if count > 1]
        for start, end, port in links:
            if start != end:
                y = heights[gap + 1][end] + port
                wires[start].append((*ways[start], (left[gap + 1], y), (boxes[end][0] - widths[end] / 2, y)))
        for number in (start for start, end, _ in links if start == end):
            y = heights[gap + 1][number]
            ways[number] = (*ways[number], (left[gap + 1], y), (right[gap + 1], y))
    every = [height for column in heights for height in column.values()]
    return CircuitLayout(
        boxes=tuple(boxes),
        widths=tuple(widths),
        numbers=tuple(places),
        ends=tuple(ends),
        branches=tuple(branches),
        wires=tuple(tuple(found) for found in wires),
        bounds=(0.0, right[-1], min(every) - HALF_NODE, max(every) + HALF_NODE),
    )


def _stretches(
    columns: CircuitColumns, heights: Sequence[dict[int, float]], rooms: Sequence[float], numbers: Sequence[float]
) -> tuple[list[float], list[float], list[float]]:
    """Return for each column where boxes may begin, where they end and numbers begin, and where numbers end."""
    left, middle, right = [], [], []
    x = 0.0
    for column, order in enumerate(columns.columns):
        own = [number for number in order if not columns.is_wire(number, column)]
        left.append(x)
        middle.append(x + max(rooms[number] for number in own))
        right.append(middle[-1] + max(numbers[number] for number in own))
        if column < len(heights) - 1:
            links = columns.links(column)
            rises = [abs(heights[column][start] - heights[column + 1][end] - port) for start, end, port in links]
            x = right[-1] + _GAP + 0.05 * max(rises)  # a long rise needs room to bend
    return left, middle, right
