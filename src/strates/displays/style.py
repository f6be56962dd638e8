"""The one look of all figures: light, legible in print and on a phone, safe for the colour-blind."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# M. Okabe and K. Ito (2008), Color Universal Design; their yellow is left out, for it cannot be read on white.
BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
LINE_STYLES = ("-", "--", ":", "-.")
INK, MUTED, FAINT = "#222222", "#6b6b6b", "#dddddd"

MAX_NAMED_CLASSES = 8  # beyond it a legend is longer than its figure
MAX_SHOWN_CLASSES = 26

_STYLE: Any = {
    "axes.edgecolor": "#888888",
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same figure on every machine
    "font.size": 10,
    "grid.color": "#ebebeb",
    "grid.linewidth": 0.8,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "strates",
    "text.color": INK,
    "text.parse_math": False,  # a column may be called "$"
    "text.usetex": False,
    "xtick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.color": MUTED,
    "ytick.labelsize": 9,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the look of strates inside the ``with`` block, whatever the user's own settings."""
    with matplotlib.rc_context(_STYLE):
        yield


def new_axes(width: float, height: float) -> Axes:
    """Return the axes of a fresh figure that belongs to no window.

    Parameters
    ----------
    width, height : float
        Size in inches.

    Returns
    -------
    Axes
    """
    axes: Axes = Figure(figsize=(width, height), layout="constrained").subplots()
    return axes


def class_style(number: int) -> tuple[str, str]:
    """Return the colour and line style of a class, distinct for the first 28.

    Examples
    --------
    >>> class_style(0), class_style(7)
    (('#0072B2', '-'), ('#0072B2', '--'))
    """
    colour = PALETTE[number % len(PALETTE)]
    return colour, LINE_STYLES[(number // len(PALETTE)) % len(LINE_STYLES)]


def label_text(value: object, limit: int = 22) -> str:
    r"""Return a name as a figure can show it: on one line, without control characters, cut with an ellipsis.

    Parameters
    ----------
    value : object
        A column's or a class's name.
    limit : int, default=22
        Characters at most.

    Returns
    -------
    str

    Examples
    --------
    >>> label_text("a very long name of a column indeed"), label_text("two\nlines")
    ('a very long name of a…', 'two lines')
    """
    printable = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in str(value))
    text = " ".join(printable.split()) or "(blank)"
    text = text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
    # matplotlib leaves out of a legend what begins with an underscore
    return f"\u2009{text}" if text.startswith("_") else text
