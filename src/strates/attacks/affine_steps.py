"""What the steps before a pipeline's classifier do, as one affine map, where it is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from strates._types import AnyArray, FloatArray
from strates.engine.affine_front import AffineMap
from strates.exceptions import ParameterError

#: Largest error of the map, as a share of a column's spread, up to which a step that is not known counts as affine.
_TOLERANCE = 1e-5
#: Columns up to which a step that is not known is asked, one changed row for each.
_MOST_COLUMNS = 4096
#: How far around the rows the map is made sure of, in standard deviations.
_REACH = 0.5


def affine_map(steps: Any, X: Any) -> AffineMap:
    """Return the steps of a pipeline as one map.

    Scalers, PCA and their like are read by their learned attributes. Any other step is asked what it makes of the rows
    and of rows near them, and is taken to be affine where one map explains all of its answers. Whether an attack
    succeeded is judged by the pipeline itself in any case.

    Parameters
    ----------
    steps : fitted Pipeline
        All steps but the classifier.
    X : DataFrame or ndarray of shape (n_rows, n_columns)
        Rows as the pipeline takes them, all numbers.

    Returns
    -------
    AffineMap

    Raises
    ------
    ParameterError
        A step is not affine.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> X = np.array([[0.0, 10.0], [4.0, 30.0]])
    >>> steps = make_pipeline(MinMaxScaler(), StandardScaler()).fit(X)
    >>> affine_map(steps, X)(X)
    array([[-1., -1.],
           [ 1.,  1.]])
    """
    n_columns = X.shape[1]
    whole = AffineMap(np.zeros(n_columns), np.ones(n_columns), np.zeros(n_columns))
    rows = X
    for name, step in steps.steps:
        if step is None or isinstance(step, str):  # "passthrough"
            continue
        if hasattr(step, "steps"):
            found: AffineMap | None = affine_map(step, rows)
        else:
            found = known_map(step, rows.shape[1]) or probed_map(step.transform, rows)
        if found is None:
            raise ParameterError(
                f"The pipeline's step {name!r} ({type(step).__name__}) is not an affine map of its columns, so that "
                "gradients do not reach the rows through it. Attack the network's own inputs: "
                "perturb(pipeline[-1], pipeline[:-1].transform(X), y), or use TabularAttack or Square, which need no "
                "gradient."
            )
        whole = whole.then(found)
        rows = step.transform(rows)
    return whole


def known_map(step: Any, n_columns: int) -> AffineMap | None:
    """Return the map of a transformer whose formula is known; None of any other, or of one that cuts values off."""
    kind, zeros, ones = type(step), np.zeros(n_columns), np.ones(n_columns)
    if getattr(step, "clip", False):
        return None
    if kind is StandardScaler:
        centre = step.mean_ if step.with_mean else zeros
        return AffineMap(np.asarray(centre), 1 / step.scale_ if step.with_std else ones, zeros)
    if kind is MinMaxScaler:
        return AffineMap(step.data_min_, step.scale_, np.full(n_columns, float(step.feature_range[0])))
    if kind is MaxAbsScaler:
        return AffineMap(zeros, 1 / step.scale_, zeros)
    if kind is RobustScaler:
        centre = step.center_ if step.with_centering else zeros
        return AffineMap(np.asarray(centre), 1 / step.scale_ if step.with_scaling else ones, zeros)
    if kind in (PCA, IncrementalPCA):
        matrix = step.components_.T
        if step.whiten:
            matrix = matrix / np.sqrt(np.maximum(step.explained_variance_, np.finfo(matrix.dtype).eps))
        return AffineMap(step.mean_, matrix, np.zeros(matrix.shape[1]))
    if kind is TruncatedSVD:
        return AffineMap(zeros, step.components_.T, np.zeros(len(step.components_)))
    if kind is FunctionTransformer and step.func is None:
        return AffineMap(zeros, ones, zeros)
    return None


def probed_map(transform: Callable[[Any], Any], X: Any) -> AffineMap | None:
    """Find the affine map that a transformer is, from what it answers; None where there is none.

    Parameters
    ----------
    transform : callable
    X : DataFrame or ndarray of shape (n_rows, n_columns)

    Returns
    -------
    AffineMap or None
    """
    n_columns = X.shape[1]
    if n_columns > _MOST_COLUMNS:
        return None
    try:
        rows = np.asarray(X, np.float64)
        centre, spread = rows.mean(axis=0), rows.std(axis=0)
        spread[spread == 0] = 1.0

        def ask(points: AnyArray) -> FloatArray:
            found = transform(pd.DataFrame(points, columns=X.columns) if isinstance(X, pd.DataFrame) else points)
            return np.asarray(found.toarray() if hasattr(found, "toarray") else found, np.float64)

        steps = np.diag(spread)
        answers = ask(np.vstack([centre, centre + steps]))
        linear = (answers[1:] - answers[0]) / spread[:, None]
        square = linear.shape[0] == linear.shape[1]
        diagonal = square and not np.any(linear - np.diag(np.diag(linear)))
        found = AffineMap(centre, np.diag(linear).copy() if diagonal else linear, answers[0])
        draw = np.random.default_rng(0)
        # the rows, their surroundings, and points between them: what clips or squashes shows at one of these
        near = rows + _REACH * spread * draw.uniform(-1, 1, rows.shape)
        points = np.vstack([rows, near, (rows + rows[draw.permutation(len(rows))]) / 2])
        wanted = ask(points)
    except (TypeError, ValueError):  # refuses such rows: columns of words, values outside of a domain
        return None
    scale = np.maximum(np.abs(linear).T @ spread, np.finfo(np.float32).tiny)
    errors = np.abs(found(points) - wanted) / scale
    return found if bool((errors <= _TOLERANCE).all()) else None
