"""What a classifier answers to rows whose class is known, for one label a row and for several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray
from strates.exceptions import TargetError
from strates.inspection.outcome import encode_labels


@dataclass(frozen=True, eq=False)
class Answers:
    """Truth and answers, row by row.

    Attributes
    ----------
    truth, predicted : ndarray of shape (n_rows,), or (n_rows, n_labels) of 0 and 1
        Indices of classes, or whether each label is there.
    n_classes : int
    """

    truth: AnyArray
    predicted: AnyArray
    n_classes: int

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.truth)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each row is predicted right, in all of its labels; of shape (n_rows,)."""
        right: NDArray[np.bool_] = np.asarray(self.truth == self.predicted)
        return right if right.ndim == 1 else np.asarray(right.all(axis=1))

    @property
    def accuracy(self) -> float:
        """Share of the rows predicted right."""
        return float(self.correct.mean())

    @property
    def n_correct(self) -> int:
        """Rows predicted right."""
        return int(self.correct.sum())

    def counts(self, codes: AnyArray) -> NDArray[np.intp]:
        """Count classes in ``truth`` or ``predicted``; of shape (n_classes,)."""
        if codes.ndim == 2:
            return np.asarray(codes.sum(axis=0), np.intp)
        return np.bincount(codes, minlength=self.n_classes)


def ask(clf: Any, X: Any, y: AnyArray, classes: AnyArray) -> Answers:
    """Ask a classifier about rows.

    Parameters
    ----------
    clf : fitted classifier or pipeline
    X : array, DataFrame or sparse matrix of n_rows rows
    y : ndarray of shape (n_rows,) or (n_rows, n_labels)
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    Answers
    """
    return Answers(as_codes(y, classes), as_codes(np.asarray(clf.predict(X)), classes), len(classes))


def as_codes(y: AnyArray, classes: AnyArray) -> AnyArray:
    """Return indices in ``classes``; a matrix of labels stays as it is.

    Raises
    ------
    TargetError
        Labels that are not among the classes, or another number of them.
    """
    if y.ndim == 2 and y.shape[1] > 1:
        if y.shape[1] != len(classes):
            raise TargetError(
                f"y has {y.shape[1]} labels a row, and the classifier knows {len(classes)}. Give the rows that it "
                "learned from."
            )
        return (y > 0).astype(np.intp)
    return encode_labels(y, classes)
