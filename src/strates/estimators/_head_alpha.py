"""How strong the penalty on a linear head is to be, by cross-validation."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split
from threadpoolctl import threadpool_limits

from strates._types import AnyArray, FloatArray

#: Strengths that are tried, from the strongest on: each fit starts where the one before ended.
ALPHAS = tuple(float(a) for a in np.geomspace(3.0, 1e-4, 10))
FOLDS = 5
#: Rows that the strength is chosen on, at most.
MOST_ROWS = 2_000


def choose_alpha(features: FloatArray, codes: AnyArray, weights: FloatArray, seed: int) -> float | None:
    """Return the penalty under which a logistic regression on features predicts rows best that it has not seen.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_features)
    codes : ndarray of shape (n_rows,)
        Class numbers.
    weights : ndarray of shape (n_rows,)
    seed : int
        Of the folds.

    Returns
    -------
    float or None
        In the objective ``mean cross-entropy + alpha / 2 * |W|^2``, the one of :data:`ALPHAS` with the smallest
        cross-entropy on held-out rows; None where a class has a single row.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise, codes = rng.normal(size=(60, 40)), np.arange(60) % 2
    >>> choose_alpha(noise, codes, np.ones(60), 0)  # there is nothing to learn
    3.0
    """
    kept = np.flatnonzero(weights > 0)
    if len(kept) > MOST_ROWS:
        kept, _ = train_test_split(kept, train_size=MOST_ROWS, stratify=codes[kept], random_state=seed)
    X, codes, weights = features[kept].astype(np.float64), codes[kept], weights[kept]
    classes, counts = np.unique(codes, return_counts=True)
    n_folds = int(min(FOLDS, counts.min()))
    if n_folds < 2:
        return None
    turned = _turned(X)
    losses = np.zeros(len(ALPHAS))
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    # SciPy's short vectors are quicker on one thread
    with warnings.catch_warnings(), threadpool_limits(limits=1, user_api="blas"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # the weakest penalties take long, and are not the best
        for train, test in folds.split(turned, codes):
            model = LogisticRegression(warm_start=True, max_iter=100, tol=1e-3)
            for i, alpha in enumerate(ALPHAS):
                model.C = 1 / (alpha * weights[train].sum())
                model.fit(turned[train], codes[train], sample_weight=weights[train])
                found = model.predict_proba(turned[test])
                losses[i] += log_loss(codes[test], found, sample_weight=weights[test], labels=classes, normalize=False)
    return ALPHAS[int(losses.argmin())]


def _turned(X: FloatArray) -> FloatArray:
    """Return coordinates in which the rows lie as they did, no more of them than rows.

    A penalty on squares does not change when features are turned, so that fewer coordinates give the same fits.
    """
    if X.shape[1] <= X.shape[0]:
        return X
    triangle: FloatArray = np.linalg.qr(X.T, mode="r")  # type: ignore[assignment]
    return triangle.T
