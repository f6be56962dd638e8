"""What each column is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer

from strates.displays.display import EvaluationDisplay
from strates.displays.style import BLUE, INK, label_text
from strates.inspection.evaluation import Evaluation
from strates.inspection.importance import Importance

MAX_SHOWN = 15


class ImportanceDisplay(EvaluationDisplay):
    """Bars of permutation importance with their intervals, the most important column on top.

    Parameters
    ----------
    importance : sequence of Importance
        One a column; the 15 most important are drawn.

    Attributes
    ----------
    bars_ : BarContainer
        One a column, from the top.

    Examples
    --------
    >>> columns = [Importance("year", 0.0, -0.1, 0.1, 0.0), Importance("mass", 0.5, 0.4, 0.6, 0.2)]
    >>> ImportanceDisplay(columns).describe()
    'Rise of the log-loss when the column is shuffled: mass 0.5, year 0.'
    """

    title = "Permutation importance"
    _needs_importance = True
    bars_: BarContainer

    def __init__(self, importance: Sequence[Importance]) -> None:
        self.importance = sorted(importance, key=lambda one: -one.mean)
        self.shown = self.importance[:MAX_SHOWN]

    @classmethod
    def from_evaluation(cls, evaluation: Evaluation) -> Self:
        """Take the columns from an evaluation."""
        return cls(evaluation.importance)

    @property
    def is_empty(self) -> bool:
        """Whether there is no column to draw."""
        return not self.importance

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the columns."""
        return 5.2, 1.1 + 0.28 * max(len(self.shown), 2)

    def _draw(self, ax: Axes) -> None:
        means = np.array([one.mean for one in self.shown])
        errors = np.array([[one.mean - one.low, one.high - one.mean] for one in self.shown]).T
        place = np.arange(len(self.shown))
        self.bars_ = ax.barh(
            place,
            means,
            height=0.62,
            color=BLUE,
            xerr=np.maximum(errors, 0),
            error_kw={"ecolor": INK, "elinewidth": 1, "capsize": 2},
        )
        ax.set_yticks(place, [label_text(one.column, 24) for one in self.shown], color=INK)
        ax.set_ylim(len(self.shown) - 0.4, -0.6)
        ax.axvline(0, color=INK, linewidth=0.8)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("rise of the log-loss when shuffled")

    def describe(self) -> str:
        """Return the worth of the columns drawn."""
        worth = ", ".join(f"{one.column} {one.mean:.3g}" for one in self.shown)
        rest = len(self.importance) - len(self.shown)
        return f"Rise of the log-loss when the column is shuffled: {worth}" + (
            f"; {rest} more columns." if rest else "."
        )
