"""How thoroughly to measure what the columns of a table are worth."""

from __future__ import annotations

from typing import Any

#: Values that may be looked at: every shuffle of a column looks at the whole table again. About 20 seconds.
_MOST_VALUES = 20_000_000
_MOST_ROWS, _FEWEST_ROWS, _MOST_REPEATS = 2_000, 100, 5


def importance_effort(n_rows: int, n_columns: int) -> dict[str, Any]:
    """Return the arguments of ``evaluate`` that bound the time of the permutation importance.

    It costs as many predictions as there are columns, each over all columns: a wide table gets fewer rows and repeats,
    a very wide one none.

    Parameters
    ----------
    n_rows, n_columns : int
        Of the test table.

    Returns
    -------
    dict
        "importance", "importance_rows" and "n_repeats".

    Examples
    --------
    >>> importance_effort(5_000, 14)
    {'importance': True, 'importance_rows': 2000, 'n_repeats': 5}
    >>> importance_effort(5_000, 300)["importance_rows"], importance_effort(5_000, 2_000)["importance"]
    (222, False)
    """
    rows = min(n_rows, _MOST_ROWS, _MOST_VALUES // n_columns**2)
    repeats = min(_MOST_REPEATS, max(1, _MOST_VALUES // max(1, rows * n_columns**2)))
    wanted = rows >= min(n_rows, _FEWEST_ROWS)
    return {"importance": wanted, "importance_rows": max(1, rows), "n_repeats": repeats}
