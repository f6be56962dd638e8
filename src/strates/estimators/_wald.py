"""Wald's inference on the coefficients of a logistic regression."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import eigh
from scipy.stats import norm

from strates._types import AnyArray
from strates.engine.linear_likelihood import LinearLikelihood
from strates.engine.newton import newton
from strates.exceptions import DataError

#: Smallest eigenvalue of the scaled information, relative to the largest, with which columns count as independent:
#: float32 inputs that are collinear are so to seven digits, and the eigenvalue is their square.
_DEPENDENT = 1e-12


def separation(likelihood: LinearLikelihood, theta: AnyArray) -> str | None:
    """Return "complete" when some weights put every row on the side of its class, else None."""
    return "complete" if (likelihood.margins(theta)[likelihood.weights > 0] > 0).all() else None


def separation_message(kind: str, names: list[str], direction: AnyArray, X: Any) -> str:
    """Say that there is no maximum-likelihood estimate, and why."""
    mean = np.asarray(X.mean(axis=0), np.float64).ravel()
    square = X.multiply(X) if hasattr(X, "multiply") else np.square(X, dtype=np.float64)
    spread = np.sqrt(np.maximum(np.asarray(square.mean(axis=0), np.float64).ravel() - mean**2, 0))
    weight = np.abs(direction[:-1]).max(axis=1) * spread
    order = [j for j in np.argsort(-weight)[:3] if weight[j] > 0.1 * weight.max(initial=0.0)]
    along = f", above all along {', '.join(repr(names[j]) for j in order)}" if order else ""
    how = (
        "a linear function of the features tells all rows' classes apart"
        if kind == "complete"
        else "a linear function of the features tells some rows' classes apart without a mistake"
    )
    return (
        f"The classes are separated ({kind} separation): {how}{along}. The maximum-likelihood estimate does not exist: "
        "coefficients grow without end, and mean nothing. Use alpha > 0, or drop or merge what separates."
    )


def standard_errors(information: AnyArray, names: list[str], n_columns: int) -> AnyArray:
    """Return the square roots of the diagonal of the information's inverse.

    Raises
    ------
    DataError
        The information is singular: features are linear functions of one another.
    """
    diagonal = np.diag(information)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = eigh(information * scale[:, None] * scale)
    if values[0] <= _DEPENDENT * values[-1]:
        # the direction that the data do not see, the same for each class
        share = np.abs(vectors[:, 0]).reshape(-1, n_columns).max(axis=1)
        involved = [name for name, s in zip(names, share, strict=True) if s > 0.05 * share.max()]
        shown = ", ".join(involved[:8]) + (", ..." if len(involved) > 8 else "")
        raise DataError(
            "The information matrix is singular: these columns are constant or linear functions of one another: "
            f"{shown}. Their coefficients have no standard errors of their own. Drop one of them (of the indicators of "
            "a category, one), or use alpha > 0."
        )
    variances = ((vectors * scale[:, None]) ** 2 / values).sum(axis=1)
    errors: AnyArray = np.sqrt(variances)
    return errors


def wald_table(
    likelihood: LinearLikelihood, theta: AnyArray, classes: AnyArray, names: list[str], level: float
) -> tuple[pd.DataFrame, float]:
    """Return the table of :meth:`LogisticRegression.summary`, and how far its estimates are from the optimum.

    Parameters
    ----------
    likelihood : LinearLikelihood
        Of the rows that were learned from, weights being counts.
    theta : ndarray of shape (n_features + 1, n_outputs)
    classes : ndarray of shape (n_classes,)
    names : list of str
        One a row of ``theta``.
    level : float

    Returns
    -------
    table : DataFrame
    distance : float
        Of the estimate from the maximum-likelihood estimate, in standard errors.
    """
    kind, direction = separation(likelihood, theta), theta
    found = None if kind else newton(likelihood, theta)
    if found is None or found.recession is not None:
        if found is not None and found.recession is not None:
            kind, direction = "quasi-complete", found.recession
        raise DataError(separation_message(str(kind), names[:-1], direction, likelihood.X))
    information, step = likelihood.hessian(theta), found.theta - theta
    if likelihood.n_outputs == 1:
        contrasts, shown = theta, classes[1:]
    else:  # the first class's coefficients are zero, and the others' are told from it
        contrasts, shown = (theta - theta[:, :1])[:, 1:], classes[1:]
        step = (step - step[:, :1])[:, 1:]
        kept = np.arange(theta.size).reshape(theta.shape)[:, 1:].ravel()
        information = information[np.ix_(kept, kept)]
    errors = standard_errors(information, names, contrasts.shape[1]).reshape(contrasts.shape)
    z, width = contrasts / errors, norm.ppf(0.5 + level / 2) * errors
    # class by class, the intercept first
    order = [len(names) - 1, *range(len(names) - 1)]
    with np.errstate(over="ignore"):  # an odds ratio may be too large for a number
        columns = {
            "coefficient": contrasts,
            "odds_ratio": np.exp(contrasts),
            "std_error": errors,
            "z": z,
            "p_value": 2 * norm.sf(np.abs(z)),
            "low": contrasts - width,
            "high": contrasts + width,
            "odds_ratio_low": np.exp(contrasts - width),
            "odds_ratio_high": np.exp(contrasts + width),
        }
    table = pd.DataFrame(
        {
            "class": np.repeat(shown, len(names)),
            "feature": [names[j] for j in order] * len(shown),
            **{name: values[order].T.ravel() for name, values in columns.items()},
        }
    )
    return table, float(np.abs(step / errors).max())
