"""Where linear scores tie: the straight lines that part a plane among classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import AnyArray, FloatArray
from strates.inspection.record import Record

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class StraightBoundary(Record):
    """Scores that are linear in the plane, one a class: ``points @ slopes + offsets``; the largest decides.

    The region of a class is convex, and where two regions meet is a piece of a straight line.

    Attributes
    ----------
    slopes : ndarray of shape (2, n_classes)
        How the scores grow along the two axes.
    offsets : ndarray of shape (n_classes,)
        Scores at the origin of the plane.

    Examples
    --------
    >>> boundary = StraightBoundary(np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([0.0, -0.5]))  # x > 0.5
    >>> boundary.lines((0, 1, 0, 1))[0][2].tolist()
    [[0.5, 0.0], [0.5, 1.0]]
    """

    slopes: FloatArray
    offsets: FloatArray

    def scores(self, points: Any) -> FloatArray:
        """Return the score of each class.

        Parameters
        ----------
        points : array-like of shape (n_points, 2)

        Returns
        -------
        ndarray of shape (n_points, n_classes)
        """
        found: FloatArray = np.asarray(points, dtype=float) @ self.slopes + self.offsets
        return found

    def regions(self, box: Box) -> list[tuple[int, FloatArray]]:
        """Return the polygon that each class has in a box.

        Parameters
        ----------
        box : tuple of float
            Left, right, bottom, top.

        Returns
        -------
        list of (int, ndarray of shape (n_corners, 2))
            Number of the class and corners in order; classes that decide nowhere in the box are left out.
        """
        return [(k, corners) for k, corners, _ in self._polygons(box)]

    def lines(self, box: Box) -> list[tuple[int, int, FloatArray]]:
        """Return the pieces of straight lines where two classes tie and no other has a larger score.

        Parameters
        ----------
        box : tuple of float
            Left, right, bottom, top.

        Returns
        -------
        list of (int, int, ndarray of shape (2, 2))
            Numbers of the two classes, the smaller first, and both ends.
        """
        found = []
        for k, corners, rivals in self._polygons(box):
            for i, rival in enumerate(rivals):
                if rival > k:  # the other class has the same edge
                    found.append((k, rival, np.array([corners[i], corners[(i + 1) % len(corners)]])))
        return found

    def _polygons(self, box: Box) -> list[tuple[int, FloatArray, list[int]]]:
        """Return each class's polygon, and which class lies beyond each edge (-1: the box ends)."""
        left, right, bottom, top = box
        frame = np.array([[left, bottom], [right, bottom], [right, top], [left, top]], dtype=float)
        found = []
        for k in range(len(self.offsets)):
            corners, rivals = frame, [-1] * 4
            for j in range(len(self.offsets)):
                if j != k and len(corners):
                    slope, offset = self.slopes[:, k] - self.slopes[:, j], self.offsets[k] - self.offsets[j]
                    corners, rivals = _clip(corners, rivals, corners @ slope + offset, j)
            if len(corners) >= 3:
                found.append((k, corners, rivals))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return slopes and offsets as nested lists."""
        return {"slopes": self.slopes.tolist(), "offsets": self.offsets.tolist()}

    @classmethod
    def from_dict(cls, values: Any) -> StraightBoundary:
        """Build the boundary from what :meth:`to_dict` returned."""
        return cls(np.asarray(values["slopes"], dtype=float), np.asarray(values["offsets"], dtype=float))


def _clip(corners: AnyArray, rivals: list[int], margins: AnyArray, rival: int) -> tuple[AnyArray, list[int]]:
    """Keep the part of a convex polygon where margins are not negative (Sutherland and Hodgman, 1974)."""
    if (margins >= 0).all():
        return corners, rivals
    kept: list[AnyArray] = []
    beyond: list[int] = []
    for i in range(len(corners)):
        j = (i + 1) % len(corners)
        if margins[i] >= 0:
            kept.append(corners[i])
            beyond.append(rivals[i])
        if (margins[i] >= 0) != (margins[j] >= 0):
            share = margins[i] / (margins[i] - margins[j])
            kept.append(corners[i] + share * (corners[j] - corners[i]))
            beyond.append(rival if margins[i] >= 0 else rivals[i])
    return np.array(kept).reshape(-1, 2), beyond
