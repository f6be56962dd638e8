"""What a classifier answers on a plane, and how much of the data that plane shows."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from strates._types import AnyArray, FloatArray
from strates.exceptions import DataError, ParameterError, TargetError, did_you_mean
from strates.inspection.boundary import DecisionBoundary, ask_on_plane
from strates.inspection.numeric_columns import as_rows
from strates.inspection.outcome import class_names, encode_labels, take_rows
from strates.inspection.plane import Plane
from strates.inspection.plane_choice import choose_plane

MAX_CLASSES = 20
_NARROWEST = 0.55  # of the plane's shorter side, as a share of the longer, where both have one unit


def decision_boundary(
    est: Any,
    X: Any,
    y: Any = None,
    *,
    plane: str | Plane = "auto",
    features: Sequence[Any] | None = None,
    rows: Sequence[int] | None = None,
    at: Any = "median",
    classes: Sequence[Any] | None = None,
    resolution: int = 200,
    margin: float = 0.05,
) -> DecisionBoundary:
    """Ask a classifier on the grid of a plane through the data, and measure what the plane hides.

    With more than two features no picture shows everything. A plane is a cut: the background says what the classifier
    answers *on* it, while the rows lie off it, each drawn at the point of the plane nearest to it. How much is hidden
    is told by the share of variance along the plane, the distances, and the share of rows that are drawn over a
    background of another class than the classifier gives the row itself.

    Parameters
    ----------
    est : fitted classifier or pipeline
        Anything with ``classes_``, ``predict`` and ``predict_proba``. A pipeline is asked on rows of the raw table.
    X : DataFrame or array of n_rows rows
        What the pipeline or classifier takes. Rows that lack a number which the axes are made of are left out.
    y : array-like of shape (n_rows,), default=None
        The rows' classes.
    plane : {"auto", "features", "pca", "rows", "discriminant"} or Plane, default="auto"
        "features": two columns, in their units, the others held as ``at`` says. "pca": the first two principal
        components. "rows": through three rows. "discriminant": the plane of the first two axes of linear discriminant
        analysis, on which the classes lie farthest apart (of two classes: the one such axis, and the first principal
        component of the rest). The last three live among the columns of numbers, each divided by its standard
        deviation; categories are held. "auto": the two columns of numbers when there are two, else "pca". A ``Plane``:
        that of another boundary.
    features : sequence of two names or places, default=None
        The two columns of "features".
    rows : sequence of three int, default=None
        Places in X of the rows of "rows".
    at : "median", "mean", int or mapping, default="median"
        What columns are held at which the plane does not span: numbers at their median or mean (other columns at their
        commonest value), all at those of the row at a place of X, or some at given values.
    classes : sequence, default=None
        Classes to tell apart; the rest becomes one, with the largest of their probabilities, so that the largest number
        still is the decision. All by default, which must be 20 at most.
    resolution : int, default=200
        Points of the grid along each axis.
    margin : float, default=0.05
        Space around the rows, as a share of their extent.

    Returns
    -------
    DecisionBoundary

    Raises
    ------
    ParameterError
        A choice does not suit the table or the classifier; the message says which would.
    DataError
        The table has too few rows or numbers.
    TargetError
        ``y`` holds labels that the classifier never learned.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = LogisticRegression(max_iter=1000).fit(X, y)
    >>> found = decision_boundary(clf, X, y, plane="pca", resolution=50)
    >>> found.probabilities.shape, float(round(found.explained_variance, 3))
    ((50, 50, 3), 0.958)
    >>> found.axis_names[0][:3], found.classes
    ('PC1', ('0', '1', '2'))
    """
    known = _check_classifier(est)
    _check_numbers(resolution, margin)
    X = as_rows(X)
    codes = None if y is None else _codes(X, y, known)
    groups, names = _groups(known, classes)
    if isinstance(plane, Plane):
        if features is not None or rows is not None:
            raise ParameterError("features and rows choose a plane, and a Plane was given. Drop one of them.")
        chosen = plane
    else:
        chosen = choose_plane(X, codes, plane, features=features, rows=rows, at=at)
    every = chosen.project(X)
    placed = np.flatnonzero(np.isfinite(every).all(axis=1))
    if not len(placed):
        raise DataError(f"None of the {len(X)} rows has every number that the plane needs. Give rows without gaps.")
    points, kept = every[placed], take_rows(X, placed)
    x, y_grid = _grid(points, chosen.same_unit, resolution, margin)
    mesh = np.column_stack([one.ravel() for one in np.meshgrid(x, y_grid)])
    predicted = groups[encode_labels(_one_label(est, kept), known)]
    background = groups[ask_on_plane(est, chosen, points).argmax(axis=1)]
    distances = chosen.distances(kept)
    return DecisionBoundary(
        kind=chosen.kind,
        axis_names=chosen.axis_names,
        x=x,
        y=y_grid,
        probabilities=_folded(ask_on_plane(est, chosen, mesh), groups).reshape(resolution, resolution, -1),
        classes=names,
        points=points,
        distances=distances,
        labels=None if codes is None else groups[codes[placed]],
        predicted=predicted,
        background=background,
        explained_variance=chosen.explained_variance(kept),
        mean_distance=float(distances.mean()),
        max_distance=float(distances.max()),
        spread=chosen.spread(kept),
        disagreement=float(np.mean(predicted != background)),
        n_rows=len(placed),
        n_left_out=len(X) - len(placed),
        n_merged=int((groups == len(names) - 1).sum()) if classes is not None and len(names) > len(set(classes)) else 0,
        marks=_marks(X, every, rows),
        note=chosen.note,
        plane=chosen,
    )


def _check_classifier(est: Any) -> AnyArray:
    """Return the labels of a classifier that has one class a row and probabilities."""
    if hasattr(est, "fit"):
        check_is_fitted(est)
    if not hasattr(est, "predict_proba"):
        raise ParameterError(
            f"{type(est).__name__} has no predict_proba; a decision boundary shades probabilities. Wrap it in "
            "sklearn.calibration.CalibratedClassifierCV."
        )
    return np.asarray(est.classes_)


def _one_label(est: Any, X: Any) -> AnyArray:
    """Return the class of each row, by a classifier whose classes exclude each other."""
    labels = np.asarray(est.predict(X))
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise ParameterError(
            f"{type(est).__name__} gives {labels.shape[1]} labels a row; a plane is divided among classes that exclude "
            "each other. Fit one classifier for each label."
        )
    return labels


def _check_numbers(resolution: Any, margin: Any) -> None:
    if not isinstance(resolution, Integral) or not 2 <= int(resolution) <= 2000:
        raise ParameterError(f"resolution={resolution!r} cannot be used; expected 2 to 2000 points an axis.")
    if not 0 <= margin < np.inf:
        raise ParameterError(f"margin={margin!r} cannot be used; expected a share of the extent, such as 0.05.")


def _codes(X: Any, y: Any, known: AnyArray) -> NDArray[np.intp]:
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise TargetError(
            f"y has shape {labels.shape}, several labels a row; a plane is divided among classes that exclude each "
            "other. Fit one classifier for each label."
        )
    if len(labels) != len(X):
        raise DataError(f"X has {len(X)} rows and y has {len(labels)} labels; they must be as many.")
    return encode_labels(y, known)


def _groups(known: AnyArray, classes: Sequence[Any] | None) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Return which shown class each known one belongs to, and the names of those shown."""
    names = class_names(known)
    if classes is None:
        if len(names) > MAX_CLASSES:
            raise ParameterError(
                f"The classifier knows {len(names)} classes, and a picture tells {MAX_CLASSES} apart at most. Choose "
                f"some, and the rest is shown as one: classes={list(names[:3])!r}."
            )
        return np.arange(len(names)), names
    labels = known.tolist()
    chosen = []
    for label in classes:
        if label not in labels and label not in names:
            raise ParameterError(
                f"classes names {label!r}, which the classifier does not know. {did_you_mean(str(label), names)}"
            )
        chosen.append(labels.index(label) if label in labels else names.index(label))
    chosen = sorted(set(chosen))
    if not chosen or len(chosen) > MAX_CLASSES:
        raise ParameterError(f"classes has {len(chosen)} entries; expected 1 to {MAX_CLASSES} classes to tell apart.")
    groups = np.full(len(names), len(chosen))
    groups[chosen] = np.arange(len(chosen))
    n_others = len(names) - len(chosen)
    others = (f"{n_others} others" if n_others > 1 else names[int(np.argmax(groups))],) if n_others else ()
    return groups, (*(names[place] for place in chosen), *others)


def _folded(probabilities: FloatArray, groups: NDArray[np.intp]) -> FloatArray:
    """Return the largest probability of each group of classes, of shape (n_points, n_groups)."""
    folded = np.zeros((len(probabilities), int(groups.max()) + 1), dtype=np.float32)
    for place, group in enumerate(groups):
        np.maximum(folded[:, group], probabilities[:, place], out=folded[:, group])
    return folded


def _grid(points: FloatArray, same_unit: bool, resolution: int, margin: float) -> tuple[FloatArray, FloatArray]:
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    if same_unit:
        # one axis may be much shorter: a picture of a thread would show nothing beside it
        extent = np.maximum(extent, _NARROWEST * extent.max())
    extent = np.where(extent > 0, extent, 1.0)
    centre = (low + high) / 2
    half = extent * (0.5 + margin)
    x, y = (np.linspace(centre[k] - half[k], centre[k] + half[k], resolution) for k in range(2))
    return x, y


def _marks(X: Any, points: FloatArray, rows: Sequence[int] | None) -> dict[str, tuple[float, ...]]:
    if rows is None:
        return {}
    names = X.index if hasattr(X, "index") else range(len(X))
    return {f"row {names[int(row)]}": tuple(points[int(row)].tolist()) for row in rows}
