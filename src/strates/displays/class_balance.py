"""How many rows each class has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer

from strates.displays.display import Display
from strates.displays.style import INK, MAX_SHOWN_CLASSES, MUTED, SKY, label_text
from strates.inspection.data_summary import DataSummary


class ClassBalanceDisplay(Display):
    """Bars that count the rows of each class; beyond 26 classes the rarest are merged.

    Parameters
    ----------
    labels : sequence of str
        Names of the classes, the commonest first.
    counts : sequence of int
        Their rows.
    noun : str, default="row"
        What is counted.

    Attributes
    ----------
    bars_ : BarContainer
        One a class, from the top.

    Examples
    --------
    >>> display = ClassBalanceDisplay(["Adelie", "Gentoo"], [152, 124]).plot()
    >>> [int(bar.get_width()) for bar in display.bars_]
    [152, 124]
    """

    bars_: BarContainer

    def __init__(self, labels: Sequence[str], counts: Sequence[int], *, noun: str = "row") -> None:
        self.labels, self.counts, self.noun = list(labels), list(counts), noun
        self.title = f"{noun.capitalize()}s of each class"
        if len(self.labels) > MAX_SHOWN_CLASSES:
            kept = MAX_SHOWN_CLASSES - 1
            merged = f"{len(self.labels) - kept} others"
            self.labels, self.counts = [*self.labels[:kept], merged], [*self.counts[:kept], sum(self.counts[kept:])]

    @classmethod
    def from_summary(cls, data: DataSummary) -> Self:
        """Take the counts from the summary of a table.

        Examples
        --------
        >>> import pandas as pd
        >>> from strates.inspection import summarize_data
        >>> data = summarize_data(pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "a"]}), "y")
        >>> ClassBalanceDisplay.from_summary(data).describe()
        'a 2 rows (66.7 %), b 1 row (33.3 %).'
        """
        return cls(data.classes, data.counts)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the classes."""
        return 4.8, 0.8 + (0.26 if len(self.labels) <= 10 else 0.2) * max(len(self.labels), 2)

    def _draw(self, ax: Axes) -> None:
        place = np.arange(len(self.labels))
        self.bars_ = ax.barh(place, self.counts, height=0.66, color=SKY)
        total = max(1, sum(self.counts))
        for row, count in zip(place, self.counts, strict=True):
            ax.annotate(
                f"{count:,} ({count / total:.1%})".replace("%", "\u202f%"),
                (count, row),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=MUTED,
            )
        ax.set_yticks(place, [label_text(label) for label in self.labels], color=INK)
        ax.set_ylim(len(self.labels) - 0.4, -0.6)
        ax.set_xlim(0, max(self.counts, default=1) * 1.32)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.locator_params(axis="x", nbins=5)
        ax.set_xlabel(f"{self.noun}s")

    def describe(self) -> str:
        """Return the rows and the share of every class."""
        total = max(1, sum(self.counts))
        said = (
            f"{label} {count} {self.noun}{'' if count == 1 else 's'} ({100 * count / total:.1f} %)"
            for label, count in zip(self.labels, self.counts, strict=True)
        )
        return ", ".join(said) + "."
