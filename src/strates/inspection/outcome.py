"""What a classifier said about rows whose class is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from strates._types import AnyArray
from strates.exceptions import DataError, ParameterError, TargetError


@dataclass(frozen=True)
class Outcome:
    """Truth, decisions and probabilities, row by row.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, in the order of the columns of ``probability``.
    truth : ndarray of shape (n_rows,)
        Index in ``classes`` of the true class.
    predicted : ndarray of shape (n_rows,)
        Index in ``classes`` of what ``predict`` answers.
    probability : ndarray of shape (n_rows, n_classes)
        What ``predict_proba`` answers, in its own precision.
    """

    classes: AnyArray
    truth: NDArray[np.intp]
    predicted: NDArray[np.intp]
    probability: NDArray[np.floating[Any]]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.truth)

    @property
    def n_classes(self) -> int:
        """Number of classes that the classifier knows."""
        return len(self.classes)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each row is predicted right, of shape (n_rows,)."""
        return np.equal(self.truth, self.predicted)

    @property
    def support(self) -> NDArray[np.intp]:
        """Rows of each true class, of shape (n_classes,)."""
        return np.bincount(self.truth, minlength=self.n_classes)

    def true_probability(self) -> NDArray[np.floating[Any]]:
        """Return the probability given to the true class, kept off 0 by its precision's epsilon, of shape (n_rows,)."""
        epsilon = np.finfo(self.probability.dtype).eps
        given = self.probability[np.arange(self.n_rows), self.truth]
        clipped: NDArray[np.floating[Any]] = np.clip(given, epsilon, 1 - epsilon).astype(float)
        return clipped

    def take(self, rows: NDArray[np.intp]) -> Outcome:
        """Return the outcome on some of the rows."""
        return Outcome(self.classes, self.truth[rows], self.predicted[rows], self.probability[rows])


def class_names(classes: Sequence[Any] | AnyArray) -> tuple[str, ...]:
    """Return the labels as people read them.

    Parameters
    ----------
    classes : sequence of shape (n_classes,)
        Labels of any type.

    Returns
    -------
    tuple of str
        ``str`` of each label; whole floats lose their ``.0``.

    Examples
    --------
    >>> class_names([1.0, 2.0]), class_names([False, True])
    (('1', '2'), ('False', 'True'))
    """
    values = np.asarray(classes).tolist()
    return tuple(f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value) for value in values)


def encode_labels(y: Any, classes: AnyArray) -> NDArray[np.intp]:
    """Return each label's index in ``classes``.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Labels.
    classes : ndarray of shape (n_classes,)
        The labels that the classifier knows.

    Returns
    -------
    ndarray of shape (n_rows,)

    Raises
    ------
    TargetError
        ``y`` is not one column of known labels.

    Examples
    --------
    >>> encode_labels(["b", "a"], np.array(["a", "b"])).tolist()
    [1, 0]
    """
    values = np.asarray(y, dtype=object)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise TargetError(
            f"y has shape {values.shape}; an evaluation expects one label a row. "
            "Evaluate a multilabel classifier one column at a time."
        )
    position = {label: index for index, label in enumerate(np.asarray(classes).tolist())}
    codes, uniques = pd.factorize(values, use_na_sentinel=True)
    if (codes < 0).any():
        raise TargetError(
            f"y holds {int((codes < 0).sum())} missing labels among {len(values)}. Drop those rows first."
        )
    unknown = [label for label in uniques if label not in position]
    if unknown:
        shown = ", ".join(repr(label) for label in unknown[:5]) + (", ..." if len(unknown) > 5 else "")
        known = ", ".join(repr(label) for label in list(position)[:8]) + (", ..." if len(position) > 8 else "")
        raise TargetError(
            f"y holds labels that the classifier never learned: {shown}. It knows {known}. "
            "Drop those rows, or fit on data that has them."
        )
    lookup = np.array([position[label] for label in uniques], dtype=np.intp)
    return lookup[codes]


def take_rows(X: Any, rows: NDArray[np.intp]) -> Any:
    """Return some rows of a DataFrame, an array or a sparse matrix."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def sample_rows(truth: NDArray[np.intp], size: int, seed: int) -> NDArray[np.intp]:
    """Return a sorted random sample of row numbers that keeps a row of every class at least.

    Parameters
    ----------
    truth : ndarray of shape (n_rows,)
        Class index of each row.
    size : int
        Rows wanted; all are returned when there are no more.
    seed : int
        Seed of the draw.

    Returns
    -------
    ndarray
        Row numbers, about ``size`` of them.
    """
    if len(truth) <= size:
        return np.arange(len(truth))
    order = check_random_state(seed).permutation(len(truth))
    first_of_class = order[np.unique(truth[order], return_index=True)[1]]
    return np.union1d(order[:size], first_of_class)


def predict_outcome(clf: Any, X: Any, y: Any) -> Outcome:
    """Ask a fitted classifier about rows whose class is known.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        Anything with ``classes_``, ``predict`` and ``predict_proba``.
    X : DataFrame or array of n_rows rows
        The rows.
    y : array-like of shape (n_rows,)
        Their classes.

    Returns
    -------
    Outcome

    Raises
    ------
    ParameterError
        ``clf`` gives no probabilities.
    DataError
        There is no row, X and y differ in length, or the probabilities are not finite.
    TargetError
        ``y`` holds labels that the classifier never learned.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> clf = DummyClassifier().fit([[0], [1], [2]], ["a", "b", "a"])
    >>> predict_outcome(clf, [[5], [6]], ["a", "b"]).correct.tolist()
    [True, False]
    """
    if not hasattr(clf, "predict_proba"):
        raise ParameterError(
            f"{type(clf).__name__} has no predict_proba; an evaluation needs probabilities. "
            "Wrap it in sklearn.calibration.CalibratedClassifierCV."
        )
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    if n_rows == 0:
        raise DataError("X has no rows; an evaluation needs at least one. Give it the rows that were held out.")
    if n_rows != len(y):
        raise DataError(
            f"X has {n_rows} rows and y has {len(y)} labels; they must be as many. Take both from one table."
        )
    classes = np.asarray(clf.classes_)
    truth = encode_labels(y, classes)
    probability = np.asarray(clf.predict_proba(X))
    if not np.issubdtype(probability.dtype, np.floating):
        probability = probability.astype(float)
    if not np.isfinite(probability).all():
        raise DataError(
            f"predict_proba gave {int((~np.isfinite(probability)).sum())} values that are not finite. "
            "Look for infinite or missing values in X, or fit again with a smaller learning rate."
        )
    return Outcome(classes, truth, encode_labels(clf.predict(X), classes), probability)
