"""What a network's weights do to a signal on its way through the layers, before any training or after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from sklearn.base import clone

from strates._types import AnyArray
from strates.exceptions import ParameterError
from strates.inspection.layer_groups import LayerGroup
from strates.inspection.layer_signals import measure_layers
from strates.inspection.network_inputs import split_pipeline

_COLUMNS = {
    "layer": "layer",
    "activation_mean": "mean",
    "activation_std": "std",
    "saturated": "saturated",
    "dead": "dead",
}


def activation_statistics(
    clf: Any, X: Any, y: Any = None, *, initial: bool = False, training: bool = True
) -> pd.DataFrame:
    """Measure the hidden layers' activations: before any training, or after it.

    A healthy network passes on a signal of about one size. Weights that are too small let it vanish from layer to
    layer, and the gradients with it; weights that are too large saturate tanh and logistic units, whose slope is then
    near zero, and let rectified ones explode.

    Parameters
    ----------
    clf : strates classifier or pipeline
        One that is not fitted is a description of a network: its weights are drawn as its fit would draw them. One
        that is fitted is taken as it is.
    X : array-like, sparse matrix or DataFrame of shape (n_rows, ...)
        Rows to look at; some hundreds do. A pipeline takes them as they were before its first step.
    y : array-like of shape (n_rows,), default=None
        Labels, where the network of an unfitted classifier depends on them; two classes by default.
    initial : bool, default=False
        Of a fitted classifier, the weights that its fit began with.
    training : bool, default=True
        Whether batch normalisation uses these rows' statistics (of blocks of 2,000 at most), as a training step would,
        or its moving averages, as a prediction does. Of no effect without it.

    Returns
    -------
    DataFrame
        A row a hidden layer (one with weights, its normalisation and its activation), from the inputs on:

        - ``layer``: its name;
        - ``mean``, ``std``: of its outputs, over rows, places and units;
        - ``saturated``: share of outputs in the outermost 1 % of the function's range at either end, where its slope is
          next to nothing: beyond 0.98 for tanh, outside 0.01 to 0.99 for the logistic function. NaN for functions
          without two ends;
        - ``dead``: share of units that are zero in every row and place; NaN but for rectified units.

    Raises
    ------
    ParameterError
        There is no network to look into.

    See Also
    --------
    strates.displays.ActivationStatisticsDisplay : Histograms, layer by layer.
    gradient_flow : Both directions, also over training.

    References
    ----------
    Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS.
    He et al. (2015), Delving deep into rectifiers, https://arxiv.org/abs/1502.01852.

    Examples
    --------
    >>> import numpy as np
    >>> from strates import MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(500, 200))
    >>> small = MLPClassifier((200,) * 4, activation="tanh", kernel_initializer="normal(0.01)", random_state=0)
    >>> [f"{std:.1g}" for std in activation_statistics(small, X)["std"]]
    ['0.1', '0.02', '0.003', '0.0004']
    """
    return hidden_statistics(*described_network(clf, X, y, initial=initial), training=training)


def described_network(clf: Any, X: Any, y: Any = None, *, initial: bool = False) -> tuple[Any, Any]:
    """Return the classifier whose network to look at, and rows as they reach it.

    Parameters
    ----------
    clf, X, y, initial
        See :func:`activation_statistics`.

    Returns
    -------
    classifier
        Fitted, or at its initial weights.
    X : array-like, sparse matrix or DataFrame

    Raises
    ------
    ParameterError
        It is no classifier that learns by gradients.
    """
    steps, last = split_pipeline(clf)
    if not hasattr(last, "initialized"):
        raise ParameterError(
            f"{type(last).__name__} has no hidden layers that learn by gradients. Give a classifier of strates such as "
            "MLPClassifier, fitted or not, or a pipeline that ends in one."
        )
    fitted = hasattr(last, "network_")
    rows = X
    if steps is not None:
        rows = steps.transform(X) if fitted else clone(steps).fit_transform(X, y)
    if fitted and not initial:
        return last, rows
    return last.initialized(rows, None if fitted else y), rows


def hidden_statistics(
    clf: Any, X: Any, *, training: bool, also: Callable[[LayerGroup, AnyArray], None] | None = None
) -> pd.DataFrame:
    """Return a row a hidden layer; see :func:`activation_statistics`, and ``also`` of ``measure_layers``."""
    # the labels only make a loss, of which nothing is kept
    sums = measure_layers(clf, X, clf.predict(X), penalty=False, training=training, also=also)
    hidden = [one.numbers() for one in sums if one.group.activation is not None]
    return pd.DataFrame(hidden, columns=list(_COLUMNS)).rename(columns=_COLUMNS)
