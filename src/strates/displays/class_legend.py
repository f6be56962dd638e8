"""The names of classes below a figure of several panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from strates.displays.class_points import class_marker
from strates.displays.style import label_text

MAX_KEYS = 20  # beyond it a legend is larger than its figure


def class_keys(classes: Sequence[str], present: set[int]) -> tuple[list[Line2D], list[str]]:
    """Return handles and names for a legend of the classes that have rows, twenty at most.

    Parameters
    ----------
    classes : sequence of str
    present : set of int
        Numbers of those that have rows.

    Returns
    -------
    handles : list of Line2D
    names : list of str
    """
    shown = [k for k in range(len(classes)) if k in present]
    handles = []
    for k in shown[:MAX_KEYS]:
        colour, marker = class_marker(k)
        handles.append(Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=5.5))
    names = [label_text(classes[k], 18) for k in shown[:MAX_KEYS]]
    if len(shown) > MAX_KEYS:
        handles.append(Line2D([], [], linestyle="none"))
        names.append(f"+ {len(shown) - MAX_KEYS} more")
    return handles, names


def draw_legend(ax: Axes, classes: Sequence[str], present: set[int], width: float) -> Legend | None:
    """Name the classes below the whole figure.

    Parameters
    ----------
    ax : Axes
        Of the figure.
    classes : sequence of str
    present : set of int
    width : float
        Of the figure, in inches.

    Returns
    -------
    Legend or None
        None where there is no class.
    """
    handles, names = class_keys(classes, present)
    if not names:
        return None
    figure: Any = ax.get_figure(root=False)
    legend: Legend = figure.legend(
        handles, names, loc="outside lower center", ncols=min(len(names), keys_a_row(names, width)), handletextpad=0.1,
        columnspacing=1.0,
    )  # fmt: skip
    return legend


def keys_a_row(names: Sequence[str], width: float) -> int:
    """Return how many names of a legend stand side by side in a width in inches.

    Examples
    --------
    >>> keys_a_row(["setosa", "versicolor"], 3.6)
    2
    """
    lengths = [len(label_text(one, 18)) for one in names] or [1]
    typical = (max(lengths) + sum(lengths) / len(lengths)) / 2  # each column is as wide as its own longest
    return max(1, int((width - 0.2) / (0.42 + 0.085 * typical)))


def legend_height(classes: Sequence[str], present: set[int], width: float) -> float:
    """Return the height in inches that :func:`draw_legend` takes."""
    names = class_keys(classes, present)[1]
    return 0.1 + 0.22 * -(-len(names) // keys_a_row(names, width))
