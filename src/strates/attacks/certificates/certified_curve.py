"""Certified accuracy against epsilon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from strates._types import FloatArray
from strates.attacks.attack import check_positive
from strates.attacks.certificates.certificate_search import Method
from strates.attacks.certificates.certify import certify
from strates.exceptions import ParameterError


def certified_curve(
    clf: Any,
    X: Any,
    y: Any,
    epsilons: Sequence[float] | FloatArray,
    *,
    norm: str = "linf",
    bounds: Any = (0, 1),
    method: Method = "linear",
    time_limit: float = 60.0,
    max_unstable: int = 400,
) -> pd.DataFrame:
    """Count the rows whose class is right and proved to stay, for growing distances.

    The true robust accuracy lies between this curve and that of an attack (:func:`robustness_curve`). Both have the
    same columns, and can be drawn into one picture.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        As :func:`certify` takes it.
    X : DataFrame or array of n_rows rows
    y : array-like of shape (n_rows,)
        True classes.
    epsilons : sequence of float
        Distances in the units of X; 0 gives the clean accuracy.
    norm : {"linf", "l2", "l1"}, default="linf"
    bounds : tuple (low, high) or None, default=(0, 1)
    method : {"linear", "interval", "exact"}, default="linear"
    time_limit : float, default=60.0
        Seconds for each row and distance, of the exact method.
    max_unstable : int, default=400
        As of :func:`certify`.

    Returns
    -------
    DataFrame
        Columns "epsilon" (ascending), "accuracy", "low" and "high" (Wilson's 95 % interval). A row that is proved at a
        larger epsilon counts at all smaller ones.

    Raises
    ------
    ParameterError, DataError, TargetError
        As of :func:`certify`; or an epsilon is negative, or there is none.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import LogisticRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(alpha=0.01).fit(X / 16, y)
    >>> certified_curve(clf, X[:100] / 16, y[:100], [0, 0.05, 0.1])[["epsilon", "accuracy"]]
       epsilon  accuracy
    0     0.00      0.95
    1     0.05      0.86
    2     0.10      0.71
    """
    wanted = np.unique(np.asarray(epsilons, np.float64).ravel())
    if not wanted.size or not (np.isfinite(wanted) & (wanted >= 0)).all():
        raise ParameterError(f"epsilons={epsilons!r} cannot be used: give one distance or more, none negative.")
    labels = np.asarray(y)
    left = np.arange(len(labels))  # rows that may still be proved at the next larger epsilon
    counts = []
    for epsilon in wanted:
        if not len(left):
            counts.append(0)
            continue
        rows = X.iloc[left] if hasattr(X, "iloc") else (X if hasattr(X, "shape") else np.asarray(X))[left]
        if epsilon == 0:
            left = left[np.asarray(clf.predict(rows)) == labels[left]]
        else:
            check_positive("epsilon", float(epsilon))
            found = certify(
                clf, rows, labels[left], epsilon=float(epsilon), norm=norm, bounds=bounds, method=method,
                time_limit=time_limit, max_unstable=max_unstable,
            )  # fmt: skip
            left = left[found.certified]
        counts.append(len(left))
    intervals = [binomtest(k, len(labels)).proportion_ci(0.95, "wilson") for k in counts]
    return pd.DataFrame(
        {
            "epsilon": wanted,
            "accuracy": np.array(counts) / len(labels),
            "low": [one.low for one in intervals],
            "high": [one.high for one in intervals],
        }
    )
