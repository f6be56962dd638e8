"""Changes of rows: which columns of which row hold what instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray


@dataclass(frozen=True, eq=False)
class Changes:
    """Many changed rows, each with a few changed columns.

    Attributes
    ----------
    row : ndarray of shape (n,)
        Number of the row that was changed.
    column : ndarray of shape (n, n_slots)
        Numbers of the columns that were changed, among those that may be; -1 in a slot that is empty.
    value : ndarray of shape (n, n_slots)
        What they hold now.
    cost : ndarray of shape (n,)
        Of all that was changed.
    """

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    value: FloatArray
    cost: FloatArray

    @classmethod
    def none(cls, n_rows: int, n_slots: int) -> Changes:
        """Return each row as it is."""
        shape = (n_rows, n_slots)
        return cls(np.arange(n_rows), np.full(shape, -1), np.zeros(shape), np.zeros(n_rows))

    @classmethod
    def join(cls, parts: Sequence[Changes]) -> Changes:
        """Return several one after the other."""
        return cls(*(np.concatenate([getattr(one, name) for one in parts]) for name in cls.__dataclass_fields__))

    def __len__(self) -> int:
        return len(self.row)

    @property
    def count(self) -> NDArray[np.intp]:
        """How many columns are changed, of shape (n,)."""
        return np.asarray((self.column >= 0).sum(axis=1))

    def take(self, which: Any) -> Changes:
        """Return some of them."""
        return Changes(self.row[which], self.column[which], self.value[which], self.cost[which])

    def holds(self, column: Any) -> NDArray[np.bool_]:
        """Return whether a column (one, or one for each) is among the changed ones, of shape (n,)."""
        return np.asarray((self.column == np.reshape(column, (-1, 1))).any(axis=1))

    def with_change(self, column: Any, value: FloatArray, cost: FloatArray) -> Changes:
        """Return them with one more column changed in each, which costs so much more.

        Parameters
        ----------
        column : int or ndarray of shape (n,)
            Not yet changed.
        value, cost : ndarray of shape (n,)
        """
        slot = np.argmax(self.column < 0, axis=1)
        each = np.arange(len(self))
        columns, values = self.column.copy(), self.value.copy()
        columns[each, slot], values[each, slot] = column, value
        return Changes(self.row, columns, values, self.cost + cost)

    def without(self, slot: int, cost: FloatArray) -> Changes:
        """Return them with what stands in a slot taken back, which cost so much."""
        columns, values = self.column.copy(), self.value.copy()
        columns[:, slot], values[:, slot] = -1, 0.0
        return Changes(self.row, columns, values, self.cost - cost)
