"""One fit by L-BFGS, reported an iteration at a time."""

from __future__ import annotations

import copy
import sys
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from strates._types import AnyArray
from strates.engine.epoch import Epoch
from strates.engine.lbfgs import minimize_lbfgs, objective
from strates.estimators._callbacks import FitTasks
from strates.estimators._stopping import Stopping
from strates.estimators._training_rows import TrainingRows
from strates.exceptions import ParameterError


def fit_by_lbfgs(
    estimator: Any, X: Any, targets: AnyArray, weights: AnyArray, start: list[AnyArray], tasks: FitTasks
) -> None:
    """Train an estimator's architecture on all rows at once.

    Parameters
    ----------
    estimator : BaseNetworkClassifier
        Its architecture is set; receives weights and attributes.
    X : ndarray or CSR matrix of shape (n_rows, n_features)
    targets : ndarray
    weights : ndarray of shape (n_rows,)
    start : list of ndarray
    tasks : FitTasks
    """
    if tasks.checkpoints:
        raise ParameterError(
            "Checkpoint needs a gradient solver: the memory of L-BFGS cannot be saved. Use solver='adam' or 'sgd'."
        )
    max_iter = estimator.max_iter
    epochs: list[Epoch] = []
    stopping = Stopping(False, estimator.tol, np.inf)

    def usable(values: list[AnyArray]) -> Any:
        frozen = copy.copy(estimator)
        frozen._weights, frozen._cache = [np.asarray(v, np.float32) for v in values], {}
        frozen._tell(list(epochs), len(epochs), stopping, validated=False)
        return frozen

    def on_epoch(epoch: Epoch, values: list[AnyArray]) -> bool:
        tasks.begin(epoch.number)
        epochs.append(epoch)
        stopping.see(epoch)
        if estimator.verbose:
            sys.stdout.write(f"Iteration {epoch.number}, loss = {epoch.loss:.8f}\n")
        tasks.record(epoch.number, epoch.number, max_iter, lambda: usable(values))
        return tasks.end(lambda: vars(usable(values)))

    tasks.record(0, 0, max_iter, lambda: usable(start))
    architecture = estimator._architecture
    found = minimize_lbfgs(
        objective(architecture, estimator._kind), start, X, targets, weights,
        penalties=estimator._penalties(architecture, len(targets)), max_iter=max_iter, max_fun=estimator.max_fun,
        gtol=estimator.tol, ftol=estimator._lbfgs_ftol, on_epoch=on_epoch,
    )  # fmt: skip
    found = estimator._after_lbfgs(found, TrainingRows(X, targets, weights), on_epoch)
    if not found.converged:
        warnings.warn(
            f"lbfgs failed to converge after {found.n_iter} iterations ({found.message}; gradient norm "
            f"{found.gradient_norm:.2g}). Increase max_iter, or scale the inputs.",
            ConvergenceWarning,
            stacklevel=2,
        )
    estimator._weights = [np.asarray(w, np.float32) for w in found.weights]
    estimator._epochs_done += found.n_iter
    estimator._tell([*estimator._epochs, *epochs], found.n_iter, stopping, validated=False)
    tasks.close_recordings(found.n_iter, found.n_iter, lambda: usable(found.weights))
