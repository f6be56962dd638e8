"""How sharply a network's answers change with its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.engine.gradients import class_gradient
from strates.exceptions import DataError, ParameterError
from strates.inspection.intervals import mean_interval
from strates.inspection.network_inputs import network_inputs

_STEPS = {"Greater", "GreaterEqual", "Argmax"}  # operations of a network of threshold units


@dataclass(frozen=True, eq=False)
class BoundaryComplexity:
    """The mean gradient norm of the probabilities over some rows.

    Attributes
    ----------
    mean : float
        Change of the probabilities per standard deviation of the inputs; 0 for a constant answer.
    low, high : float
        95 % interval of ``mean`` over the rows.
    norms : ndarray of shape (n_rows,)
        Row by row.
    """

    mean: float
    low: float
    high: float
    norms: FloatArray


def boundary_complexity(clf: Any, X: Any) -> BoundaryComplexity:
    """Measure how sharply the probabilities change with the inputs, over some rows.

    For each row it takes the Frobenius norm of the matrix of derivatives of all probabilities by all inputs, each input
    in units of its standard deviation over the rows. The mean tells how much boundary lies among the rows: on a way
    across a boundary the norms sum up to the same however sharp it is, so that a sharp one raises few norms much and a
    soft one many a little. It falls to 0 as a strong penalty flattens the answers; between weak penalties it may go
    either way, while the largest of ``norms`` tells the sharpness.

    Through a pipeline the inputs are the network's own: what the steps before it make of the table, categories as
    indicators among them.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        A network of strates, or a pipeline that ends in one.
    X : DataFrame or array of n_rows rows
        What it takes.

    Returns
    -------
    BoundaryComplexity

    Raises
    ------
    ParameterError
        It is no network, or one of steps, which have no slope.
    DataError
        There are fewer than two rows.

    References
    ----------
    R. Novak et al. (2018), Sensitivity and generalization in neural networks: an empirical study, ICLR. They take the
    inputs as they are.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from strates import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> loose, tight = (
    ...     boundary_complexity(make_pipeline(StandardScaler(), LogisticRegression(alpha=alpha)).fit(X, y), X).mean
    ...     for alpha in (1e-2, 1.0)
    ... )
    >>> loose > tight
    True
    """
    inputs, last = network_inputs(clf, X)
    if inputs.shape[0] < 2:
        raise DataError(
            f"X has {inputs.shape[0]} row; the standard deviations of the inputs are taken from the rows. Give two at "
            "least, such as those that were held out."
        )
    network = last.network_
    if any(type(step).__name__ in _STEPS for step in getattr(network, "operations", ())):
        raise ParameterError(
            "A perceptron answers in steps, which have no slope between them. Take a LogisticRegression."
        )
    rows = np.asarray(inputs.toarray() if hasattr(inputs, "toarray") else inputs, dtype=np.float64)
    _, jacobian = class_gradient(network, rows)
    scaled = jacobian.astype(np.float64) * rows.std(axis=0)
    norms: FloatArray = np.sqrt(np.square(scaled).sum(axis=tuple(range(1, scaled.ndim))))
    mean, low, high = mean_interval(norms)
    return BoundaryComplexity(mean, max(0.0, low), high, norms)
