"""Checks of X that point at the mend."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import validate_data

from strates._types import AnyArray
from strates.exceptions import DataError

_ADVICE = "strates.tabular_pipeline(...) turns a table with missing values and categories into numbers."


def check_X(estimator: Any, X: Any, *, reset: bool, allow_nd: bool = False, dtype: Any = np.float32) -> Any:
    """Return X as floating-point numbers of shape (n_samples, n_features), or CSR, with names and width checked.

    Parameters
    ----------
    estimator : estimator
        Remembers names and width when ``reset``.
    X : array-like, sparse matrix or DataFrame
    reset : bool
    allow_nd : bool, default=False
        Accept rows of more than one dimension, such as images.
    dtype : dtype, default=float32

    Returns
    -------
    ndarray or csr_matrix

    Raises
    ------
    DataError
        Missing or infinite values, or text.
    """
    try:
        with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and is named below
            checked = validate_data(
                estimator, X, reset=reset, accept_sparse="csr", dtype=dtype, ensure_all_finite=False, order="C",
                allow_nd=allow_nd,
            )  # fmt: skip
    except ValueError as error:
        if "could not convert string" in str(error) or "not convert" in str(error):
            raise DataError(f"X holds text where numbers are expected ({error}). {_ADVICE}") from error
        raise
    _refuse_missing(X, checked)
    return checked


def _refuse_missing(X: Any, checked: Any) -> None:
    values = checked.data if sparse.issparse(checked) else checked
    # the sum is finite unless some value is not: one pass, no mask
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum(dtype=np.float64)) or np.isfinite(values).all():
            return
    kind = "NaN" if np.isnan(values).any() else "infinity"
    place = ""
    if not sparse.issparse(checked):
        bad = np.isnan(checked) if kind == "NaN" else np.isinf(checked)
        row, *within = np.argwhere(bad)[0].tolist()
        name = repr(X.columns[within[0]]) if hasattr(X, "columns") else ", ".join(map(str, within))
        place = f" (first in row {row}, column {name}; {int(bad.sum())} in all)"
    if kind == "NaN":
        raise DataError(f"Input X contains NaN{place}. A network cannot compute with missing values. {_ADVICE}")
    raise DataError(
        f"Input X contains infinity or a value too large for {checked.dtype!r}{place}. "
        "Replace it, or take logarithms of columns that span many orders of magnitude."
    )


def check_weights(sample_weight: Any, n_rows: int) -> AnyArray:
    """Return sample weights of shape (n_rows,), float64; ones when there are none."""
    if sample_weight is None:
        return np.ones(n_rows)
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.ndim == 0:
        weights = np.full(n_rows, float(weights))
    if weights.ndim != 1:
        raise DataError(f"Sample weights must be 1D array or scalar; sample_weight has shape {weights.shape}.")
    if len(weights) != n_rows:
        raise DataError(f"sample_weight.shape == {weights.shape}, expected {(n_rows,)}: one weight for each row of X.")
    if not np.isfinite(weights).all():
        raise DataError("sample_weight contains NaN or infinity. Give each row a finite weight of 0 or more.")
    if (weights < 0).any():
        raise DataError(f"sample_weight holds a negative number ({weights.min():g}); weights are 0 or more.")
    if not weights.sum() > 0:
        raise DataError("All sample weights are zero, so there is nothing to learn from. Give some row a weight.")
    return weights
