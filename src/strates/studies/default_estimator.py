"""The classifier that a study takes when none is given."""

from __future__ import annotations

from typing import Any

import pandas as pd
from scipy.sparse import issparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates.estimators.mlp import MLPClassifier
from strates.estimators.tabular_pipeline import tabular_pipeline


def default_estimator(X: Any, hidden_layer_sizes: tuple[int, ...] = (32,), **parameters: Any) -> Any:
    """Return a network that learns a small problem well in a fraction of a second, behind what its inputs need.

    Every run takes the same number of epochs, with a learning rate that falls along a cosine, and no penalty: nothing
    but what is varied then differs between settings.

    Parameters
    ----------
    X : DataFrame, array or sparse matrix
        A DataFrame gets ``tabular_pipeline``'s steps, an array is standardised, a sparse matrix is taken as it is.
    hidden_layer_sizes : tuple of int, default=(32,)
    **parameters
        Other parameters of ``MLPClassifier``.

    Returns
    -------
    classifier or pipeline
        Not fitted.

    Examples
    --------
    >>> default_estimator([[0.0], [1.0]], max_iter=50)[-1].max_iter
    50
    """
    settings: dict[str, Any] = {
        "alpha": 0.0,
        "batch_size": 32,
        "learning_rate": "cosine",
        "learning_rate_init": 0.01,
        "max_iter": 100,
        **parameters,
    }
    clf = MLPClassifier(hidden_layer_sizes, **settings)
    if isinstance(X, pd.DataFrame):
        return tabular_pipeline(clf)
    return clf if issparse(X) else make_pipeline(StandardScaler(), clf)
