"""The changed cells of rows, one a line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from strates._types import AnyArray, FloatArray
from strates.attacks.tabular.candidate_rows import CandidateRows
from strates.attacks.tabular.changes import Changes

_COLUMNS: dict[str, Any] = {
    "place": np.intp,
    "row": object,
    "column": object,
    "from": object,
    "to": object,
    "cost": float,
    "class_before": object,
    "class_after": object,
    "probability_before": float,
    "probability_after": float,
}


def change_table(
    rows: CandidateRows,
    found: Changes,
    changed: pd.DataFrame,
    before: FloatArray,
    after: FloatArray,
    classes: AnyArray,
    index: Any,
) -> pd.DataFrame:
    """Return a line for each changed cell, with the columns that :class:`TabularAttackResult` names.

    Parameters
    ----------
    rows : CandidateRows
    found : Changes
        One of each row that is changed.
    changed : DataFrame of shape (n_rows, n_columns)
        All rows after the changes.
    before, after : ndarray of shape (n_rows, n_classes)
        Probabilities.
    classes : ndarray of shape (n_classes,)
    index : sequence of n_rows labels, or None
        What the rows are called; None counts them.
    """
    original = rows.rows(Changes.none(len(before), 1))
    told: list[dict[str, Any]] = []
    for row, columns, values in zip(found.row.tolist(), found.column, found.value, strict=True):
        code = int(after[row].argmax())
        for number, value in zip(columns.tolist(), values.tolist(), strict=True):
            if number < 0:
                continue
            domain = rows.domains[number]
            start = rows.start[row, number]
            told.append(
                {
                    "place": row,
                    "row": row if index is None else index[row],
                    "column": domain.name,
                    "from": original.iloc[row, domain.position],
                    "to": changed.iloc[row, domain.position],
                    "cost": float(domain.distance(np.array([start]), np.array([value]))[0]),
                    "class_before": classes[before[row].argmax()],
                    "class_after": classes[code],
                    "probability_before": before[row, code],
                    "probability_after": after[row, code],
                }
            )
    return pd.DataFrame({name: pd.Series([one[name] for one in told], dtype=kind) for name, kind in _COLUMNS.items()})
