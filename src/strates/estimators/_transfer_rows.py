"""Rows as a backbone takes them: images where it takes images, else numbers."""

from __future__ import annotations

import math
import warnings
from typing import Any

from strates._types import AnyArray
from strates.estimators._base import BaseNetworkClassifier
from strates.estimators._images import (
    Shape,
    as_images,
    automatic_scale,
    check_image_shape,
    check_pixels,
    guess_image_shape,
    warn_of_other_scale,
)
from strates.estimators._inputs import check_X
from strates.estimators._transfer_source import BackboneSource
from strates.exceptions import DataError, StratesWarning


def check_rows(estimator: Any, X: Any, source: BackboneSource | None) -> Any:
    """Check rows, and return them in the shape that the network takes.

    Parameters
    ----------
    estimator : TransferClassifier
        In a fit it receives what the rows tell: ``image_shape_``, ``scale_``, ``n_features_in_``.
    X : array of n_rows rows
    source : BackboneSource or None
        Of a fit; None for rows that come after.

    Raises
    ------
    DataError
        The rows cannot be used, or do not fit the backbone.
    """
    if source is not None:
        estimator._row_shape = source.input_shape
    if len(estimator._row_shape) != 3:
        return _check_flat(estimator, X, reset=source is not None)
    pixels = check_pixels(X)
    if source is not None:
        estimator.image_shape_ = _find_image_shape(estimator, pixels)
        estimator.scale_ = automatic_scale(pixels) if isinstance(estimator.scale, str) else float(estimator.scale)
        if estimator.image_shape_[2] == 1 and source.input_shape[2] == 3:
            warnings.warn(
                f"The images are grey, and {source.name} takes colours: the network gives it the same channel "
                "three times.",
                StratesWarning,
                stacklevel=3,
            )
    else:
        warn_of_other_scale(pixels, estimator.scale_)
    if pixels.ndim == 2:  # flat rows: scikit-learn's own checks of width and names
        BaseNetworkClassifier._check_X(estimator, X, reset=source is not None)
    estimator.n_features_in_ = math.prod(estimator.image_shape_)
    return as_images(pixels, estimator.image_shape_)


def _check_flat(estimator: Any, X: Any, *, reset: bool) -> Any:
    """Check rows for a backbone that takes no images; images are laid flat for it."""
    if reset:
        estimator.image_shape_ = None
    wanted = tuple(estimator._row_shape)
    given: tuple[int, ...] = getattr(X, "shape", ())
    if len(given) > 2 and len(wanted) == 1 and math.prod(given[1:]) == wanted[0]:
        X = X.reshape(given[0], -1)
    rows = check_X(estimator, X, reset=reset, allow_nd=len(wanted) > 1)
    if reset and tuple(rows.shape[1:]) != wanted and None not in wanted:
        raise DataError(
            f"The backbone takes rows of shape {wanted}, but X has rows of shape {tuple(rows.shape[1:])}. Give "
            "columns as those that it was trained on."
        )
    return rows


def _find_image_shape(estimator: Any, pixels: AnyArray) -> Shape:
    given = check_image_shape(estimator.image_shape)
    if given is not None:
        return given
    if pixels.ndim == 2:
        fixed = estimator._row_shape
        known = None not in fixed and math.prod(fixed) == pixels.shape[1]
        return (fixed[0], fixed[1], fixed[2]) if known else guess_image_shape(pixels.shape[1])
    sizes = [*pixels.shape[1:], 1]
    if len(sizes) > 4:
        raise DataError(f"X has shape {pixels.shape}; expected images, (n, height, width, channels).")
    return int(sizes[0]), int(sizes[1]), int(sizes[2])
