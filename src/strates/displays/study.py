"""What a study measured, with its error bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text

from strates._types import FloatArray
from strates.displays.display import Display
from strates.displays.log_axis import log_axis
from strates.displays.study_axis import StudyAxis, number_text, study_axis
from strates.displays.study_series import StudySeries, measure_text, read_series
from strates.displays.style import LINE_STYLES, MUTED, PALETTE, label_text
from strates.exceptions import ParameterError

MAX_SERIES = 12
BARS = 12  # more values than these have a band in place of bars
X_LABELS = {"learning_rate_init": "learning rate"}
_MARKERS = "os^DvP<h>pX*"
_LOG_RATIO = 20.0


class StudyDisplay(Display):
    """Means over the seeds with their 95 % intervals, and each seed's own line behind.

    Intervals are Student's, over the seeds. The faint lines are the seeds: where they run side by side, the settings
    differ by less than the splits do, and the difference within a seed is what to look at. Many values, such as epochs,
    have a band in place of bars, as far as all runs went. Runs that diverged are counted at the top.

    On a logarithmic vertical axis, means and intervals are those of the logarithms (geometric means) wherever all
    numbers are positive.

    Parameters
    ----------
    x : sequence of length n_values
        Numbers or texts, all different.
    series : sequence of StudySeries
        What to draw at them.
    x_label, y_label : str
    log_y : bool, default=None
        Logarithmic vertical axis; by default for losses that span a factor of twenty.

    Attributes
    ----------
    means_ : list of Line2D
        One a series.
    intervals_ : list of Artist
        Error bars, or bands.
    seed_lines_ : list of lists of Line2D
        The lines behind, series by series.
    diverged_texts_ : list of Text
        Counts of runs that diverged, each beside the mark of its series.

    See Also
    --------
    StudyHeatmapDisplay : Two numbers that vary, with the means written out.

    Examples
    --------
    >>> frame = pd.DataFrame({"alpha": [0.1] * 3 + [1.0] * 3, "seed": [0, 1, 2] * 2, "test_loss": [5.0, 6, 7, 2, 3, 4]})
    >>> StudyDisplay.from_frame(frame, y="test_loss").describe()
    'Loss on test rows by alpha: means of 3 seeds with 95 % intervals. 0.1: 6 (3.52 to 8.48); 1: 3 (0.516 to 5.48).'
    """

    title = "Study"
    means_: list[Line2D]
    intervals_: list[Artist]
    seed_lines_: list[list[Line2D]]
    diverged_texts_: list[Text]

    def __init__(
        self, x: Sequence[Any], series: Sequence[StudySeries], *, x_label: str, y_label: str, log_y: bool | None = None
    ) -> None:
        self.x = list(x)
        self.series = list(series)
        self.x_label = x_label
        self.y_label = y_label
        self.log_y = log_y
        if not 0 < len(self.series) <= MAX_SERIES:
            raise ParameterError(
                f"The study has {len(self.series)} series, and a figure shows 1 to {MAX_SERIES}. Take a part of the "
                'table, such as frame[frame["learning_rate_init"] == 0.01].'
            )

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        x: str | None = None,
        y: str | Iterable[str] = "test_accuracy",
        hue: str | None = None,
        log_y: bool | None = None,
    ) -> Self:
        """Take the numbers from the table of a study.

        Parameters
        ----------
        frame : DataFrame
            What a function of ``strates.studies`` returned, or a part of its rows.
        x : str, default=None
            The column of the setting along the horizontal axis; by default the last one that varies, or ``epoch`` in a
            table with a row an epoch.
        y : str or iterable of str, default="test_accuracy"
            What was measured: one column, or several that share an axis, such as ``("train_accuracy",
            "test_accuracy")``. In a table with a row an epoch that has none of these, ``train_loss``.
        hue : str, default=None
            The column of the setting that has a colour a value; by default all others that vary.
        log_y : bool, default=None
            Logarithmic vertical axis; by default for losses that span a factor of twenty.

        Returns
        -------
        StudyDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            The table is not a study's, has no such column, or varies in another one as well.

        Examples
        --------
        >>> frame = pd.DataFrame({"width": [2, 2, 4, 4], "seed": [0, 1] * 2, "test_accuracy": [0.5, 0.6, 0.7, 0.8]})
        >>> StudyDisplay.from_frame(frame).x
        [2, 4]
        """
        measures = [y] if isinstance(y, str) else list(y)
        if "epoch" in frame and measures == ["test_accuracy"]:
            measures = ["train_loss"]
        values, series, column = read_series(frame, x, measures, hue)
        x_label = X_LABELS.get(column, column.replace("_", " "))
        return cls(values, series, x_label=x_label, y_label=measure_text(measures), log_y=log_y)

    def figure_size(self) -> tuple[float, float]:
        """Return a size that leaves room for the names of the series."""
        names = len(self.x) if study_axis(self.x).kind == "names" else 0
        wide = 4.8 + 0.32 * max(0, names - 5)
        if len(self.series) == 1:
            return wide, 3.6
        longest = max(len(label_text(one.name, 24)) for one in self.series)
        return wide + 0.45 + 0.075 * longest, 3.6

    def _draw(self, ax: Axes) -> None:
        axis = study_axis(self.x)
        order = np.argsort(axis.positions, kind="stable")
        self.means_, self.intervals_, self.seed_lines_, self.diverged_texts_ = [], [], [], []
        shift, zero = self._shift(axis), 0.0
        if self._is_log():
            zero = log_axis(ax, self._ends())
        for number, one in enumerate(self.series):
            places = axis.positions[order] + (number - (len(self.series) - 1) / 2) * shift
            self._draw_series(ax, axis, places, one, order, zero)
        self._count_diverged(ax, axis)
        axis.mark(ax)
        ax.set_xlabel(self.x_label)
        ax.set_ylabel(self.y_label)
        if len(self.series) > 1:
            ax.legend(
                self.means_, [label_text(one.name, 24) for one in self.series],
                loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2,
            )  # fmt: skip

    def _draw_series(
        self, ax: Axes, axis: StudyAxis, places: FloatArray, one: StudySeries, order: Any, zero: float
    ) -> None:
        colour, dash = PALETTE[one.colour % len(PALETTE)], LINE_STYLES[one.dash % len(LINE_STYLES)]
        marker = _MARKERS[one.colour % len(_MARKERS)]
        values, dense = _lifted(one.values[order], zero), len(self.x) > BARS
        self.seed_lines_.append(ax.plot(places, values, color=colour, linewidth=0.7, alpha=0.28, zorder=2))
        found = one.interval(geometric=zero > 0)
        mean, low, high = (_lifted(numbers[order], zero) for numbers in found)
        if dense:
            band = ax.fill_between(places, low, high, color=colour, alpha=0.18, linewidth=0, zorder=2)
            self.intervals_.append(band)
        else:
            reach = np.maximum([mean - low, high - mean], 0)
            known = ~np.isnan(reach[0])
            bars = ax.errorbar(
                places[known], mean[known], yerr=reach[:, known], fmt="none", ecolor=colour, capsize=3, zorder=4,
                elinewidth=1.4,
            )  # fmt: skip
            self.intervals_.append(bars.lines[2][0])
        kept = ~np.isnan(mean)
        (line,) = ax.plot(
            places[kept], mean[kept], "" if axis.kind == "names" else dash, color=colour,
            marker=None if dense else marker, markersize=5.5, zorder=5,
            markerfacecolor=colour if one.dash == 0 else "white",
        )  # fmt: skip
        if axis.kind == "names":
            line.set_linestyle("none")
        self.means_.append(line)

    def _shift(self, axis: StudyAxis) -> float:
        """Return how far the series stand apart, so that their bars do not hide one another."""
        if len(self.series) == 1 or len(self.x) > BARS:
            return 0.0
        room = np.diff(np.unique(axis.positions))
        share = 0.6 if axis.kind == "names" else 0.18
        return share * float(room.min() if len(room) else 1.0) / len(self.series)

    def _is_log(self) -> bool:
        if self.log_y is not None:
            return self.log_y
        known = np.concatenate([one.values.ravel() for one in self.series])
        known = known[~np.isnan(known)]
        is_loss = all(one.measure.endswith("loss") for one in self.series)
        return bool(is_loss and len(known) and known.min() > 0 and known.max() > _LOG_RATIO * known.min())

    def _ends(self) -> FloatArray:
        """Return what a logarithmic axis has to show: values and bounds, those below a tenth of all values aside."""
        values = np.concatenate([one.values.ravel() for one in self.series])
        bounds = np.concatenate([np.r_[one.interval(geometric=True)] for one in self.series])
        positive = values[values > 0]
        least = positive.min() / 10 if len(positive) else 0.0
        return np.concatenate([values, bounds[bounds > least]])

    def _count_diverged(self, ax: Axes, axis: StudyAxis) -> None:
        """Write at the top how many runs diverged, a line a series, with the mark of the series."""
        lost = [one for one in self.series if one.diverged.any()]
        if not lost:
            return
        low, high = ax.get_ylim()
        room = 0.07 * len(lost) + 0.03
        is_log = ax.get_yscale() == "log"
        ax.set_ylim(low, high * (high / low) ** room if is_log else high + room * (high - low))
        for line, one in enumerate(lost):
            height, colour = 1 - (line + 0.5) * 0.07, PALETTE[one.colour % len(PALETTE)]
            for place, count in zip(axis.positions, one.diverged, strict=True):
                if not count:
                    continue
                ax.plot(
                    [place], [height], _MARKERS[one.colour % len(_MARKERS)], color=colour, markersize=4.5,
                    transform=ax.get_xaxis_transform(),
                )  # fmt: skip
                text = ax.annotate(
                    f"{int(count)} diverged", (place, height), xycoords=ax.get_xaxis_transform(), xytext=(-6, 0),
                    textcoords="offset points", ha="right", va="center", fontsize=8, color=MUTED,
                )  # fmt: skip
                self.diverged_texts_.append(text)

    def describe(self) -> str:
        """Return the means with their intervals, at a few values where there are many."""
        n = max(one.values.shape[1] for one in self.series)
        is_log = self._is_log()
        about = f"{'geometric ' * is_log}means of {n} seeds with 95 % intervals" if n > 1 else "one seed"
        said = [f"{self.y_label[:1].upper()}{self.y_label[1:]} by {self.x_label}: {about}."]
        shown = np.unique(np.linspace(0, len(self.x) - 1, min(len(self.x), 8)).astype(int))
        for one in self.series:
            mean, low, high = one.interval(geometric=is_log)
            parts = []
            for i in shown:
                if np.isnan(mean[i]) and not one.diverged[i]:
                    continue
                value = self.x[i]
                name = number_text(float(value)) if isinstance(value, int | float | np.number) else str(value)
                bounds = "" if np.isnan(low[i]) else f" ({number_text(low[i])} to {number_text(high[i])})"
                lost = f", {int(one.diverged[i])} diverged" if one.diverged[i] else ""
                mean_text = "no value" if np.isnan(mean[i]) else number_text(mean[i])
                parts.append(f"{name}: {mean_text}{bounds}{lost}")
            head = f"{one.name}: " if len(self.series) > 1 else ""
            said.append(f"{head}{'; '.join(parts)}.")
        return " ".join(said)


def _lifted(values: FloatArray, zero: float) -> FloatArray:
    """Return values with those that a logarithmic axis has no room for at the place of zero."""
    return values if zero == 0 else np.where(values <= 0, zero, values)
