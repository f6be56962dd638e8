"""The loss as the learning rate grows, and the rate that it suggests."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from strates._types import FloatArray
from strates.displays.display import Display
from strates.displays.study_axis import number_text
from strates.displays.style import BLUE, INK, VERMILION
from strates.studies.learning_rate_range_test import LearningRateRange, learning_rate_range_test


class LearningRateRangeDisplay(Display):
    """Smoothed loss against the learning rate: the mean over the seeds, each seed faint behind it.

    A vertical line marks the suggested rate; dots the steepest fall, the minimum, and where the loss is back at its
    start.

    Parameters
    ----------
    rates : ndarray of shape (n_steps,)
        Learning rates, growing.
    losses : ndarray of shape (n_seeds, n_steps)
        Smoothed loss of each seed.
    suggestion : float
        NaN for none.
    notes : dict of str to float
        Further rates to mark, by name.

    Attributes
    ----------
    mean_ : Line2D
    seed_lines_ : list of Line2D
    suggestion_line_ : Line2D or None
    notes_ : dict of str to Line2D
        The dots.

    Examples
    --------
    >>> rates = np.geomspace(1e-4, 1, 50)
    >>> losses = np.abs(np.log10(rates) + 1)[None]
    >>> LearningRateRangeDisplay(rates, losses, 0.05, notes={"minimum": 0.1}).plot().seed_lines_
    []
    """

    title = "Learning-rate range test"
    mean_: Line2D
    seed_lines_: list[Line2D]
    suggestion_line_: Line2D | None
    notes_: dict[str, Line2D]

    def __init__(self, rates: FloatArray, losses: FloatArray, suggestion: float, *, notes: dict[str, float]) -> None:
        self.rates = rates
        self.losses = losses
        self.suggestion = suggestion
        self.notes = notes

    @classmethod
    def from_test(cls, found: LearningRateRange) -> Self:
        """Take the numbers from a range test.

        Parameters
        ----------
        found : LearningRateRange
            What ``strates.studies.learning_rate_range_test`` returned.

        Returns
        -------
        LearningRateRangeDisplay
            Not yet drawn.
        """
        table = found.frame.pivot(index="seed", columns="step", values="smoothed")
        rates = found.frame["learning_rate"].to_numpy()[: table.shape[1]]
        notes = {"steepest": found.steepest, "minimum": found.minimum, "back at the start": found.comeback}
        return cls(rates, table.to_numpy(), found.suggestion, notes=notes)

    @classmethod
    def from_estimator(cls, clf: Any, X: Any, y: Any, **choices: Any) -> Self:
        """Do the range test of a classifier, and take its numbers.

        Parameters
        ----------
        clf : classifier or pipeline
        X : DataFrame, array or sparse matrix of n_rows rows
        y : array-like of shape (n_rows,)
        **choices
            As ``strates.studies.learning_rate_range_test`` takes them.

        Returns
        -------
        LearningRateRangeDisplay
            Not yet drawn.
        """
        return cls.from_test(learning_rate_range_test(clf, X, y, **choices))

    def figure_size(self) -> tuple[float, float]:
        """Return width and height in inches."""
        return 5.4, 3.6

    def _draw(self, ax: Axes) -> None:
        mean = self.losses.mean(axis=0)
        self.seed_lines_ = []
        if len(self.losses) > 1:
            self.seed_lines_ = ax.plot(self.rates, self.losses.T, color=BLUE, linewidth=0.7, alpha=0.3)
        (self.mean_,) = ax.plot(self.rates, mean, color=BLUE, zorder=4)
        ax.set_xscale("log")
        low, start = float(self.losses.min()), float(mean[0])
        room = max(start - low, 1e-3 * abs(start), 1e-9)
        ax.set_ylim(low - 0.08 * room, start + 0.45 * room)  # what blows up leaves the figure at the top
        self.notes_ = {}
        for (name, rate), marker in zip(self.notes.items(), "v^sDo", strict=False):
            height = float(np.interp(np.log(rate), np.log(self.rates), mean))
            shown = min(height, start + 0.42 * room)
            (self.notes_[name],) = ax.plot(
                [rate], [shown], marker, color=INK, markersize=6, zorder=6, label=f"{name} {number_text(rate)}",
                markerfacecolor="white", linestyle="none",
            )  # fmt: skip
        self.suggestion_line_ = None
        if not np.isnan(self.suggestion):
            self.suggestion_line_ = ax.axvline(
                self.suggestion, color=VERMILION, linewidth=1.6, linestyle="--", zorder=3,
                label=f"suggested {number_text(self.suggestion)}",
            )  # fmt: skip
        handles = [*([self.suggestion_line_] if self.suggestion_line_ else []), *self.notes_.values()]
        ax.legend(handles=handles, loc="lower left")
        ax.set_xlabel("learning rate")
        ax.set_ylabel("smoothed loss of a batch")

    def describe(self) -> str:
        """Return the suggested rate, and the others of note."""
        n = len(self.losses)
        mean = self.losses.mean(axis=0)
        suggested = "None is suggested" if np.isnan(self.suggestion) else f"Suggested: {number_text(self.suggestion)}"
        others = ", ".join(f"{name} {number_text(rate)}" for name, rate in self.notes.items())
        return (
            f"Smoothed loss of {n} seed{'s' * (n > 1)} for learning rates from {number_text(self.rates[0])} to "
            f"{number_text(self.rates[-1])}: {mean[0]:.3g} at first, {mean.min():.3g} at the lowest. "
            f"{suggested}; {others}."
        )
