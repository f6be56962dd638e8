"""Where the neurons of a drawing stand, in inches."""

from __future__ import annotations

from dataclasses import dataclass

from strates.inspection.network_graph import NetworkColumn, NetworkGraph

RADIUS, BIAS_RADIUS = 0.16, 0.1
PITCHES = ((3, 0.72), (6, 0.56), (99, 0.44))  # from neuron to neuron: up to so many a column, so many inches
GAP, WRITTEN_GAP = 1.55, 1.9  # from column to column, without and with the weights written beside the edges
MAX_WRITTEN = 9  # weights that can be written
LETTER = 0.078  # width of a letter of the labels, about
MAX_LETTERS = 18

Point = tuple[float, float]


@dataclass(frozen=True)
class NetworkLayout:
    """Positions in inches, the origin in the middle of the inputs.

    Attributes
    ----------
    x : tuple of float
        Of each column.
    neurons : tuple of tuples of points
        Centres of the neurons drawn, from the top, column by column.
    folds : tuple of (point or None)
        Where a column says how many neurons it does not show.
    biases : tuple of (point or None)
        The node whose output is always 1, for each gap between columns.
    bounds : tuple of four floats
        Left, right, bottom, top of all of it, labels included.
    """

    x: tuple[float, ...]
    neurons: tuple[tuple[Point, ...], ...]
    folds: tuple[Point | None, ...]
    biases: tuple[Point | None, ...]
    bounds: tuple[float, float, float, float]


def lay_out(graph: NetworkGraph) -> NetworkLayout:
    """Place the columns side by side, each centred on one line.

    Parameters
    ----------
    graph : NetworkGraph

    Returns
    -------
    NetworkLayout

    Examples
    --------
    >>> from strates.inspection import graph_from_weights
    >>> layout = lay_out(graph_from_weights([[[1.0], [2.0]]]))
    >>> layout.neurons[0]
    ((0.0, 0.36), (0.0, -0.36))
    """
    highest = max(len(column.shown) for column in graph.columns)
    pitch = next(inches for most, inches in PITCHES if highest <= most)
    gap = WRITTEN_GAP if n_edges(graph) <= MAX_WRITTEN else GAP
    x = tuple(gap * c for c in range(len(graph.columns)))
    neurons = tuple(_column(column, place, pitch) for column, place in zip(graph.columns, x, strict=True))
    folds = tuple(
        (place, points[-1][1] - 0.44) if column.n_neurons > len(column.shown) else None
        for column, place, points in zip(graph.columns, x, neurons, strict=True)
    )
    biases = tuple(
        (points[0][0], points[0][1] + 0.85 * pitch) if bias is not None and graph.weights[c] else None
        for c, (bias, points) in enumerate(zip(graph.biases, neurons[:-1], strict=True))
    )
    top = max(point[1] for point in (*(points[0] for points in neurons), *filter(None, biases))) + RADIUS
    low = min(point[1] for point in (*(points[-1] for points in neurons), *filter(None, folds))) - RADIUS
    left = -max(RADIUS + 0.12 + label_width(graph.columns[0]), gap / 2)
    right = x[-1] + max(RADIUS + 0.12 + label_width(graph.columns[-1], 3), gap / 2)
    return NetworkLayout(x, neurons, folds, biases, (left, right, low, top))


def n_edges(graph: NetworkGraph) -> int:
    """Return the number of edges to draw, those of the biases among them."""
    inner = sum(len(row) for matrix in graph.weights for row in matrix)
    return inner + sum(len(bias) for bias, matrix in zip(graph.biases, graph.weights, strict=True) if bias and matrix)


def _column(column: NetworkColumn, x: float, pitch: float) -> tuple[Point, ...]:
    n = len(column.shown)
    return tuple((x, round(pitch * ((n - 1) / 2 - i), 6)) for i in range(n))


def label_width(column: NetworkColumn, extra: int = 0) -> float:
    """Return the width in inches that the names of a column take, none where they fit into the neurons."""
    longest = max((len(label) for label in column.labels), default=0)
    return 0.0 if fits_inside(column) and not extra else LETTER * min(MAX_LETTERS + extra, longest + extra)


def fits_inside(column: NetworkColumn) -> bool:
    """Whether all names are so short that the circles hold them."""
    return all(len(label) <= 2 for label in column.labels)
