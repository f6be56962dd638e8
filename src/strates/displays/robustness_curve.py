"""Accuracy under attack, against the attack's strength."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from strates._types import FloatArray
from strates.attacks.robustness_curve import robustness_curve
from strates.displays.boundary_shades import MARKERS
from strates.displays.display import Display
from strates.displays.style import MUTED, class_style, label_text
from strates.exceptions import DataError, ParameterError

_COLUMNS = ("epsilon", "accuracy", "low", "high")


class RobustnessCurveDisplay(Display):
    """Accuracy against epsilon, a curve an attack, with the band of its interval.

    The accuracy without an attack and that of a constant answer are marked by horizontal lines.

    Parameters
    ----------
    curve : DataFrame
        What :func:`strates.attacks.robustness_curve` returned: "epsilon", "accuracy", "low" and "high". Several, one
        below the other, are told apart by a column "attack".
    clean : float, optional
        Accuracy without an attack; that at epsilon 0 by default, where there is one.
    chance : float, optional
        Accuracy of always giving the commonest class.
    units : str, default=""
        What epsilon is measured in, such as "shares of the range from black to white".
    distance : str, default="epsilon"
        What the distances are called: those of :func:`strates.attacks.distance_curve` are "distance" or "cost".

    Attributes
    ----------
    lines_ : list of Line2D
        One an attack.
    bands_ : list of PolyCollection
        Their intervals.
    clean_line_, chance_line_ : Line2D or None

    Examples
    --------
    >>> import pandas as pd
    >>> curve = pd.DataFrame({"epsilon": [0, 0.1], "accuracy": [0.9, 0.4], "low": [0.85, 0.3], "high": [0.95, 0.5]})
    >>> RobustnessCurveDisplay(curve, chance=0.1).describe()
    'Accuracy under attack: 90.0 % at epsilon 0, 40.0 % at 0.1. Without an attack 90.0 %; commonest class 10.0 %.'
    """

    title = "Accuracy under attack"
    lines_: list[Line2D]
    bands_: list[PolyCollection]
    clean_line_: Line2D | None
    chance_line_: Line2D | None

    def __init__(
        self,
        curve: pd.DataFrame,
        *,
        clean: float | None = None,
        chance: float | None = None,
        units: str = "",
        distance: str = "epsilon",
    ) -> None:
        missing = [name for name in _COLUMNS if name not in curve]
        if missing or not len(curve):
            raise DataError(
                f"The curve has {len(curve)} rows and no column {', '.join(missing) or 'missing'}; expected "
                f"{', '.join(_COLUMNS)}, as strates.attacks.robustness_curve returns them."
            )
        self.curve, self.chance, self.units, self.distance = curve, chance, units, distance
        at_zero = curve.loc[curve["epsilon"] == 0, "accuracy"]
        self.clean = clean if clean is not None or not len(at_zero) else float(at_zero.iloc[0])

    @classmethod
    def from_estimator(
        cls, clf: Any, X: Any, y: Any, *, attack: Any, epsilons: Sequence[float] | FloatArray, units: str = ""
    ) -> Self:
        """Attack rows of known class, ever more strongly.

        Parameters
        ----------
        clf : fitted classifier or pipeline
        X : DataFrame or array of n_rows rows
        y : array-like of shape (n_rows,)
            Their classes.
        attack : Attack, or mapping of str to Attack
            One, or several with the names for the legend.
        epsilons : sequence of float
            In the units of X; 0 is added.
        units : str, default=""
            What epsilon is measured in.

        Returns
        -------
        RobustnessCurveDisplay
            Not yet drawn.
        """
        strengths = np.union1d([0.0], np.asarray(epsilons, float))
        named = attack if isinstance(attack, Mapping) else {type(attack).__name__: attack}
        if not named:
            raise ParameterError("attack names none; give one such as PGD(), or {'FGSM': FGSM(), 'PGD': PGD()}.")
        parts = [robustness_curve(clf, X, y, one, strengths).assign(attack=name) for name, one in named.items()]
        chance = float(pd.Series(np.asarray(y)).value_counts(normalize=True).iloc[0])
        return cls(pd.concat(parts, ignore_index=True), chance=chance, units=units)

    def _parts(self) -> list[tuple[str, pd.DataFrame]]:
        if "attack" not in self.curve:
            return [("", self.curve.sort_values("epsilon"))]
        groups = self.curve.groupby("attack", sort=False)
        return [(str(name), part.sort_values("epsilon")) for name, part in groups]

    def _draw(self, ax: Axes) -> None:
        self.lines_, self.bands_ = [], []
        parts = self._parts()
        for number, (name, part) in enumerate(parts):
            colour, dash = class_style(number)
            x = part["epsilon"].to_numpy(float)
            self.bands_.append(
                ax.fill_between(x, part["low"], part["high"], color=colour, alpha=0.16, linewidth=0, zorder=2)
            )
            self.lines_ += ax.plot(
                x, part["accuracy"], dash, color=colour, marker=MARKERS[number % len(MARKERS)], markersize=4.5,
                label=label_text(name), zorder=3,
            )  # fmt: skip
        # curves fall from left to right: there is room above them on the right, and below them on the left
        self.clean_line_ = self._level(ax, self.clean, "without an attack", ":", right=True)
        self.chance_line_ = self._level(ax, self.chance, "commonest class", "--", right=False)
        ax.set_ylim(-0.02, 1.05)
        ax.margins(x=0.03)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        ax.set_xlabel(f"{self.distance}, in {self.units}" if self.units else self.distance)
        ax.set_ylabel("still predicted right")
        if len(parts) > 1:
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=min(len(parts), 3), borderaxespad=0.2)

    @staticmethod
    def _level(ax: Axes, value: float | None, words: str, dash: str, *, right: bool) -> Line2D | None:
        if value is None:
            return None
        ax.annotate(
            f"{words} {_percent(value)}", (float(right), value), xycoords=("axes fraction", "data"),
            xytext=(-2 if right else 3, 2), textcoords="offset points", ha="right" if right else "left", va="bottom",
            fontsize=8.5, color=MUTED,
        )  # fmt: skip
        return ax.axhline(value, color=MUTED, linewidth=1.1, linestyle=dash, zorder=1)

    def describe(self) -> str:
        """Return the accuracy at each epsilon."""
        told = []
        for name, part in self._parts():
            cells = list(zip(part["epsilon"], part["accuracy"], strict=True))
            steps = [
                f"{_percent(value)} at {'' if place else f'{self.distance} '}{at:.4g}"
                for place, (at, value) in enumerate(cells)
            ]
            told.append(f"{name + ': ' if name else ''}{', '.join(steps)}")
        said = f"Accuracy under attack: {'; '.join(told)}."
        levels = [
            f"{words} {_percent(value)}"
            for words, value in (("without an attack", self.clean), ("commonest class", self.chance))
            if value is not None
        ]
        return said if not levels else f"{said} {'; '.join(levels).capitalize()}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
