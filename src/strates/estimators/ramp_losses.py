"""The loss of each step while the learning rate goes through given values."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates._random import integer_seed
from strates._types import AnyArray, FloatArray
from strates.engine.batches import as_rows
from strates.engine.compiler import choose_compiler
from strates.engine.optimizers import Solver
from strates.engine.program import training_program
from strates.estimators._base import BaseNetworkClassifier
from strates.estimators._fit_gradient import _is_dense
from strates.estimators._inputs import check_weights
from strates.estimators._targets import as_labels, weigh
from strates.estimators._training_rows import TrainingRows, make_batches, network_targets
from strates.exceptions import DataError, ParameterError

#: A loss this many times the first one has blown up: the steps after it are not taken.
BLOWN_UP = 100.0


def ramp_losses(estimator: Any, X: Any, y: Any, rates: FloatArray) -> FloatArray:
    """Train an estimator's network from its beginning, a step for each learning rate, and return each step's loss.

    The estimator is left as it is. Its batches, solver, penalty and dropout act as in its fit, by the same compiled
    function.

    Parameters
    ----------
    estimator : strates classifier
        Learns by steps. It need not be fitted.
    X : array-like, sparse matrix or DataFrame of shape (n_rows, ...)
        As the classifier takes it.
    y : array-like of shape (n_rows,)
    rates : ndarray of shape (n_steps,)

    Returns
    -------
    ndarray of shape (n_steps,)
        Mean cross-entropy of each step's batch just before it is learned from; NaN from where it is no longer a number,
        or has blown up.

    Raises
    ------
    ParameterError
        The classifier does not learn by steps of a given rate.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> losses = ramp_losses(MLPClassifier((8,), random_state=0), *moons(100), np.geomspace(1e-4, 1e-1, 50))
    >>> losses.shape, bool(losses[-1] < losses[0])
    ((50,), True)
    """
    solver = _stepwise_solver(estimator)
    start = estimator.initialized(X, y)
    rows, labels = start._check_X(X, reset=False), as_labels(y)
    if rows.shape[0] != len(labels):
        raise DataError(f"X has {rows.shape[0]} rows, y has {len(labels)} labels. Give one label for each row.")
    codes = start._encoding.codes(labels)
    weights = weigh(start._encoding, codes, check_weights(None, len(codes)), getattr(start, "class_weight", None))
    architecture, seed = start._architecture, start._seed
    n_parameters = sum(w.size for w in start._weights)
    source = make_batches(
        TrainingRows(as_rows(rows), network_targets(codes, start._kind), weights),
        batch_size=start.batch_size, shuffle=start.shuffle, row_wise=architecture.row_wise, n_parameters=n_parameters,
        seed=seed,
    )  # fmt: skip
    compiler = choose_compiler(
        dense=_is_dense(architecture),
        n_parameters=n_parameters,
        batch_size=source.chunk_shape[1],
        n_steps=start.max_iter * source.steps_per_epoch,
    )
    penalties = start._penalties(architecture, len(codes))
    program = training_program(
        architecture, start._kind, solver, compiler, source.chunk_shape,
        sparse=penalties.l1 > 0, max_norm=penalties.max_norm is not None, smoothing=penalties.label_smoothing > 0,
    )  # fmt: skip
    state = program.start(start._weights, integer_seed(seed, "layers"))
    losses: AnyArray = np.full(len(rates), np.nan)
    for first in range(0, len(rates), program.chunk_steps):
        n = min(program.chunk_steps, len(rates) - first)
        chunk = source.fill(first, n)
        padded = np.zeros(program.chunk_steps)
        padded[:n] = rates[first : first + n]
        state, record = program.run(state, chunk, n, padded, penalties, integer_seed(seed, "dropout"), first)
        losses[first : first + n] = record.loss / chunk.weights[:n].sum(axis=1)
        blown = ~(losses[: first + n] <= BLOWN_UP * max(losses[0], 1e-3))
        if blown.any():
            losses[int(np.argmax(blown)) :] = np.nan
            break
    return losses


def _stepwise_solver(estimator: Any) -> Solver:
    """Return a classifier's gradient solver, if it has one that takes a rate for each step."""
    chosen = getattr(estimator, "solver", None)
    if not isinstance(estimator, BaseNetworkClassifier) or (isinstance(chosen, str) and chosen == "lbfgs"):
        what = f"solver={chosen!r}" if isinstance(estimator, BaseNetworkClassifier) else f"a {type(estimator).__name__}"
        raise ParameterError(
            f"A learning rate is wanted, and {what} has none. Give a strates classifier with solver='adam', 'sgd' or a "
            "Keras optimizer."
        )
    solver = Solver(chosen, estimator._solver_settings())
    if solver.schedule is not None:
        raise ParameterError(
            f"This {type(chosen).__name__} has a schedule for its learning rate, which no other can replace. Give one "
            "with a number, such as learning_rate=0.01."
        )
    return solver
