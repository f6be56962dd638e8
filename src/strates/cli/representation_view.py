"""What a report shows of the representation that a network has learned."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from strates.exceptions import StratesError
from strates.inspection import Representation, linear_probes, representations
from strates.inspection.outcome import encode_labels, sample_rows

#: Rows to draw and rows to probe, at most; spaces of more units are not probed, for each fold would take seconds.
_MOST_DRAWN, _MOST_PROBED, _WIDEST = 250, 1_000, 2_000
_FOLDS = 5


def representation_fields(pipeline: Any, X: pd.DataFrame, y: Any) -> dict[str, Any]:
    """Return the spaces of a network with hidden layers, and how simple classifiers do in them.

    Parameters
    ----------
    pipeline : fitted Pipeline
    X : DataFrame of shape (n_rows, n_columns)
        Held-out rows.
    y : array-like of shape (n_rows,)

    Returns
    -------
    dict
        Fields of :class:`strates.report.ReportContent`; empty for a network without hidden layers, or one that cannot
        be looked into.
    """
    labels = np.asarray(y)
    codes = encode_labels(labels, np.asarray(pipeline.classes_))
    rows = sample_rows(codes, _MOST_DRAWN, 0)
    try:
        spaces = representations(pipeline, X.iloc[rows])
    except StratesError:  # a subclass of keras.Model
        return {}
    if len(spaces) == 1:
        return {}
    # drawn as the model file will hold them, so that the report can be written again from it
    spaces = tuple(Representation.from_dict(one.to_dict()) for one in spaces)
    drawn = {"representations": spaces, "representation_codes": tuple(codes[rows].tolist())}
    if max(one.width for one in spaces) > _WIDEST:
        return drawn
    return drawn | {"probes": _probes(pipeline, X, labels, codes)}


def _probes(pipeline: Any, X: pd.DataFrame, labels: Any, codes: Any) -> pd.DataFrame | None:
    """Return the probes on some rows of the classes that have two at least, or None where they cannot be fitted."""
    rows = sample_rows(codes, _MOST_PROBED, 0)
    counts = np.bincount(codes[rows])
    rows = rows[counts[codes[rows]] >= 2]
    counts = counts[counts >= 2]
    if len(counts) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a probe that is nearly done is near enough
        return linear_probes(pipeline, X.iloc[rows], labels[rows], cv=int(min(_FOLDS, counts.min())))
