"""Which plane to look at: two columns, principal components, discriminants, or the plane through three rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.exceptions import DataError, ParameterError, did_you_mean
from strates.inspection.mistakes import value_text
from strates.inspection.numeric_columns import (
    NumericColumns,
    check_row,
    find_column,
    held_row,
    is_numeric,
    names_of,
    numbers_of,
)
from strates.inspection.plane import Plane
from strates.inspection.plane_axes import PlaneAxes, axes_through, discriminant_axes, principal_axes

KINDS = ("auto", "features", "pca", "rows", "discriminant")
_MAX_LISTED = 8


def choose_plane(
    X: Any,
    codes: NDArray[np.intp] | None,
    kind: str,
    *,
    features: Sequence[Any] | None = None,
    rows: Sequence[int] | None = None,
    at: Any = "median",
) -> Plane:
    """Lay a plane through the numbers of a table.

    Parameters
    ----------
    X : DataFrame or ndarray of n_rows rows
        What :func:`strates.inspection.numeric_columns.as_rows` returned.
    codes : ndarray of shape (n_rows,) or None
        Class of each row, for "discriminant".
    kind : {"auto", "features", "pca", "rows", "discriminant"}
    features : sequence of two names or places, default=None
    rows : sequence of three places, default=None
    at : "median", "mean", int or mapping, default="median"
        What columns are held at which the plane does not span.

    Returns
    -------
    Plane

    Raises
    ------
    ParameterError
        The choice does not suit the table.
    DataError
        There are too few rows, numbers, or differences between them.
    """
    if kind not in KINDS:
        raise ParameterError(f"plane={kind!r} is not known. {did_you_mean(str(kind), KINDS)}")
    if len(X) < 2:
        raise DataError(
            "X has one row; the extent of a picture and the standard deviations of the columns are taken from the "
            "rows. Give more of them, such as those that the classifier learned from."
        )
    numeric = np.flatnonzero(is_numeric(X))
    numeric = numeric[_varies(numbers_of(X, numeric))]
    kind = _resolve(X, kind, features, rows, numeric)
    if kind == "features":
        pair = _axis_columns(X, features, numeric)
        return _features_plane(X, pair, _complete(X, numeric, at, needed=np.isin(numeric, pair)))
    complete = _complete(X, numeric, at, needed=np.ones(len(numeric), dtype=bool))
    mean = complete.values.mean(axis=0)
    standardized = (complete.values - mean) / complete.scale
    if kind == "rows":
        names, corners = _corners(X, complete, rows or ())
        axes = axes_through(standardized, (corners - mean) / complete.scale, names)
        return _combined_plane(X, complete, kind, corners[0], axes)
    if kind == "pca":
        return _combined_plane(X, complete, kind, mean, principal_axes(standardized))
    if codes is None:
        raise ParameterError("plane='discriminant' needs the classes of the rows. Give y, or take plane='pca'.")
    return _combined_plane(X, complete, kind, mean, discriminant_axes(standardized, codes[complete.rows]))


@dataclass(frozen=True, eq=False)
class _Complete:
    """The rows that lack no number which is needed: their places, their numbers, the columns' standard deviations."""

    columns: NumericColumns
    rows: NDArray[np.intp]
    values: FloatArray
    scale: FloatArray


def _varies(values: FloatArray) -> NDArray[np.bool_]:
    low = np.where(np.isnan(values), np.inf, values).min(axis=0, initial=np.inf)
    high = np.where(np.isnan(values), -np.inf, values).max(axis=0, initial=-np.inf)
    varies: NDArray[np.bool_] = low < high
    return varies


def _resolve(X: Any, kind: str, features: Any, rows: Any, numeric: NDArray[np.intp]) -> str:
    """Return the kind that "auto" means, and refuse choices that belong to another kind."""
    if kind == "auto":
        by_choice = "features" if features is not None else "rows" if rows is not None else None
        kind = by_choice or ("features" if len(numeric) == 2 else "pca")
    for name, given in (("features", features), ("rows", rows)):
        if given is not None and kind != name:
            raise ParameterError(
                f"{name}={given!r} belongs to plane={name!r}, not to plane={kind!r}. Drop one of them."
            )
    if kind == "rows" and (rows is None or len(rows) != 3):
        raise ParameterError(f"plane='rows' needs the places of three rows, such as rows=(0, 1, 2); got rows={rows!r}.")
    if features is None and len(numeric) < 2:
        raise ParameterError(
            f"A plane needs two columns of numbers that vary, and X has {len(numeric)} of them: "
            f"{_listed(X, numeric)}. Give rows that differ, or numbers in place of categories."
        )
    if kind == "features" and features is None and len(numeric) > 2:
        example = tuple(names_of(X)[place] for place in numeric[:2])
        raise ParameterError(
            f"plane='features' needs the names of two columns, such as features={example!r}. Those that hold numbers "
            f"and vary: {_listed(X, numeric)}."
        )
    return kind


