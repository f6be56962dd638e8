"""Rows as points, their class told by colour, by marker and by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.text import Text
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.displays.boundary_shades import MARKERS
from strates.displays.style import INK, MAX_SHOWN_CLASSES, PALETTE, label_text
from strates.inspection.straight_boundary import Box, StraightBoundary


def class_marker(number: int) -> tuple[str, str]:
    """Return the colour and marker of a class, distinct for the first 70.

    Examples
    --------
    >>> class_marker(0), class_marker(7)
    (('#0072B2', 'o'), ('#0072B2', 'h'))
    """
    return PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)]


def draw_points(ax: Axes, points: FloatArray, codes: NDArray[np.intp], n_classes: int) -> list[PathCollection]:
    """Draw the rows of each class.

    Parameters
    ----------
    ax : Axes
    points : ndarray of shape (n_rows, 2)
    codes : ndarray of shape (n_rows,)
        Number of each row's class.
    n_classes : int

    Returns
    -------
    list of PathCollection
        One a class, empty for a class without rows.
    """
    size = 22 if len(points) <= 100 else 14 if len(points) <= 500 else 8
    drawn = []
    for k in range(n_classes):
        colour, marker = class_marker(k)
        one = points[codes == k]
        drawn.append(
            ax.scatter(
                one[:, 0], one[:, 1], s=size, marker=marker, color=colour, alpha=0.8, linewidths=0.3,
                edgecolors="white", zorder=3,
            )
        )  # fmt: skip
    return drawn


def name_classes(ax: Axes, points: FloatArray, codes: NDArray[np.intp], classes: Sequence[str]) -> list[Text]:
    """Write the name of each class amid its rows, where there are more classes than colours.

    Parameters
    ----------
    ax : Axes
    points : ndarray of shape (n_rows, 2)
    codes : ndarray of shape (n_rows,)
    classes : sequence of str

    Returns
    -------
    list of Text
        Empty where colours suffice, or there are more classes than can be read.
    """
    present = np.unique(codes)
    if not len(PALETTE) < len(present) <= MAX_SHOWN_CLASSES:
        return []
    halo = [Stroke(linewidth=2.5, foreground="white"), Normal()]
    kind: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9.5, "fontweight": "bold", "color": INK}
    texts = []
    for k in present:
        x, y = np.median(points[codes == k], axis=0).tolist()
        texts.append(ax.text(x, y, label_text(classes[k], 8), path_effects=halo, zorder=4, **kind))
    return texts


def draw_straight_boundary(ax: Axes, boundary: StraightBoundary, box: Box) -> tuple[list[Line2D], PolyCollection]:
    """Draw the straight lines between classes, and tint the side of each.

    Parameters
    ----------
    ax : Axes
    boundary : StraightBoundary
    box : tuple of float
        Left, right, bottom, top.

    Returns
    -------
    lines : list of Line2D
        One a pair of neighbouring classes.
    regions : PolyCollection
        The tinted sides.
    """
    regions = boundary.regions(box)
    tints = PolyCollection(
        [corners for _, corners in regions],
        facecolors=[class_marker(k)[0] for k, _ in regions],
        edgecolors="none",
        alpha=0.13,
        zorder=1,
    )
    ax.add_collection(tints, autolim=False)
    lines = []
    for _, _, ends in boundary.lines(box):
        lines += ax.plot(ends[:, 0], ends[:, 1], color=INK, linewidth=1.6, solid_capstyle="butt", zorder=2)
    return lines, tints


def square_box(points: FloatArray, margin: float = 0.08) -> Box:
    """Return the smallest square that holds the points, with a margin, so that both axes have one scale.

    Parameters
    ----------
    points : ndarray of shape (n_rows, 2)
    margin : float, default=0.08
        Share of the side to add around.

    Returns
    -------
    tuple of float
        Left, right, bottom, top.

    Examples
    --------
    >>> square_box(np.array([[0.0, 0.0], [2.0, 1.0]]), 0.0)
    (0.0, 2.0, -0.5, 1.5)
    """
    low, high = points.min(axis=0), points.max(axis=0)
    half = float((high - low).max()) / 2 * (1 + 2 * margin) or 1.0
    x, y = ((low + high) / 2).tolist()
    return x - half, x + half, y - half, y + half
