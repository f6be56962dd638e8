"""What an attack found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray


@dataclass(frozen=True, eq=False)
class AttackResult:
    """Rows before and after an attack, and what the classifier says of them.

    Attributes
    ----------
    original, adversarial : ndarray of shape (n_rows, ...), float32
        In the units and the shape of the rows that were given. A row that the attack could not fool holds its best
        attempt; one that was wrong before is as it was.
    labels : ndarray of shape (n_rows,)
        The classes that were attacked: the true ones, or where none were given those predicted.
    predicted_before, predicted : ndarray of shape (n_rows,)
        What the classifier says before and after.
    success : ndarray of bool, of shape (n_rows,)
        Whether a row that was right is now another class, or the target.
    already_wrong : ndarray of bool, of shape (n_rows,)
        Rows that were wrong before: not attacked, counted apart.
    distances : dict of str to ndarray of shape (n_rows,)
        From "l0" (numbers that changed), "l1", "l2", "linf" to each row's distance, in the rows' units.
    queries : ndarray of int, of shape (n_rows,)
        How often the attack asked the network about each row, with or without its gradient.
    target : ndarray of shape (n_rows,) or None
        The classes that were to be reached.
    attack : str
        The attack, with its parameters.
    """

    original: FloatArray
    adversarial: FloatArray
    labels: AnyArray
    predicted_before: AnyArray
    predicted: AnyArray
    success: NDArray[np.bool_]
    already_wrong: NDArray[np.bool_]
    distances: dict[str, FloatArray]
    queries: NDArray[np.int64]
    target: AnyArray | None
    attack: str

    @property
    def success_rate(self) -> float:
        """Share of success among the rows that were right at first; NaN where none was."""
        right = ~self.already_wrong
        return float(self.success[right].mean()) if right.any() else float("nan")

    @property
    def clean_accuracy(self) -> float:
        """Share of rows that were right before."""
        return float((~self.already_wrong).mean())

    @property
    def robust_accuracy(self) -> float:
        """Share of rows, of all, that were right before and are right after."""
        return float((~self.already_wrong & (self.predicted == self.labels)).mean())

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each row: label, predictions, success, distances, queries."""
        columns: dict[str, Any] = {"label": self.labels}
        if self.target is not None:
            columns["target"] = self.target
        columns |= {
            "predicted_before": self.predicted_before,
            "predicted": self.predicted,
            "already_wrong": self.already_wrong,
            "success": self.success,
            **self.distances,
            "queries": self.queries,
        }
        return pd.DataFrame(columns)

    def summary(self) -> str:
        """Say in a few lines what came of it."""
        n, right = len(self.labels), int((~self.already_wrong).sum())
        aim = "fooled" if self.target is None else "brought to the target"
        lines = [
            self.attack,
            f"{int(self.success.sum())} of {right} rows {aim} ({_percent(self.success_rate)}); "
            f"{n - right} of {n} were wrong before and not attacked",
            f"accuracy {_percent(self.clean_accuracy)} before, {_percent(self.robust_accuracy)} after",
        ]
        if self.success.any():
            norms = ("linf", "l2", "l1", "l0")
            medians = ", ".join(f"{k} {np.median(self.distances[k][self.success]):.3g}" for k in norms)
            lines.append(f"median distance of those {aim}: {medians}")
        asked = self.queries[~self.already_wrong]
        if asked.size:
            lines.append(f"{np.median(asked):.0f} queries a row in the median, {asked.max()} at most")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the summary."""
        return f"<AttackResult: {self.summary()}>"


def _percent(share: float) -> str:
    return "-" if np.isnan(share) else f"{100 * share:.1f} %"