def _listed(X: Any, places: NDArray[np.intp]) -> str:
    names = names_of(X)
    shown = [names[place] for place in places[:12]]
    return (", ".join(shown) or "none") + (f", ... ({len(places)} in all)" if len(places) > 12 else "")


def _axis_columns(X: Any, features: Any, numeric: NDArray[np.intp]) -> NDArray[np.intp]:
    if features is None:
        return numeric
    if isinstance(features, str) or len(features) != 2:
        raise ParameterError(f"features={features!r} cannot be used; expected the names or places of two columns.")
    pair = np.array([find_column(X, name) for name in features], dtype=np.intp)
    if pair[0] == pair[1]:
        raise ParameterError(f"features={features!r} names one column twice. Choose two of {_listed(X, numeric)}.")
    for place in pair:
        if place in numeric:
            continue
        name, choose = names_of(X)[place], f"Choose two of the columns of numbers that vary: {_listed(X, numeric)}."
        if not is_numeric(X)[place]:
            kind = X.dtypes.iloc[place]
            raise ParameterError(f"Column {name!r} holds {kind} values, which have no place on an axis. {choose}")
        raise ParameterError(f"Column {name!r} has one value in all rows, or none, and makes no axis. {choose}")
    return pair


def _complete(X: Any, numeric: NDArray[np.intp], at: Any, needed: NDArray[np.bool_]) -> _Complete:
    """Take the rows that have every number needed, and the columns that vary among them."""
    values = numbers_of(X, numeric)
    missing = np.isnan(values) & needed
    rows = np.flatnonzero(~missing.any(axis=1))
    if len(rows) < 2:
        worst = int(missing.sum(axis=0).argmax())
        name, n_missing = names_of(X)[numeric[worst]], int(missing[:, worst].sum())
        raise DataError(
            f"{len(rows)} of {len(X)} rows have a number in each of the {int(needed.sum())} columns that the plane "
            f"needs; expected two at least. Column {name!r} lacks {n_missing}. "
            "Fill the gaps, leave that column out, or choose features=(..., ...) that are known."
        )
    varies = _varies(values[rows])
    if (needed & varies).sum() < 2:
        raise DataError(
            f"The {len(rows)} rows that lack no number do not differ in two columns, which leaves no plane through "
            "them. Give other rows, or choose other features=(..., ...)."
        )
    names = names_of(X)
    columns = NumericColumns(tuple(names[place] for place in numeric[varies]), numeric[varies], held_row(X, at))
    kept = values[np.ix_(rows, varies)]
    return _Complete(columns, rows, kept, np.nanstd(kept, axis=0))


def _features_plane(X: Any, pair: NDArray[np.intp], complete: _Complete) -> Plane:
    columns = complete.columns
    on_axis = [int(np.flatnonzero(columns.positions == place)[0]) for place in pair]
    origin = columns.values(columns.held)[0]
    origin[on_axis] = 0.0
    directions = np.zeros((2, len(origin)))
    directions[[0, 1], on_axis] = 1.0
    projection = (directions * complete.scale).T
    others = np.setdiff1d(np.arange(len(names_of(X))), pair)
    note = f"The other columns are held: {_held_text(X, columns.held, others)}." if len(others) else ""
    names = (columns.names[on_axis[0]], columns.names[on_axis[1]])
    return Plane("features", names, columns, origin, directions, projection, complete.scale, note)


def _corners(X: Any, complete: _Complete, rows: Sequence[int]) -> tuple[list[str], FloatArray]:
    """Return the names and the numbers of the three rows that define a plane."""
    places = [check_row(X, row, "rows") for row in rows]
    corners = numbers_of(X, complete.columns.positions)[places]
    names = [str(X.index[place]) if hasattr(X, "index") else str(place) for place in places]
    for name, corner in zip(names, corners, strict=True):
        if np.isnan(corner).any():
            raise ParameterError(f"Row {name} lacks a number, and cannot define a plane. Choose rows without gaps.")
    return names, corners


def _combined_plane(X: Any, complete: _Complete, kind: str, origin: FloatArray, axes: PlaneAxes) -> Plane:
    columns, scale = complete.columns, complete.scale
    note = f"The axes are made of {len(columns.names)} columns of numbers, each divided by its standard deviation."
    others = np.setdiff1d(np.arange(len(names_of(X))), columns.positions)
    if len(others):
        note += (
            " The other columns are held, and count neither in the variance nor in the distances: "
            f"{_held_text(X, columns.held, others)}."
        )
    return Plane(kind, axes.names(columns.names), columns, origin, axes.steps * scale, axes.projection, scale, note)


def _held_text(X: Any, held: Any, places: NDArray[np.intp]) -> str:
    names = names_of(X)
    values = held.iloc[0].tolist() if hasattr(held, "columns") else held.reshape(-1).tolist()
    shown = [f"{names[place]} at {value_text(values[place]) or 'no value'}" for place in places[:_MAX_LISTED]]
    more = len(places) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
