"""How far on its way through a backbone classes come apart."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.lines import Line2D
from matplotlib.text import Text

from strates.displays.display import Display
from strates.displays.style import BLUE, INK, MUTED, VERMILION, label_text
from strates.studies.transfer_plan import transfer_plan
from strates.studies.transfer_plan_result import TransferPlan

_LONG_NAME = 22


class TransferPlanDisplay(Display):
    """Accuracy of a linear classifier at each depth of a backbone, with 95 % intervals, from the input down.

    The depth to use has a mark of its own. Where the line still rises at its end, what the backbone learned last is of
    use for these classes too; where it falls, the last layers are particular to what it was trained on.

    Parameters
    ----------
    plan : TransferPlan
        What :func:`strates.studies.transfer_plan` returned.

    Attributes
    ----------
    errorbars_ : ErrorbarContainer
        The accuracies, in the order of the depths.
    chosen_ : Line2D
        The mark of the depth to use.
    chosen_text_ : Text
        What it says.

    Examples
    --------
    >>> from strates.studies import DepthAccuracy, TransferPlan
    >>> depths = (DepthAccuracy("input", 0, 64, 0.5, 0.4, 0.6), DepthAccuracy("features", 2, 8, 0.9, 0.8, 0.95))
    >>> plan = TransferPlan("VGG16", 90, depths, (), "little data, near", "features", None, (), "")
    >>> TransferPlanDisplay(plan).describe()
    'Accuracy of a linear classifier by depth of VGG16: input 0.500 (0.400 to 0.600), features 0.900 (0.800 to 0.950).'
    """

    title = "Linear probes by depth"
    errorbars_: ErrorbarContainer
    chosen_: Line2D
    chosen_text_: Text

    def __init__(self, plan: TransferPlan) -> None:
        self.plan = plan

    @classmethod
    def from_estimator(cls, clf: Any, X: Any, y: Any, **choices: Any) -> Self:
        """Probe a backbone, without the check.

        Parameters
        ----------
        clf : TransferClassifier or backbone
        X : array of n_rows rows
        y : array-like of shape (n_rows,)
            Their classes.
        **choices
            Of :func:`strates.studies.transfer_plan`.

        Returns
        -------
        TransferPlanDisplay
            Not yet drawn.
        """
        return cls(transfer_plan(clf, X, y, **{"check": False, **choices}))

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the depths."""
        return 5.4, 1.0 + 0.36 * max(2, len(self.plan.depths))

    def _draw(self, ax: Axes) -> None:
        probes = self.plan.probes
        value = probes["accuracy"].to_numpy(float)
        places = np.arange(len(probes))
        reach = np.maximum([value - probes["low"], probes["high"] - value], 0)
        self.errorbars_ = ax.errorbar(
            value, places, xerr=reach, fmt="-o", color=BLUE, ecolor=BLUE, capsize=2.5, markersize=5.5, linewidth=1.4
        )
        names = probes["layer"].tolist()
        chosen = names.index(self.plan.layer) if self.plan.layer in names else len(names) - 1
        self.chosen_ = ax.plot(
            value[chosen], chosen, "D", color=VERMILION, markersize=8, markeredgecolor="white", zorder=5
        )[0]
        left = value[chosen] > np.mean([probes["low"].min(), probes["high"].max()])
        self.chosen_text_ = ax.annotate(
            "cut here" if self.plan.layer is not None else "the features",
            (float(probes["low" if left else "high"].iloc[chosen]), chosen),
            xytext=(-7 if left else 7, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=9,
            color=INK,
        )
        ax.set_yticks(places, [self._row_name(name, kernels) for name, kernels in self._rows()])
        ax.tick_params(axis="y", length=0, labelcolor=INK)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.margins(x=0.06)
        ax.grid(axis="y", visible=False)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("accuracy of a linear classifier, cross-validated")
        ax.set_ylabel("layers with a kernel before it", color=MUTED, fontsize=9)

    def _rows(self) -> list[tuple[str, int]]:
        return [(one.layer, one.n_kernels) for one in self.plan.depths]

    def _row_name(self, name: str, n_kernels: int) -> str:
        return f"{label_text(name, _LONG_NAME)}  {n_kernels:>3}"

    def describe(self) -> str:
        """Return every accuracy with its interval."""
        values = ", ".join(
            f"{one.layer} {one.accuracy:.3f} ({one.low:.3f} to {one.high:.3f})" for one in self.plan.depths
        )
        return f"Accuracy of a linear classifier by depth of {self.plan.backbone}: {values}."
