"""Panels with scales of their own, where one pair of axes was meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec, GridSpecFromSubplotSpec


def side_by_side(
    ax: Axes, n_rows: int, n_columns: int, *, height_ratios: Sequence[float] | None = None
) -> list[list[Axes]]:
    """Divide axes into rows of panels, each with its own limits.

    Parameters
    ----------
    ax : Axes
        Where; left empty, as the frame of the panels.
    n_rows, n_columns : int
        How many.
    height_ratios : sequence of float, default=None
        Of the rows; equal by default.

    Returns
    -------
    list of lists of Axes
        Row by row.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> [len(row) for row in side_by_side(Figure().subplots(), 2, 3)]
    [3, 3]
    """
    figure: Any = ax.get_figure(root=False)
    place = ax.get_subplotspec()
    grid: GridSpec | GridSpecFromSubplotSpec
    if place is not None:
        grid = place.subgridspec(n_rows, n_columns, height_ratios=height_ratios)
    else:
        box = ax.get_position()
        grid = GridSpec(
            n_rows, n_columns, figure, left=box.x0, right=box.x1, bottom=box.y0, top=box.y1,
            height_ratios=height_ratios,
        )  # fmt: skip
    ax.set_axis_off()
    return [[figure.add_subplot(grid[row, column]) for column in range(n_columns)] for row in range(n_rows)]


def settle(ax: Axes) -> None:
    """Lay a figure out once, ahead of its drawing.

    Panels of a fixed shape shrink within the places that the first pass of a constrained layout gives them; the second
    one, at the drawing itself, then leaves room for what stands around them.

    Parameters
    ----------
    ax : Axes
        Of the figure.
    """
    figure: Any = ax.get_figure(root=True)
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
