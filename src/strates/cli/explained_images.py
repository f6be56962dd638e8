"""Held-out images with what the network's answer rests on, for the report."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates._random import stream
from strates._types import AnyArray
from strates.displays.heat_thumbnail import heat_thumbnail
from strates.displays.thumbnail import thumbnail
from strates.exceptions import StratesError
from strates.inspection import grad_cam
from strates.inspection.image_summary import ExplainedPicture
from strates.inspection.outcome import class_names, predict_outcome

#: Images of each kind, at most.
_WRONG, _RIGHT = 6, 6
_SIDE = 128


def explain_images(
    clf: Any, X: AnyArray, y: AnyArray, names: tuple[str, ...], *, seed: int
) -> tuple[ExplainedPicture, ...]:
    """Return the surest mistakes, and as many images that are right, drawn at random, with their Grad-CAM maps.

    Parameters
    ----------
    clf : fitted classifier
    X : ndarray of shape (n_images, height, width, channels), uint8
        Held out.
    y : ndarray of shape (n_images,)
    names : tuple of str
        Of the files.
    seed : int
        Of the draw.

    Returns
    -------
    tuple of ExplainedPicture
        None where the network has no convolution.
    """
    outcome = predict_outcome(clf, X, y)
    given = outcome.probability[np.arange(outcome.n_rows), outcome.predicted]
    wrong = np.flatnonzero(~outcome.correct)
    wrong = wrong[np.argsort(-given[wrong], kind="stable")][:_WRONG]
    right = stream(seed, "explained").permutation(np.flatnonzero(outcome.correct))[:_RIGHT]
    rows = np.concatenate([wrong, right])
    labels = class_names(outcome.classes)
    try:
        found = grad_cam(clf, X[rows], np.asarray(outcome.classes)[outcome.predicted[rows]])
    except StratesError:  # a network without a convolution has no maps to show
        return ()
    explained = []
    for row, heat in zip(rows.tolist(), found.heat, strict=True):
        about = {"label": labels[outcome.truth[row]], "name": names[row], "most_side": _SIDE}
        explained.append(
            ExplainedPicture(
                thumbnail(X[row], **about),
                heat_thumbnail(X[row], heat, **about),
                labels[outcome.predicted[row]],
                float(given[row]),
            )
        )
    return tuple(explained)
