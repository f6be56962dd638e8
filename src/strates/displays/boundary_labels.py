"""The writing around a decision boundary: names of its axes, its legend, and how its lines break."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.lines import Line2D

from strates._types import FloatArray
from strates.displays.boundary_shades import MARKERS
from strates.displays.style import INK, MUTED, label_text

_LETTERS_AN_INCH = 13.0  # of the size of labels and legends
_SMALLER = 1.25  # times as many of the caption's
_KEY = 4.5  # what a key of the legend takes beside its text, in letters


def axis_label(name: str, inches: float) -> str:
    """Return an axis's name: what it is and its share of the variance, and its loadings on two lines at most.

    Parameters
    ----------
    name : str
        As ``DecisionBoundary.axis_names`` has it.
    inches : float
        Length of the axis.

    Returns
    -------
    str

    Examples
    --------
    >>> axis_label("PC1: 80 % of variance; petal length +0.8, sepal width +0.5, sepal length -0.3, …", 2.0).splitlines()
    ['PC1: 80 % of variance', 'petal length +0.8,', 'sepal width +0.5, …']
    """
    width = max(16, int(inches * _LETTERS_AN_INCH))
    what, *loadings = name.split("; ", 1)
    lines = textwrap.wrap(label_text(what, 3 * width), width)
    if loadings:
        items = [label_text(item, width - 2).replace(" ", "\u00a0") for item in loadings[0].split(", ")]
        below = textwrap.wrap(", ".join(items), width)
        lines += [below[0], below[1].rstrip(",") + ", …"] if len(below) > 2 else below
    return "\n".join(lines).replace("\u00a0", " ")


def caption_lines(text: str, inches: float) -> list[str]:
    """Break a caption into lines that are as long as an axis of so many inches."""
    return textwrap.wrap(text, max(24, int(inches * _SMALLER * _LETTERS_AN_INCH)))


def legend_keys(
    classes: Sequence[str], colours: FloatArray, *, ring: bool, hollow: bool
) -> tuple[list[Line2D], list[str]]:
    """Return the handles and texts of the legend.

    Parameters
    ----------
    classes : sequence of str
    colours : ndarray of shape (n_classes, 3)
    ring, hollow : bool
        Whether there are mistakes, and rows over a background of another class.
    """
    size = 6.0
    handles = [
        Line2D([], [], linestyle="", marker=MARKERS[k % len(MARKERS)], color=tuple(colour), markersize=size)
        for k, colour in enumerate(colours)
    ]
    texts = [label_text(name, 18) for name in classes]
    for wanted, text, edge, larger in ((ring, "mistake", INK, 3.0), (hollow, "other answer", MUTED, 0.0)):
        if wanted:
            handles.append(
                Line2D(
                    [], [], linestyle="", marker="o", markersize=size + larger, markerfacecolor="white",
                    markeredgecolor=edge,
                )
            )  # fmt: skip
            texts.append(text)
    return handles, texts


def legend_columns(texts: Sequence[str], inches: float) -> int:
    """Return how many keys stand side by side, at least one."""
    widths = [len(text) + _KEY for text in texts]
    for n_columns in range(len(widths), 1, -1):
        if sum(max(widths[column::n_columns]) for column in range(n_columns)) <= inches * _LETTERS_AN_INCH:
            return n_columns
    return 1


def by_rows(n_keys: int, n_columns: int) -> list[int]:
    """Return the order in which to hand keys to matplotlib, which fills columns, so that they read row by row.

    Examples
    --------
    >>> by_rows(5, 2)  # first column: keys 0, 2 and 4
    [0, 2, 4, 1, 3]
    """
    return [key for column in range(n_columns) for key in range(column, n_keys, n_columns)]
