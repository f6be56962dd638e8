"""Small multiples where one pair of axes was meant."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec, GridSpecFromSubplotSpec


def panels(ax: Axes, n_panels: int, n_columns: int) -> list[Axes]:
    """Divide axes into panels that share their limits.

    Parameters
    ----------
    ax : Axes
        Where; left empty, as the frame of the panels.
    n_panels, n_columns : int
        How many, and how many side by side.

    Returns
    -------
    list of Axes
        Row by row; tick labels stand at the left and at the bottom only.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> len(panels(Figure().subplots(), 5, 3))
    5
    """
    figure: Any = ax.get_figure(root=False)
    if figure is None:
        raise ValueError("The axes belong to no figure; give axes of a figure, such as Figure().subplots().")
    n_rows = -(-n_panels // n_columns)
    place = ax.get_subplotspec()
    grid: GridSpec | GridSpecFromSubplotSpec
    if place is not None:
        grid = place.subgridspec(n_rows, n_columns)
    else:
        box = ax.get_position()
        grid = GridSpec(n_rows, n_columns, figure, left=box.x0, right=box.x1, bottom=box.y0, top=box.y1)
    ax.set_axis_off()
    made: list[Axes] = []
    for number in range(n_panels):
        row, column = divmod(number, n_columns)
        first = made[0] if made else None
        one = figure.add_subplot(grid[row, column], sharex=first, sharey=first)
        one.tick_params(labelbottom=number + n_columns >= n_panels, labelleft=column == 0)
        made.append(one)
    return made
