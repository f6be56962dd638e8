"""One fit of a study, and the numbers that every study takes from it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from strates._types import AnyArray
from strates.exceptions import DivergenceError, StratesWarning
from strates.inspection.activation_statistics import activation_statistics
from strates.inspection.network_inputs import split_pipeline
from strates.inspection.outcome import predict_outcome
from strates.studies.setting import Setting

_INTERRUPTED = "Training interrupted by user"
#: Training rows that initial activations are measured on, at most: their standard deviation needs no more.
INITIAL_ROWS = 500
SCORES = ("train_accuracy", "test_accuracy", "train_loss", "test_loss", "n_iter")


@dataclass(frozen=True, eq=False)
class Run:
    """A fitted estimator, and the rows of its seed: what a study's own measures are given.

    Attributes
    ----------
    estimator : classifier or pipeline
        Fitted on the training rows.
    setting : Setting
    seed : int
    X_train, X_test : DataFrame, array or sparse matrix
    y_train, y_test : ndarray
    """

    estimator: Any
    setting: Setting
    seed: int
    X_train: Any
    y_train: AnyArray
    X_test: Any
    y_test: AnyArray

    @property
    def classifier(self) -> Any:
        """The estimator itself, or its last step."""
        return split_pipeline(self.estimator)[1]

    @cached_property
    def initial_activations(self) -> pd.DataFrame:
        """What :func:`strates.inspection.activation_statistics` says of the network before any training."""
        return activation_statistics(self.estimator, self.X_train[:INITIAL_ROWS], initial=True)

    def scores(self) -> dict[str, float]:
        """Return accuracy and mean cross-entropy on both parts, and the epochs taken."""
        found: dict[str, float] = {}
        parts = {"train": (self.X_train, self.y_train), "test": (self.X_test, self.y_test)}
        for name, (X, y) in parts.items():
            outcome = predict_outcome(self.estimator, X, y)
            found[f"{name}_accuracy"] = float(outcome.correct.mean())
            found[f"{name}_loss"] = float(-np.log(outcome.true_probability()).mean())
        found["n_iter"] = float(np.max(getattr(self.classifier, "n_iter_", np.nan)))
        return {name: found[name] for name in SCORES}


Measures = Mapping[str, Callable[[Run], float]]


def fit_run(run: Run) -> tuple[float, bool]:
    """Fit a run's estimator on its training rows.

    Parameters
    ----------
    run : Run
        Its estimator is not fitted yet.

    Returns
    -------
    seconds : float
    diverged : bool
        Whether the loss stopped being finite; the estimator is then not fitted.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C, also where the fit would have ended early and gone on: half a fit is no run of a study.
    """
    start = time.perf_counter()
    diverged = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # n_iter tells it, for each run
        warnings.filterwarnings("error", message=_INTERRUPTED, category=StratesWarning)
        try:
            run.estimator.fit(run.X_train, run.y_train)
        except DivergenceError:
            diverged = True
        except StratesWarning as warning:
            if not str(warning).startswith(_INTERRUPTED):
                raise
            raise KeyboardInterrupt from warning
    return time.perf_counter() - start, diverged
