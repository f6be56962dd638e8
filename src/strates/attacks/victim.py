"""What an attack sees of a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from strates._types import AnyArray, FloatArray
from strates.attacks.affine_steps import affine_map
from strates.engine.affine_front import behind_affine
from strates.exceptions import DataError, ParameterError, TargetError

_STEPS = {"Greater", "GreaterEqual", "Argmax"}  # operations of a network of threshold units
#: The largest value that each common way of writing pixels has, beyond 1.
_FULL_SCALES = (16, 255, 65_535)
_GRADIENT_FREE = "Attacks that need no gradient still work: Square and TabularAttack."


class Victim:
    """A classifier under attack, and the box that its rows stay in.

    Rows go in as the user gave them (flat pixels, bytes, a DataFrame of numbers), and come out as ``rows``: float32, in
    the same units, in the shape that the network takes.

    Parameters
    ----------
    clf : fitted classifier or pipeline
    X : DataFrame or array of n_rows rows
        Numbers.
    bounds : tuple (low, high) or None, default=None
        Numbers, or arrays like one row, one for each column.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, ...), float32
    low, high : ndarray of the shape of a row, float32
        Bounds, infinite where there are none; never beyond those given, whatever float32 can hold.
    classes : ndarray of shape (n_classes,)

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from strates import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.01)).fit(X, y)
    >>> victim = Victim(clf, X)
    >>> np.allclose(victim.model(X), clf.predict_proba(X), atol=1e-5)  # the scaling is inside
    True
    """

    def __init__(self, clf: Any, X: Any, *, bounds: Any = None) -> None:
        self.clf = clf
        self._steps, self._last = _split(clf)
        if not hasattr(clf, "predict"):
            raise ParameterError(f"{type(clf).__name__} has no predict; an attack needs a fitted classifier.")
        self._columns = X.columns if isinstance(X, pd.DataFrame) else None
        table = _numbers(X)
        labels = np.asarray(clf.predict(X[:1]))  # says itself what is wrong with the shape
        self.classes = np.asarray(self._last.classes_)
        _refuse_multilabel(self._last, labels)
        self._given_shape = table.shape[1:]
        shape = self._network_shape(table)
        low, high = _limits(bounds, table, shape)
        self.low, self.high = low, high
        with np.errstate(over="ignore"):
            self.rows: FloatArray = table.reshape(len(table), *shape).astype(np.float32)
        if table.dtype != np.float32:
            if not np.isfinite(self.rows).all():
                raise DataError("X holds numbers beyond float32's range of 3e38. Scale its columns.")
            np.clip(self.rows, low, high, out=self.rows)  # what rounding may have put outside

    @property
    def is_differentiable(self) -> bool:
        """Whether the classifier is a network with slopes, reached through affine steps."""
        try:
            return self.model is not None
        except ParameterError:
            return False

    @cached_property
    def model(self) -> Any:
        """The network from rows in the user's units to probabilities, as a ``keras.Model``.

        Raises
        ------
        ParameterError
            There is no network, it has no slopes, or a step before it is not affine.
        """
        network = getattr(self._last, "network_", None)
        if network is None:
            raise ParameterError(
                f"{type(self._last).__name__} has no network_, and hence no gradient to follow. Give a classifier of "
                f"strates, such as MLPClassifier. {_GRADIENT_FREE}"
            )
        if any(type(step).__name__ in _STEPS for step in getattr(network, "operations", ())):
            raise ParameterError(
                f"A {type(self._last).__name__} answers in steps, whose slope is zero everywhere: there is no gradient "
                f"to follow. {_GRADIENT_FREE}"
            )
        if self._steps is None:
            return network
        table = self._as_given(self.rows)
        return behind_affine(network, affine_map(self._steps, table))

    def predict_proba(self, X: AnyArray) -> FloatArray:
        """Return what the classifier answers to rows shaped as :attr:`rows`, of shape (n_rows, n_classes)."""
        if not hasattr(self.clf, "predict_proba"):
            raise ParameterError(
                f"{type(self.clf).__name__} has no predict_proba, which this attack asks. Wrap it in "
                "sklearn.calibration.CalibratedClassifierCV."
            )
        return np.asarray(self.clf.predict_proba(self._as_given(X)))

    def predict_codes(self, X: AnyArray) -> NDArray[np.intp]:
        """Return the number of the class that the classifier predicts for each row, of shape (n_rows,)."""
        if not len(X):
            return np.zeros(0, np.intp)
        return self.codes(self.clf.predict(self._as_given(X)))

    def codes(self, labels: Any, name: str = "y") -> NDArray[np.intp]:
        """Return each label's number among the classes.

        Raises
        ------
        TargetError
            A label is not among them.
        """
        values = np.asarray(labels, dtype=object)
        place = {label: i for i, label in enumerate(self.classes.tolist())}
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        found, uniques = pd.factorize(values, use_na_sentinel=True)
        unknown = [label for label in uniques.tolist() if label not in place]
        if unknown or (found < 0).any():
            shown = ", ".join(map(repr, list(place)[:12])) + (", ..." if len(place) > 12 else "")
            what = f"the label {unknown[0]!r}" if unknown else "a missing label"
            raise TargetError(f"{name} holds {what}, which is not among the classes {shown}. Use one of them.")
        return np.array([place[label] for label in uniques.tolist()], np.intp)[found]

    def in_given_shape(self, rows: AnyArray) -> AnyArray:
        """Return rows in the shape that the user's have: flat pixels where those are flat."""
        return rows.reshape(len(rows), *self._given_shape)

    def _as_given(self, rows: AnyArray) -> Any:
        given = self.in_given_shape(rows)
        return given if self._columns is None else pd.DataFrame(given, columns=self._columns)

    def _network_shape(self, table: AnyArray) -> tuple[int, ...]:
        """Return the shape of a row in which it reaches the model."""
        network = getattr(self._last, "network_", None)
        if network is None or self._steps is not None:
            return tuple(table.shape[1:])
        shape = getattr(network, "input_shape", None)
        wanted = tuple(shape[1:]) if isinstance(shape, tuple) else ()
        if None in wanted or int(np.prod(wanted)) != int(np.prod(table.shape[1:])):
            return tuple(table.shape[1:])
        return wanted


