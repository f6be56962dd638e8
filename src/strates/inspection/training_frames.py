"""The numbers of a film of learning: what the network is at each recorded step."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray
from strates.exceptions import DataError, ParameterError
from strates.inspection.boundary import DecisionBoundary
from strates.inspection.moving_representation import MovingRepresentation, moving_representation
from strates.inspection.moving_weights import MovingWeights, moving_weights
from strates.inspection.network_inputs import input_names
from strates.inspection.numeric_columns import as_rows, names_of
from strates.inspection.outcome import encode_labels, sample_rows, take_rows
from strates.inspection.plane import Plane
from strates.inspection.recorded_fit import RecordedFit, recorded_fit
from strates.inspection.recorded_plane import lay_plane
from strates.inspection.shown_classes import ShownClasses


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingFrames:
    """What a network is at each of some steps of its training, n_frames of them, on one plane and some rows.

    Attributes
    ----------
    steps : ndarray of shape (n_frames,)
        Updates of the weights before each frame.
    epochs : ndarray of shape (n_frames,)
        The same in passes over the data.
    boundary : DecisionBoundary
        Of the last frame: the plane, its grid, and the n_rows rows that are drawn.
    probabilities : ndarray of shape (n_frames, n, n, n_classes), float32
        On the grid of ``boundary``.
    predicted : ndarray of shape (n_frames, n_rows)
        Class that each frame gives each row drawn, as an index in ``boundary.classes``.
    background : ndarray of shape (n_frames, n_rows)
        Class that it gives the point of the plane where the row is drawn.
    loss : ndarray of shape (n_frames,)
        Mean cross-entropy on all rows given, in nats, without penalty and dropout.
    accuracy : ndarray of shape (n_frames,)
        Share of all rows given that are predicted right.
    n_measured : int
        Number of rows given.
    validation_epochs, validation_loss : ndarray of shape (n_validations,) or None
        Cross-entropy on rows held out, and when it was measured.
    best_epoch : int or None
        The epoch whose weights the fit kept, where that was not the last.
    representation : MovingRepresentation or None
        Of the rows drawn; None for a network without hidden layers.
    weights : MovingWeights
    """

    steps: NDArray[np.int64]
    epochs: FloatArray
    boundary: DecisionBoundary
    probabilities: FloatArray
    predicted: NDArray[np.intp]
    background: NDArray[np.intp]
    loss: FloatArray
    accuracy: FloatArray
    n_measured: int
    validation_epochs: FloatArray | None
    validation_loss: FloatArray | None
    best_epoch: int | None
    representation: MovingRepresentation | None
    weights: MovingWeights

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def steps_per_epoch(self) -> float:
        """Updates of the weights in a pass over the data."""
        return float(self.steps[-1] / self.epochs[-1]) if self.epochs[-1] > 0 else 1.0


def training_frames(
    source: Any,
    X: Any,
    y: Any,
    *,
    validation_data: tuple[Any, Any] | None = None,
    plane: str | Plane = "auto",
    features: Sequence[Any] | None = None,
    resolution: int = 160,
    max_rows: int = 400,
) -> TrainingFrames:
    """Ask each frame of a recording about one plane and the same rows.

    The plane is chosen once, from the rows, and stays; so does the plane in which the last hidden layer is seen. What
    differs between two frames is therefore the network alone.

    Parameters
    ----------
    source : Recording, or classifier or pipeline fitted with a :class:`strates.Recorder`
    X : DataFrame or array of n rows
        What a pipeline or classifier takes; what the network takes, when ``source`` is a recording alone.
    y : array-like of shape (n,)
        Their classes.
    validation_data : tuple (X, y), default=None
        Rows held out, whose loss is shown beside; without them, that which the fit itself watched, if any.
    plane, features
        As :func:`strates.inspection.decision_boundary` takes them. Where "auto" finds no plane in the table of a
        pipeline (one of categories, say), it lies among the numbers that reach the network.
    resolution : int, default=160
        Points of the grid along each axis.
    max_rows : int, default=400
        Rows to draw at most, drawn at random; loss and accuracy are those of all.

    Returns
    -------
    TrainingFrames

    Raises
    ------
    ParameterError
        There is no recording, or a choice does not suit the rows.
    DataError
        The rows cannot be drawn, or X and y differ in length.

    Examples
    --------
    >>> from strates import MLPClassifier, Recorder
    >>> from strates.datasets import moons
    >>> X, y = moons(100)
    >>> clf = MLPClassifier((4,), learning_rate="cosine", max_iter=30, random_state=0)
    >>> clf = clf.set_callbacks(Recorder(frames=5)).fit(X, y)
    >>> frames = training_frames(clf, X, y, resolution=20)
    >>> frames.steps, frames.probabilities.shape, bool(frames.loss[-1] < frames.loss[0])
    (array([ 0,  1,  2,  5, 13, 30]), (6, 20, 20, 2), True)
    """
    fit = recorded_fit(source)
    if max_rows < 1:
        raise ParameterError(f"max_rows={max_rows!r} cannot be used; expected 1 row or more.")
    X = as_rows(X)
    known = np.asarray(fit.last.classes_)
    codes = _codes(X, y, known)
    inputs = fit.inputs(X)
    groups = ShownClasses.of(codes, len(known))
    laid = lay_plane(fit, X, inputs, y, groups, plane=plane, features=features, resolution=resolution)
    kept = sample_rows(codes[laid.rows], max_rows, 0)
    boundary = _take(laid.boundary, kept)
    drawn = take_rows(inputs, laid.rows[kept])
    at_points, on_grid = laid.inputs_at(boundary.points), laid.inputs_at(boundary.grid())
    shape = boundary.probabilities.shape
    estimators = fit.estimators
    measured = np.array([_measure(est, inputs, codes) for est in estimators])
    epochs, loss = _validation(fit, validation_data, known)
    return TrainingFrames(
        steps=fit.steps,
        epochs=fit.epochs,
        boundary=boundary,
        probabilities=np.stack([groups.fold(est.predict_proba(on_grid)).reshape(shape) for est in estimators]),
        predicted=np.stack([groups.fold(est.predict_proba(drawn)).argmax(axis=1) for est in estimators]),
        background=np.stack([groups.fold(est.predict_proba(at_points)).argmax(axis=1) for est in estimators]),
        loss=measured[:, 0],
        accuracy=measured[:, 1],
        n_measured=len(codes),
        validation_epochs=epochs,
        validation_loss=loss,
        best_epoch=_best_epoch(fit),
        representation=_without_merged(moving_representation(estimators, drawn), groups),
        weights=moving_weights(estimators, _input_names(fit, X, inputs)),
    )


def _codes(X: Any, y: Any, known: AnyArray) -> NDArray[np.intp]:
    labels = np.asarray(y, dtype=object)
    if labels.ndim != 1 and labels.shape[1:] != (1,):
        raise DataError(
            f"y has shape {labels.shape}, several labels a row; a film shows classes that exclude each other. Fit one "
            "classifier for each label."
        )
    if len(labels) != len(X):
        raise DataError(f"X has {len(X)} rows and y has {len(labels)} labels; they must be as many.")
    return encode_labels(y, known)


def _input_names(fit: RecordedFit, X: Any, inputs: Any) -> Sequence[str]:
    return names_of(X) if fit.before is None else input_names(fit.fitted, inputs.shape[1])


def _take(boundary: DecisionBoundary, rows: NDArray[np.intp]) -> DecisionBoundary:
    """Keep some of the rows, with their marks."""
    return dataclasses.replace(
        boundary,
        points=boundary.points[rows],
        distances=boundary.distances[rows],
        labels=None if boundary.labels is None else boundary.labels[rows],
        predicted=boundary.predicted[rows],
        background=boundary.background[rows],
    )


def _without_merged(representation: MovingRepresentation | None, groups: ShownClasses) -> MovingRepresentation | None:
    """Leave the straight boundaries out where they would part classes that have one colour."""
    if representation is None or groups.numbers is None:
        return representation
    return dataclasses.replace(representation, boundaries=(None,) * len(representation.boundaries))


def _measure(est: Any, inputs: Any, codes: NDArray[np.intp]) -> tuple[float, float]:
    """Return cross-entropy and accuracy."""
    probabilities = est.predict_proba(inputs)
    own = probabilities[np.arange(len(codes)), codes].astype(np.float64)
    return float(-np.log(own).mean()), float((probabilities.argmax(axis=1) == codes).mean())


def _validation(fit: RecordedFit, data: tuple[Any, Any] | None, known: AnyArray) -> tuple[Any, Any]:
    """Return when the loss on rows held out was measured, and what it was; None twice where it was not."""
    if data is not None:
        X, y = data
        X = as_rows(X)
        codes = _codes(X, y, known)
        inputs = fit.inputs(X)
        return fit.epochs, np.array([_measure(est, inputs, codes)[0] for est in fit.estimators])
    curve = getattr(fit.last, "validation_loss_curve_", None)
    if not curve:
        return None, None
    return np.arange(1.0, len(curve) + 1), np.array(curve, dtype=float)


def _best_epoch(fit: RecordedFit) -> int | None:
    stopped_early = getattr(fit.last, "best_validation_score_", None) is not None
    return int(fit.last.best_epoch_) if stopped_early and fit.last.best_epoch_ < fit.epochs[-1] else None
