"""The representation that a network has learned, layer by layer, seen in two dimensions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import svds

from strates._types import AnyArray, FloatArray
from strates.inspection.hidden_layers import INPUT, output_weights
from strates.inspection.network_inputs import input_names, split_pipeline
from strates.inspection.network_spaces import network_spaces
from strates.inspection.record import Record
from strates.inspection.straight_boundary import StraightBoundary

#: Rows times columns times the fewer of them, above which two directions are found and not all.
_ALL_DIRECTIONS = 100_000_000
_ARRAYS = ("projection", "explained_variance_ratio", "activations", "center", "axes")


@dataclass(frozen=True, eq=False)
class Representation(Record):
    """What rows are in one space of a network, and the plane through it that shows most.

    A row's activations are near ``center + projection @ axes.T``; in a space of one or two units they are that exactly.
    It goes to JSON and back with four significant digits, without ``activations``, ``center`` and ``axes``.

    Attributes
    ----------
    name : str
        "input", or the layer's name.
    width : int
        Units of the space.
    projection : ndarray of shape (n_rows, 2)
        Where the rows are in the plane: the two units themselves when there are two; the unit and zeros when there is
        one; else the first two principal components, centred.
    explained_variance_ratio : ndarray of shape (2,)
        Share of the space's variance along each axis of the plane. Where nothing varies, as in a single row, (1, 0).
    axis_names : tuple of two str
    boundary : StraightBoundary or None
        How the output layer parts this plane among the classes, in the last space before it; None elsewhere, and for
        outputs that are no linear scores with one winner (several labels at once).
    activations : ndarray of shape (n_rows, width) or None
    center : ndarray of shape (width,) or None
        The point of the space at the plane's origin: the mean, or 0 in a space of one or two units.
    axes : ndarray of shape (width, 2) or None
        The plane's directions, orthonormal.
    """

    name: str
    width: int
    projection: FloatArray
    explained_variance_ratio: FloatArray
    axis_names: tuple[str, str]
    boundary: StraightBoundary | None = None
    activations: FloatArray | None = None
    center: FloatArray | None = None
    axes: FloatArray | None = None

    @property
    def share_shown(self) -> float:
        """Share of the space's variance that the plane shows, in [0, 1]."""
        return min(1.0, float(self.explained_variance_ratio.sum()))

    @property
    def is_exact(self) -> bool:
        """Whether the plane is the whole space, so that its boundary is that of the network, not a section of it."""
        return self.width <= 2

    def take(self, rows: NDArray[np.intp]) -> Representation:
        """Return the representation of some of the rows, in the same plane."""
        activations = None if self.activations is None else self.activations[rows]
        return dataclasses.replace(self, projection=self.projection[rows], activations=activations)

    def to_dict(self) -> dict[str, Any]:
        """Return what a picture needs, as values that ``json`` can write."""
        return {
            "name": self.name,
            "width": self.width,
            "projection": [[float(f"{value:.4g}") for value in row] for row in self.projection.tolist()],
            "explained_variance_ratio": self.explained_variance_ratio.tolist(),
            "axis_names": list(self.axis_names),
            "boundary": None if self.boundary is None else self.boundary.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build the representation from what :meth:`to_dict` returned."""
        stored = super().from_dict(values)
        arrays = {name: getattr(stored, name) for name in _ARRAYS}
        held: dict[str, Any] = {name: np.asarray(one, dtype=float) for name, one in arrays.items() if one is not None}
        held["projection"] = held["projection"].reshape(-1, 2)
        return dataclasses.replace(stored, **held)


def representations(clf: Any, X: Any, *, layers: Any = None) -> tuple[Representation, ...]:
    """Return what rows become, space by space, from the input to the last hidden layer.

    A network learns a representation, then a linear classifier of it. Each space is seen in the plane of its first two
    principal components (the space itself when it has two units). In the last one the classifier is linear, so that
    its boundary there is made of straight lines: exactly, in a space of two units; in a wider one the boundary is made
    of hyperplanes, and what is given is where they cut the plane through the mean. Rows off that plane may lie on the
    other side than their projection does.

    Parameters
    ----------
    clf : fitted classifier, autoencoder or pipeline
        A classifier or autoencoder of strates, or a pipeline that ends in one. The input is what reaches the network.
        Of an autoencoder the spaces go down to its code, without a boundary.
    X : DataFrame or array of n_rows rows
        As the pipeline takes them; at least one row.
    layers : sequence of (str or int), str, int or None, default=None
        Names of layers ("input" among them), or numbers of hidden layers, negative from the output. By default the
        input and one layer a block: a dense or convolutional layer with the normalisation, activation and pooling that
        follow it.

    Returns
    -------
    tuple of Representation
        In the order of the network.

    Raises
    ------
    ParameterError
        There is no such layer, or the network is a subclass of ``keras.Model``, whose layers are unknown.
    DataError
        X has no row.

    See Also
    --------
    linear_probes : How well a linear classifier does in each space.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(200, noise=0.1)
    >>> clf = MLPClassifier((5, 2), activation="tanh", solver="lbfgs", random_state=0).fit(X, y)
    >>> [(space.name, space.width) for space in representations(clf, X)]
    [('input', 2), ('hidden_1', 5), ('hidden_2', 2)]
    >>> last = representations(clf, X, layers=-1)[0]
    >>> float((last.boundary.scores(last.projection).argmax(axis=1) == clf.predict(X)).mean())
    1.0
    """
    spaces = network_spaces(clf, X, layers=layers)
    classifier = split_pipeline(clf)[1]
    found = []
    for name, values in spaces.values.items():
        width = values.shape[1]
        names = input_names(clf, width) if name == INPUT else tuple(f"unit {i}" for i in range(1, width + 1))
        center, axes, ratio = principal_plane(values)
        projection: FloatArray = (values - center) @ axes
        boundary = plane_boundary(output_weights(classifier), center, axes) if name == spaces.last else None
        axis_names = ("PC 1", "PC 2") if width > 2 else (names[0], names[1] if width == 2 else "")
        found.append(Representation(name, width, projection, ratio, axis_names, boundary, values, center, axes))
    return tuple(found)


def principal_plane(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the plane that shows most of some points: that of their first two principal components.

    Parameters
    ----------
    values : ndarray of shape (n_rows, width)

    Returns
    -------
    center : ndarray of shape (width,)
        The mean; 0 for one or two units, which are their own plane.
    axes : ndarray of shape (width, 2)
        Orthonormal directions, the largest entry of each positive.
    ratio : ndarray of shape (2,)
        Share of the variance along each.
    """
    n, width = values.shape
    center: FloatArray = values.mean(axis=0)
    centered = values - center
    variance = (centered**2).mean(axis=0)
    total = float(variance.sum())
    if width <= 2:
        axes: FloatArray = np.eye(width, 2)
        ratio = variance @ axes / total if total > 0 else np.array([1.0, 0.0])
        return np.zeros(width), axes, ratio
    sizes, directions = _leading(centered)
    axes = directions[:2].T
    # a direction is known up to its sign: the largest entry is made positive
    largest = axes[np.abs(axes).argmax(axis=0), [0, 1]]
    axes = axes * np.where(largest < 0, -1.0, 1.0)
    ratio = np.append(sizes**2, 0.0)[:2] / (n * total) if total > 0 else np.array([1.0, 0.0])
    return center, axes, ratio


def _leading(centered: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two singular values at least, the largest first, and their right directions, as rows."""
    n, width = centered.shape
    if n * width * min(n, width) > _ALL_DIRECTIONS:
        start = np.random.default_rng(0).standard_normal(min(n, width))
        _, two, towards = svds(centered, k=2, v0=start)
        if two[0] > 1e-6 * two[1]:  # found from squares, it would be noise
            return two[::-1], towards[::-1]
    # of few rows the full basis, so that there are two directions even where one row spans none
    _, sizes, directions = np.linalg.svd(centered, full_matrices=n < 2)
    return sizes, directions


def plane_boundary(
    weights: tuple[AnyArray, AnyArray, str] | None, center: FloatArray, axes: FloatArray
) -> StraightBoundary | None:
    """Restrict the scores of an output layer to a plane.

    Parameters
    ----------
    weights : tuple or None
        Kernel, bias and activation, as :func:`strates.inspection.hidden_layers.output_weights` returns them.
    center : ndarray of shape (width,)
    axes : ndarray of shape (width, 2)

    Returns
    -------
    StraightBoundary or None
        None where outputs are no linear scores of this space with one winner.
    """
    if weights is None or weights[0].shape[0] != len(center):
        return None
    kernel, bias, activation = weights
    slopes, offsets = axes.T @ kernel, center @ kernel + bias
    if kernel.shape[1] > 1:
        return None if activation == "sigmoid" else StraightBoundary(slopes, offsets)
    # one output: the second class against a first one whose score is 0
    return StraightBoundary(np.column_stack([np.zeros(2), slopes]), np.array([0.0, float(offsets[0])]))
