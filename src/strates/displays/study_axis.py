"""Where the settings of a study stand on a horizontal axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from strates._types import FloatArray
from strates.displays.style import FAINT, label_text

#: Ticks with labels, at most.
MAX_TICKS = 9
LEAST_RATIO = 10.0  # a logarithmic axis is worth its trouble from here on
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, eq=False)
class StudyAxis:
    """Positions of the values, and how they are marked.

    Attributes
    ----------
    kind : {"names", "log", "linear"}
    positions : ndarray of shape (n_values,)
        On a linear axis: logarithms to the base 10 for "log", 0, 1, ... for "names".
    labels : tuple of str
        Empty where matplotlib's own ticks serve.
    gaps : tuple of float
        Between the logarithmic part and a place of its own: that of zero at the left, of "none" at the right.
    """

    kind: str
    positions: FloatArray
    labels: tuple[str, ...]
    gaps: tuple[float, ...] = ()

    def mark(self, ax: Axes) -> None:
        """Write the ticks below the axes."""
        for gap in self.gaps:
            ax.axvline(gap, color=FAINT, linewidth=1.0, linestyle=":", zorder=0)
        if not self.labels:
            return
        every = 1 if self.kind == "names" else -(-len(self.labels) // MAX_TICKS)
        turned = self.kind == "names" and max(map(len, self.labels)) * len(self.labels) > 50
        ax.set_xticks(
            self.positions[::every], self.labels[::every], rotation=30 if turned else 0,
            ha="right" if turned else "center", rotation_mode="anchor",
        )  # fmt: skip
        if self.kind == "names":
            ax.set_xlim(-0.6, len(self.positions) - 0.4)
            ax.grid(axis="x", visible=False)


def study_axis(values: Sequence[Any]) -> StudyAxis:
    """Choose an axis for different values: names side by side, numbers on a linear or a logarithmic scale.

    Numbers are on a logarithmic scale when they span a factor of ten at least, and are spaced more evenly there; zero
    then has a place of its own at the left. So has, among numbers of any kind, a missing value ("none") at the right.

    Parameters
    ----------
    values : sequence
        Texts or numbers, all different; None or NaN is a missing one.

    Returns
    -------
    StudyAxis

    Examples
    --------
    >>> axis = study_axis([0.0, 0.001, 0.1])
    >>> axis.kind, axis.labels, axis.positions.tolist()
    ('log', ('0', '0.001', '0.1'), [-5.0, -3.0, -1.0])
    >>> study_axis(["he", "glorot"]).positions.tolist()
    [0.0, 1.0]
    """
    numeric = [isinstance(value, Real) and not isinstance(value, bool | np.bool_) for value in values]
    missing = [
        value is None or (is_number and value != value) for value, is_number in zip(values, numeric, strict=True)
    ]
    if not all(a or b for a, b in zip(numeric, missing, strict=True)) or all(missing):
        names = tuple("none" if lost else label_text(value, 16) for value, lost in zip(values, missing, strict=True))
        return StudyAxis("names", np.arange(float(len(values))), names)
    numbers = np.array([np.nan if lost else float(value) for value, lost in zip(values, missing, strict=True)])
    known = np.unique(numbers[~np.isnan(numbers)])
    positive = known[known > 0]
    is_log = _is_log(known, positive)
    positions = np.log10(np.where(numbers > 0, numbers, np.nan)) if is_log else numbers.copy()
    gaps = []
    step = _usual_step(positions)
    if is_log and known[0] == 0:
        positions[numbers == 0] = np.nanmin(positions) - step
        gaps.append(float(np.nanmin(positions) + step / 2))
    if any(missing):
        gaps.append(float(np.nanmax(positions) + step / 2))
        positions[np.isnan(positions)] = gaps[-1] + step / 2
    labels: tuple[str, ...] = ()
    if len(values) <= MAX_TICKS or any(missing) or is_log:
        labels = tuple(number_text(number) for number in numbers.tolist())
    return StudyAxis("log" if is_log else "linear", positions, labels, tuple(gaps))


def number_text(value: float) -> str:
    """Write a number as people do, with at most three digits (four from 1000 on); NaN is "none".

    Examples
    --------
    >>> number_text(0.015), number_text(3e-5), number_text(1e-6), number_text(1200.0)
    ('0.015', '3×10⁻⁵', '10⁻⁶', '1200')
    """
    if np.isnan(value):
        return "none"
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}" if abs(value) >= 1000 else f"{value:.3g}"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    first = f"{float(mantissa):g}"
    raised = "10" + str(int(exponent)).translate(_RAISED)
    return raised if first == "1" else f"{first}×{raised}"


def _is_log(known: FloatArray, positive: FloatArray) -> bool:
    if known[0] < 0 or len(positive) < 2 or positive[-1] < LEAST_RATIO * positive[0]:
        return False
    if len(positive) == 2:
        return True
    linear, logarithmic = np.diff(positive), np.diff(np.log(positive))
    return bool(logarithmic.std() / logarithmic.mean() < linear.std() / linear.mean())


def _usual_step(positions: FloatArray) -> float:
    known = np.unique(positions[~np.isnan(positions)])
    return float(np.median(np.diff(known))) if len(known) > 1 else 1.0
