"""Solvers, each at several learning rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from strates.engine.named_optimizer import named_optimizer
from strates.studies.default_estimator import default_estimator
from strates.studies.paired_runs import paired_runs
from strates.studies.setting import Setting


def optimizer_study(
    X: Any,
    y: Any,
    *,
    solvers: Sequence[Any] = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"),
    learning_rates: Sequence[float] = (1e-3, 1e-2, 1e-1, 1.0),
    estimator: Any = None,
    seeds: Iterable[int] = range(5),
    test_size: float = 0.25,
    train_size: float | None = None,
    by_epoch: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Compare solvers at several learning rates: at a single one, the comparison would be of rates.

    Parameters
    ----------
    X : DataFrame, array or sparse matrix of n_rows rows
    y : array-like of shape (n_rows,)
        Labels.
    solvers : sequence of str or keras.optimizers.Optimizer
        "sgd" is plain gradient descent on batches, "momentum" and "nesterov" are the same with a momentum of 0.9,
        "adam" is the estimator's own (its ``beta_1``, ``beta_2``, ``epsilon``). Other names are Keras's, with Keras's
        settings: "adagrad", "rmsprop", "lion", "nadam", ... "lbfgs" has no learning rate, and is run once.
    learning_rates : sequence of float, default=(1e-3, 1e-2, 1e-1, 1.0)
        Each is tried with each solver; an optimizer's own rate is not used.
    estimator : classifier or pipeline, default=None
        A strates classifier with a ``solver``, or a pipeline that ends in one; by default one layer of 32, on
        standardised inputs, at a constant rate for 50 epochs.
    seeds : iterable of int, default=range(5)
    test_size, train_size : float or int, default=0.25, None
        See :func:`paired_split`.
    by_epoch : bool, default=False
        Return a row an epoch in place of a row a run: the learning curves.
    progress : bool, default=None
        Show a bar; see :func:`paired_runs`.

    Returns
    -------
    DataFrame
        As :func:`paired_runs` describes it, with the columns ``solver`` and ``learning_rate_init`` (NaN for "lbfgs").

    Raises
    ------
    ParameterError
        A solver is unknown, or has a schedule of its own.

    References
    ----------
    Choi et al. (2019), On empirical comparisons of optimizers for deep learning, https://arxiv.org/abs/1910.05446.

    Examples
    --------
    >>> from strates.datasets import moons
    >>> frame = optimizer_study(*moons(100), solvers=("sgd", "adam"), learning_rates=(0.01,), seeds=[0])
    >>> frame.sort_values("train_loss")["solver"].tolist()
    ['adam', 'sgd']
    """
    if estimator is None:
        base = default_estimator(X, learning_rate="constant", n_iter_no_change=50, max_iter=50)
    else:
        base = estimator
    settings = []
    for solver in solvers:
        for rate in [None] if solver == "lbfgs" else learning_rates:
            columns = {"solver": _name(solver), "learning_rate_init": rate}
            settings.append(Setting.from_parameters(base, _parameters(solver, rate), columns=columns))
    return paired_runs(
        X, y, settings, seeds=seeds, test_size=test_size, train_size=train_size, by_epoch=by_epoch, progress=progress
    )


def _name(solver: Any) -> str:
    return solver if isinstance(solver, str) else type(solver).__name__


def _parameters(solver: Any, rate: float | None) -> dict[str, Any]:
    if rate is None:
        return {"solver": solver}
    if isinstance(solver, str) and solver == "adam":
        return {"solver": solver, "learning_rate_init": rate}
    return {"solver": named_optimizer(solver, rate)}
