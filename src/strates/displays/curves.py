"""ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from strates.displays.display import EvaluationDisplay
from strates.displays.style import FAINT, MAX_NAMED_CLASSES, MUTED, class_style, label_text
from strates.inspection.curves import Curve
from strates.inspection.evaluation import Evaluation

_HIGHLIGHTED = 4


def named_curves(curves: Sequence[Curve]) -> list[int]:
    """Return the curves that a legend names: all of them up to eight, else the four with the smallest area."""
    everyone = list(range(len(curves)))
    if len(everyone) <= MAX_NAMED_CLASSES:
        return everyone
    return sorted(everyone, key=lambda number: curves[number].area)[:_HIGHLIGHTED]


def _draw_curves(ax: Axes, curves: Sequence[Curve], *, area_name: str, draw_style: Any, loc: Any) -> list[Line2D]:
    named = named_curves(curves)
    lines = []
    for number, curve in enumerate(curves):
        front = number in named
        colour, dash = class_style(named.index(number)) if front else (MUTED, "-")
        width, alpha, order = (1.8, 1.0, 3) if front else (0.7, 0.45, 2)
        lines += ax.plot(
            curve.x, curve.y, dash, color=colour, linewidth=width, alpha=alpha, zorder=order, drawstyle=draw_style
        )
    handles = [lines[number] for number in named]
    texts = [f"{label_text(curves[number].label, 16)} {curves[number].area:.3f}" for number in named]
    others = [number for number in range(len(curves)) if number not in named]
    if others:
        areas = [curves[number].area for number in others]
        handles.append(lines[others[0]])
        texts.append(f"{len(others)} others {min(areas):.3f} to {max(areas):.3f}")
    ax.legend(handles, texts, loc=loc, title=area_name, alignment="left", title_fontsize=9)
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    return lines


def _describe(curves: Sequence[Curve], area_name: str) -> str:
    areas = ", ".join(f"{curve.label} {curve.area:.3f}" for curve in curves)
    return f"{area_name.capitalize()}: {areas}." if areas else "No curve: the rows are all of one class."


class RocCurveDisplay(EvaluationDisplay):
    """True against false positive rate, at every threshold; with many classes only the worst are named.

    Parameters
    ----------
    curves : sequence of Curve
        One a class.

    Attributes
    ----------
    lines_ : list of Line2D
        One a curve, in the order of ``curves``.
    chance_line_ : Line2D
        Where a guess would lie.

    Examples
    --------
    >>> curve = Curve("yes", (0.0, 0.0, 1.0), (0.0, 1.0, 1.0), area=1.0, prevalence=0.5)
    >>> RocCurveDisplay([curve]).describe()
    'Area under the curve: yes 1.000.'
    """

    title = "ROC curves"
    lines_: list[Line2D]
    chance_line_: Line2D

    def __init__(self, curves: Sequence[Curve]) -> None:
        self.curves = list(curves)

    @classmethod
    def from_evaluation(cls, evaluation: Evaluation) -> Self:
        """Take the curves from an evaluation."""
        return cls(evaluation.roc)

    @property
    def is_empty(self) -> bool:
        """Whether there is no curve to draw."""
        return not self.curves

    def _draw(self, ax: Axes) -> None:
        (self.chance_line_,) = ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2, zorder=1)
        self.lines_ = _draw_curves(
            ax, self.curves, area_name="area under the curve", draw_style="default", loc="lower right"
        )
        ax.set_xlabel("false positive rate")
        ax.set_ylabel("true positive rate")

    def describe(self) -> str:
        """Return the area under every curve."""
        return _describe(self.curves, "area under the curve")


class PrecisionRecallDisplay(EvaluationDisplay):
    """Precision against recall, at every threshold; with many classes only the worst are named.

    Parameters
    ----------
    curves : sequence of Curve
        One a class.

    Attributes
    ----------
    lines_ : list of Line2D
        One a curve, in the order of ``curves``.

    Examples
    --------
    >>> curve = Curve("yes", (1.0, 0.0), (1.0, 1.0), area=1.0, prevalence=0.5)
    >>> PrecisionRecallDisplay([curve]).describe()
    'Average precision: yes 1.000.'
    """

    title = "Precision-recall curves"
    lines_: list[Line2D]

    def __init__(self, curves: Sequence[Curve]) -> None:
        self.curves = list(curves)

    @classmethod
    def from_evaluation(cls, evaluation: Evaluation) -> Self:
        """Take the curves from an evaluation."""
        return cls(evaluation.precision_recall)

    @property
    def is_empty(self) -> bool:
        """Whether there is no curve to draw."""
        return not self.curves

    def _draw(self, ax: Axes) -> None:
        self.lines_ = _draw_curves(
            ax, self.curves, area_name="average precision", draw_style="steps-post", loc="lower left"
        )
        ax.set_xlabel("recall: share of the class found")
        ax.set_ylabel("precision: share of the finds right")

    def describe(self) -> str:
        """Return the average precision of every class."""
        return _describe(self.curves, "average precision")
