"""What a drawing of a network is made of: edges, circles, words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.text import Text

from strates.displays.network_layout import RADIUS, Point
from strates.displays.style import BLUE, FAINT, INK, MUTED, VERMILION, label_text
from strates.inspection.activation_function import ACTIVATION_NAMES, activation_function
from strates.inspection.network_graph import NetworkColumn

BEHIND = 0.95  # inches from the sum of a single neuron to its activation


def draw_edges(
    ax: Axes, starts: Sequence[Point], ends: Sequence[Point], weights: Sequence[Sequence[float]], largest: float
) -> LineCollection:
    """Draw an edge a weight, row by row of the matrix."""
    values = np.array(weights, dtype=float).ravel()
    size = np.minimum(np.abs(values) / (largest or 1.0), 1.0)  # a bias may be larger than every weight
    faintest = 0.16 if len(values) > 24 else 0.35
    colours = [to_rgba(BLUE if value > 0 else VERMILION if value < 0 else FAINT) for value in values]
    lines = LineCollection(
        [[start, end] for start in starts for end in ends],
        colors=[
            (*colour[:3], float(faintest + (1 - faintest) * share)) for colour, share in zip(colours, size, strict=True)
        ],
        linewidths=2 * faintest + 2.6 * size,
        zorder=2,
    )
    ax.add_collection(lines)
    return lines


def draw_circle(ax: Axes, centre: Point, radius: float, *, edge: str, face: str = "white") -> Circle:
    """Draw a neuron."""
    circle = Circle(centre, radius, facecolor=face, edgecolor=edge, linewidth=1.1, zorder=3)
    ax.add_patch(circle)
    return circle


def write(ax: Axes, place: Point, text: str, **settings: Any) -> Text:
    """Write a text, centred unless told otherwise."""
    kind: dict[str, Any] = {
        "ha": "center",
        "va": "center",
        "fontsize": 9.5,
        "color": INK,
        "zorder": 5,
        "linespacing": 1.25,
    }
    return ax.text(*place, text, **(kind | settings))


def free_place(start: Point, end: Point, taken: Sequence[Point]) -> Point:
    """Return the point of an edge that is farthest from other edges' numbers, near a third of the way if it can."""
    (x, y), (right, up) = start, end

    def room(share: float) -> float:
        place = (x + share * (right - x), y + share * (up - y))
        # a number is three times as wide as it is high
        nearest = min((np.hypot((place[0] - a) / 3, place[1] - b) for a, b in taken), default=1.0)
        return float(min(nearest, 0.26) - 0.02 * abs(share - 0.38))

    best = max(np.linspace(0.28, 0.76, 13).tolist(), key=room)
    return x + best * (right - x), y + best * (up - y)


def write_weight(ax: Axes, start: Point, end: Point, place: Point, weight: float) -> Text:
    """Write a weight on its edge, in its colour."""
    angle = float(np.degrees(np.arctan2(end[1] - start[1], end[0] - start[0])))
    colour = BLUE if weight > 0 else VERMILION if weight < 0 else MUTED
    paper = {"boxstyle": "square,pad=0.12", "facecolor": "white", "edgecolor": "none"}
    text = (f"{weight:.2g}" if abs(weight) < 10 else f"{weight:.0f}").replace("-", "\u2212")
    return write(
        ax, place, text, rotation=angle, rotation_mode="anchor", fontsize=8.5, color=colour, bbox=paper, zorder=4
    )


def draw_activation(ax: Axes, centre: Point, column: NetworkColumn) -> None:
    """Draw the sum inside the neuron, and behind it the activation with its curve."""
    x, y = centre
    write(ax, centre, "Σ", fontsize=11)
    end = (x + BEHIND, y)
    radius = 0.26
    for start, stop in ((x + RADIUS, end[0] - radius), (end[0] + radius, end[0] + radius + 0.2)):
        arrow = FancyArrowPatch(
            (start, y), (stop, y), arrowstyle="-|>", mutation_scale=8, color=INK, linewidth=1.1, shrinkA=0, shrinkB=0
        )
        ax.add_patch(arrow)
    write(ax, ((x + RADIUS + end[0] - radius) / 2, y + 0.1), "z", fontsize=9, color=MUTED)
    draw_circle(ax, end, radius, edge=INK)
    name = column.activation or "identity"
    if name not in ACTIVATION_NAMES:
        write(ax, end, label_text(name, 6), fontsize=7.5)
        return
    z = np.linspace(-4, 4, 81)
    function = activation_function(name)
    values = function.value(z)
    height = (values - values.mean()) / max(float(np.ptp(values)), 1e-9)
    if any(kink.jump for kink in function.kinks):
        height = np.where(np.abs(z) < 1e-9, np.nan, height)
    ax.plot(end[0] + z / 4 * 0.17, y + 0.26 * height, color=INK, linewidth=1.4, zorder=5)


def draw_legend(ax: Axes, largest: float) -> None:
    """Say what the colours and the width mean."""
    handles = [
        Line2D([], [], color=BLUE, linewidth=2.2, label="positive"),
        Line2D([], [], color=VERMILION, linewidth=2.2, label="negative"),
        Line2D([], [], color=MUTED, linewidth=3.0, label=f"largest weight: {largest:.3g}"),
    ]
    ax.legend(
        handles=handles,
        loc="lower center",
        ncols=3,
        fontsize=8.5,
        handlelength=1.4,
        columnspacing=1.2,
        borderaxespad=0.1,
    )
