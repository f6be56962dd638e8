"""Along one column at a time, the first value at which the class flips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.attacks.tabular.candidate_rows import CandidateRows
from strates.attacks.tabular.changes import Changes
from strates.attacks.tabular.goal import Goal

_RUNGS = 10  # values tried in each direction before a bracket is narrowed
_FIRST_RUNG = 1 / 16  # of a column's scale: smaller changes are left to the brackets
#: A bracket is parted into so many at once: a call of the classifier costs more than some rows in it.
_PARTS = 8


@dataclass(frozen=True, eq=False)
class Tried:
    """Changes that were asked about.

    Attributes
    ----------
    changes : Changes
    reached : ndarray of shape (n,)
        Whether they reach the goal.
    margin : ndarray of shape (n,)
        How far off, in log-odds; negative before the goal.
    line : ndarray of shape (n,)
        Number of the line that they lie on; those of one line come in the order of their distance.
    """

    changes: Changes
    reached: NDArray[np.bool_]
    margin: FloatArray
    line: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Lines:
    """Directions in which columns may move: one state, one column, one sign each."""

    state: NDArray[np.intp]
    column: NDArray[np.intp]
    sign: NDArray[np.int64]
    first: NDArray[np.int64]
    count: NDArray[np.int64]

    def take(self, which: NDArray[np.bool_]) -> _Lines:
        return _Lines(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


class LineSearch:
    """Looks along columns for the smallest change that reaches the goal.

    In each direction a few values are tried, ever farther apart; the bracket between the last that falls short and the
    first that reaches the goal is narrowed until its ends are neighbours on the column's grid. Of categories all are
    tried. Lines that cannot beat the cheapest change known are left.

    Parameters
    ----------
    rows : CandidateRows
    goal : Goal

    Attributes
    ----------
    best : ndarray of shape (n_rows,)
        What the cheapest change of each row costs that reaches the goal; infinite before there is one.
    """

    def __init__(self, rows: CandidateRows, goal: Goal) -> None:
        self.rows, self.goal = rows, goal
        self.best: FloatArray = np.full(len(rows.start), np.inf)

    def ask(self, changes: Changes) -> tuple[NDArray[np.bool_], FloatArray]:
        """Return of changes whether they reach the goal, and their margins; learn what the cheapest costs."""
        if not len(changes):
            return np.zeros(0, dtype=bool), np.zeros(0)
        reached, margin = self.goal.judge(self.rows.probabilities(changes), changes.row)
        np.minimum.at(self.best, changes.row[reached], changes.cost[reached])
        return reached, margin

    def search(
        self, states: Changes, state: NDArray[np.intp], column: NDArray[np.intp], *, rungs: int = _RUNGS
    ) -> tuple[Tried, Changes]:
        """Look along columns.

        Parameters
        ----------
        states : Changes
            Where to start from.
        state, column : ndarray of shape (n_lines,)
            Number of a state, and of a column that it leaves as it was.
        rungs : int, default=10
            Values to try in each direction.

        Returns
        -------
        tried : Tried
            What was asked about before brackets are narrowed.
        found : Changes
            The first in each direction, and the categories, that reach the goal.
        """
        lines = self._lines(states, state, column)
        line, steps = self._ladder(states, lines, rungs)
        numbers = self._moved(states, lines, line, steps)
        categories = self._categories(states, state, column)
        changes = Changes.join([numbers, categories])
        reached, margin = self.ask(changes)
        n = len(numbers)
        order = np.concatenate([line, len(lines.state) + np.arange(len(categories))])
        found = self._narrow(states, lines, line, steps, reached[:n])
        return Tried(changes, reached, margin, order), Changes.join([found, categories.take(reached[n:])])

    # -- numbers --------------------------------------------------------------------------------------

    def _lines(self, states: Changes, state: NDArray[np.intp], column: NDArray[np.intp]) -> _Lines:
        parts = []
        for number in np.unique(column).tolist():
            domain = self.rows.domains[number]
            if not domain.is_number:
                continue
            which = state[column == number]
            values = self.rows.start[states.row[which], number]
            for sign in domain.signs:
                first, count = domain.room(values, sign)
                # the last place that costs less than the best: a bracket must reach as far as a change may go
                budget = (self.best[states.row[which]] - states.cost[which]) * domain.scale / domain.cost
                reach = (budget - np.abs(first * domain.step - values)) / domain.step
                affordable = np.ceil(np.clip(np.nan_to_num(reach, posinf=2.0**52), 0, 2.0**52) - 1e-6)
                count = np.minimum(count, affordable.astype(np.int64))
                shape = len(which)
                parts.append(_Lines(which, np.full(shape, number), np.full(shape, sign), first, count))
        if not parts:
            nothing = np.zeros(0, dtype=np.int64)
            return _Lines(nothing, nothing, nothing, nothing, nothing)
        lines = _Lines(*(np.concatenate([getattr(one, name) for one in parts]) for name in _Lines.__dataclass_fields__))
        return lines.take(lines.count > 0)

    def _ladder(self, states: Changes, lines: _Lines, rungs: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Return the line and the place on it, counted from 0, of each value to try."""
        steps_of_scale = np.array([one.scale / one.step if one.is_number else 1.0 for one in self.rows.domains])
        count = lines.count[:, None].astype(float)
        lowest = np.clip(np.round(_FIRST_RUNG * steps_of_scale[lines.column])[:, None], 1.0, count)
        share = np.linspace(0.0, 1.0, rungs)
        spread = np.round(lowest * (count / lowest) ** share)
        # where there are few, or the first rung is near the end, evenly spaced ones cover more
        spread = np.where(count <= rungs, np.minimum(np.arange(1, rungs + 1), count), spread)
        places = spread.astype(np.int64) - 1
        fresh = np.ones(places.shape, dtype=bool)
        fresh[:, 1:] = places[:, 1:] > places[:, :-1]
        line, _ = np.nonzero(fresh)
        steps = places[fresh]
        kept = self._moved(states, lines, line, steps).cost < self.best[states.row[lines.state[line]]]
        return line[kept], steps[kept]

    def _moved(self, states: Changes, lines: _Lines, line: NDArray[np.intp], place: NDArray[np.int64]) -> Changes:
        """Return the changes at places of lines."""
        start = states.take(lines.state[line])
        column = lines.column[line]
        grid = lines.first[line] + lines.sign[line] * place
        value, cost = np.zeros(len(line)), np.zeros(len(line))
        for number in np.unique(column).tolist():
            here = column == number
            domain = self.rows.domains[number]
            value[here] = domain.point(grid[here])
            cost[here] = domain.distance(self.rows.start[start.row[here], number], value[here])
        return start.with_change(column, value, cost)

    def _narrow(
        self,
        states: Changes,
        lines: _Lines,
        line: NDArray[np.intp],
        place: NDArray[np.int64],
        reached: NDArray[np.bool_],
    ) -> Changes:
        """Narrow the first bracket of each line in which the goal comes within reach."""
        hit, at = np.unique(line[reached], return_index=True)
        high = place[reached][at]
        before = np.flatnonzero(reached)[at] - 1  # the value tried just before, if it is of the same line
        low = np.where((before >= 0) & (line[before] == hit), place[before], -1)
        while True:
            nearest = self._moved(states, lines, hit, low + 1)
            going = np.flatnonzero((high - low > 1) & (nearest.cost < self.best[nearest.row]))
            if not len(going):
                return self._moved(states, lines, hit, high)
            inner, inside = self._between(low[going], high[going])
            reached, _ = self.ask(self._moved(states, lines, np.repeat(hit[going], _PARTS - 1)[inside], inner[inside]))
            known = np.zeros(inner.shape, dtype=bool)
            known[inside] = reached
            points = np.column_stack([low[going], inner.reshape(len(going), -1), high[going]])
            reaches = np.column_stack([known.reshape(len(going), -1), np.ones(len(going), dtype=bool)])
            first = reaches.argmax(axis=1)
            each = np.arange(len(going))
            low[going], high[going] = points[each, first], points[each, first + 1]

    @staticmethod
    def _between(low: NDArray[np.int64], high: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the places that part brackets, a few for each one after the other, and which of them are new."""
        share = np.arange(1, _PARTS) / _PARTS
        inner = low[:, None] + np.round((high - low)[:, None] * share).astype(np.int64)
        edges = np.column_stack([low, inner])
        fresh = (inner > edges[:, :-1]) & (inner < high[:, None])
        # a place that is there already says what its neighbour below says
        return inner.ravel(), fresh.ravel()

    # -- categories -----------------------------------------------------------------------------------

    def _categories(self, states: Changes, state: NDArray[np.intp], column: NDArray[np.intp]) -> Changes:
        """Return the changes to every other category that may beat the cheapest known."""
        parts = [Changes.none(0, states.column.shape[1])]
        for number in np.unique(column).tolist():
            domain = self.rows.domains[number]
            if domain.values is None:
                continue
            which = state[column == number]
            row = states.row[which]
            now = self.rows.start[row, number]
            which = which[~np.isnan(now) & (states.cost[which] + domain.cost < self.best[row])]
            codes = np.arange(float(len(domain.values)))
            start = states.take(np.repeat(which, len(codes)))
            code = np.tile(codes, len(which))
            other = code != self.rows.start[start.row, number]
            start = start.take(other)
            parts.append(start.with_change(number, code[other], np.full(len(start), domain.cost)))
        return Changes.join(parts)
