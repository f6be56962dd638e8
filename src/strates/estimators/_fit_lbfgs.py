"""One fit by L-BFGS, reported an iteration at a time."""

from __future__ import annotations

import copy
import sys
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from strates._types import AnyArray
from strates.engine.epoch import Epoch
from strates.engine.lbfgs import make_blocks, minimize_lbfgs, objective
from strates.estimators._callbacks import FitTasks
from strates.estimators._gradient_fit import Validation
from strates.estimators._stopping import Stopping
from strates.estimators._training_rows import TrainingRows
from strates.exceptions import ParameterError, StratesWarning


def fit_by_lbfgs(
    estimator: Any, data: TrainingRows, start: list[AnyArray], tasks: FitTasks, validation: Validation | None
) -> None:
    """Train an estimator's architecture on all rows at once.

    Parameters
    ----------
    estimator : BaseNetworkClassifier
        Its architecture is set; receives weights and attributes.
    data : TrainingRows
    start : list of ndarray
    tasks : FitTasks
    validation : Validation or None
        Rows to watch.
    """
    if tasks.checkpoints:
        raise ParameterError(
            "Checkpoint needs a gradient solver: the memory of L-BFGS cannot be saved. Use solver='adam' or 'sgd'."
        )
    run = _Run(estimator, start, tasks, validation)
    architecture = estimator._architecture
    tasks.record(0, 0, estimator.max_iter, lambda: run.usable(start))
    try:
        found = minimize_lbfgs(
            run.goal, start, *data, penalties=estimator._penalties(architecture, len(data.weights)),
            max_iter=estimator.max_iter, max_fun=estimator.max_fun, gtol=estimator.tol, ftol=estimator._lbfgs_ftol,
            on_epoch=run.see,
        )  # fmt: skip
    except KeyboardInterrupt:
        warnings.warn(
            f"Training interrupted by user in epoch {len(run.epochs) + 1}. The estimator keeps the best weights so far "
            "and can be used.",
            StratesWarning,
            stacklevel=2,
        )
    else:
        found = estimator._after_lbfgs(found, data, run.see)
        run.weights = found.weights
        if not found.converged and not run.stopped:
            warnings.warn(
                f"lbfgs failed to converge after {found.n_iter} iterations ({found.message}; gradient norm "
                f"{found.gradient_norm:.2g}). Increase max_iter, or scale the inputs.",
                ConvergenceWarning,
                stacklevel=2,
            )
    run.hand_over(len(data.weights))


class _Run:
    """The consumers of L-BFGS's iterations, each of which counts as an epoch."""

    def __init__(self, estimator: Any, start: list[AnyArray], tasks: FitTasks, validation: Validation | None) -> None:
        self.goal = objective(estimator._architecture, estimator._kind)
        self.weights = start
        self.epochs: list[Epoch] = []
        self.stopped = False
        self._estimator, self._tasks = estimator, tasks
        self._stopping = Stopping(False, estimator.tol, np.inf)
        self._before = estimator._epochs_done
        self._watched = (
            None if validation is None else make_blocks(validation.X, validation.targets, validation.weights)
        )

    def see(self, epoch: Epoch, values: list[AnyArray]) -> bool:
        """Take an iteration in; return whether a callback asks to stop."""
        number = len(self.epochs) + 1
        self._tasks.begin(self._before + number)
        if self._watched is not None:
            loss, _, hits = self.goal.value_and_gradient(self.goal.pack(values), self._watched, 0.0)
            epoch = replace(epoch, validation_loss=loss, validation_score=hits)
        epoch = replace(epoch, number=self._before + number)
        self.weights = values
        self.epochs.append(epoch)
        self._stopping.see(epoch)
        if self._estimator.verbose:
            sys.stdout.write(f"Iteration {epoch.number}, loss = {epoch.loss:.8f}\n")
        self._tasks.record(number, number, self._estimator.max_iter, lambda: self.usable(values))
        self.stopped = self._tasks.end(lambda: vars(self.usable(values)))
        return self.stopped

    def usable(self, values: list[AnyArray]) -> Any:
        """Return a copy of the estimator as if the fit had stopped with these weights."""
        frozen = copy.copy(self._estimator)
        frozen._weights, frozen._cache = [np.asarray(v, np.float32) for v in values], {}
        frozen._tell(list(self.epochs), len(self.epochs), self._stopping, self._watched is not None)
        return frozen

    def hand_over(self, n_samples: int) -> None:
        """Make the estimator what the fit has come to."""
        estimator, n = self._estimator, len(self.epochs)
        estimator._weights = [np.asarray(w, np.float32) for w in self.weights]
        estimator._exact_weights = self.weights
        estimator._epochs_done += n
        estimator.t_ += n * n_samples
        estimator._tell([*estimator._epochs, *self.epochs], n, self._stopping, self._watched is not None)
        self._tasks.close_recordings(n, n, lambda: self.usable(self.weights))
