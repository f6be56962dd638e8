"""A plane in the space of a table's numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from strates._types import FloatArray
from strates.exceptions import DataError
from strates.inspection.numeric_columns import NumericColumns


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane with two axes: points of it stand for rows of the table's form, and rows are drawn at points of it.

    Distances are Euclidean after each column is divided by its standard deviation ``scale``. A row is drawn at the
    nearest point of the plane, but on the "discriminant" plane at the point with the row's own discriminants.

    Attributes
    ----------
    kind : {"features", "pca", "rows", "discriminant"}
        How it was chosen.
    axis_names : tuple of two str
        What the axes are.
    columns : NumericColumns
        The n_numeric columns of numbers that vary, and what all other columns are held at.
    origin : ndarray of shape (n_numeric,)
        The row at point (0, 0), in the columns' units.
    directions : ndarray of shape (2, n_numeric)
        What a step of 1 along each axis adds, in the columns' units: point p stands for ``origin + p @ directions``.
    projection : ndarray of shape (n_numeric, 2)
        A row is drawn at ``(row - origin) / scale @ projection``.
    scale : ndarray of shape (n_numeric,)
        Standard deviations of the columns.
    note : str
        What the plane leaves out, in words.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from strates.inspection import decision_boundary
    >>> X, y = load_iris(return_X_y=True)
    >>> plane = decision_boundary(LogisticRegression(max_iter=1000).fit(X, y), X, resolution=20).plane
    >>> back = plane.rows(plane.project(X[:1]))  # what the first row becomes on the plane
    >>> round(float(plane.distances(X[:1])[0]), 2), round(float(plane.distances(back)[0]), 6)
    (0.13, 0.0)
    """

    kind: str
    axis_names: tuple[str, str]
    columns: NumericColumns
    origin: FloatArray
    directions: FloatArray
    projection: FloatArray
    scale: FloatArray
    note: str = ""

    @property
    def same_unit(self) -> bool:
        """Whether a step means as much along both axes, so that a circle should look round."""
        return self.kind != "features"

    @property
    def n_columns(self) -> int:
        """How many values a row has, whether the plane spans their columns or holds them."""
        return int(np.prod(self.columns.held.shape[1:]))

    def project(self, X: Any) -> FloatArray:
        """Return the point of the plane where each row is drawn.

        Parameters
        ----------
        X : DataFrame or array of n_rows rows
            Of the table's form.

        Returns
        -------
        ndarray of shape (n_rows, 2)
            NaN for a row that lacks a number which the axes are made of.

        Raises
        ------
        DataError
            X has other columns.
        """
        return self._points(self._standardized(X))

    def rows(self, points: ArrayLike) -> Any:
        """Return the rows that points of the plane stand for.

        Parameters
        ----------
        points : array-like of shape (n_points, 2)

        Returns
        -------
        DataFrame or ndarray of n_points rows
            Of the table's form; columns that are not in ``columns`` hold what they are held at.

        Raises
        ------
        DataError
            The points have another shape.
        """
        places: FloatArray = np.asarray(points, dtype=float)
        if places.ndim != 2 or places.shape[1] != 2:
            raise DataError(f"The points have shape {places.shape}; expected two coordinates a point: (n_points, 2).")
        return self.columns.rows(self.origin + places @ self.directions)

    def distances(self, X: Any) -> FloatArray:
        """Return how far each row lies from the point where it is drawn.

        Parameters
        ----------
        X : DataFrame or array of n_rows rows
            Of the table's form.

        Returns
        -------
        ndarray of shape (n_rows,)
            In standard deviations. A missing number of a column that the plane only holds counts as at the plane; a
            row that lacks a number which the axes are made of has NaN.

        Raises
        ------
        DataError
            X has other columns.
        """
        standardized = self._standardized(X)
        rest = standardized - self._points(standardized) @ self._steps
        held = ~self._in_axes
        rest[:, held] = np.nan_to_num(rest[:, held])
        distances: FloatArray = np.linalg.norm(rest, axis=1)
        return distances

    def explained_variance(self, X: Any) -> float:
        """Return the share of the rows' variance that lies along the plane, after each column is divided by ``scale``.

        Parameters
        ----------
        X : DataFrame or array of n_rows rows
            Of the table's form. Missing numbers count as the column's mean.

        Returns
        -------
        float
            In [0, 1]; 1 when the rows vary along the plane only, or not at all.

        Raises
        ------
        DataError
            X has other columns.
        """
        centred = self._centred(X)
        total = float(np.square(centred).sum())
        if total == 0:
            return 1.0
        basis, _ = np.linalg.qr(self._steps.T)
        return min(1.0, float(np.square(centred @ basis).sum()) / total)

    def spread(self, X: Any) -> float:
        """Return the mean distance from the rows to their centre, to compare that of :meth:`distances` with.

        Parameters
        ----------
        X : DataFrame or array of n_rows rows
            Of the table's form. Missing numbers count as the column's mean.

        Returns
        -------
        float
            In standard deviations.

        Raises
        ------
        DataError
            X has other columns.
        """
        return float(np.linalg.norm(self._centred(X), axis=1).mean())

    @property
    def _steps(self) -> FloatArray:
        """The directions in standard deviations, of shape (2, n_numeric)."""
        return self.directions / self.scale

    @property
    def _in_axes(self) -> Any:
        """Whether each column is one that the axes are made of."""
        return (self.projection != 0).any(axis=1)

    def _standardized(self, X: Any) -> FloatArray:
        return (self.columns.values(X) - self.origin) / self.scale

    def _centred(self, X: Any) -> FloatArray:
        standardized = self._standardized(X)
        known = ~np.isnan(standardized)
        means = np.where(known, standardized, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        return np.where(known, standardized - means, 0)

    def _points(self, standardized: FloatArray) -> FloatArray:
        taken = self._in_axes
        points: FloatArray = standardized[:, taken] @ self.projection[taken]
        return points
