"""Changes that reach the goal, made cheaper: what is not needed goes, the rest shrinks, columns trade."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.attacks.tabular.changes import Changes
from strates.attacks.tabular.line_search import LineSearch

_KEPT = 4  # changes of a row that are polished
_FEW_RUNGS = 4
_HOPEFUL = 1.5  # times the cheapest: dearer ones are not
#: In each round a number's change is made so many times as long, and what another column then needs is searched.
_FACTORS = (
    (0.25, 0.5, 0.75, 1.25, 1.6, 2.2, 3.0),
    (0.8, 0.88, 0.95, 1.05, 1.13, 1.2),
    (0.95, 0.975, 0.99, 1.01, 1.025, 1.05),
)


def polish(search: LineSearch, found: Changes) -> Changes:
    """Return the cheapest change of each row, after a few rounds of making them cheaper.

    Parameters
    ----------
    search : LineSearch
    found : Changes
        Changes that reach the goal, any number of each row.

    Returns
    -------
    Changes
        One of each row that has any, in the order of the rows.
    """
    for factors in _FACTORS:
        kept = _cheapest(found, _KEPT)
        several = kept.take((kept.count > 1) & (kept.cost < _HOPEFUL * search.best[kept.row]))
        if not len(several):
            break
        shrunk = _shrink(search, several)
        found = Changes.join(
            [found, shrunk, _trade(search, _cheapest(Changes.join([several, shrunk]), _KEPT), factors)]
        )
    several = _cheapest(found, 1)
    return _cheapest(Changes.join([found, _shrink(search, several.take(several.count > 1))]), 1)


def _cheapest(changes: Changes, size: int) -> Changes:
    """Return the cheapest few of each row, each with other columns; of two that cost the same, the one with fewer."""
    order = np.lexsort((changes.count, changes.cost, changes.row))
    seen: set[tuple[int, tuple[int, ...]]] = set()
    taken: dict[int, int] = {}
    chosen = []
    for place in order.tolist():
        row = int(changes.row[place])
        key = (row, tuple(sorted(changes.column[place].tolist())))
        if taken.get(row, 0) < size and key not in seen:
            seen.add(key)
            taken[row] = taken.get(row, 0) + 1
            chosen.append(place)
    return changes.take(np.array(chosen, dtype=np.intp))


def _slot_cost(search: LineSearch, changes: Changes, slot: int) -> FloatArray:
    """Return what the change in a slot costs; zero where it is empty."""
    cost = np.zeros(len(changes))
    for number in np.unique(changes.column[:, slot]).tolist():
        if number >= 0:
            here = changes.column[:, slot] == number
            start = search.rows.start[changes.row[here], number]
            cost[here] = search.rows.domains[number].distance(start, changes.value[here, slot])
    return cost


def _shrink(search: LineSearch, changes: Changes) -> Changes:
    """Take each change back in turn, and search what of it is needed."""
    bare, column = _bare(search, changes)
    reached, _ = search.ask(bare)
    rest = np.flatnonzero(~reached)
    return Changes.join([changes, bare.take(reached), search.search(bare, rest, column[rest])[1]])


def _trade(search: LineSearch, changes: Changes, factors: tuple[float, ...]) -> Changes:
    """Make one number's change longer or shorter, and search what another column then needs."""
    n_slots = changes.column.shape[1]
    tried = []
    for slot in range(n_slots):
        varied = _varied(search, changes, slot, factors)
        tried.append(_bare(search, varied, kept=slot))
    bare, column = Changes.join([one for one, _ in tried]), np.concatenate([one for _, one in tried])
    open_: NDArray[np.intp] = np.flatnonzero(bare.cost < search.best[bare.row])
    return search.search(bare, open_, column[open_], rungs=_FEW_RUNGS)[1]


def _bare(search: LineSearch, changes: Changes, *, kept: int = -1) -> tuple[Changes, NDArray[np.intp]]:
    """Return changes without one of theirs, each in turn but the one in slot ``kept``, and the column taken out."""
    parts, columns = [changes.take(slice(0, 0))], [np.zeros(0, dtype=np.intp)]
    for slot in range(changes.column.shape[1]):
        if slot != kept:
            used = changes.take(changes.column[:, slot] >= 0)
            parts.append(used.without(slot, _slot_cost(search, used, slot)))
            columns.append(used.column[:, slot])
    return Changes.join(parts), np.concatenate(columns)


def _varied(search: LineSearch, changes: Changes, slot: int, factors: tuple[float, ...]) -> Changes:
    """Return changes with the number in a slot moved so many times as far, within its range."""
    parts = [changes.take(slice(0, 0))]
    for number in np.unique(changes.column[:, slot]).tolist():
        if number < 0 or not search.rows.domains[number].is_number:
            continue
        domain = search.rows.domains[number]
        some = changes.take(changes.column[:, slot] == number)
        start, value = search.rows.start[some.row, number], some.value[:, slot]
        bare = some.without(slot, _slot_cost(search, some, slot))
        for factor in factors:
            for sign in domain.signs:
                first, count = domain.room(start, sign)
                place = np.round((start + factor * (value - start)) / domain.step).astype(np.int64)
                place = np.clip(sign * (place - first), 0, np.maximum(count - 1, 0))
                moved = domain.point(first + sign * place)
                fits = (count > 0) & (np.sign(value - start) == sign) & (moved != value)
                parts.append(
                    bare.take(fits).with_change(number, moved[fits], domain.distance(start[fits], moved[fits]))
                )
    return Changes.join(parts)
