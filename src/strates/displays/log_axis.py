"""A logarithmic axis on which a flat line looks flat, and zero has a place."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, LogLocator

from strates._types import FloatArray
from strates.displays.style import MUTED

LEAST_RATIO = 30.0  # no axis shows less than this from its lower end to its upper one
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def log_axis(ax: Axes, values: Any) -> float:
    """Make the vertical axis logarithmic, wide enough for some values.

    Parameters
    ----------
    ax : Axes
    values : array-like
        What will be drawn, none of it negative; NaN is ignored. If some are exactly zero, a dotted line marked 0 at
        the bottom stands for zero.

    Returns
    -------
    float
        Where to draw zero.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> zero = log_axis(ax, [0.0, 1e-4, 1.0])
    >>> 0 < zero < 1e-4, [label.get_text() for label in ax.get_yticklabels()]
    (True, ['0', '10⁻⁴', '10⁻³', '0.01', '0.1', '1'])
    """
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    low, high = _ends(known[known > 0])
    floor = zero = low
    if (known == 0).any():
        zero = low / max(3.0, (high / low) ** 0.12)
        floor = zero / (high / low) ** 0.06
        ax.axhline(zero, color=MUTED, linewidth=1.0, linestyle=":", zorder=1)
    ticks = _ticks(low, high)
    labels = [tick_text(tick) for tick in ticks]
    ax.set_yscale("log")
    ax.set_ylim(floor, high)
    ax.set_yticks([zero, *ticks] if floor < zero else ticks, ["0", *labels] if floor < zero else labels)
    ax.yaxis.set_minor_locator(FixedLocator([]))
    return zero


def _ends(positive: FloatArray) -> tuple[float, float]:
    """Return the ends of an axis around positive numbers."""
    low, high = (float(positive.min()), float(positive.max())) if len(positive) else (1e-3, 1.0)
    margin = 1.3 * max(1.0, LEAST_RATIO * low / high) ** 0.5
    return low / margin, high * margin


def _ticks(low: float, high: float) -> list[float]:
    """Return powers of ten between two numbers, and threes between them where they are few."""
    decades, finer = LogLocator(numticks=6), LogLocator(subs=(1, 3), numticks=6)
    for locator in (decades, finer):
        ticks = [float(tick) for tick in locator.tick_values(low, high) if low <= tick <= high]
        if len(ticks) > 2:
            break
    return ticks


def tick_text(value: float) -> str:
    """Write a number as people do: 0.03, 3 or 3×10⁻⁵."""
    exponent = int(np.floor(np.log10(value) + 1e-9))
    if -2 <= exponent <= 2:
        return f"{value:g}"
    first = round(value / 10.0**exponent)
    return ("" if first == 1 else f"{first}×") + "10" + str(exponent).translate(_RAISED)