def _split(clf: Any) -> tuple[Any, Any]:
    """Return the steps before a pipeline's classifier (None without any), and the classifier."""
    if not hasattr(clf, "steps"):
        return None, clf
    return (clf[:-1] if len(clf.steps) > 1 else None), clf[-1]


def _numbers(X: Any) -> AnyArray:
    """Return rows as numbers, all finite.

    Raises
    ------
    DataError
        They are not.
    """
    if hasattr(X, "toarray"):
        X = X.toarray()
    try:
        table = np.asarray(X)
        table = table if table.dtype.kind in "fu" and table.dtype != np.float16 else np.asarray(X, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"X holds what is no number ({error}). This attack changes numbers; TabularAttack takes tables of any kind."
        ) from error
    if table.ndim < 2 or not table.size:
        raise DataError(f"X has shape {table.shape}; expected one row or more, of shape (n_rows, ...).")
    if not np.isfinite(table).all():
        row = int(np.argmax(~np.isfinite(table.reshape(len(table), -1)).all(axis=1)))
        raise DataError(
            f"X holds NaN or infinity, first in row {row}. Drop such rows, or impute before: what is missing cannot be "
            "moved a little."
        )
    return table


def _limits(bounds: Any, table: AnyArray, shape: Sequence[int]) -> tuple[FloatArray, FloatArray]:
    """Check the bounds, and lay them over a row of a given shape."""
    if bounds is None:
        return np.full(shape, -np.inf, np.float32), np.full(shape, np.inf, np.float32)
    try:
        low, high = (np.asarray(b, np.float64) for b in bounds)
        row = table.shape[1:]
        low, high = (b.reshape(row) if b.size == np.prod(row) else np.broadcast_to(b, row) for b in (low, high))
        usable = bool((low < high).all())
    except (TypeError, ValueError):
        usable = False
    if not usable:
        raise ParameterError(
            f"bounds={bounds!r} cannot be used: give (low, high) with low < high, numbers or arrays like one row of "
            f"shape {table.shape[1:]}, or None for no bounds."
        )
    if bool((table.min(axis=0) < low).any()) or bool((table.max(axis=0) > high).any()):
        raise DataError(_outside(table, low, high))
    # rounded to float32 inwards
    low32, high32 = low.astype(np.float32), high.astype(np.float32)
    low32 = np.where(low32 < low, np.nextafter(low32, np.float32(np.inf)), low32)
    high32 = np.where(high32 > high, np.nextafter(high32, np.float32(-np.inf)), high32)
    return low32.reshape(shape), high32.reshape(shape)


def _outside(table: AnyArray, low: AnyArray, high: AnyArray) -> str:
    least, most = float(table.min()), float(table.max())
    values = f"X holds values from {least:g} to {most:g}"
    if np.ptp(low) or np.ptp(high):
        outside = ((table < low) | (table > high)).reshape(len(table), -1)
        column = int(np.argmax(outside.any(axis=0)))
        return (
            f"{int(outside.any(axis=1).sum())} rows of X leave the bounds, first in column {column}, where the values "
            f"go from {table.reshape(len(table), -1)[:, column].min():g} to "
            f"{table.reshape(len(table), -1)[:, column].max():g}, and the bounds from {low.ravel()[column]:g} to "
            f"{high.ravel()[column]:g}. Widen the bounds, or drop these rows."
        )
    inside = f"this attack works in [{low.flat[0]:g}, {high.flat[0]:g}]"
    full = next((scale for scale in _FULL_SCALES if most <= scale), None)
    if least >= 0 and full and low.flat[0] == 0 and high.flat[0] == 1:
        return f"{values}, but {inside}. Divide X by {full}, or pass bounds=(0, {full}) (None: no bounds)."
    return f"{values}, but {inside}. Pass bounds that hold them, such as ({least:g}, {most:g}) (None: no bounds)."


def _refuse_multilabel(last: Any, labels: AnyArray) -> None:
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise ParameterError(
            f"{type(last).__name__} says yes or no to each of {labels.shape[1]} labels; an attack changes one answer. "
            "Fit a classifier for the label that is meant."
        )
