"""Numbers that studies take from a run, beside its scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from strates.inspection.activation_statistics import activation_statistics
from strates.inspection.boundary_complexity import boundary_complexity
from strates.studies.run import Run


def complexity(run: Run) -> float:
    """Return the mean gradient norm of the probabilities over the test rows: how sharply the answer changes."""
    return boundary_complexity(run.estimator, run.X_test).mean


def zero_share(run: Run) -> float:
    """Return the share of weights (biases aside) that are exactly zero, in [0, 1]."""
    weights = np.concatenate([w.ravel() for w in run.classifier.coefs_])
    return float((weights == 0).mean())


def weight_norm(run: Run) -> float:
    """Return the Euclidean norm of all weights together, biases aside."""
    return float(np.sqrt(sum(np.square(w, dtype=np.float64).sum() for w in run.classifier.coefs_)))


def n_weights(run: Run) -> float:
    """Return how many numbers the network learns, biases among them."""
    return float(sum(w.size for w in (*run.classifier.coefs_, *run.classifier.intercepts_)))


def initial_std(run: Run) -> float:
    """Return the standard deviation of the last hidden layer's activations before any training; NaN without one."""
    return _last(run.initial_activations, "std")


def initial_saturated(run: Run) -> float:
    """Return the share of the last hidden layer's activations that are saturated before any training."""
    return _last(run.initial_activations, "saturated")


def dead_share(run: Run) -> float:
    """Return the share of the units of all hidden layers that no training row wakes, after the fit; NaN unless ReLU."""
    if run.classifier.activation != "relu":
        return np.nan
    dead = activation_statistics(run.estimator, run.X_train)["dead"]
    return float(np.average(dead, weights=np.atleast_1d(run.classifier.hidden_layer_sizes))) if len(dead) else np.nan


def _last(statistics: pd.DataFrame, column: str) -> float:
    return float(statistics[column].iloc[-1]) if len(statistics) else np.nan
