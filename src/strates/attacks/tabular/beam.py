"""Which changes that fall short are worth adding another one to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.attacks.tabular.changes import Changes
from strates.attacks.tabular.line_search import Tried

_HOPEFUL = 1.5  # times the cheapest change known: what an estimate may be off by
_ALIKE = 3  # states, at most, that change the same columns
_WEIGHTY = 1.5  # what is asked of a state beyond the reach of any estimate
_NEAR_FRONT = 0.7


def choose_states(
    tried: Tried, single: Tried, margin: FloatArray, best: FloatArray, *, width: int, left: int
) -> tuple[Changes, FloatArray]:
    """Return the changes from which the goal seems cheapest to reach by others, and their margins.

    What further changes add is taken to be what they do alone: log-odds of a classifier nearly add up. The estimate
    only ranks; whether the goal is reached is asked of the classifier.

    Parameters
    ----------
    tried : Tried
        What was tried last.
    single : Tried
        Changes of one column.
    margin : ndarray of shape (n_rows,)
        Of the rows as they are.
    best : ndarray of shape (n_rows,)
        What the cheapest change known costs; infinite where there is none.
    width : int
        How many to return of each row.
    left : int
        How many more columns may change.

    Returns
    -------
    states : Changes
    margin : ndarray of shape (n_states,)
    """
    changes = tried.changes
    open_ = np.flatnonzero(~tried.reached & (changes.cost < best[changes.row]))
    if not len(open_):
        return changes.take(open_), tried.margin[open_]
    order = open_[np.argsort(changes.row[open_], kind="stable")]
    rows, starts = np.unique(changes.row[order], return_index=True)
    by_row = np.argsort(single.changes.row, kind="stable")
    edges = np.searchsorted(single.changes.row[by_row], np.arange(len(margin) + 1))
    chosen = []
    for row, places in zip(rows.tolist(), np.split(order, starts[1:]), strict=True):
        alone = by_row[edges[row] : edges[row + 1]]
        further = _Further.of(
            single.changes.column[alone, 0], single.margin[alone] - margin[row], single.changes.cost[alone], left
        )
        total = changes.cost[places] + further.cost(changes.column[places], -tried.margin[places])
        hopeful = total <= _HOPEFUL * best[row]
        chosen.append(_varied(changes, places[hopeful], total[hopeful], width))
    kept = np.concatenate(chosen)
    return changes.take(kept), tried.margin[kept]


@dataclass(frozen=True, eq=False)
class _Further:
    """What one row may gain by one or two further changes, the cheapest first.

    Attributes
    ----------
    columns : ndarray of shape (n, 2)
        The columns changed; twice the same for one change.
    gain, price : ndarray of shape (n,)
    """

    columns: NDArray[np.intp]
    gain: FloatArray
    price: FloatArray

    @classmethod
    def of(cls, column: NDArray[np.intp], gain: FloatArray, price: FloatArray, left: int) -> _Further:
        """Combine changes of single columns, without those that gain no more than a cheaper one of their column."""
        order = np.lexsort((-gain, price, column))
        column, gain, price = column[order], gain[order], price[order]
        useful = gain > 0
        for number in np.unique(column).tolist():
            here = np.flatnonzero(column == number)
            before = np.concatenate([[0.0], np.maximum.accumulate(gain[here])[:-1]])
            useful[here] &= gain[here] > before
        column, gain, price = column[useful], gain[useful], price[useful]
        pairs = np.column_stack([column, column])
        if left > 1:
            one, other = np.triu_indices(len(column), 1)
            apart = column[one] != column[other]
            one, other = one[apart], other[apart]
            pairs = np.concatenate([pairs, np.column_stack([column[one], column[other]])])
            gain = np.concatenate([gain, gain[one] + gain[other]])
            price = np.concatenate([price, price[one] + price[other]])
        order = np.argsort(price, kind="stable")
        # of all, only what gains more than everything cheaper can be the cheapest that is enough, but for the columns
        # that are taken already: a few of those that come next are kept for them
        order = order[_near_front(gain[order])]
        return cls(pairs[order], gain[order], price[order])

    def cost(self, taken: NDArray[np.intp], need: FloatArray) -> FloatArray:
        """Return the least price of what gains as much as needed, of shape (n_states,).

        Parameters
        ----------
        taken : ndarray of shape (n_states, n_slots)
            Columns that are changed already.
        need : ndarray of shape (n_states,)
        """
        if not len(self.gain):
            return np.full(len(need), np.inf)
        clash = (taken[:, None, :, None] == self.columns[None, :, None, :]).any(axis=(2, 3))
        enough = ~clash & (self.gain >= need[:, None])
        least = np.where(enough, self.price, np.inf).min(axis=1)
        # nothing gains enough: as if the best went on at its rate
        far = self.price[self.gain.argmax()] * need / self.gain.max()
        return np.asarray(np.where(np.isfinite(least), least, _WEIGHTY * far))


def _near_front(gain: FloatArray) -> NDArray[np.bool_]:
    """Return which of some gains, the cheapest first, are not far below all that is cheaper."""
    before = np.concatenate([[0.0], np.maximum.accumulate(gain)[:-1]]) if len(gain) else gain
    return np.asarray(gain > _NEAR_FRONT * before)


def _varied(changes: Changes, places: NDArray[np.intp], total: FloatArray, width: int) -> NDArray[np.intp]:
    """Return the cheapest, but not many that change the same columns."""
    seen: dict[tuple[int, ...], int] = {}
    chosen: list[int] = []
    for place in places[np.argsort(total, kind="stable")].tolist():
        columns = tuple(sorted(changes.column[place].tolist()))
        seen[columns] = seen.get(columns, 0) + 1
        if seen[columns] <= _ALIKE:
            chosen.append(place)
        if len(chosen) == width:
            break
    return np.array(chosen, dtype=np.intp)
