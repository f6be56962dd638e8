"""The plane on which a report shows where a network decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from strates.exceptions import DataError, ParameterError
from strates.inspection import DecisionBoundary, Evaluation, decision_boundary
from strates.inspection.outcome import encode_labels, sample_rows

#: Rows to place at most, rows to draw, points of the grid along an axis, and values that the grid may hold.
_MOST_ROWS, _MOST_DRAWN, _FINEST, _COARSEST, _MOST_VALUES = 2_000, 600, 90, 40, 2_000_000
_LEFT_OUT = 0.5  # share of the rows that may lack a number


def boundary_view(pipeline: Any, X: pd.DataFrame, y: Any, evaluation: Evaluation) -> DecisionBoundary | None:
    """Show the network on the plane that belies the fewest rows.

    Three are tried: the two columns of numbers that matter most, the discriminants, and the principal components.

    Parameters
    ----------
    pipeline : fitted Pipeline
    X : DataFrame of shape (n_rows, n_columns)
        Held-out rows.
    y : array-like of shape (n_rows,)
    evaluation : Evaluation
        With the importance of the columns, where it was measured.

    Returns
    -------
    DecisionBoundary or None
        None where there is no plane: too few columns of numbers, too many classes, or gaps in half of the rows.
    """
    rows = sample_rows(encode_labels(y, np.asarray(pipeline.classes_)), _MOST_ROWS, 0)
    sample, labels = X.iloc[rows], np.asarray(y)[rows]
    numeric = set(sample.select_dtypes("number").columns)
    foremost = [one.column for one in evaluation.importance if one.column in numeric][:2]
    choices: list[dict[str, Any]] = [{"plane": "discriminant"}, {"plane": "pca"}]
    if len(foremost) == 2:
        choices.insert(0, {"features": foremost})
    if len(numeric) == 2:
        choices = [{"plane": "auto"}]
    tried = [_try(pipeline, sample, labels, choice) for choice in choices]
    found = [one for one in tried if one is not None and one.n_left_out <= _LEFT_OUT * len(sample)]
    if not found:
        return None
    best = min(found, key=lambda one: one.disagreement)
    resolution = int(np.clip(np.sqrt(_MOST_VALUES / max(1, X.shape[1])), _COARSEST, _FINEST))
    return decision_boundary(pipeline, sample, labels, plane=best.plane or "auto", resolution=resolution).compact(
        _MOST_DRAWN
    )


def _try(pipeline: Any, X: pd.DataFrame, y: Any, choice: dict[str, Any]) -> DecisionBoundary | None:
    try:
        return decision_boundary(pipeline, X, y, resolution=2, **choice)
    except (ParameterError, DataError):
        return None
