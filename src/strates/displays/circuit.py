"""A circuit of scalars, with what flows through it in both directions."""

from __future__ import annotations

from typing import Self

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
from matplotlib.path import Path
from matplotlib.text import Text

from strates.backprop import Circuit, CircuitNode, Value
from strates.displays.circuit_layout import BOX, INPUT, LABEL, NUMBER, SYMBOL, Wire, lay_out, text_width
from strates.displays.display import Display
from strates.displays.style import BLUE, INK, MUTED, VERMILION, label_text
from strates.exceptions import ParameterError

MAX_NODES = 60
_MAX_LETTERS = 14
_LINE = 0.19  # height of a line of the legend
_ORDERED = ("-", "/", "**")


class CircuitDisplay(Display):
    """A circuit from its inputs on the left to its output on the right.

    Each wire carries two numbers: above it the value that flows forwards, below it the gradient that flows back, the
    derivative of the output with respect to that value. Where a wire branches there is a dot, and the gradients of the
    branches add up. Numbers that stand in an expression stand in the boxes: ``+1``, ``1/x``.

    Parameters
    ----------
    circuit : Circuit
        What :meth:`strates.backprop.Circuit.from_value` returned, of 60 values at most.

    Attributes
    ----------
    value_texts_, gradient_texts_ : list of Text
        The numbers above and below the wire of each value, in the order of ``circuit.nodes``.
    name_texts_ : list of (Text or None)
        The names of inputs, and of the operations that have a label.
    boxes_ : list of (FancyBboxPatch or None)
        The operations.
    wires_ : list of lists of PathPatch
        For each value the wires to what is made from it.
    legend_texts_ : list of Text
        What the numbers mean.

    Raises
    ------
    ParameterError
        The circuit has more than 60 values.

    See Also
    --------
    strates.backprop.circuit_text : The same as a table, which says why each gradient is what it is.

    Examples
    --------
    >>> x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    >>> display = CircuitDisplay.from_value((x + y) * z).plot()
    >>> [text.get_text() for text in display.gradient_texts_]
    ['−4', '−4', '−4', '3', '1']
    """

    title = "The circuit"
    value_texts_: list[Text]
    gradient_texts_: list[Text]
    name_texts_: list[Text | None]
    boxes_: list[FancyBboxPatch | None]
    wires_: list[list[PathPatch]]
    legend_texts_: list[Text]

    def __init__(self, circuit: Circuit) -> None:
        if len(circuit.nodes) > MAX_NODES:
            raise ParameterError(
                f"This circuit has {len(circuit.nodes)} values, and a drawing holds {MAX_NODES}. "
                "Read it as a table, print(strates.backprop.circuit_text(output)), or draw a part of it."
            )
        self.circuit = circuit
        self._names = [_name(node) for node in circuit.nodes]
        self._numbers = [(_number(node.value), _number(node.gradient)) for node in circuit.nodes]
        self.layout = lay_out(circuit, self._names, self._numbers)

    @classmethod
    def from_value(cls, output: Value) -> Self:
        """Take the circuit behind a value.

        Parameters
        ----------
        output : Value
            The result; gradients are derivatives of it. Neither it nor any ``grad`` is changed, and its ``backward``
            need not have been called.

        Returns
        -------
        CircuitDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            More than 60 values went into it.

        Examples
        --------
        >>> x = Value(3.0, label="x")
        >>> CircuitDisplay.from_value(x * x).describe()
        'The circuit of v1 = x * x. x is 3, with gradient 6. v1 = x * x is 9, with gradient 1.'
        """
        return cls(Circuit.from_value(output))

    def _bounds(self) -> tuple[float, float, float, float]:
        left, right, low, top = self.layout.bounds
        legend = self._legend()
        right = max(right, *(text_width(line, LABEL) for line, _ in legend))
        return left - 0.1, right + 0.1, low - _LINE * len(legend) - 0.1, top

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the circuit."""
        left, right, low, top = self._bounds()
        return right - left + 0.1, top - low + 0.1

    def _draw(self, ax: Axes) -> None:
        left, right, low, top = self._bounds()
        ax.set_axis_off()
        ax.set_aspect("equal")
        ax.set_xlim(left, right)
        ax.set_ylim(low, top)
        self.wires_ = [[_draw_wire(ax, wire) for wire in wires] for wires in self.layout.wires]
        self._draw_stubs(ax)
        self.boxes_ = [self._draw_box(ax, number) for number in range(len(self.circuit.nodes))]
        self.name_texts_ = [self._write_name(ax, number) for number in range(len(self.circuit.nodes))]
        self.value_texts_, self.gradient_texts_ = [], []
        for (x, y), (value, gradient) in zip(self.layout.numbers, self._numbers, strict=True):
            self.value_texts_.append(_write(ax, (x, y + 0.035), value, color=BLUE, va="bottom", fontsize=NUMBER))
            self.gradient_texts_.append(
                _write(ax, (x, y - 0.045), gradient, color=VERMILION, va="top", fontsize=NUMBER)
            )
        self.legend_texts_ = [
            _write(
                ax, (left + 0.1, low + 0.1 + _LINE * line), text, color=colour, ha="left", va="bottom", fontsize=LABEL
            )
            for line, (text, colour) in enumerate(reversed(self._legend()))
        ]

    def _draw_stubs(self, ax: Axes) -> None:
        """Draw the level wire that carries the numbers of each value, and dots where wires branch."""
        parts = zip(self.circuit.nodes, self.layout.boxes, self.layout.widths, self.layout.ends, strict=True)
        for node, (x, y), width, end in parts:
            start = (x + width / 2 if node.expression else x + 0.04, y)
            _draw_wire(ax, (end, end, start))
        for place in self.layout.branches:
            ax.add_patch(Circle(place, 0.035, color=MUTED, linewidth=0, zorder=3))

    def _draw_box(self, ax: Axes, number: int) -> FancyBboxPatch | None:
        node, (x, y), width = self.circuit.nodes[number], self.layout.boxes[number], self.layout.widths[number]
        if not node.expression:
            return None
        shape = FancyBboxPatch(
            (x - width / 2, y - BOX / 2),
            width,
            BOX,
            boxstyle=f"round,pad=0,rounding_size={BOX / 2}",
            facecolor="white",
            edgecolor=INK,
            linewidth=1.1,
            zorder=4,
        )
        ax.add_patch(shape)
        _write(ax, (x, y - 0.005), node.symbol, fontsize=SYMBOL)
        return shape

    def _write_name(self, ax: Axes, number: int) -> Text | None:
        node, name, (x, y) = self.circuit.nodes[number], self._names[number], self.layout.boxes[number]
        if not name:
            return None
        if node.expression:
            return _write(ax, (x, y + BOX / 2 + 0.025), name, va="bottom", fontsize=LABEL, color=MUTED)
        return _write(ax, (x, y), name, ha="right")

    def _legend(self) -> list[tuple[str, str]]:
        output = self.circuit.output
        name = label_text(output.name, _MAX_LETTERS) if output.is_labelled else "the output"
        lines = [("above a wire: the value", BLUE), (f"below: the gradient of {name}", VERMILION)]
        if any(node.operation in _ORDERED and len(node.parents) == 2 for node in self.circuit.nodes):
            lines.append(("into −, / and **: the first operand above", MUTED))
        return lines

    def describe(self) -> str:
        """Return how each value is made, with its number and its gradient."""
        name, expression = self.circuit.output.name, self.circuit.expression
        whole = f"The circuit of {name}{f' = {expression}' if self.circuit.output.expression and expression else ''}."
        return " ".join([whole, *(_sentence(node) for node in self.circuit.nodes)])


def _sentence(node: CircuitNode) -> str:
    made = f" = {node.expression}" if node.expression else ""
    return f"{node.name}{made} is {node.value + 0.0:.4g}, with gradient {node.gradient + 0.0:.4g}."


def _name(node: CircuitNode) -> str:
    """Return what is written at a node: every input has a name, an operation only the label that it was given."""
    return label_text(node.name, _MAX_LETTERS) if node.is_labelled or not node.expression else ""


def _number(number: float) -> str:
    return f"{number + 0.0:.3g}".replace("-", "\N{MINUS SIGN}")


def _write(ax: Axes, place: tuple[float, float], text: str, **settings: object) -> Text:
    kind: dict[str, object] = {"ha": "center", "va": "center", "fontsize": INPUT, "color": INK, "zorder": 5}
    return ax.text(*place, text, **(kind | settings))  # type: ignore[arg-type]


def _draw_wire(ax: Axes, wire: Wire) -> PathPatch:
    """Draw a wire whose rises and falls begin and end level."""
    first, *rest = wire
    vertices, codes = [first], [Path.MOVETO]
    for bend, level in zip(rest[::2], rest[1::2], strict=True):
        (x, y), (to_x, to_y) = vertices[-1], bend
        middle = (x + to_x) / 2
        vertices += [(middle, y), (middle, to_y), bend, level]
        codes += [Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO]
    patch = PathPatch(Path(vertices, codes), facecolor="none", edgecolor=MUTED, linewidth=1.2, zorder=2)
    ax.add_patch(patch)
    return patch
