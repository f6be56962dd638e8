"""A plane that is laid once for all frames of a recording, and the way from its points into the network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray
from strates.exceptions import DataError, ParameterError
from strates.inspection.boundary import DecisionBoundary
from strates.inspection.decision_boundary import decision_boundary
from strates.inspection.network_inputs import input_names
from strates.inspection.numeric_columns import as_rows
from strates.inspection.plane import Plane
from strates.inspection.recorded_fit import RecordedFit
from strates.inspection.shown_classes import ShownClasses

_CELLS_A_CALL = 20_000_000


@dataclass(frozen=True, eq=False)
class RecordedPlane:
    """The boundary of the last frame on its plane, which serves all frames.

    Attributes
    ----------
    boundary : DecisionBoundary
    plane : Plane
    rows : ndarray of shape (n_placed,)
        Places, among the rows given, of those that have a place on the plane.
    to_inputs : callable
        From rows like those of the plane to what reaches the network.
    """

    boundary: DecisionBoundary
    plane: Plane
    rows: NDArray[np.intp]
    to_inputs: Callable[[Any], Any]

    def inputs_at(self, points: FloatArray) -> Any:
        """Return points of the plane, of shape (n_points, 2), as they reach the network: once, for all frames."""
        size = max(1, _CELLS_A_CALL // self.plane.n_columns)
        parts = []
        for start in range(0, len(points), size):
            inputs = self.to_inputs(self.plane.rows(points[start : start + size]))
            parts.append(inputs.toarray() if hasattr(inputs, "toarray") else inputs)
        if len(parts) == 1:
            return parts[0]
        return pd.concat(parts, ignore_index=True) if hasattr(parts[0], "iloc") else np.concatenate(parts)


def lay_plane(
    fit: RecordedFit,
    X: Any,
    inputs: Any,
    y: Any,
    groups: ShownClasses,
    *,
    plane: str | Plane,
    features: Sequence[Any] | None,
    resolution: int,
) -> RecordedPlane:
    """Lay a plane through the table; where "auto" finds none, among the numbers that reach the network.

    Parameters
    ----------
    fit : RecordedFit
    X : DataFrame or array of n_rows rows
        As the user has them.
    inputs : array or DataFrame of n_rows rows
        As they reach the network.
    y : array-like of shape (n_rows,)
    groups : ShownClasses
    plane, features, resolution
        As :func:`strates.inspection.decision_boundary` takes them.

    Returns
    -------
    RecordedPlane

    Raises
    ------
    ParameterError
        A choice does not suit the rows.
    DataError
        They cannot be drawn.
    """
    classes = None if groups.numbers is None else np.asarray(fit.last.classes_)[groups.numbers].tolist()
    choices: dict[str, Any] = {"plane": plane, "features": features, "resolution": resolution, "classes": classes}
    try:
        return _laid(decision_boundary(fit.fitted, X, y, **choices), X, fit.inputs)
    except (ParameterError, DataError):
        if fit.before is None or features is not None or not (isinstance(plane, str) and plane == "auto"):
            raise
    numbers = np.asarray(inputs.toarray() if hasattr(inputs, "toarray") else inputs)
    table = pd.DataFrame(numbers, columns=list(input_names(fit.fitted, numbers.shape[1])))
    network = _OnNamedNumbers(fit.last)
    found = decision_boundary(network, table, y, **choices)
    note = f"The plane lies among the numbers that reach the network. {found.note}".strip()
    return _laid(dataclasses.replace(found, note=note), table, network.inputs)


def _laid(boundary: DecisionBoundary, X: Any, to_inputs: Callable[[Any], Any]) -> RecordedPlane:
    if boundary.plane is None:
        raise RuntimeError("a boundary that was computed a moment ago has no plane")
    rows = np.flatnonzero(np.isfinite(boundary.plane.project(as_rows(X))).all(axis=1))
    return RecordedPlane(boundary, boundary.plane, rows, to_inputs)


class _OnNamedNumbers:
    """A network whose inputs are columns of a table."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self.classes_ = network.classes_

    def inputs(self, X: Any) -> Any:
        return X if hasattr(self._network, "feature_names_in_") else np.asarray(X)

    def predict(self, X: Any) -> AnyArray:
        return np.asarray(self._network.predict(self.inputs(X)))

    def predict_proba(self, X: Any) -> FloatArray:
        return np.asarray(self._network.predict_proba(self.inputs(X)))
