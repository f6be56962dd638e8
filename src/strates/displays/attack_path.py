"""The way from rows to the boundary, on a plane."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Annotation

from strates._types import AnyArray, FloatArray
from strates.attacks.attack_result import AttackResult
from strates.attacks.tabular_attack_result import TabularAttackResult
from strates.displays.decision_boundary import DecisionBoundaryDisplay
from strates.displays.style import BLACK
from strates.exceptions import DataError, ParameterError
from strates.inspection.boundary import DecisionBoundary
from strates.inspection.decision_boundary import decision_boundary

_MOST_TEXTS = 12
_WHOLE = 1e-9
_KINDS = {"l2": "distance", "cost": "cost"}


class AttackPathDisplay(DecisionBoundaryDisplay):
    """A divided plane, with an arrow from each row that an attack moved over the boundary to where it moved it.

    In two dimensions, an attack such as DeepFool goes the shortest way. On a plane through more, an arrow is the shadow
    of the way: it may seem to end before the line, or beyond it.

    Parameters
    ----------
    boundary : DecisionBoundary
        What :func:`strates.inspection.decision_boundary` returned, with its plane.
    result : AttackResult or TabularAttackResult
        What an attack on the same classifier returned.
    **choices
        Of :class:`DecisionBoundaryDisplay`: ``max_points``, ``caption``, ``width``.

    Attributes
    ----------
    arrows_ : list of FancyArrowPatch
        One a row that was moved.
    distances_ : list of Annotation
        Beside them, where there are twelve at most: the l2 distance in the rows' units, or the cost in a table's.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from strates import LogisticRegression
    >>> from strates.attacks import DeepFool
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> X = X[["petal length (cm)", "petal width (cm)"]]
    >>> clf = LogisticRegression(alpha=0.01).fit(X, y)
    >>> result = DeepFool(bounds=None).perturb(clf, X[60:66], y[60:66])
    >>> len(AttackPathDisplay.from_estimator(clf, X, y, result=result).plot().arrows_)
    6
    """

    title = "The way to the boundary"
    arrows_: list[FancyArrowPatch]
    distances_: list[Annotation]

    def __init__(self, boundary: DecisionBoundary, result: AttackResult | TabularAttackResult, **choices: Any) -> None:
        super().__init__(boundary, **choices)
        if boundary.plane is None:
            raise ParameterError("This boundary came from a file, without its plane. Compute it anew from the rows.")
        if not result.success.any():
            raise DataError("The attack moved no row over the boundary, so there is no way to draw.")
        self.result = result
        kept = np.flatnonzero(result.success)
        held = boundary.plane.columns.held
        self.starts: FloatArray = boundary.plane.project(_as_held(result.original, kept, held))
        self.ends: FloatArray = boundary.plane.project(_as_held(result.adversarial, kept, held))
        self.lengths: FloatArray
        if isinstance(result, TabularAttackResult):
            self.kind, self.lengths = "cost", result.cost[kept]
        else:
            self.kind, self.lengths = "l2", result.distances["l2"][kept]

    @classmethod
    def from_estimator(  # type: ignore[override]
        cls, est: Any, X: Any, y: Any = None, *, result: Any, max_points: int = 1000, caption: bool = True,
        width: float = 5.2, **choices: Any,
    ) -> Self:  # fmt: skip
        """Ask a classifier on a plane through the data.

        Parameters
        ----------
        est : fitted classifier or pipeline
        X : DataFrame or array of n_rows rows
            What the plane is laid through.
        y : array-like of shape (n_rows,), default=None
            Their classes.
        result : AttackResult or TabularAttackResult
            What an attack on ``est`` returned.
        max_points, caption, width
            As :class:`DecisionBoundaryDisplay` takes them.
        **choices
            Of :func:`strates.inspection.decision_boundary`, such as ``features``.

        Returns
        -------
        AttackPathDisplay
            Not yet drawn.
        """
        found = decision_boundary(est, X, y, **choices)
        return cls(found, result, max_points=max_points, caption=caption, width=width)

    def _draw(self, ax: Axes) -> None:
        super()._draw(ax)
        self.arrows_, self.distances_ = [], []
        for start, end, length in zip(self.starts, self.ends, self.lengths, strict=True):
            arrow = FancyArrowPatch(
                tuple(start), tuple(end), arrowstyle="-|>", mutation_scale=9, color=BLACK, linewidth=1.3,
                shrinkA=0, shrinkB=0, zorder=6,
            )  # fmt: skip
            ax.add_patch(arrow)
            self.arrows_.append(arrow)
            if len(self.lengths) <= _MOST_TEXTS:
                self.distances_.append(_write(ax, start + 0.3 * (end - start), end - start, f"{length:.2g}"))

    def _keys(self) -> tuple[list[Line2D], list[str]]:
        handles, texts = super()._keys()
        return [*handles, Line2D([], [], color=BLACK, linewidth=1.3, marker=">", markersize=5, markevery=[1])], [
            *texts, f"way over the line, with its {_KINDS[self.kind]}" if len(self.lengths) <= _MOST_TEXTS
            else "way over the line",
        ]  # fmt: skip

    def _caption_text(self) -> str:
        return f"{super()._caption_text()} {self._distances_text()}".strip()

    def _distances_text(self) -> str:
        n = len(self.lengths)
        unit = "interquartile ranges and categories" if self.kind == "cost" else "units of the rows, l2"
        far = f"{np.median(self.lengths):.2g} far in the median ({unit})"
        shadow = "" if self.boundary.max_distance < _WHOLE else " Arrows are shadows of ways through all columns."
        return f"{n} row{'' if n == 1 else 's'} moved over the line, {far}.{shadow}"

    def describe(self) -> str:
        """Return what the boundary says, and how far rows were moved."""
        return f"{super().describe()} {self._distances_text()}"


def _as_held(rows: Any, kept: AnyArray, held: Any) -> Any:
    """Return some rows in the form that the plane was laid through."""
    if not hasattr(held, "columns"):
        return np.asarray(rows, dtype=float)[kept]
    if hasattr(rows, "columns"):
        return rows.iloc[kept]
    return pd.DataFrame(np.asarray(rows, dtype=float)[kept], columns=held.columns)


def _write(ax: Axes, place: FloatArray, along: FloatArray, text: str) -> Annotation:
    """Write beside the middle of an arrow, on its right-hand side."""
    points = ax.transData.transform(np.array([place, place + along]))
    way = points[1] - points[0]
    aside = np.array([way[1], -way[0]]) / max(float(np.hypot(*way)), 1e-9)
    return ax.annotate(
        text, tuple(place), xytext=tuple(9 * aside), textcoords="offset points", ha="center", va="center", fontsize=8.5,
        color=BLACK, zorder=7,
        bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
    )  # fmt: skip
