"""The search for the cheapest change of each row: a beam over columns, then polish."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.attacks.tabular.beam import choose_states
from strates.attacks.tabular.changes import Changes
from strates.attacks.tabular.leading_columns import leading_columns
from strates.attacks.tabular.line_search import LineSearch, Tried
from strates.attacks.tabular.polish import polish

_ANYTHING = 1e9  # log-odds that no column gains
_SHARE = 0.5  # of what is lacking: columns together may gain twice what they gain alone


def smallest_changes(
    search: LineSearch, rows: NDArray[np.intp], margin: FloatArray, *, max_changes: int, width: int
) -> Changes:
    """Look for the cheapest change of each row that reaches the goal.

    Every column is searched alone; then on top of the most promising changes that fall short, up to ``max_changes``
    columns; at last the cheapest are polished.

    Parameters
    ----------
    search : LineSearch
    rows : ndarray of shape (n_attacked,)
        Numbers of the rows to be changed.
    margin : ndarray of shape (n_rows,)
        How far off each row is as it is.
    max_changes : int
        Columns, at most.
    width : int
        How many states of a row are gone on from.

    Returns
    -------
    Changes
        One for each row that can be brought to the goal, as far as was seen.
    """
    states = Changes.none(len(search.rows.start), max_changes).take(rows)
    leading = leading_columns(search, states, margin)
    promise = np.where(leading, _ANYTHING, -np.inf)
    found, short = [], -margin[rows]
    for left in range(max_changes, 0, -1):
        # a row for which nothing is known yet is worth every question
        lacking = np.where(np.isfinite(search.best[states.row]), short, -np.inf)
        state, column = _worth_a_look(states, lacking, promise, left)
        tried, reached = search.search(states, state, column)
        found.append(reached)
        if left == max_changes:
            single, promise = tried, _most_gained(tried, margin, leading)
        if left > 1:
            states, margins = choose_states(tried, single, margin, search.best, width=width, left=left - 1)
            short = -margins
    return polish(search, Changes.join(found))


def _most_gained(single: Tried, margin: FloatArray, leading: NDArray[np.bool_]) -> FloatArray:
    """Return the most that a change of each column gains, of shape (n_rows, n_domains)."""
    most = np.where(leading, 0.0, -np.inf)
    changes = single.changes
    np.maximum.at(most, (changes.row, changes.column[:, 0]), single.margin - margin[changes.row])
    return most


def _worth_a_look(
    states: Changes, short: FloatArray, promise: FloatArray, left: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the states with the columns that they do not change yet and that may bring them near the goal.

    Parameters
    ----------
    states : Changes
    short : ndarray of shape (n_states,)
        What each lacks.
    promise : ndarray of shape (n_rows, n_domains)
        What each column gains at most, alone.
    left : int
        How many columns may still change, this one among them.
    """
    gain = promise[states.row].copy()
    state, slot = np.nonzero(states.column >= 0)
    gain[state, states.column[state, slot]] = -np.inf
    best = np.maximum(gain.max(axis=1, keepdims=True, initial=0.0), 0.0)
    open_, column = np.nonzero((gain > -np.inf) & (gain + (left - 1) * best >= _SHARE * short[:, None]))
    return open_, column
