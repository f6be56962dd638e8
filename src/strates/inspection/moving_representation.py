"""The last hidden layer through training, seen in one plane that does not move."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.inspection.hidden_layers import layer_names, output_weights
from strates.inspection.representations import plane_boundary, principal_plane
from strates.inspection.straight_boundary import StraightBoundary


@dataclass(frozen=True, eq=False, kw_only=True)
class MovingRepresentation:
    """Where rows are in the last hidden layer, frame by frame.

    All frames are seen in the plane of the *last* frame's first two principal components, so that what moves are the
    rows and not the axes. Early frames may vary in other directions: ``shares`` tells how much of them the plane shows.
    A layer of one or two units is seen as it is.

    Attributes
    ----------
    name : str
        The layer's name.
    width : int
        Its units.
    projections : ndarray of shape (n_frames, n_rows, 2)
        The rows in the plane.
    shares : ndarray of shape (n_frames,)
        Share of each frame's variance that the plane shows, in [0, 1].
    boundaries : tuple of (StraightBoundary or None), n_frames of them
        Where the output layer is tied on the parallel of the plane through each frame's mean; None where its outputs
        are no linear scores with one winner.
    axis_names : tuple of two str
    """

    name: str
    width: int
    projections: FloatArray
    shares: FloatArray
    boundaries: tuple[StraightBoundary | None, ...]
    axis_names: tuple[str, str]

    @property
    def is_exact(self) -> bool:
        """Whether the plane is the whole space."""
        return self.width <= 2


def moving_representation(estimators: Sequence[Any], inputs: Any) -> MovingRepresentation | None:
    """Carry rows to the last hidden layer of each frame.

    Parameters
    ----------
    estimators : sequence of fitted classifiers
        One a frame, of one architecture.
    inputs : array or DataFrame of n_rows rows
        As they reach the network.

    Returns
    -------
    MovingRepresentation or None
        None for a network without hidden layers: its one representation is its input, which does not move.

    Examples
    --------
    >>> from strates import MLPClassifier, Recorder
    >>> from strates.datasets import moons
    >>> X, y = moons(100)
    >>> clf = MLPClassifier((4,), learning_rate="cosine", max_iter=30, random_state=0)
    >>> clf = clf.set_callbacks(Recorder(frames=5)).fit(X, y)
    >>> found = moving_representation([frame.estimator for frame in clf.recording_], X)
    >>> found.name, found.width, found.projections.shape
    ('hidden_1', 4, (6, 100, 2))
    """
    names = layer_names(copy.copy(estimators[-1]).network_)
    if not names:
        return None
    spaces = [_activations(est, inputs, names[-1]) for est in estimators]
    center, axes, _ = principal_plane(spaces[-1])
    width = len(center)
    return MovingRepresentation(
        name=names[-1],
        width=width,
        projections=np.stack([(values - center) @ axes for values in spaces]),
        shares=np.array([_share(values, axes) for values in spaces]),
        boundaries=tuple(_boundary(est, v, center, axes) for est, v in zip(estimators, spaces, strict=True)),
        axis_names=("PC 1", "PC 2") if width > 2 else ("unit 1", "unit 2" if width == 2 else ""),
    )


def _activations(est: Any, inputs: Any, layer: str) -> FloatArray:
    # a copy: `transform` notes which layer was last asked for
    found = copy.copy(est).transform(inputs, layer=layer)
    values: FloatArray = np.asarray(found, dtype=np.float64).reshape(len(found), -1)
    return values


def _share(values: FloatArray, axes: FloatArray) -> float:
    centered = values - values.mean(axis=0)
    total = float(np.square(centered).sum())
    return min(1.0, float(np.square(centered @ axes).sum()) / total) if total > 0 else 1.0


def _boundary(est: Any, values: FloatArray, center: FloatArray, axes: FloatArray) -> StraightBoundary | None:
    # the frame's own mean, moved within the plane to where the drawing has its origin
    off_plane = values.mean(axis=0) - center
    origin = center + off_plane - axes @ (axes.T @ off_plane)
    return plane_boundary(output_weights(copy.copy(est)), origin, axes)
