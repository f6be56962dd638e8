"""What a classifier answers on the grid of a plane, with the rows beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.exceptions import DataError, ParameterError
from strates.inspection.array_text import array_from_text, array_to_text
from strates.inspection.outcome import sample_rows
from strates.inspection.plane import Plane
from strates.inspection.record import Record

_ARRAYS = ("x", "y", "probabilities", "points", "distances", "labels", "predicted", "background")
_CELLS_A_CALL = 20_000_000


def ask_on_plane(est: Any, plane: Plane, points: FloatArray) -> FloatArray:
    """Ask a classifier at points of a plane, in one call where they fit into memory.

    Parameters
    ----------
    est : fitted classifier or pipeline
    plane : Plane
    points : ndarray of shape (n_points, 2)

    Returns
    -------
    ndarray of shape (n_points, n_classes)

    Raises
    ------
    DataError
        A probability is not finite.
    """
    size = max(1, _CELLS_A_CALL // plane.n_columns)
    parts = [
        np.asarray(est.predict_proba(plane.rows(points[start : start + size]))) for start in range(0, len(points), size)
    ]
    answers = np.concatenate(parts)
    if not np.isfinite(answers).all():
        raise DataError(
            f"predict_proba gave {int((~np.isfinite(answers)).sum()):,} values on the plane that are not finite. Fit "
            "again with a smaller learning rate, or look for infinite values in the training rows."
        )
    return answers


@dataclass(frozen=True, eq=False, kw_only=True)
class DecisionBoundary(Record):
    """Probabilities on the grid of a plane, the rows beside it, and what the plane hides.

    It goes to JSON and back; the plane itself stays behind, for it holds rows of the table.

    Attributes
    ----------
    kind : {"features", "pca", "rows", "discriminant"}
        How the plane was chosen.
    axis_names : tuple of two str
        What the axes are.
    x, y : ndarray of shape (n,)
        Coordinates of the grid along the axes, increasing.
    probabilities : ndarray of shape (n, n, n_classes), float32
        ``probabilities[i, j]`` belongs to the point ``(x[j], y[i])``.
    classes : tuple of str
        Names of the classes, in the order of the probabilities.
    points : ndarray of shape (n_rows, 2)
        The rows, each at the point of the plane that is nearest to it.
    distances : ndarray of shape (n_rows,)
        From each row to that point, after each column is divided by its standard deviation.
    labels : ndarray of shape (n_rows,) or None
        Index in ``classes`` of each row's true class.
    predicted : ndarray of shape (n_rows,)
        Index of the class that the classifier gives the row itself.
    background : ndarray of shape (n_rows,)
        Index of the class that it gives the point of the plane where the row is drawn.
    explained_variance : float
        Share of the rows' variance that lies along the plane, in [0, 1].
    mean_distance, max_distance : float
        Of ``distances``, over all rows.
    spread : float
        Mean distance from the rows to their centre, in the same unit: what to compare ``mean_distance`` with.
    disagreement : float
        Share of all rows that lie over a background of another class than the classifier gives the row itself.
    n_rows : int
        Rows that have a place on the plane; ``points`` may hold a sample of them, after :meth:`compact`.
    n_left_out : int
        Rows that lack a number which the axes are made of.
    n_merged : int
        Classes that the last of ``classes`` stands for, after a choice of some; 0 when it is one itself.
    marks : dict of str to tuple of two floats
        Names and points of the rows that define the plane, where three do.
    note : str
        What the plane leaves out, in words.
    plane : Plane or None
        Its geometry; None once it went through JSON.
    """

    kind: str
    axis_names: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    probabilities: FloatArray
    classes: tuple[str, ...]
    points: FloatArray
    distances: FloatArray
    labels: NDArray[np.intp] | None
    predicted: NDArray[np.intp]
    background: NDArray[np.intp]
    explained_variance: float
    mean_distance: float
    max_distance: float
    spread: float
    disagreement: float
    n_rows: int
    n_left_out: int
    n_merged: int = 0
    marks: dict[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    note: str = ""
    plane: Plane | None = None

    @property
    def same_unit(self) -> bool:
        """Whether a step means as much along both axes."""
        return self.kind != "features"

    @property
    def mistakes(self) -> NDArray[np.bool_] | None:
        """Whether the classifier gives each row another class than its own, of shape (n_rows,); None without labels."""
        return None if self.labels is None else np.not_equal(self.labels, self.predicted)

    def grid(self) -> FloatArray:
        """Return the points of the grid, of shape (n * n, 2), in the order of ``probabilities.reshape(n * n, -1)``."""
        x, y = np.meshgrid(self.x, self.y)
        return np.column_stack([x.ravel(), y.ravel()])

    def probabilities_of(self, est: Any) -> FloatArray:
        """Ask another classifier on the same grid, such as one frame of a recording.

        Parameters
        ----------
        est : fitted classifier or pipeline
            With the same classes.

        Returns
        -------
        ndarray of shape (n, n, n_classes), float32

        Raises
        ------
        ParameterError
            The plane is gone (it does not go through JSON), or the classes are others.
        """
        if self.plane is None:
            raise ParameterError("This boundary came from a file, without its plane. Compute it anew from the rows.")
        answers = ask_on_plane(est, self.plane, self.grid())
        if answers.shape[1] != len(self.classes):
            raise ParameterError(
                f"The classifier knows {answers.shape[1]} classes, the boundary shows {len(self.classes)}: "
                f"{', '.join(self.classes)}. Give one that was fitted on the same classes, and show them all."
            )
        return answers.reshape(self.probabilities.shape)

    def compact(self, max_rows: int = 1000) -> Self:
        """Return it with a sample of the rows, in half precision and without its plane: small enough for a file.

        Parameters
        ----------
        max_rows : int, default=1000
            Rows to keep at most (about: each class keeps one at least). Shares and means stay those of all rows.

        Returns
        -------
        DecisionBoundary
        """
        kept = sample_rows(self.predicted if self.labels is None else self.labels, max_rows, 0)
        return dataclasses.replace(
            self,
            probabilities=self.probabilities.astype(np.float16),
            points=self.points[kept].astype(np.float32),
            distances=self.distances[kept].astype(np.float32),
            labels=None if self.labels is None else self.labels[kept].astype(np.int16),
            predicted=self.predicted[kept].astype(np.int16),
            background=self.background[kept].astype(np.int16),
            plane=None,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as ``json`` can write them: arrays as base64, without loss; the plane left out."""
        bare = dataclasses.replace(self, plane=None, **dict.fromkeys(_ARRAYS))  # type: ignore[arg-type]
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        texts = {name: None if array is None else array_to_text(array) for name, array in arrays.items()}
        return {**Record.to_dict(bare), **texts}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build it from what :meth:`to_dict` returned.

        Parameters
        ----------
        values : mapping
            Names of fields to plain values.

        Returns
        -------
        DecisionBoundary

        Raises
        ------
        DataError
            A field is missing.
        """
        found = super().from_dict(values)
        texts = {name: getattr(found, name) for name in _ARRAYS}
        arrays: dict[str, Any] = {name: None if text is None else array_from_text(text) for name, text in texts.items()}
        return dataclasses.replace(found, **arrays)
