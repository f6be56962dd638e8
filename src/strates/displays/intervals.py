"""One measure of several classifiers, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from strates.displays.display import Display
from strates.displays.style import BLUE, INK, MUTED, label_text
from strates.inspection.metric import Metric


class IntervalDisplay(Display):
    """Dots with 95 % intervals, one line a classifier; the first is the one that is judged.

    Parameters
    ----------
    names : sequence of str
        The classifiers, from the top.
    metrics : sequence of Metric
        The same metric of each, with a value.

    Attributes
    ----------
    errorbars_ : list of ErrorbarContainer
        One a classifier.

    Examples
    --------
    >>> accuracy = Metric("accuracy", "Accuracy", 0.9, 0.8, 0.95, True)
    >>> len(IntervalDisplay(["network"], [accuracy]).plot().errorbars_)
    1
    """

    errorbars_: list[ErrorbarContainer]

    def __init__(self, names: Sequence[str], metrics: Sequence[Metric]) -> None:
        self.names, self.metrics = list(names), list(metrics)
        self.title = f"{metrics[0].label} with 95 % intervals"

    @classmethod
    def from_metrics(cls, metrics: dict[str, Metric]) -> Self:
        """Take the name and the metric of each classifier; those without a value are left out.

        Examples
        --------
        >>> accuracy = Metric("accuracy", "Accuracy", 0.9, 0.8, 0.95, True)
        >>> IntervalDisplay.from_metrics({"network": accuracy}).describe()
        'Accuracy: network 0.900 (0.800 to 0.950).'
        """
        known = {name: one for name, one in metrics.items() if one.value is not None}
        return cls(list(known), list(known.values()))

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the classifiers."""
        return 5.0, 0.75 + 0.34 * max(2, len(self.names))

    def _draw(self, ax: Axes) -> None:
        self.errorbars_ = []
        for row, one in enumerate(self.metrics):
            value = float(one.value or 0.0)
            low = value if one.low is None else one.low
            high = value if one.high is None else one.high
            reach = np.maximum([[value - low], [high - value]], 0)
            colour = BLUE if row == 0 else MUTED
            self.errorbars_.append(
                ax.errorbar(
                    [value], [row], xerr=reach, fmt="o", color=colour, capsize=3, markersize=6 if row == 0 else 5
                )
            )
        ax.set_yticks(range(len(self.names)), [label_text(name, 24) for name in self.names], color=INK)
        ax.set_ylim(len(self.names) - 0.5, -0.5)
        ax.margins(x=0.06)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.locator_params(axis="x", nbins=6)
        ax.set_xlabel(self.metrics[0].label.lower())

    def describe(self) -> str:
        """Return every value with its interval."""
        said = []
        for name, one in zip(self.names, self.metrics, strict=True):
            bounds = "" if one.low is None or one.high is None else f" ({one.low:.3f} to {one.high:.3f})"
            said.append(f"{name} {one.value:.3f}{bounds}")
        return f"{self.metrics[0].label}: {', '.join(said)}."
