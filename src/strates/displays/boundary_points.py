"""Rows over a divided plane: full where the background says what they are given, hollow where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.text import Annotation
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.displays.boundary_shades import MARKERS
from strates.displays.style import INK, label_text

_RING = 3.2  # area of a ring, for a marker of 1


def marker_area(n_points: int) -> float:
    """Return the area of a marker, in square points: smaller where there are many."""
    return 26.0 if n_points <= 200 else 17.0 if n_points <= 500 else 12.0


def draw_rows(ax: Axes, points: FloatArray, groups: NDArray[np.intp], colours: FloatArray) -> list[PathCollection]:
    """Draw the rows of each class with its marker.

    Parameters
    ----------
    ax : Axes
    points : ndarray of shape (n_points, 2)
    groups : ndarray of shape (n_points,)
        Index of each row's class.
    colours : ndarray of shape (n_classes, 3)

    Returns
    -------
    list of PathCollection
        One a class.
    """
    area = marker_area(len(points))
    return [
        ax.scatter(
            points[groups == k, 0], points[groups == k, 1], s=area, marker=MARKERS[k % len(MARKERS)],
            color=tuple(colour), edgecolors="white", linewidths=0.5, zorder=3,
        )
        for k, colour in enumerate(colours)
    ]  # fmt: skip


def fill_rows(
    drawn: Sequence[PathCollection], groups: NDArray[np.intp], hollow: NDArray[np.bool_], colours: FloatArray
) -> None:
    """Make some of the rows hollow, and the others full."""
    for k, (collection, colour) in enumerate(zip(drawn, colours, strict=True)):
        empty = hollow[groups == k][:, None]
        collection.set_facecolor(np.where(empty, 1.0, colour).tolist())
        collection.set_edgecolor(np.where(empty, colour, 1.0).tolist())
        collection.set_linewidth(np.where(empty[:, 0], 1.0, 0.5).tolist())


def draw_rings(ax: Axes, points: FloatArray, n_points: int) -> PathCollection:
    """Ring the mistakes among ``n_points`` rows, at ``points`` of shape (n_mistakes, 2)."""
    return ax.scatter(
        points[:, 0], points[:, 1], s=_RING * marker_area(n_points), marker="o", facecolors="none", edgecolors=INK,
        linewidths=1.1, zorder=4,
    )  # fmt: skip


def write_names(
    ax: Axes, classes: Sequence[str], places: Sequence[tuple[float, float] | None], colours: FloatArray
) -> list[Annotation | None]:
    """Write the names of the classes in their areas, where there is a place."""
    return [
        None if place is None else ax.annotate(
            label_text(name, 14), place, ha="center", va="center", fontsize=9, fontweight="bold",
            color=tuple(0.55 * colour), annotation_clip=True, zorder=5,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
        )
        for name, place, colour in zip(classes, places, colours, strict=True)
    ]  # fmt: skip


def write_marks(ax: Axes, marks: Mapping[str, tuple[float, ...]], middle: float) -> list[Annotation]:
    """Name the rows that define a plane, towards the middle of the horizontal axis."""
    drawn = []
    for name, (x, y) in marks.items():
        side, anchor = (-7, "right") if x > middle else (7, "left")
        drawn.append(
            ax.annotate(
                label_text(name), (x, y), xytext=(side, 7), textcoords="offset points", ha=anchor, fontsize=8.5,
                color=INK, zorder=6, arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.8},
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": INK, "linewidth": 0.5},
            )
        )  # fmt: skip
    return drawn
