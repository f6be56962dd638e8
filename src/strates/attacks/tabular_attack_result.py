"""What a :class:`TabularAttack` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray
from strates.attacks.tabular.change_text import row_sentence

_LISTED = 5


@dataclass(frozen=True, eq=False)
class TabularAttackResult:
    """Rows of a table with the smallest changes that flip their class.

    Attributes
    ----------
    original : DataFrame or ndarray of shape (n_rows, n_columns)
        The rows as they came.
    adversarial : DataFrame or ndarray of shape (n_rows, n_columns)
        The changed rows, with the same dtypes; a row for which no change was found is as it was.
    labels : ndarray of shape (n_rows,)
        The classes given, or those predicted where none were.
    predicted_before, predicted : ndarray of shape (n_rows,)
        The most probable class of each row as it came, and after the change.
    probabilities_before, probabilities : ndarray of shape (n_rows, n_classes)
        The same for the probabilities.
    classes : ndarray of shape (n_classes,)
        What their columns are.
    success : ndarray of shape (n_rows,), bool
        Whether a change was found that flips the class.
    already_wrong : ndarray of shape (n_rows,), bool
        Rows that were predicted wrong as they came; they are not attacked, and are counted apart.
    cost : ndarray of shape (n_rows,)
        Of the changes; NaN where none was found.
    queries : ndarray of shape (n_rows,), int
        How many changed rows the classifier was asked about.
    changes : DataFrame
        A row for each changed cell: "row" (label of the row), "column", "from", "to", "cost", "class_before",
        "class_after", and "probability_before", "probability_after" (of the class after).
    target : ndarray of shape (n_rows,) or None
        The classes aimed at; None where any other would do.
    attack : str
        How it was made.
    """

    original: Any
    adversarial: Any
    labels: AnyArray
    predicted_before: AnyArray
    predicted: AnyArray
    probabilities_before: FloatArray
    probabilities: FloatArray
    classes: AnyArray
    success: NDArray[np.bool_]
    already_wrong: NDArray[np.bool_]
    cost: FloatArray
    queries: NDArray[np.intp]
    changes: pd.DataFrame
    target: AnyArray | None
    attack: str

    @property
    def success_rate(self) -> float:
        """Share flipped of the rows that were right as they came; NaN when there was none."""
        right = int((~self.already_wrong).sum())
        return float(self.success.sum() / right) if right else float("nan")

    @property
    def clean_accuracy(self) -> float:
        """Share of the rows that were right as they came."""
        return float((~self.already_wrong).mean())

    @property
    def robust_accuracy(self) -> float:
        """Share of the rows that were right and for which no change was found."""
        return float((~self.already_wrong & ~self.success).mean())

    @property
    def median_cost(self) -> float:
        """Median cost of the changes that flip a class; NaN when there is none."""
        return float(np.median(self.cost[self.success])) if self.success.any() else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each row of the table.

        Returns
        -------
        DataFrame
            Index of the rows; columns "label", "class_before", "class_after", "success", "already_wrong", "cost",
            "n_changes", "queries".
        """
        index = self.original.index if hasattr(self.original, "index") else pd.RangeIndex(len(self.original))
        counts = np.zeros(len(self.success), dtype=int)
        counts[self.success] = self.changes.groupby("place")["column"].size().to_numpy() if len(self.changes) else 0
        return pd.DataFrame(
            {
                "label": self.labels,
                "class_before": self.predicted_before,
                "class_after": self.predicted,
                "success": self.success,
                "already_wrong": self.already_wrong,
                "cost": self.cost,
                "n_changes": counts,
                "queries": self.queries,
            },
            index=index,
        )

    def sentences(self, limit: int | None = None) -> list[str]:
        """Say the changes in words, the cheapest first.

        Parameters
        ----------
        limit : int, optional
            How many sentences at most; all by default.

        Returns
        -------
        list of str
            Such as "row 7: income 31,000 -> 29,400 flips the class (no -> yes, 0.31 -> 0.56)", where the two numbers
            are the probabilities of the class after.
        """
        told = [(float(cells["cost"].sum()), row_sentence(cells)) for _, cells in self.changes.groupby("place")]
        return [sentence for _, sentence in sorted(told, key=lambda one: one[0])][:limit]

    def summary(self) -> str:
        """Say in a few lines what came of it."""
        n, right = len(self.success), int((~self.already_wrong).sum())
        aim = "flipped" if self.target is None else "brought to the target"
        lines = [
            self.attack,
            f"{int(self.success.sum())} of {right} rows {aim}; {n - right} of {n} were wrong before and not attacked",
        ]
        if self.success.any():
            lines.append(f"median cost {self.median_cost:.3g}, in interquartile ranges and categories")
        lines += self.sentences(_LISTED)
        if self.success.sum() > _LISTED:
            lines.append(f"and {int(self.success.sum()) - _LISTED} more")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the summary."""
        return f"<TabularAttackResult: {self.summary()}>"
