"""Rows with changes, made and asked about many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.attacks.tabular.changes import Changes
from strates.attacks.tabular.column_domain import ColumnDomain
from strates.exceptions import DataError

_ROWS_A_CALL, _CELLS_A_CALL = 20_000, 4_000_000


class CandidateRows:
    """Asks a classifier about changed rows, and counts.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        With ``predict_proba``.
    X : DataFrame of shape (n_rows, n_columns)
        The rows.
    domains : sequence of ColumnDomain
        The columns that may change.
    as_array : bool
        Whether the classifier takes an array of numbers instead of a table.

    Attributes
    ----------
    start : ndarray of shape (n_rows, n_domains)
        What the rows hold in those columns, as :meth:`ColumnDomain.encode` writes it.
    queries : ndarray of shape (n_rows,)
        How many changed rows were asked about.
    """

    def __init__(self, clf: Any, X: pd.DataFrame, domains: Sequence[ColumnDomain], *, as_array: bool = False) -> None:
        self._clf, self._as_array = clf, as_array
        self._X = X.reset_index(drop=True)
        self.domains = list(domains)
        self.start: FloatArray = np.column_stack([one.encode(X.iloc[:, one.position]) for one in domains])
        self.queries: NDArray[np.intp] = np.zeros(len(X), dtype=np.intp)

    def rows(self, changes: Changes) -> pd.DataFrame:
        """Return changed rows as a table with the dtypes of the original; its index counts them."""
        frame = self._X.iloc[changes.row].reset_index(drop=True)
        for number in np.unique(changes.column[changes.column >= 0]).tolist():
            domain = self.domains[number]
            place = changes.column == number
            which = place.any(axis=1)
            frame.isetitem(domain.position, _set(frame.iloc[:, domain.position], which, changes.value[place], domain))
        return frame

    def probabilities(self, changes: Changes) -> FloatArray:
        """Return what the classifier makes of changed rows, of shape (n, n_classes).

        Raises
        ------
        DataError
            A probability is not finite.
        """
        size = max(1, min(_ROWS_A_CALL, _CELLS_A_CALL // max(1, self._X.shape[1])))
        parts = []
        for first in range(0, len(changes), size):
            frame = self.rows(changes.take(slice(first, first + size)))
            parts.append(np.asarray(self._clf.predict_proba(frame.to_numpy() if self._as_array else frame), float))
        answers = np.concatenate(parts)
        if not np.isfinite(answers).all():
            raise DataError(
                f"predict_proba gave {int((~np.isfinite(answers)).sum()):,} values that are not finite, for rows "
                "within the range of the data. Fit again with a smaller learning rate, or look for infinite values in "
                "X."
            )
        np.add.at(self.queries, changes.row, 1)
        return answers


def _set(column: pd.Series[Any], which: NDArray[np.bool_], values: FloatArray, domain: ColumnDomain) -> Any:
    """Return a column with other values in some rows, of the same dtype."""
    if domain.values is not None:
        new: Any = [domain.values[code] for code in values.astype(int).tolist()]
    elif pd.api.types.is_integer_dtype(column.dtype):
        new = np.rint(values).astype(np.int64)
    else:
        new = values
    array = column.array.copy()
    array[which] = pd.array(new, dtype=column.dtype)
    return pd.Series(array, index=column.index, dtype=column.dtype)
