"""What the weights that training begins with decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import pandas as pd

from strates.studies.default_estimator import default_estimator
from strates.studies.measures import dead_share, initial_saturated, initial_std
from strates.studies.paired_runs import paired_runs
from strates.studies.setting import Setting


def initialization_study(
    X: Any,
    y: Any,
    *,
    initializers: Sequence[Any] = ("zeros", "normal(0.01)", "normal(1)", "lecun", "glorot", "he"),
    activations: Sequence[str] = ("tanh", "relu"),
    hidden_layer_sizes: tuple[int, ...] | None = None,
    estimator: Any = None,
    seeds: Iterable[int] = range(5),
    test_size: float = 0.25,
    train_size: float | None = None,
    by_epoch: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Compare ways to draw the initial weights, for several activations.

    Weights of zero leave all units of a layer equal for ever: nothing but the classes' shares is learned. Weights that
    are too small let the signal vanish on its way through the layers, weights that are too large saturate tanh or blow
    it up. A variance that suits the width and the activation keeps its size: Glorot's for tanh, He's for rectifiers.

    Parameters
    ----------
    X : DataFrame, array or sparse matrix of n_rows rows
    y : array-like of shape (n_rows,)
        Labels.
    initializers : sequence of str or keras.initializers.Initializer
        Values of ``kernel_initializer``.
    activations : sequence of str, default=("tanh", "relu")
    hidden_layer_sizes : tuple of int, default=None
        Units of each hidden layer; those of ``estimator`` by default.
    estimator : classifier or pipeline, default=None
        An ``MLPClassifier``, or a pipeline that ends in one; by default four layers of 32, on standardised inputs,
        for 50 epochs.
    seeds : iterable of int, default=range(5)
    test_size, train_size : float or int, default=0.25, None
        See :func:`paired_split`.
    by_epoch : bool, default=False
        Return a row an epoch in place of a row a run.
    progress : bool, default=None
        Show a bar; see :func:`paired_runs`.

    Returns
    -------
    DataFrame
        As :func:`paired_runs` describes it, with the columns ``activation`` and ``kernel_initializer``. Measures:

        - ``initial_std``, ``initial_saturated``: standard deviation of the last hidden layer's activations before any
          training, and the share of them at the ends of the function's range (NaN where it has none);
        - ``dead_share``: after training, share of the hidden units that are zero for all training rows (NaN unless
          rectified).

    References
    ----------
    Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS.
    He et al. (2015), Delving deep into rectifiers, https://arxiv.org/abs/1502.01852.

    Examples
    --------
    >>> from strates.datasets import moons
    >>> frame = initialization_study(
    ...     *moons(100), initializers=("zeros", "he"), activations=("relu",), seeds=[0], test_size=0.5
    ... )
    >>> frame[["kernel_initializer", "initial_std"]].round(2).values.tolist()
    [['zeros', 0.0], ['he', 0.91]]
    """
    base = default_estimator(X, (32, 32, 32, 32), max_iter=50) if estimator is None else estimator
    sizes = {} if hidden_layer_sizes is None else {"hidden_layer_sizes": hidden_layer_sizes}
    settings = []
    for activation, initializer in product(activations, initializers):
        columns = {"activation": activation, "kernel_initializer": initializer}
        settings.append(Setting.from_parameters(base, columns | sizes, columns=columns))
    measures = {"initial_std": initial_std, "initial_saturated": initial_saturated, "dead_share": dead_share}
    return paired_runs(
        X, y, settings, seeds=seeds, test_size=test_size, train_size=train_size,
        measures=None if by_epoch else measures, by_epoch=by_epoch, progress=progress,
    )  # fmt: skip
