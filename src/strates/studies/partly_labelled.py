"""A classifier that sees the labels of some of its rows only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from strates._random import stream
from strates._types import AnyArray, FloatArray
from strates.inspection.network_inputs import split_pipeline
from strates.inspection.outcome import take_rows


def labelled_rows(y: AnyArray, fraction: float, seed: int) -> NDArray[np.intp]:
    """Choose the rows whose labels are known: the same share of every class, of each class one row at least.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
    fraction : float
        In (0, 1].
    seed : int
        The rows of a smaller fraction are among those of a larger one.

    Returns
    -------
    ndarray of int
        Sorted.

    Examples
    --------
    >>> labelled_rows(np.repeat(["a", "b"], [20, 4]), 0.1, seed=0).shape
    (3,)
    """
    rng = stream(seed, "labels")
    known = []
    for label in pd.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        known.append(rows[: max(1, round(fraction * len(rows)))])
    return np.sort(np.concatenate(known))


class PartlyLabelledClassifier(ClassifierMixin, BaseEstimator):
    """Prepares all rows, and lets a network learn from the labels of some.

    Parameters
    ----------
    estimator : MLPClassifier or pipeline that ends in one
        Fitted itself; the steps before the classifier are fitted on all rows, without their labels.
    pretrain : callable (rows) -> fitted autoencoder, default=None
        Given all rows as they reach the classifier; None starts it from random weights.
    label_fraction : float, default=1.0
    random_state : int, default=0
        Which rows are labelled.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(100)
    >>> clf = PartlyLabelledClassifier(MLPClassifier((4,), solver="lbfgs", random_state=0), label_fraction=0.2)
    >>> clf.fit(X, y).n_labelled_
    20
    """

    def __init__(
        self,
        estimator: Any,
        *,
        pretrain: Callable[[Any], Any] | None = None,
        label_fraction: float = 1.0,
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.pretrain = pretrain
        self.label_fraction = label_fraction
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the steps to all rows, the classifier to those whose labels are known."""
        steps, clf = split_pipeline(self.estimator)
        rows = X if steps is None else steps.fit_transform(X)
        known = labelled_rows(np.asarray(y), self.label_fraction, self.random_state)
        self.n_labelled_ = len(known)
        self.autoencoder_ = None if self.pretrain is None else self.pretrain(rows)
        clf.set_params(pretrained=self.autoencoder_).fit(take_rows(rows, known), np.asarray(y)[known])
        self.classifier_, self.classes_ = clf, clf.classes_
        return self

    def inputs(self, X: Any) -> Any:
        """Return rows as they reach the network."""
        steps, _ = split_pipeline(self.estimator)
        return X if steps is None else steps.transform(X)

    def predict(self, X: Any) -> AnyArray:
        """Return labels of shape (n_rows,)."""
        labels: AnyArray = self.estimator.predict(X)
        return labels

    def predict_proba(self, X: Any) -> FloatArray:
        """Return probabilities of shape (n_rows, n_classes)."""
        probabilities: FloatArray = self.estimator.predict_proba(X)
        return probabilities

    @property
    def n_iter_(self) -> int:
        """Epochs of the classifier."""
        return int(self.classifier_.n_iter_)

    @property
    def history_(self) -> pd.DataFrame:
        """Epochs of the classifier, a row each."""
        history: pd.DataFrame = self.classifier_.history_
        return history
