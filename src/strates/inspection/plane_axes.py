"""Pairs of axes that span a plane worth looking at, among columns that were divided by their standard deviations."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from strates._types import FloatArray
from strates.exceptions import DataError, ParameterError

_FLAT = 1e-10  # share of the variance, below which points count as lying on a line
_MOST_EXACT = 1000  # columns, above which principal components are found by a randomised method
_MAX_LOADINGS = 3


@dataclass(frozen=True, eq=False)
class PlaneAxes:
    """Two axes: a point p stands for the row ``p @ steps``, and a row z is drawn at ``z @ projection``.

    Attributes
    ----------
    steps : ndarray of shape (2, n_columns)
    projection : ndarray of shape (n_columns, 2)
        ``steps @ projection`` is the identity.
    words : tuple of two str
        What the axes are.
    """

    steps: FloatArray
    projection: FloatArray
    words: tuple[str, str]

    def names(self, columns: Sequence[str]) -> tuple[str, str]:
        """Return what the axes are, with the columns that weigh most in them."""
        first, second = (
            f"{word}; {_loadings(columns, weights / np.linalg.norm(weights))}"
            for word, weights in zip(self.words, self.projection.T, strict=True)
        )
        return first, second


def principal_axes(rows: FloatArray) -> PlaneAxes:
    """Return the first two principal components of centred rows, of shape (n_rows, n_columns).

    Raises
    ------
    DataError
        The rows lie on a line.
    """
    units = np.stack([_turned(unit) for unit in _components(rows, 2)])
    shares = np.square(rows @ units.T).sum(axis=0) / np.square(rows).sum()
    if shares[1] < _FLAT:
        raise DataError(
            "The rows lie on one line: after the first principal component no variance is left for a second axis. "
            "Choose two columns: features=(..., ...)."
        )
    first, second = (f"PC{k}: {_percent(share)} of variance" for k, share in enumerate(shares, start=1))
    return PlaneAxes(units, units.T, (first, second))


def discriminant_axes(rows: FloatArray, codes: NDArray[np.intp]) -> PlaneAxes:
    r"""Return the axes of linear discriminant analysis: the two sums of columns that tell the classes best apart.

    With W the weights of the discriminants (n_columns, 2) and S the covariance within the classes, a row z is drawn at
    W'z, as in any discriminant plot, where classes have a spread of 1 in every direction. A point p stands for the row
    S W (W'S W)^-1 p: of all rows drawn there, the nearest in the classes' own spread. Two classes have one discriminant
    only; the second axis is then the first principal component of what the first leaves.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        Centred.
    codes : ndarray of shape (n_rows,)
        The class of each.

    Returns
    -------
    PlaneAxes

    Raises
    ------
    DataError
        There is one class, not more rows than classes, or no difference to tell them by.
    """
    found, inverse = np.unique(codes, return_inverse=True)
    if len(found) < 2 or len(codes) <= len(found):
        raise DataError(
            f"{len(codes)} rows of {len(found)} classes have no discriminant; expected two classes at least, and more "
            "rows than classes. Give other rows, or take plane='pca'."
        )
    means = np.stack([rows[inverse == k].mean(axis=0) for k in range(len(found))])
    inner = rows - means[inverse]
    total = np.square(rows).sum()
    if np.square(inner).sum() < _FLAT * total or np.square(means).sum() < _FLAT:
        raise DataError(
            "The rows of a class do not differ, or the classes do not differ in their means, which leaves no "
            "discriminant. Take plane='pca', or choose two columns: features=(..., ...)."
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Variables are collinear")  # it then works in what they span
        analysis = LinearDiscriminantAnalysis().fit(rows, inverse)
    weights = np.stack([_turned(one) for one in analysis.scalings_[:, :2].T], axis=1)
    within = inner.T @ (inner @ weights)
    steps = np.linalg.solve(within.T @ weights, within.T)  # both are symmetric in S
    if weights.shape[1] == 2:
        shares = analysis.explained_variance_ratio_
        first, second = (f"LD{k}: {_percent(shares[k - 1])} of between-class variance" for k in (1, 2))
        return PlaneAxes(steps, weights, (first, second))
    left = rows - (rows @ weights) @ steps
    if np.square(left).sum() < _FLAT * total:
        raise DataError("The rows lie on one line, the discriminant. Choose two columns: features=(..., ...).")
    rest = _turned(_components(left, 1)[0])
    steps = np.stack([steps[0], rest])
    weights = np.column_stack([weights[:, 0], rest - weights[:, 0] * (steps[0] @ rest)])
    return PlaneAxes(steps, weights, ("LD1: what tells the two classes apart", "PC1 of the rest"))


def axes_through(rows: FloatArray, corners: FloatArray, names: Sequence[str]) -> PlaneAxes:
    """Return the axes of the plane through three points: the first leads from the first point to the second.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        Centred.
    corners : ndarray of shape (3, n_columns)
    names : sequence of three str
        Of the points.

    Returns
    -------
    PlaneAxes
        The second axis leads to the side of the third point.

    Raises
    ------
    ParameterError
        The points lie on a line.
    """
    across, aside = corners[1:] - corners[0]
    length = float(np.linalg.norm(across))
    first = across / length if length else across
    upright = aside - first * (first @ aside)
    height = float(np.linalg.norm(upright))
    if not length or height <= 1e-9 * float(np.linalg.norm(aside)):
        raise ParameterError("The three rows lie on one line, which many planes hold. Choose three that do not.")
    units = np.stack([first, upright / height])
    shares = np.square(rows @ units.T).sum(axis=0) / np.square(rows).sum()
    words = (f"from row {names[0]} to row {names[1]}", f"across, towards row {names[2]}")
    along, beside = (f"{word}: {_percent(share)} of variance" for word, share in zip(words, shares, strict=True))
    return PlaneAxes(units, units.T, (along, beside))


def _components(rows: FloatArray, n_components: int) -> FloatArray:
    solver = "covariance_eigh" if rows.shape[1] <= _MOST_EXACT else "randomized"
    components: FloatArray = PCA(n_components, svd_solver=solver, random_state=0).fit(rows).components_
    return components


def _turned(direction: FloatArray) -> FloatArray:
    """Turn a direction, whose sign means nothing, so that its largest number is positive."""
    return direction if direction[np.abs(direction).argmax()] > 0 else -direction


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\u202f%"


def _loadings(columns: Sequence[str], weights: FloatArray) -> str:
    largest = np.argsort(-np.abs(weights), kind="stable")[:_MAX_LOADINGS].tolist()
    signs = {True: "\u2212", False: "+"}
    shown = [f"{columns[place]} {signs[bool(weights[place] < 0)]}{abs(weights[place]):.2f}" for place in largest]
    return ", ".join(shown) + (", …" if len(weights) > len(largest) else "")
