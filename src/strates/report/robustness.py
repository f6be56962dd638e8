"""How easily the rows of a table are flipped, ready to be stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from strates.attacks import TabularAttackResult
from strates.inspection.record import Record

#: A change is small if it costs no more: the interquartile range of a number, or another category.
SMALL = 1.0
_SENTENCES, _COLUMNS = 5, 8


@dataclass(frozen=True)
class FlippingColumn(Record):
    """A column that takes part in changes that flip rows.

    Attributes
    ----------
    column : str
    n_rows : int
        Rows in whose change it takes part.
    median_cost : float
        Of its own part.
    """

    column: str
    n_rows: int
    median_cost: float


@dataclass(frozen=True)
class TableRobustness(Record):
    """What it takes to flip the class of held-out rows.

    Attributes
    ----------
    n_rows : int
        Rows looked at.
    n_attacked : int
        Of them, those that the classifier has right, which were attacked.
    n_flipped : int
        For which a change was found.
    n_small : int
        For which one was found that costs 1 at most.
    median_cost : float or None
        Of the changes found.
    max_changes : int
        Columns that could change at once.
    columns : tuple of FlippingColumn
        Those that take part the most often, first.
    sentences : tuple of str
        Some of the changes, from the cheapest to the dearest.
    """

    n_rows: int
    n_attacked: int
    n_flipped: int
    n_small: int
    median_cost: float | None
    max_changes: int
    columns: tuple[FlippingColumn, ...]
    sentences: tuple[str, ...]

    @classmethod
    def from_result(cls, result: TabularAttackResult, *, max_changes: int) -> Self:
        """Sum up what an attack found.

        Parameters
        ----------
        result : TabularAttackResult
        max_changes : int
            The attack's own.

        Returns
        -------
        TableRobustness
        """
        told = result.sentences()
        chosen = np.unique(np.round(np.linspace(0, len(told) - 1, min(_SENTENCES, len(told)))).astype(int))
        costs = result.changes.groupby("column")["cost"].agg(["size", "median"])
        foremost = costs.sort_values(["size", "median"], ascending=[False, True]).head(_COLUMNS)
        return cls(
            n_rows=len(result.success),
            n_attacked=int((~result.already_wrong).sum()),
            n_flipped=int(result.success.sum()),
            n_small=int((result.cost[result.success] <= SMALL).sum()),
            median_cost=result.median_cost if result.success.any() else None,
            max_changes=max_changes,
            columns=tuple(
                FlippingColumn(str(name), int(one["size"]), float(one["median"])) for name, one in foremost.iterrows()
            ),
            sentences=tuple(told[place] for place in chosen.tolist()),
        )
