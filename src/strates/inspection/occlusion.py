"""What hiding a part of the input does to a score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from strates._types import AnyArray, FloatArray
from strates.backprop.layers.windows import Pair, pair
from strates.exceptions import DataError, ParameterError
from strates.inspection.attribution import Attribution
from strates.inspection.explained_rows import ExplainedRows, explained_rows, like_rows

_ROWS_AT_ONCE = 512
_SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class OcclusionMap(Attribution):
    """How much a score falls when a part of the input is hidden.

    Attributes
    ----------
    maps : ndarray of shape (n_rows, n_features) or (n_rows, height, width)
        Of a table, the fall for each input; of an image, for each pixel, the mean fall over the patches that hid it.
    inputs, targets, scores, score, method, names
        See :class:`Attribution`.
    drops : ndarray of shape (n_rows, n_features) or (n_rows, n_down, n_across)
        The falls, patch by patch.
    size : tuple of two int
        Of a patch, in pixels; (1, 1) for a table.
    """

    drops: FloatArray | None = None
    size: Pair = (1, 1)


def occlusion_map(
    clf: Any,
    X: Any,
    target: Any = None,
    *,
    size: int | Pair | None = None,
    stride: int | Pair | None = None,
    fill: Any = 0.0,
    score: str = "probability",
) -> OcclusionMap:
    """Hide one part after another, and see how far a class's score falls.

    Nothing is differentiated: it works for steps as for slopes, and its numbers are differences of scores. Where two
    parts say the same, hiding one of them does little.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        A network of strates, or a pipeline that ends in one; what is hidden are the network's own inputs.
    X : DataFrame or array of n_rows rows
        Rows of a table, whose columns are hidden one by one; or images in any form that the classifier takes.
    target : label or array-like of n_rows labels, optional
        The class whose score is meant; the predicted one by default.
    size : int or tuple of two int, optional
        Pixels of the patch that is hidden, down and across; a quarter of the image by default.
    stride : int or tuple of two int, optional
        Pixels from one patch to the next; half a patch by default. The last patches are moved inwards, so that every
        pixel is hidden at least once.
    fill : float, "mean" or array of the shape of a row, default=0.0
        What is put in its place. 0 is black, and the mean of a standardised column. "mean" takes each image's own
        mean, or each column's over X.
    score : {"probability", "log_odds"}, default="probability"
        The class's probability, or the logarithm of its odds against all others, which still moves where a probability
        is all but 1.

    Returns
    -------
    OcclusionMap

    Raises
    ------
    ParameterError
        A patch is larger than the image, or there is no network.
    TargetError
        A label is not among the classes.

    References
    ----------
    Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, ECCV, https://arxiv.org/abs/1311.2901.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from strates import LogisticRegression
    >>> iris = load_iris(as_frame=True)
    >>> clf = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.01)).fit(iris.data, iris.target)
    >>> occlusion_map(clf, iris.data[:1]).to_frame()["input"][0]
    'petal length (cm)'
    """
    if score not in ("probability", "log_odds"):
        raise ParameterError(f'score={score!r} cannot be used; expected "probability" or "log_odds".')
    given = explained_rows(clf, X, target, smooth=False)
    filling = _filling(given, fill)
    scores = _scores(given, given.rows, given.codes, score)
    patches, corners, covers = _patches(given, size, stride)
    drops: AnyArray = np.empty((len(given.rows), len(patches)))
    at_once = max(1, _ROWS_AT_ONCE // len(given.rows))
    for first in range(0, len(patches), at_once):
        some = patches[first : first + at_once]
        hidden = np.repeat(given.rows[None], len(some), axis=0)
        for k, patch in enumerate(some):
            hidden[k][(slice(None), *patch)] = filling[(slice(None), *patch)]
        found = _scores(given, hidden.reshape(-1, *given.rows.shape[1:]), np.tile(given.codes, len(some)), score)
        drops[:, first : first + len(some)] = scores[:, None] - found.reshape(len(some), -1).T
    maps: AnyArray = drops
    if given.is_image:
        maps = _spread(drops, patches, given.rows.shape[1:3])
        drops = drops.reshape(-1, *corners)
    elif given.rows.ndim > 2:
        maps = drops = drops.reshape(given.rows.shape)
    return OcclusionMap(maps, given.rows, given.labels, scores, score, "occlusion", given.names, drops, covers)


def _filling(given: ExplainedRows, fill: Any) -> FloatArray:
    if isinstance(fill, str):
        if fill != "mean":
            raise ParameterError(f'fill={fill!r} cannot be used; expected a number, "mean" or an array like one row.')
        axes: Any = (1, 2) if given.is_image else 0
        return np.broadcast_to(given.rows.mean(axis=axes, keepdims=True), given.rows.shape)
    return like_rows(fill, given.rows, "fill")


def _scores(given: ExplainedRows, rows: FloatArray, codes: AnyArray, score: str) -> FloatArray:
    """Return the classifier's answer for each row's class."""
    names = getattr(given.clf, "feature_names_in_", None)
    X = rows if names is None or rows.ndim != 2 else pd.DataFrame(rows, columns=names)
    p = np.asarray(given.clf.predict_proba(X), dtype=np.float64)
    chosen = p[np.arange(len(rows)), codes]
    if score == "probability":
        return chosen
    several = p.shape[1] > 2 and np.allclose(p.sum(axis=1), 1, atol=1e-4)  # labels of their own do not add up to one
    others = np.delete(p.ravel(), np.arange(len(p)) * p.shape[1] + codes).reshape(len(p), -1).sum(axis=1)
    others = others if several else 1 - chosen
    return np.asarray(np.log(np.maximum(chosen, _SMALLEST)) - np.log(np.maximum(others, _SMALLEST)))


def _patches(given: ExplainedRows, size: Any, stride: Any) -> tuple[list[tuple[slice, ...]], Pair, Pair]:
    """Return what to hide, how many patches down and across, and their size."""
    if not given.is_image:
        if size is not None or stride is not None:
            raise DataError("size and stride are those of a patch of an image; the columns of a table go one by one.")
        shape = given.rows.shape[1:]
        singles = [tuple(slice(i, i + 1) for i in place) for place in np.ndindex(*shape)]
        return singles, (1, len(singles)), (1, 1)
    sides = given.rows.shape[1:3]
    quarter = [max(1, round(n / 4)) for n in sides]
    covers = pair(quarter if size is None else size, "size")
    steps = pair([max(1, n // 2) for n in covers] if stride is None else stride, "stride")
    if any(n < k for n, k in zip(sides, covers, strict=True)):
        raise ParameterError(f"A patch of {covers} pixels is larger than the images, {sides}. Take a smaller size.")
    down, across = (list(_starts(n, k, s)) for n, k, s in zip(sides, covers, steps, strict=True))
    patches: list[tuple[slice, ...]] = [
        (slice(i, i + covers[0]), slice(j, j + covers[1])) for i in down for j in across
    ]
    return patches, (len(down), len(across)), covers


def _starts(n: int, covers: int, step: int) -> Iterator[int]:
    """Yield where patches begin; the last one ends at the edge."""
    yield from range(0, n - covers, step)
    yield n - covers


def _spread(drops: FloatArray, patches: list[tuple[slice, ...]], sides: tuple[int, ...]) -> FloatArray:
    """Return, for each pixel, the mean over the patches that hid it."""
    total, times = np.zeros((len(drops), *sides)), np.zeros(sides)
    for k, (rows, columns) in enumerate(patches):
        total[:, rows, columns] += drops[:, k, None, None]
        times[rows, columns] += 1
    return total / times
