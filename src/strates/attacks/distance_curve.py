"""Accuracy against the distance that an attack is allowed, from what one attack found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from strates._types import AnyArray, FloatArray
from strates.attacks.attack_result import AttackResult
from strates.attacks.tabular_attack_result import TabularAttackResult
from strates.exceptions import DataError, ParameterError

_NORMS = ("l2", "linf", "l1", "l0")


def distance_curve(
    result: AttackResult | TabularAttackResult,
    *,
    norm: str = "l2",
    distances: Sequence[float] | FloatArray | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Count the rows that no change of at most a given length fooled.

    For attacks that look for the nearest point of another class: each row is fooled from its own distance on.

    Parameters
    ----------
    result : AttackResult or TabularAttackResult
        What the attack returned.
    norm : {"l2", "linf", "l1", "l0"}, default="l2"
        Of the distance; a table's changes have one cost, and no norm.
    distances : sequence of float, optional
        Where to count; 0 and twenty quantiles of the distances found by default.
    level : float, default=0.95
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Columns "epsilon" (the distances, ascending), "accuracy", "low" and "high" (Wilson's interval), as of
        :func:`robustness_curve`.

    Raises
    ------
    ParameterError
        An unknown norm.
    DataError
        There is no row.

    See Also
    --------
    robustness_curve : For attacks with an epsilon, which is set anew for each point.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from strates import LogisticRegression
    >>> from strates.attacks import DeepFool
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = LogisticRegression(alpha=0.01).fit(X, y)
    >>> distance_curve(DeepFool(bounds=None).perturb(clf, X, y), distances=[0, 0.5, 1])[["epsilon", "accuracy"]]
       epsilon  accuracy
    0      0.0      0.97
    1      0.5      0.73
    2      1.0      0.44
    """
    if not len(result.success):
        raise DataError("The result has no row to count. Attack one row or more.")
    if isinstance(result, TabularAttackResult):
        lengths = result.cost
    elif norm in _NORMS:
        lengths = result.distances[norm]
    else:
        raise ParameterError(f"norm={norm!r} is not known; expected one of {', '.join(map(repr, _NORMS))}.")
    needed = np.where(result.success, lengths, np.inf)
    needed[result.already_wrong] = -1.0
    found = needed[result.success]
    if distances is None:
        wanted = np.union1d([0.0], np.quantile(found, np.linspace(0, 1, 20)) if len(found) else [1.0])
    else:
        wanted = np.unique(np.asarray(distances, np.float64))
    return counted_curve(wanted, np.array([int((needed > one).sum()) for one in wanted]), len(needed), level)


def counted_curve(epsilons: FloatArray, counts: AnyArray, n_rows: int, level: float) -> pd.DataFrame:
    """Return shares of rows with Wilson's intervals, by distance."""
    intervals = [binomtest(int(k), n_rows).proportion_ci(level, "wilson") for k in counts]
    return pd.DataFrame(
        {
            "epsilon": epsilons,
            "accuracy": counts / n_rows,
            "low": [one.low for one in intervals],
            "high": [one.high for one in intervals],
        }
    )
