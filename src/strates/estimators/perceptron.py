"""Rosenblatt's perceptron."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from strates._random import root_seed, stream
from strates._types import AnyArray, FloatArray
from strates.engine.backend import keras
from strates.engine.keras_code.explain import CodeExplanation, explain
from strates.engine.threshold_network import threshold_network
from strates.estimators._inputs import check_X
from strates.estimators._notebook import show_network
from strates.estimators._parameters import Check, boolean, integer, real
from strates.estimators._perceptron_rule import ThresholdUnit
from strates.estimators._targets import as_labels, encode
from strates.exceptions import DataError, TargetError


class Perceptron(ClassifierMixin, TransformerMixin, BaseEstimator):
    """Perceptron: a threshold unit that learns from its mistakes, one row at a time.

    A row x of sign y (1 for ``classes_[1]``, -1 for ``classes_[0]``) is a mistake when ``y * (w @ x + b) <= 0``. Each
    mistake is followed by ``w += eta0 * y * x`` and ``b += eta0 * y``; rows that are right change nothing. Learning
    starts from zeros, and ends with an epoch without a mistake, which comes if and only if a plane separates the
    classes: with rows (x, 1) of length at most R and a plane of unit normal that leaves a margin m, there are at most
    ``(R / m)**2`` mistakes in all (Novikoff). More than two classes are learned one against the rest.

    Parameters
    ----------
    max_iter : int, default=1000
        Epochs at most.
    average : bool, default=False
        Predict with the mean of the weights after each row (the averaged perceptron), which is steadier on data that
        no plane separates.
    shuffle : bool, default=True
        Draw a new order of the rows for each epoch.
    fit_intercept : bool, default=True
        Learn a threshold; otherwise the plane goes through the origin.
    eta0 : float, default=1.0
        Size of a correction. From zeros it scales the weights and changes no prediction.
    warm_start : bool, default=False
        Go on from the present weights at the next ``fit``.
    random_state : int, RandomState or None, default=None
        Decides the orders of the rows.

    Attributes
    ----------
    coef_ : ndarray of shape (1 or n_classes, n_features)
        One row for two classes, else one a class.
    intercept_ : ndarray of shape (1 or n_classes,)
    mistakes_curve_ : list of int
        Mistakes in each epoch, all classes' units together.
    n_mistakes_ : int
        Their sum.
    n_iter_ : int
        Epochs of the last fit.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    network_ : keras.Model
        Linear scores followed by a step: 0 or 1 for each output.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    See Also
    --------
    LogisticRegression : Probabilities, and one best answer where no plane separates.

    References
    ----------
    Rosenblatt (1958), The perceptron, Psychological Review 65. Novikoff (1962), On convergence proofs for perceptrons.
    Freund & Schapire (1999), Large margin classification using the perceptron algorithm, Machine Learning 37.

    Examples
    --------
    >>> from strates import Perceptron
    >>> clf = Perceptron(shuffle=False).fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])  # the logical and
    >>> clf.coef_, clf.intercept_
    (array([[3., 2.]]), array([-4.]))
    >>> clf.mistakes_curve_
    [2, 3, 3, 2, 2, 3, 2, 1, 0]
    """

    classes_: AnyArray
    n_features_in_: int
    _learned: AnyArray  # weights of each unit, the intercept last; with average=True not the ones that predict
    _CHECKS: ClassVar[dict[str, Check]] = {
        "max_iter": integer(1),
        "average": boolean,
        "shuffle": boolean,
        "fit_intercept": boolean,
        "eta0": real(low=0, open_low=True, open_high=True),
        "warm_start": boolean,
    }

    def __init__(
        self,
        *,
        max_iter: int = 1000,
        average: bool = False,
        shuffle: bool = True,
        fit_intercept: bool = True,
        eta0: float = 1.0,
        warm_start: bool = False,
        random_state: Any = None,
    ) -> None:
        self.max_iter = max_iter
        self.average = average
        self.shuffle = shuffle
        self.fit_intercept = fit_intercept
        self.eta0 = eta0
        self.warm_start = warm_start
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from labelled rows until an epoch passes without a mistake.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Numbers without missing values. Sparse rows become dense.
        y : array-like of shape (n_samples,)
            One label a row, of any type.

        Returns
        -------
        self : object

        Raises
        ------
        DataError
            X or y cannot be learned from (missing values, one class, a continuous target, ...).
        ParameterError
            A parameter has a value that cannot be used.

        Warns
        -----
        ConvergenceWarning
            Every epoch up to ``max_iter`` had mistakes.
        """
        for name, check in self._CHECKS.items():
            check(name, getattr(self, name))
        again = self.warm_start and hasattr(self, "_learned")
        rows, labels = check_X(self, X, reset=not again, dtype=np.float64), as_labels(y)
        if rows.shape[0] != len(labels):
            raise DataError(
                f"Found input variables with inconsistent numbers of samples: X has {rows.shape[0]} rows, "
                f"y has {len(labels)}. Give one label for each row."
            )
        codes = self._encode(labels, again)
        rows = _with_ones(rows, self.fit_intercept)
        n_units = 1 if len(self.classes_) == 2 else len(self.classes_)
        start = self._learned if again else np.zeros((n_units, rows.shape[1]))
        units = [ThresholdUnit.start(w) for w in start]
        signs = [np.where(codes == (k if n_units > 1 else 1), 1.0, -1.0) for k in range(n_units)]
        self._learn(units, rows, signs)
        self._learned = np.stack([unit.weights for unit in units])
        shown = np.stack([unit.mean for unit in units]) if self.average else self._learned
        n = self.n_features_in_
        self.coef_ = shown[:, :n].copy()
        self.intercept_ = shown[:, n].copy() if self.fit_intercept else np.zeros(n_units)
        self.__dict__.pop("_network", None)
        return self

    def _encode(self, labels: AnyArray, again: bool) -> AnyArray:
        if labels.ndim == 2:
            raise TargetError(
                "Unknown label type: multilabel-indicator. A perceptron learns one label a row; fit one perceptron a "
                "column, or use MLPClassifier(())."
            )
        encoding = encode(labels)
        if again and encoding.classes.tolist() != self.classes_.tolist():
            raise TargetError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {encoding.classes}"
            )
        self.classes_ = encoding.classes
        return encoding.codes(labels)

    def _learn(self, units: list[ThresholdUnit], rows: AnyArray, signs: list[AnyArray]) -> None:
        draw = stream(root_seed(self.random_state), "order")
        self.mistakes_curve_: list[int] = []
        for _ in range(self.max_iter):
            order = draw.permutation(len(rows)) if self.shuffle else None
            taken = rows if order is None else rows[order]
            mistakes = 0
            for unit, sign in zip(units, signs, strict=True):
                if not unit.finished:  # later epochs would change nothing
                    unit.epoch(taken, sign if order is None else sign[order], float(self.eta0))
                    mistakes += unit.mistakes[-1]
            self.mistakes_curve_.append(mistakes)
            if mistakes == 0:
                break
        self.n_iter_ = len(self.mistakes_curve_)
        self.n_mistakes_ = sum(self.mistakes_curve_)
        if self.mistakes_curve_[-1]:
            unfinished = (
                [] if len(units) == 1 else [c for u, c in zip(units, self.classes_, strict=True) if not u.finished]
            )
            which = f" (unfinished: classes {', '.join(str(c) for c in unfinished[:10])})" if unfinished else ""
            warnings.warn(
                f"The perceptron still made {self.mistakes_curve_[-1]} mistakes in epoch {self.n_iter_}, the last one"
                f"{which}. Where no plane separates the classes it never stops: use average=True for steadier weights, "
                "or LogisticRegression. Where one does, increase max_iter, or scale the inputs.",
                ConvergenceWarning,
                stacklevel=3,
            )

    # -- what can be asked of it ----------------------------------------------------------------------

    def decision_function(self, X: Any) -> FloatArray:
        """Return the scores ``X @ coef_.T + intercept_``, whose signs (or largest) decide.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
        """
        check_is_fitted(self)
        rows = check_X(self, X, reset=False, dtype=np.float64)
        scores: FloatArray = np.asarray(rows @ self.coef_.T) + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> AnyArray:
        """Return the label of each row.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        decided = self._decide(X)
        labels: AnyArray = self.classes_[decided]
        return labels

    def predict_proba(self, X: Any) -> FloatArray:
        """Return 1 for the class that is predicted, 0 for the others.

        A perceptron has no notion of how sure it is: a step is all that it learns, and these are no probabilities to
        bet on. They are what ``network_`` answers. Use :class:`LogisticRegression` for probabilities.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float32
        """
        decided = self._decide(X)
        return np.eye(len(self.classes_), dtype=np.float32)[decided]

    def transform(self, X: Any) -> FloatArray:
        """Return X itself: without hidden layers, the input is the only representation.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features), float32
        """
        check_is_fitted(self)
        rows = check_X(self, X, reset=False)
        return np.array(rows.toarray() if sparse.issparse(rows) else rows, np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> AnyArray:
        """Name the columns of :meth:`transform`: those of X.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        return np.array(names if names is not None else [f"x{i}" for i in range(self.n_features_in_)], dtype=object)

    @property
    def network_(self) -> keras.Model:
        """The perceptron as a ``keras.Model`` in float32: inputs to 0 or 1, by linear scores and a step."""
        check_is_fitted(self)
        if "_network" not in self.__dict__:
            self._network = threshold_network(self.coef_, self.intercept_)
        return self._network

    def explain_code(self) -> CodeExplanation:
        """Show, beside each parameter, the line of Keras that it becomes.

        Returns
        -------
        CodeExplanation
            Printed, an aligned text; ``to_frame()`` has a row a parameter. :func:`strates.export.to_keras_script`
            writes the whole script.
        """
        return explain(self)

    def _decide(self, X: Any) -> AnyArray:
        scores = self.decision_function(X)
        return (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)

    def _get_fitted_attr_html(self, doc_link: str = "") -> Any:
        return show_network(self, super()._get_fitted_attr_html(doc_link))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []  # float32, whatever came
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_network", None)  # made again on demand
        return state


def _with_ones(rows: Any, intercept: bool) -> AnyArray:
    dense = rows.toarray() if sparse.issparse(rows) else rows
    return np.hstack([dense, np.ones((len(dense), 1))]) if intercept else np.asarray(dense)
