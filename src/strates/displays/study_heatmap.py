"""A study of two numbers at once, such as width by depth."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.text import Text

from strates._types import FloatArray
from strates.displays.display import Display
from strates.displays.study_axis import number_text
from strates.displays.study_series import measure_text, read_series
from strates.displays.style import BLUE, INK, label_text
from strates.exceptions import ParameterError
from strates.studies.study_columns import setting_columns
from strates.studies.summarize_study import interval_of

_SHADES = LinearSegmentedColormap.from_list("strates", ["#ffffff", "#a9d0e6", BLUE])


class StudyHeatmapDisplay(Display):
    """Means over the seeds at each pair of two settings, shaded and written out, half of their 95 % interval below.

    Parameters
    ----------
    x, y : sequence of length n_columns, of length n_rows
        Values of the two settings.
    values : array-like of shape (n_rows, n_columns, n_seeds)
        What was measured; NaN where there is none.
    x_label, y_label : str
    measure : str, default="test_accuracy"
        Column of the study.

    Attributes
    ----------
    mesh_ : QuadMesh
    text_ : dict of (row, column) to Text
        The numbers.

    See Also
    --------
    StudyDisplay : The same as lines, with each seed's.

    Examples
    --------
    >>> display = StudyHeatmapDisplay([2, 4], [1], [[[0.5], [0.9]]], x_label="width", y_label="depth")
    >>> display.plot().text_[0, 0].get_text()
    '0.500'
    """

    title = "Study"
    mesh_: QuadMesh
    text_: dict[tuple[int, int], Text]

    def __init__(
        self, x: Any, y: Any, values: Any, *, x_label: str, y_label: str, measure: str = "test_accuracy"
    ) -> None:
        self.x, self.y = list(x), list(y)
        self.values: FloatArray = np.asarray(values, dtype=float)
        self.x_label, self.y_label = x_label, y_label
        self.measure = measure
        if self.values.ndim != 3 or self.values.shape[:2] != (len(self.y), len(self.x)):
            raise ParameterError(
                f"values has shape {self.values.shape}; expected ({len(self.y)}, {len(self.x)}, n_seeds): a row for "
                "each of y, a column for each of x."
            )

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, *, x: str | None = None, y: str | None = None, value: str = "test_accuracy"
    ) -> Self:
        """Take the numbers from the table of a study.

        Parameters
        ----------
        frame : DataFrame
            What ``width_depth_study`` returned, or another study of two settings.
        x, y : str, default=None
            Columns of the setting; the last and the one before by default.
        value : str, default="test_accuracy"
            What was measured.

        Returns
        -------
        StudyHeatmapDisplay
            Not yet drawn.

        Raises
        ------
        ParameterError
            The table does not vary in two columns.

        Examples
        --------
        >>> frame = pd.DataFrame({"depth": [1, 1], "width": [2, 4], "seed": [0, 0], "test_accuracy": [0.5, 0.9]})
        >>> StudyHeatmapDisplay.from_frame(frame).values.shape
        (1, 2, 1)
        """
        keys = setting_columns(frame)
        if len(keys) < 2:
            raise ParameterError(
                f"The study varies {keys[0]} alone, and a heatmap needs two columns. Draw it with StudyDisplay."
            )
        x = (keys[-1] if keys[-1] != y else keys[-2]) if x is None else x
        y = (keys[-2] if keys[-2] != x else keys[-1]) if y is None else y
        if y not in keys or x == y:
            raise ParameterError(f"y={y!r} and x={x!r} must be two of the study's columns: {', '.join(keys)}.")
        columns, series, _ = read_series(frame, x, [value], y)
        rows = frame[y].unique().tolist()
        return cls(
            columns, rows, np.stack([one.values for one in series]),
            x_label=x.replace("_", " "), y_label=y.replace("_", " "), measure=value,
        )  # fmt: skip

    def figure_size(self) -> tuple[float, float]:
        """Return a size that grows with the cells."""
        longest = max(len(_text(value)) for value in self.y)
        return 1.1 + 0.07 * longest + 0.78 * len(self.x), 1.0 + 0.62 * len(self.y)

    def _draw(self, ax: Axes) -> None:
        means, halves = self._means()
        known = means[~np.isnan(means)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        self.mesh_ = ax.pcolormesh(
            np.ma.masked_invalid(means), cmap=_SHADES, vmin=low, vmax=high if high > low else low + 1,
            edgecolors="#e3e3e3", linewidth=0.8,
        )  # fmt: skip
        self.text_ = {}
        for row, column in zip(*np.nonzero(~np.isnan(means)), strict=True):
            mean = means[row, column]
            dark = high > low and (mean - low) / (high - low) > 0.7
            self.text_[int(row), int(column)] = ax.text(
                column + 0.5, row + 0.5, _cell(mean, halves[row, column]), ha="center", va="center", fontsize=9,
                linespacing=1.3, color="white" if dark else INK,
            )  # fmt: skip
        ax.set_xticks(np.arange(len(self.x)) + 0.5, [_text(value) for value in self.x])
        ax.set_yticks(np.arange(len(self.y)) + 0.5, [_text(value) for value in self.y])
        ax.grid(False)
        ax.tick_params(length=0, labelcolor=INK)
        ax.spines[:].set_visible(False)
        ax.set_xlabel(self.x_label)
        ax.set_ylabel(self.y_label)
        ax.set_title(measure_text([self.measure]), loc="left", fontsize=10)

    def _means(self) -> tuple[FloatArray, FloatArray]:
        """Return means and half intervals, each of shape (n_rows, n_columns)."""
        found = [[interval_of(cell) for cell in row] for row in self.values]
        means = np.array([[cell["mean"] for cell in row] for row in found])
        return means, np.array([[(cell["high"] - cell["low"]) / 2 for cell in row] for row in found])

    def describe(self) -> str:
        """Return the highest and the lowest mean, and where they are."""
        means, _ = self._means()
        name = measure_text([self.measure])
        if np.isnan(means).all():
            return f"{name[:1].upper()}{name[1:]}: no value."
        said = []
        for word, place in (("highest", np.nanargmax(means)), ("lowest", np.nanargmin(means))):
            row, column = np.unravel_index(int(place), means.shape)
            where = f"{self.y_label} {_text(self.y[row])} and {self.x_label} {_text(self.x[column])}"
            said.append(f"{word} {means[row, column]:.3g} at {where}")
        n = self.values.shape[2]
        return f"{name[:1].upper()}{name[1:]}, means of {n} seed{'s' * (n > 1)}: {', '.join(said)}."


def _text(value: Any) -> str:
    if value is None or value != value:
        return "none"
    return label_text(value, 16) if isinstance(value, str) else number_text(float(value))


def _cell(mean: float, half: float) -> str:
    r"""Write a mean, and half of its interval below.

    Examples
    --------
    >>> _cell(0.95, 0.01)
    '0.950\n±0.010'
    """
    digits = 3 if abs(mean) < 10 else 1 if abs(mean) < 1000 else 0
    return f"{mean:.{digits}f}" + ("" if np.isnan(half) else f"\n±{half:.{digits}f}")
