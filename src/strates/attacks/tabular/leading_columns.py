"""In a wide table, the columns of each row that are worth a closer look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.attacks.tabular.changes import Changes
from strates.attacks.tabular.line_search import LineSearch

#: Columns that are looked at closely in each row.
MOST_COLUMNS = 32
_CATEGORIES = 2  # the commonest of each column


def leading_columns(search: LineSearch, states: Changes, margin: FloatArray) -> NDArray[np.bool_]:
    """Return whether each column is worth a look in each row, of shape (n_rows, n_domains).

    Of more than 32 columns a first question is asked: what does a change by one scale each way gain, or one to a common
    category? Those that gain most for what they cost remain.

    Parameters
    ----------
    search : LineSearch
    states : Changes
        The rows to be changed, as they are.
    margin : ndarray of shape (n_rows,)
        Of the rows as they are.
    """
    domains, start = search.rows.domains, search.rows.start
    everyone = np.ones(start.shape, dtype=bool)
    if len(domains) <= MOST_COLUMNS:
        return everyone
    rate = np.zeros(start.shape)
    probes = Changes.join([_probes(search, states, number) for number in range(len(domains))])
    _, reached = search.ask(probes)
    gain = np.maximum(reached - margin[probes.row], 0) / np.maximum(probes.cost, 1e-12)
    np.maximum.at(rate, (probes.row, probes.column[:, 0]), gain)
    kept = np.zeros(start.shape, dtype=bool)
    first = np.argsort(-rate, axis=1, kind="stable")[:, :MOST_COLUMNS]
    np.put_along_axis(kept, first, True, axis=1)
    return kept


def _probes(search: LineSearch, states: Changes, number: int) -> Changes:
    domain = search.rows.domains[number]
    now = search.rows.start[states.row, number]
    parts = [states.take(slice(0, 0))]
    if domain.values is not None:
        targets = [(np.full(len(now), float(code)), ~np.isnan(now) & (now != code)) for code in range(_CATEGORIES)]
    else:
        targets = []
        for sign in domain.signs:
            first, count = domain.room(now, sign)
            far = np.minimum(count - 1, max(0, round(domain.scale / domain.step)))
            targets.append((domain.point(first + sign * np.maximum(far, 0)), count > 0))
    for value, possible in targets:
        value, some = value[possible], states.take(possible)
        parts.append(some.with_change(number, value, domain.distance(now[possible], value)))
    return Changes.join(parts)
