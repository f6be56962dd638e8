"""Accuracy under attack, against epsilon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from strates._types import FloatArray
from strates.attacks.attack import Attack
from strates.attacks.distance_curve import counted_curve
from strates.exceptions import DataError, ParameterError


def robustness_curve(
    clf: Any, X: Any, y: Any, attack: Attack, epsilons: Sequence[float] | FloatArray, *, level: float = 0.95
) -> pd.DataFrame:
    """Count the rows that stay right under an attack of growing strength.

    The true robust accuracy is at most this: another attack may fool rows that this one does not.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        As the attack takes it.
    X : DataFrame or array of n_rows rows
    y : array-like of shape (n_rows,)
        True classes.
    attack : Attack
        With its ``epsilon`` set to each of the distances in turn. An attack without one, such as DeepFool, is run once:
        a row counts as fooled from its own distance on.
    epsilons : sequence of float
        Distances in the units of X; 0 gives the clean accuracy.
    level : float, default=0.95
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Columns "epsilon" (ascending), "accuracy", "low" and "high" (Wilson's interval). A row that is fooled at a
        smaller epsilon counts as fooled at all larger ones, and is not attacked again: the ball around it is part of
        theirs.

    Raises
    ------
    ParameterError
        No attack, or an epsilon that is negative or not finite.
    DataError, TargetError
        As of the attack.

    See Also
    --------
    certified_curve : What is proved, below this.
    distance_curve : Of an attack's result, without attacking again.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import LogisticRegression
    >>> from strates.attacks import PGD
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(alpha=0.01).fit(X / 16, y)
    >>> attack = PGD(n_restarts=4, random_state=0)
    >>> robustness_curve(clf, X[:100] / 16, y[:100], attack, [0, 0.05, 0.1])[["epsilon", "accuracy"]]
       epsilon  accuracy
    0     0.00      0.95
    1     0.05      0.86
    2     0.10      0.71
    """
    if not isinstance(attack, Attack):
        raise ParameterError(f"attack={attack!r} is no attack of strates. Give one, such as PGD(steps=20).")
    try:
        wanted = np.unique(np.asarray(epsilons, np.float64).ravel())
    except (TypeError, ValueError):
        wanted = np.zeros(0)
    if not wanted.size or not (np.isfinite(wanted) & (wanted >= 0)).all():
        raise ParameterError(f"epsilons={epsilons!r} cannot be used: give one distance or more, none negative.")
    rows = X if hasattr(X, "shape") else np.asarray(X)
    labels = np.asarray(y)
    if labels.shape[:1] != rows.shape[:1] or not len(labels):
        raise DataError(f"X has {rows.shape[0]} rows, y has shape {labels.shape}. Give one label for each row.")
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    own = "epsilon" in attack.get_params()
    counts = _by_epsilon(clf, rows, labels, attack, wanted) if own else _by_distance(clf, rows, labels, attack, wanted)
    return counted_curve(wanted, counts, len(labels), level)


def _by_epsilon(clf: Any, X: Any, y: Any, attack: Attack, epsilons: FloatArray) -> NDArray[np.int64]:
    """Return how many rows are right at each epsilon, attacking those alone that were so far."""
    left = np.flatnonzero(np.asarray(clf.predict(X)) == y)
    counts = []
    for epsilon in epsilons:
        if epsilon > 0 and len(left):
            rows = X.iloc[left] if hasattr(X, "iloc") else X[left]
            found = clone(attack).set_params(epsilon=float(epsilon)).perturb(clf, rows, y[left])
            left = left[found.predicted == found.labels]
        counts.append(len(left))
    return np.array(counts)


def _by_distance(clf: Any, X: Any, y: Any, attack: Attack, epsilons: FloatArray) -> NDArray[np.int64]:
    """Return how many rows are right, and were not fooled within each epsilon."""
    found = attack.perturb(clf, X, y)
    norm = getattr(attack, "norm", "l2")
    needed = np.where(found.success, found.distances[norm], np.inf)
    needed[found.already_wrong] = -1.0
    return np.array([int((needed > epsilon).sum()) for epsilon in epsilons])
