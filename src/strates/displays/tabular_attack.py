"""The smallest changes that flip rows of a table."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.lines import Line2D
from matplotlib.text import Text

from strates.attacks.tabular.change_text import class_text, row_sentence, value_text
from strates.attacks.tabular_attack import TabularAttack
from strates.attacks.tabular_attack_result import TabularAttackResult
from strates.displays.display import Display
from strates.displays.side_by_side import side_by_side
from strates.displays.style import BLUE, INK, MUTED, VERMILION, label_text
from strates.exceptions import DataError

_LINE = 0.27  # inches


class TabularAttackDisplay(Display):
    """Rows of a table, each with the changes that flip its class, what they cost, and what the classifier makes of it.

    On the left a bar for each changed cell, as long as its cost; on the right the probability of the class after, from
    before (hollow) to after (full).

    Parameters
    ----------
    result : TabularAttackResult
        What :meth:`strates.attacks.TabularAttack.perturb` returned.
    n_rows : int, default=6
        How many rows at most: of those that were flipped the cheapest, the dearest, and some evenly between them.

    Attributes
    ----------
    bars_ : BarContainer
        One a changed cell, from the top.
    before_, after_ : Line2D
        The points on the right, one a row.
    heads_ : list of Text
        Above each row's bars.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = LogisticRegression(max_iter=1000).fit(X, y)
    >>> display = TabularAttackDisplay.from_estimator(clf, X[60:66], y[60:66], reference=X).plot()
    >>> len(display.heads_), [f"{bar.get_width():.2f}" for bar in display.bars_][:2]
    (6, ['0.14', '0.26'])
    """

    title = "The smallest changes that flip the class"
    bars_: BarContainer
    before_: Line2D
    after_: Line2D
    heads_: list[Text]

    def __init__(self, result: TabularAttackResult, *, n_rows: int = 6) -> None:
        if not result.success.any():
            raise DataError("No row was flipped, so there is no change to draw. Allow more changes, or wider ranges.")
        self.result = result
        flipped = np.flatnonzero(result.success)
        order = flipped[np.argsort(result.cost[flipped], kind="stable")]
        chosen = np.unique(np.round(np.linspace(0, len(order) - 1, min(n_rows, len(order)))).astype(int))
        self.shown: list[int] = order[chosen].tolist()
        self.cells: list[pd.DataFrame] = [result.changes[result.changes["place"] == row] for row in self.shown]

    @classmethod
    def from_result(cls, result: TabularAttackResult, *, n_rows: int = 6) -> Self:
        """Take what an attack found; see the class for the parameters."""
        return cls(result, n_rows=n_rows)

    @classmethod
    def from_estimator(
        cls, clf: Any, X: Any, y: Any = None, *, reference: Any = None, n_rows: int = 6, **choices: Any
    ) -> Self:
        """Attack some rows.

        Parameters
        ----------
        clf : fitted classifier or pipeline
        X : DataFrame of n_rows rows
        y : array-like of shape (n_rows,), optional
            Their classes.
        reference : DataFrame, optional
            Rows that show which values there are; X by default.
        n_rows : int, default=6
            As the class takes it.
        **choices
            Of :class:`strates.attacks.TabularAttack`.

        Returns
        -------
        TabularAttackDisplay
            Not yet drawn.
        """
        return cls(TabularAttack(**choices).perturb(clf, X, y, reference=reference), n_rows=n_rows)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the changed cells."""
        return 7.0, 0.9 + _LINE * sum(len(one) + 1.35 for one in self.cells)

    def _draw(self, ax: Axes) -> None:
        left, right = side_by_side(ax, 1, 2)[0]
        place, names, widths, heads, middles = 0.0, [], [], [], []
        places: list[float] = []
        for one in self.cells:
            heads.append(place)
            for _, cell in one.iterrows():
                place += 1.0
                places.append(place)
                widths.append(float(cell["cost"]))
                names.append(_cell_text(cell))
            middles.append((heads[-1] + 1 + place) / 2)
            place += 1.35
        self.bars_ = left.barh(places, widths, height=0.62, color=BLUE, zorder=3)
        left.set_yticks(places, names, color=INK)
        self.heads_ = [
            left.annotate(
                self._head(row), (0, at), xycoords=("axes fraction", "data"), xytext=(3, 0), va="center",
                textcoords="offset points", fontsize=9, fontweight="bold", color=INK, annotation_clip=False,
            )
            for row, at in zip(self.shown, heads, strict=True)
        ]  # fmt: skip
        left.set_xlabel("cost: interquartile\nranges, or categories")
        before = [float(one["probability_before"].iloc[0]) for one in self.cells]
        after = [float(one["probability_after"].iloc[0]) for one in self.cells]
        right.hlines(middles, before, after, color=MUTED, linewidth=1.4, zorder=2)
        (self.before_,) = right.plot(before, middles, "o", color=MUTED, markerfacecolor="white", zorder=3)
        (self.after_,) = right.plot(after, middles, "o", color=VERMILION, zorder=4)
        right.set_xlim(-0.03, 1.03)
        right.set_yticks([])
        right.set_xlabel("probability of\nthe class after")
        for axes in (left, right):
            axes.set_ylim(place - 0.7, -0.7)
            axes.grid(axis="y", visible=False)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
        left.set_xlim(0, max(*widths, 1e-12) * 1.05)

    def _head(self, row: int) -> str:
        one = self.cells[self.shown.index(row)].iloc[0]
        names = [label_text(class_text(one[name]), 16) for name in ("class_before", "class_after")]
        return f"row {label_text(one['row'], 12)}: {names[0]} → {names[1]}"

    def describe(self) -> str:
        """Return the changes of each row drawn, as sentences."""
        said = [row_sentence(one) for one in self.cells]
        return " ".join(f"{one[0].upper()}{one[1:]}." for one in said)


def _cell_text(cell: Any) -> str:
    values = [label_text(value_text(cell[name]), 14) for name in ("from", "to")]
    return f"{label_text(cell['column'], 20)}  {values[0]} → {values[1]}"
