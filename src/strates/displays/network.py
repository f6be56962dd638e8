"""A dense network as the blackboard shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle
from matplotlib.text import Text

from strates.displays.display import Display
from strates.displays.network_artists import (
    BEHIND,
    draw_activation,
    draw_circle,
    draw_edges,
    draw_legend,
    free_place,
    write,
    write_weight,
)
from strates.displays.network_layout import (
    BIAS_RADIUS,
    MAX_LETTERS,
    MAX_WRITTEN,
    RADIUS,
    Point,
    fits_inside,
    lay_out,
    n_edges,
)
from strates.displays.style import INK, MUTED, label_text
from strates.inspection.dense_layers import network_graph
from strates.inspection.network_graph import MAX_NEURONS, NetworkColumn, NetworkGraph, graph_from_weights

_LINE, _LEGEND = 0.155, 0.36  # heights below the neurons, in inches


class NetworkDisplay(Display):
    """Neurons in columns, joined by their weights: blue where positive, vermilion where negative.

    The wider and the darker an edge, the larger its weight, compared with the largest of the whole network. Small nodes
    marked 1 stand for the biases: their edges are what is added to each neuron. Of wide layers the ten strongest
    neurons are drawn, in their own order, with the number of the others below; of deep networks the first layers and
    the last. Weights are written where there are nine at most. One neuron alone shows its sum and its activation.

    Inputs are compared by their weights: those are comparable when the inputs have one scale.

    Parameters
    ----------
    graph : NetworkGraph
        What :func:`strates.inspection.network_graph` returned.

    Attributes
    ----------
    circles_ : list of lists of Circle
        The neurons, column by column, from the top.
    bias_circles_ : list of (Circle or None)
        The nodes marked 1, one a gap between columns.
    edges_, bias_edges_ : list of (LineCollection or None)
        The weights, and the biases, one a gap; the edges of a gap go row by row through its matrix.
    fold_texts_ : list of (Text or None)
        How many neurons a column does not show.
    weight_texts_ : list of Text
        The weights written.

    Examples
    --------
    >>> display = NetworkDisplay.from_weights([[[1.0, -2.0], [0.5, 1.5]], [[3.0], [-1.0]]]).plot()
    >>> [len(column) for column in display.circles_]
    [2, 2, 1]
    >>> len(display.edges_[0].get_segments())
    4
    """

    title = "The network"
    circles_: list[list[Circle]]
    bias_circles_: list[Circle | None]
    edges_: list[LineCollection | None]
    bias_edges_: list[LineCollection | None]
    fold_texts_: list[Text | None]
    weight_texts_: list[Text]

    def __init__(self, graph: NetworkGraph) -> None:
        self.graph = graph
        self.layout = lay_out(graph)

    @classmethod
    def from_estimator(cls, clf: Any, *, max_neurons: int = MAX_NEURONS, shown: str = "strongest") -> Self:
        """Take the weights of a fitted classifier.

        Parameters
        ----------
        clf : fitted classifier or pipeline
            With ``network_`` made of dense layers, or ``coefs_``, or ``coef_``; see
            :func:`strates.inspection.network_graph`.
        max_neurons : int, default=10
            Neurons of a layer to draw, at most.
        shown : {"strongest", "first"}, default="strongest"
            Which to draw of a wider layer.

        Returns
        -------
        NetworkDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            It is no chain of dense layers.

        Examples
        --------
        >>> from sklearn.linear_model import LogisticRegression
        >>> clf = LogisticRegression().fit([[0, 1], [1, 0], [1, 1], [0, 0]], ["yes", "no", "yes", "no"])
        >>> NetworkDisplay.from_estimator(clf).describe()[:55]
        'A network of 2 inputs (x0, x1) and 1 output (logistic: '
        """
        return cls(network_graph(clf, max_neurons=max_neurons, shown=shown))

    @classmethod
    def from_weights(
        cls,
        coefs: Sequence[Any],
        intercepts: Sequence[Any] | None = None,
        *,
        feature_names: Iterable[Any] | None = None,
        class_names: Iterable[Any] | None = None,
        activations: Sequence[str | None] | None = None,
        layer_names: Sequence[str] | None = None,
        max_neurons: int = MAX_NEURONS,
        shown: str = "strongest",
    ) -> Self:
        """Take weights and biases as they are; see :func:`strates.inspection.graph_from_weights`."""
        graph = graph_from_weights(
            coefs,
            intercepts,
            feature_names=feature_names,
            class_names=class_names,
            activations=activations,
            layer_names=layer_names,
            max_neurons=max_neurons,
            shown=shown,
        )
        return cls(graph)

    @property
    def is_single_neuron(self) -> bool:
        """Whether there is one neuron, whose sum and activation are drawn apart."""
        return len(self.graph.columns) == 2 and self.graph.columns[1].n_neurons == 1

    def _bounds(self) -> tuple[float, float, float, float]:
        left, right, low, top = self.layout.bounds
        end = right + (BEHIND + 0.3 if self.is_single_neuron else 0.0)
        lines = max(len(about) for _, _, about in self._captions())
        spare = max(0.0, 4.1 - (end - left)) / 2  # the legend's width
        return left - spare, end + spare, low - 0.34 - lines * _LINE - _LEGEND, top + 0.08

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the network."""
        left, right, low, top = self._bounds()
        return right - left + 0.1, top - low + 0.1

    def _draw(self, ax: Axes) -> None:
        left, right, low, top = self._bounds()
        ax.set_axis_off()
        ax.set_aspect("equal")
        ax.set_xlim(left, right)
        ax.set_ylim(low, top)
        self.edges_, self.bias_edges_ = [], []
        for gap in range(len(self.graph.weights)):
            self._draw_gap(ax, gap)
        self._draw_neurons(ax)
        self._write_weights(ax)
        if self.is_single_neuron:
            draw_activation(ax, self.layout.neurons[1][0], self.graph.columns[1])
        self._write_labels(ax)
        self._write_captions(ax)
        draw_legend(ax, self.graph.largest)

    def _draw_gap(self, ax: Axes, gap: int) -> None:
        starts, ends = self.layout.neurons[gap], self.layout.neurons[gap + 1]
        weights, bias, node = self.graph.weights[gap], self.graph.biases[gap], self.layout.biases[gap]
        largest = self.graph.largest
        self.edges_.append(draw_edges(ax, starts, ends, weights, largest) if weights else None)
        drawn = bias is not None and node is not None
        self.bias_edges_.append(draw_edges(ax, [node], ends, [bias], largest) if drawn else None)  # type: ignore[list-item]
        if not weights:
            folded = self.graph.columns[gap].n_folded_after
            middle = (starts[0][0] + ends[0][0]) / 2
            write(ax, (middle, 0.0), "⋯", fontsize=16, color=MUTED)
            write(ax, (middle, -0.28), f"+ {folded} layer{'s' if folded > 1 else ''}", fontsize=9, color=MUTED)

    def _draw_neurons(self, ax: Axes) -> None:
        self.circles_ = [
            [draw_circle(ax, point, RADIUS, edge=MUTED if c == 0 else INK) for point in points]
            for c, points in enumerate(self.layout.neurons)
        ]
        self.bias_circles_ = []
        for node in self.layout.biases:
            self.bias_circles_.append(
                None if node is None else draw_circle(ax, node, BIAS_RADIUS, edge=MUTED, face="#f0f0f0")
            )
            if node is not None:
                write(ax, node, "1", fontsize=7.5, color=MUTED)
        self.fold_texts_ = []
        for column, place in zip(self.graph.columns, self.layout.folds, strict=True):
            text = None
            if place is not None:
                write(ax, (place[0], place[1] + 0.17), "⋮", fontsize=12, color=MUTED)
                hidden = column.n_neurons - len(column.shown)
                text = write(ax, (place[0], place[1] - 0.04), f"+ {hidden:,} more", fontsize=9, color=MUTED)
            self.fold_texts_.append(text)

    def _write_weights(self, ax: Axes) -> None:
        """Write the weights on their edges, where they are few."""
        self.weight_texts_ = []
        if n_edges(self.graph) > MAX_WRITTEN:
            return
        places: list[Point] = []
        for gap, (weights, bias) in enumerate(zip(self.graph.weights, self.graph.biases, strict=True)):
            node, ends = self.layout.biases[gap], self.layout.neurons[gap + 1]
            rows = [*zip(self.layout.neurons[gap], weights, strict=True)]
            for start, row in rows if node is None or bias is None else [(node, bias), *rows]:
                for end, weight in zip(ends, row, strict=True):
                    places.append(free_place(start, end, places))
                    self.weight_texts_.append(write_weight(ax, start, end, places[-1], weight))

    def _write_labels(self, ax: Axes) -> None:
        first, last = self.graph.columns[0], self.graph.columns[-1]
        for point, label in zip(self.layout.neurons[0], first.labels, strict=True):
            if fits_inside(first):
                write(ax, point, label_text(label), fontsize=9)
            else:
                write(ax, (point[0] - RADIUS - 0.07, point[1]), label_text(label, MAX_LETTERS), ha="right")
        if len(self.graph.columns) == 1:
            return
        x = BEHIND + 0.3 if self.is_single_neuron else 0.0
        for point, label in zip(self.layout.neurons[-1], last.labels, strict=True):
            write(ax, (point[0] + RADIUS + 0.07 + x, point[1]), _output_text(last, label), ha="left")

    def _captions(self) -> list[tuple[float, str, list[str]]]:
        """Return place, name and further lines of each caption."""
        captions = [
            (x, column.name, _about(column)) for x, column in zip(self.layout.x, self.graph.columns, strict=True)
        ]
        if self.is_single_neuron:
            x, column = self.layout.x[1], self.graph.columns[1]
            captions[1:] = [(x, "weighted sum", []), (x + BEHIND, column.activation or "identity", list(column.notes))]
        return captions

    def _write_captions(self, ax: Axes) -> None:
        y = self.layout.bounds[2] - 0.24
        for x, name, about in self._captions():
            write(ax, (x, y), label_text(name), va="baseline", fontsize=9.5)
            for number, line in enumerate(about, start=1):
                place = (x, y - number * _LINE - 0.02)
                write(ax, place, label_text(line), va="baseline", fontsize=8.5, color=MUTED)

    def describe(self) -> str:
        """Return the layers, and the largest weight with what it joins."""
        said = " and ".join(
            part
            for part in (
                ", ".join(_column_words(column) for column in self.graph.columns[:-1]),
                _column_words(self.graph.columns[-1]),
            )
            if part
        )
        return (
            f"A network of {said}. The largest weight is {self.graph.largest:.3g} in absolute value.{self._strongest()}"
        )

    def _strongest(self) -> str:
        """Return a sentence on the strongest edge that leaves an input."""
        if not self.graph.weights[0]:
            return ""
        weights = np.array(self.graph.weights[0])
        i, j = np.unravel_index(np.abs(weights).argmax(), weights.shape)
        to = (
            self.graph.columns[1].labels[j]
            if len(self.graph.columns) == 2
            else f"neuron {self.graph.columns[1].shown[j] + 1}"
        )
        return f" The largest from an input is {weights[i, j]:+.3g}, from {self.graph.columns[0].labels[i]} to {to}."


def _column_words(column: NetworkColumn) -> str:
    kind = "input" if column.activation is None and column.name == "inputs" else "neuron"
    if column.name == "outputs":
        kind = "output"
    names = ", ".join(column.labels) + (", ..." if column.labels and len(column.shown) < column.n_neurons else "")
    inside = ": ".join(part for part in (column.activation or "", names) if part)
    folded = f", {column.n_folded_after} more layers" if column.n_folded_after else ""
    where = f" in {column.name}" if kind == "neuron" else ""
    return (
        f"{column.n_neurons} {kind}{'s' if column.n_neurons > 1 else ''}{where}"
        + (f" ({inside})" if inside else "")
        + folded
    )


def _about(column: NetworkColumn) -> list[str]:
    """Return what stands below a column's name."""
    noun = "column" if column.name == "inputs" else "neuron"
    function = [] if column.activation in (None, "identity") else [str(column.activation)]
    return [f"{column.n_neurons:,} {noun}{'s' if column.n_neurons > 1 else ''}", *function, *column.notes]


def _output_text(column: NetworkColumn, label: str) -> str:
    text = label_text(label, MAX_LETTERS)
    return f"P({text})" if column.n_neurons == 1 and column.activation == "logistic" else text
