"""Probabilities beside what was observed."""

from __future__ import annotations

from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.lines import Line2D

from strates.displays.display import EvaluationDisplay
from strates.displays.style import BLUE, FAINT, MUTED, label_text
from strates.inspection.calibration import Calibration
from strates.inspection.evaluation import Evaluation

_TALLEST = 0.16  # of the bars that count the rows, in units of the vertical axis


class CalibrationDisplay(EvaluationDisplay):
    """Reliability diagram: the share observed against the probability given, with the number of rows below.

    Parameters
    ----------
    calibration : Calibration
        Bins with their intervals.

    Attributes
    ----------
    errorbar_ : ErrorbarContainer
        Points with their 95 % intervals.
    perfect_line_ : Line2D
        Where a perfectly calibrated classifier would lie.
    count_bars_ : BarContainer
        Rows of each bin, scaled.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = GaussianNB().fit(X[::2], y[::2])
    >>> CalibrationDisplay.from_estimator(clf, X[1::2], y[1::2]).plot().ax_.get_xlabel()
    'probability given to 1'
    """

    title = "Calibration"
    errorbar_: ErrorbarContainer
    perfect_line_: Line2D
    count_bars_: BarContainer

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration

    @classmethod
    def from_evaluation(cls, evaluation: Evaluation) -> Self:
        """Take the bins from an evaluation."""
        return cls(evaluation.calibration)

    def _draw(self, ax: Axes) -> None:
        bins = self.calibration.bins
        x = np.array([one.predicted for one in bins])
        y = np.array([one.observed for one in bins])
        errors = np.array([[one.observed - one.low, one.high - one.observed] for one in bins]).T
        counts = np.array([one.count for one in bins])
        # bars stand on the bins' centres, points on the mean probability of their rows
        centres = np.array([(one.lower + one.upper) / 2 for one in bins])
        (self.perfect_line_,) = ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle="--", zorder=1)
        self.count_bars_ = ax.bar(centres, _TALLEST * counts / counts.max(), width=0.09, color=FAINT, zorder=1)
        for centre, bar, count in zip(centres, self.count_bars_, counts, strict=True):
            ax.text(centre, bar.get_height() + 0.01, f"{count}", ha="center", va="bottom", fontsize=7, color=MUTED)
        self.errorbar_ = ax.errorbar(x, y, yerr=np.maximum(errors, 0), fmt="o-", color=BLUE, capsize=3, markersize=5)
        ax.set_xlim(-0.02, 1.02)
        ax.set_ylim(0, 1.04)
        event = self.calibration.event
        named = event if event == "the predicted class" else label_text(event)
        ax.set_xlabel(f"probability given to {named}")
        ax.set_ylabel("share observed")

    def describe(self) -> str:
        """Return the calibration error and every bin."""
        bins = "; ".join(
            f"given {one.predicted:.2f}, observed {one.observed:.2f} ({one.count} rows)"
            for one in self.calibration.bins
        )
        return (
            f"Mean gap {self.calibration.error:.3f} between the probability given to {self.calibration.event} "
            f"and the share observed. {bins}."
        )
