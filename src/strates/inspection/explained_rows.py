"""Rows to explain, as they reach a network, and the classes to explain them for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray
from strates.backprop.rows import network_rows
from strates.exceptions import DataError, ParameterError, TargetError
from strates.inspection.network_inputs import input_names, network_inputs
from strates.inspection.outcome import encode_labels

SCORES = ("logit", "probability")
_STEPS = {"Greater", "GreaterEqual", "Argmax"}  # operations of a network of threshold units


@dataclass(frozen=True, eq=False)
class ExplainedRows:
    """What explanations start from.

    Attributes
    ----------
    network : keras.Model
    clf : classifier
        The last step of a pipeline.
    rows : ndarray of shape (n_rows, ...), float32
        As they reach the network.
    codes : ndarray of int, of shape (n_rows,)
        Number of each row's class.
    labels : ndarray of shape (n_rows,)
        The classes themselves.
    names : tuple of str
        Of the network's inputs, where rows are rows of a table; empty for images.
    """

    network: Any
    clf: Any
    rows: FloatArray
    codes: NDArray[np.intp]
    labels: AnyArray
    names: tuple[str, ...]

    @property
    def is_image(self) -> bool:
        """Whether rows are images of shape (height, width, channels)."""
        return self.rows.ndim == 4


def explained_rows(clf: Any, X: Any, target: Any, *, smooth: bool = True) -> ExplainedRows:
    """Prepare rows, and the classes to explain them for.

    Parameters
    ----------
    clf : fitted classifier or pipeline
    X : DataFrame or array of n_rows rows
        As the pipeline takes them; images in any form that the classifier takes.
    target : label, array-like of n_rows labels, or None
        None: what is predicted.
    smooth : bool, default=True
        Whether the network must have derivatives.

    Returns
    -------
    ExplainedRows

    Raises
    ------
    ParameterError
        There is no network, or one of steps, which have no slope.
    TargetError
        A label is not among ``classes_``, or there is another number of them than of rows.
    """
    inputs, last = network_inputs(clf, X)
    rows = network_rows(last, inputs).astype(np.float32)
    network = last.network_
    if smooth and any(type(step).__name__ in _STEPS for step in getattr(network, "operations", ())):
        raise ParameterError(
            "A perceptron answers in steps, which have no slope between them. Take a LogisticRegression, or "
            "occlusion_map, which needs no slope."
        )
    classes = np.asarray(last.classes_)
    if target is None:
        codes = np.asarray(last.predict_proba(inputs)).argmax(axis=1)
    else:
        labels = np.full(len(rows), target, dtype=object) if np.ndim(target) == 0 else np.asarray(target, dtype=object)
        if labels.shape != (len(rows),):
            raise TargetError(
                f"target has shape {labels.shape}, X has {len(rows)} rows. Give one label for all, one a row, or none "
                "for the predicted ones."
            )
        codes = encode_labels(labels, classes)
    names = input_names(clf, rows.shape[1]) if rows.ndim == 2 else ()
    return ExplainedRows(network, last, rows, codes, classes[codes], names)


def check_score(score: str) -> None:
    """Refuse a score that is neither the logit nor the probability."""
    if score not in SCORES:
        raise ParameterError(f'score={score!r} cannot be used; expected "logit" or "probability".')


def like_rows(value: Any, rows: FloatArray, name: str) -> FloatArray:
    """Return a number, or an array of the shape of one row or of all rows, in the shape of all rows.

    Raises
    ------
    DataError
        It has another shape.
    """
    try:
        given = np.asarray(value, dtype=np.float32)
        if given.ndim and given.size == rows[0].size:  # a flat row of pixels
            given = given.reshape(rows.shape[1:])
        elif given.ndim and given.size == rows.size:
            given = given.reshape(rows.shape)
        return np.broadcast_to(given, rows.shape)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{name} cannot be laid over rows of shape {rows.shape[1:]} ({error}). Give a number, or one row."
        ) from error
