"""Logistic regression: the network without hidden layer, and the statistician's model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from strates._types import AnyArray, FloatArray
from strates.engine.architecture import Architecture, DenseArchitecture, ProblemKind
from strates.engine.epoch import Epoch
from strates.engine.initializers import make_initializer
from strates.engine.lbfgs import LbfgsResult
from strates.engine.linear_likelihood import LinearLikelihood
from strates.engine.newton import newton
from strates.estimators._base import BaseNetworkClassifier
from strates.estimators._inputs import check_weights, check_X
from strates.estimators._parameters import Check, real
from strates.estimators._targets import as_labels
from strates.estimators._training_rows import TrainingRows
from strates.estimators._wald import separation, separation_message, wald_table
from strates.estimators.fit_statistics import FitStatistics, measure_fit
from strates.estimators.regularization_path import RegularizationPath
from strates.exceptions import DataError, ParameterError, StratesWarning, TargetError

#: Newton's steps after L-BFGS are taken up to this many parameters: their Hessian is square in it.
_NEWTON_PARAMETERS = 2000
#: ... and up to this many multiplications for one Hessian, a few seconds' worth.
_NEWTON_OPERATIONS = 4e10


def _check_initializer(_: str, value: Any) -> None:
    make_initializer(value, "linear", 0)


class LogisticRegression(BaseNetworkClassifier):
    """Logistic regression, binary or multinomial: the network without hidden layer.

    The objective is the mean cross-entropy over the sample, plus
    ``alpha * (l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|_2^2)`` over the coefficients; intercepts are free. The
    default ``alpha=0`` gives the maximum-likelihood estimate. (scikit-learn's ``C`` is ``1 / (alpha * n)``, n being the
    sum of the sample weights; its default ``C=1`` penalises.)

    ``solver="lbfgs"`` starts from zeros, and ends by Newton's steps with the exact Hessian where it has at most 2000
    parameters: coefficients are then precise to about ten digits. The gradient solvers show how a network learns.

    Parameters
    ----------
    alpha : float, default=0.0
        Strength of the penalty on the coefficients.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty, in [0, 1]: 1 for the lasso, in between for the elastic net. L1 makes coefficients
        exactly zero.
    solver : {"lbfgs", "adam", "sgd"} or keras.optimizers.Optimizer, default="lbfgs"
        "lbfgs" takes all rows at once, in float64. A Keras optimizer brings its own learning rate.
    kernel_initializer : str or keras.initializers.Initializer, default="zeros"
        Where to start; the objective being convex, it decides nothing but the way. See :class:`MLPClassifier`.
    batch_size : int or "auto", default="auto"
        Rows of a step of a gradient solver, at most those there are; "auto" is 200.
    learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"}, default="constant"
        How the rate of a gradient solver goes on. See :class:`MLPClassifier`.
    learning_rate_init : float, default=1e-3
        The rate to start from.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=1000
        Iterations of "lbfgs", or epochs, at most.
    max_fun : int, default=15000
        Evaluations of the objective at most ("lbfgs").
    shuffle : bool, default=True
        Draw a new order of the rows for each epoch.
    tol : float, default=1e-6
        The gradient's largest entry at which "lbfgs" has converged; the improvement of the objective that counts for
        a gradient solver.
    early_stopping : bool, default=False
        Gradient solvers: set a part of the rows aside, stop when its score no longer improves.
    validation_fraction : float, default=0.1
        Share of the rows set aside, stratified by class.
    n_iter_no_change : int, default=10
        Epochs without improvement before stopping.
    class_weight : dict, "balanced" or None, default=None
        Weight of each label; "balanced" gives every class the same total.
    momentum : float, default=0.9
        Of "sgd".
    nesterovs_momentum : bool, default=True
        Of "sgd".
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Of "adam".
    warm_start : bool, default=False
        Go on from the present coefficients at the next ``fit``.
    random_state : int, RandomState or None, default=None
        An integer makes two fits by a gradient solver equal bit for bit.
    verbose : bool, default=False
        Print each iteration's loss.

    Attributes
    ----------
    coef_ : ndarray of shape (1 or n_classes, n_features), float64
        One row for two classes: the log-odds of ``classes_[1]``. Otherwise one row a class.
    intercept_ : ndarray of shape (1 or n_classes,), float64
    separation_ : {"complete", "quasi-complete"} or None
        Whether the classes turned out to be separated, so that no maximum-likelihood estimate exists ("lbfgs" with
        ``alpha=0`` only).
    network_ : keras.Model
        The same model as a network (float32), inputs to probabilities.
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    history_, loss_curve_, loss_, n_iter_, best_epoch_, n_features_in_, feature_names_in_
        As in :class:`MLPClassifier`.

    See Also
    --------
    MLPClassifier : When the classes' borders are not flat.
    Perceptron : Rosenblatt's rule, the first to learn such a border.

    Notes
    -----
    A softmax does not change when the same vector is added to every class's coefficients. Without penalty the one
    shown sums to zero over the classes, as in scikit-learn; intercepts always do. :meth:`summary` uses the
    statisticians' convention instead: the first class is the reference.

    "lbfgs", probabilities and inference compute in float64; gradient solvers and ``network_`` in float32.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from strates import LogisticRegression
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = LogisticRegression().fit(X[50:], y[50:])
    >>> clf.coef_.round(3)
    array([[-2.465, -6.681,  9.429, 18.286]])
    >>> table = clf.summary(X[50:], y[50:])
    >>> table[["feature", "coefficient", "std_error", "p_value"]].round(3)
                 feature  coefficient  std_error  p_value
    0        (intercept)      -42.638     25.707    0.097
    1  sepal length (cm)       -2.465      2.394    0.303
    2   sepal width (cm)       -6.681      4.480    0.136
    3  petal length (cm)        9.429      4.737    0.047
    4   petal width (cm)       18.286      9.743    0.061
    """

    _architecture: DenseArchitecture
    _precise_weights: list[AnyArray] | None
    _lbfgs_ftol: ClassVar[float] = 0.0  # nothing but the gradient says that it has converged
    _CHECKS: ClassVar[dict[str, Check]] = {
        **BaseNetworkClassifier._CHECKS,
        "kernel_initializer": _check_initializer,
    }

    def __init__(
        self,
        *,
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        solver: Any = "lbfgs",
        kernel_initializer: Any = "zeros",
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 1e-3,
        power_t: float = 0.5,
        max_iter: int = 1000,
        max_fun: int = 15_000,
        shuffle: bool = True,
        tol: float = 1e-6,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        class_weight: Any = None,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.solver = solver
        self.kernel_initializer = kernel_initializer
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.shuffle = shuffle
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    # -- what the base asks for -----------------------------------------------------------------------

    def _make_architecture(
        self, input_shape: tuple[int, ...], n_outputs: int, kind: ProblemKind
    ) -> tuple[Architecture, ProblemKind]:
        return DenseArchitecture(input_shape[0], (), n_outputs, kind, kernel_initializer=self.kernel_initializer), kind

    def _hidden_layers(self) -> list[str]:
        return []

    def _after_lbfgs(
        self, found: LbfgsResult, rows: TrainingRows, on_epoch: Callable[[Epoch, list[AnyArray]], bool]
    ) -> LbfgsResult:
        """Go on by Newton's method, look for separation, and keep the weights in float64."""
        self.separation_: str | None = None
        found = replace(found, converged=found.gradient_norm <= self.tol)
        if self._kind != "multilabel":
            found = self._polish(found, rows, on_epoch)
        self._precise_weights = found.weights
        return found

    def _polish(
        self, found: LbfgsResult, rows: TrainingRows, on_epoch: Callable[[Epoch, list[AnyArray]], bool]
    ) -> LbfgsResult:
        shares = rows.weights / rows.weights.sum(dtype=np.float64)
        codes = rows.targets.ravel().astype(int)
        likelihood = LinearLikelihood(rows.X, codes, shares, self._encoding.n_outputs)
        theta = np.vstack(found.weights)
        l1, l2 = self._strengths
        free = not self.alpha
        kind, direction = separation(likelihood, theta) if free else None, theta
        asked_to_stop = "CALLBACK" in found.message or found.n_iter >= self.max_iter
        affordable = theta.size <= _NEWTON_PARAMETERS and len(codes) * theta.size**2 <= _NEWTON_OPERATIONS
        if kind is None and not asked_to_stop and affordable:
            better = newton(likelihood, theta, l2=l2, l1=l1)
            if better.recession is not None:  # going on would only follow the weights further towards infinity
                kind, direction = "quasi-complete", better.recession
            elif better.n_iter:
                theta = better.theta
                found = self._take(found, likelihood, theta, better.gradient_norm, on_epoch)
        if kind is not None:
            self.separation_ = kind
            message = separation_message(kind, self._names(), direction, rows.X)
            warnings.warn(message, StratesWarning, stacklevel=2)
        if free and theta.shape[1] > 1:
            theta = theta - theta.mean(axis=1, keepdims=True)
        return replace(found, weights=[theta[:-1].copy(), theta[-1].copy()])

    def _take(
        self,
        found: LbfgsResult,
        likelihood: LinearLikelihood,
        theta: AnyArray,
        slope: float,
        on_epoch: Callable[[Epoch, list[AnyArray]], bool],
    ) -> LbfgsResult:
        """Report Newton's steps as one iteration more, so that the curve ends at the weights that are kept."""
        w, (l1, l2) = theta[:-1], self._strengths
        penalty = l2 / 2 * float((w * w).sum()) + l1 * float(np.abs(w).sum())
        loss = likelihood.value(theta)
        right = (likelihood.margins(theta) > 0).all(axis=1) & (likelihood.weights > 0)
        number = found.n_iter + 1
        epoch = Epoch(number, loss + penalty, penalty, loss, float(right.mean()), None, None, 0.0, np.nan)
        on_epoch(epoch, [theta[:-1], theta[-1]])
        return replace(found, n_iter=number, gradient_norm=slope, converged=slope <= self.tol)

    @property
    def _strengths(self) -> tuple[float, float]:
        return float(self.alpha * self.l1_ratio), float(self.alpha * (1 - self.l1_ratio))

    def _check_X(self, X: Any, *, reset: bool) -> Any:
        return check_X(self, X, reset=reset, dtype=np.float64)

    # -- the coefficients -----------------------------------------------------------------------------

    @property
    def _theta(self) -> AnyArray:
        """Weights, and intercepts in the last row, in float64; those of ``network_`` when somebody has changed them."""
        current = self._current_weights
        exact = self.__dict__.get("_precise_weights")
        if exact is not None and all(np.array_equal(np.float32(e), c) for e, c in zip(exact, current, strict=True)):
            current = exact
        theta = np.vstack([np.asarray(w, np.float64) for w in current])
        if self._kind == "categorical":
            if not self.alpha:
                theta = theta - theta.mean(axis=1, keepdims=True)
            theta[-1] -= theta[-1].mean()
        return theta

    @property
    def coef_(self) -> AnyArray:
        """Coefficients of shape (1 or n_classes, n_features), float64."""
        check_is_fitted(self)
        coef: AnyArray = self._theta[:-1].T
        return coef

    @property
    def intercept_(self) -> AnyArray:
        """Intercepts of shape (1 or n_classes,), float64."""
        check_is_fitted(self)
        intercept: AnyArray = self._theta[-1]
        return intercept

    def decision_function(self, X: Any) -> FloatArray:
        """Return the scores ``X @ coef_.T + intercept_``: log-odds of ``classes_[1]``, or one score a class.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes), float64
        """
        scores = self._scores(X)
        return scores[:, 0] if self._kind == "binary" else scores

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class, computed in float64.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            Columns in the order of ``classes_``. For a multilabel problem, each label's own probability.
        """
        scores = self._scores(X)
        if self._kind == "categorical":
            return np.asarray(softmax(scores, axis=1))
        return np.asarray(expit(np.hstack([-scores, scores]) if self._kind == "binary" else scores))

    def _scores(self, X: Any) -> FloatArray:
        check_is_fitted(self)
        rows = self._check_X(X, reset=False)
        theta = self._theta
        scores: FloatArray = np.asarray(rows @ theta[:-1]) + theta[-1]
        return scores

    # -- inference ------------------------------------------------------------------------------------

    def summary(self, X: Any, y: Any, *, sample_weight: Any = None, level: float = 0.95) -> pd.DataFrame:
        """Return the table of coefficients with Wald's tests and intervals.

        Standard errors come from the observed information, the second derivative of the log-likelihood at the
        estimate. With more than two classes, the first is the reference: a coefficient is the change of the log-odds
        of its class against ``classes_[0]``.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            The rows that were fitted.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), optional
            Those of the fit. They count rows: a row of weight 2 is two observations.
        level : float, default=0.95
            Of the intervals, in (0, 1).

        Returns
        -------
        DataFrame
            A row a class (but the reference) and feature, each class's intercept first: "class", "feature",
            "coefficient", "odds_ratio" (``exp(coefficient)``), "std_error", "z", "p_value" (two-sided), "low", "high"
            (the interval of the coefficient), "odds_ratio_low", "odds_ratio_high". Its ``attrs`` hold
            "reference_class", "level" and the numbers of :meth:`fit_statistics`.

        Raises
        ------
        ParameterError
            The fit was penalised or weighted by class.
        DataError
            The classes are separated, or features are linear functions of one another.

        Examples
        --------
        >>> import numpy as np
        >>> from strates import LogisticRegression
        >>> X, y = np.repeat([[0], [1]], 50, axis=0), np.repeat([0, 1, 0, 1], [40, 10, 20, 30])
        >>> table = LogisticRegression().fit(X, y).summary(X, y)
        >>> round(float(table["odds_ratio"][1]), 6)  # (30 / 20) / (10 / 40)
        6.0
        """
        check_is_fitted(self)
        real(low=0, high=1, open_low=True, open_high=True)("level", level)
        if self.alpha:
            raise ParameterError(
                f"summary needs alpha=0, and this fit has alpha={self.alpha!r}: penalised coefficients are biased "
                "towards zero, and Wald's standard errors, p-values and intervals do not hold for them. Fit with "
                "alpha=0."
            )
        if self.class_weight is not None:
            raise ParameterError(
                f"summary needs class_weight=None, and this fit has class_weight={self.class_weight!r}: a likelihood "
                "weighted by class is not that of the data, and has no Wald inference. Fit with class_weight=None."
            )
        likelihood = self._likelihood(X, y, sample_weight)
        theta = self._theta
        table, distance = wald_table(likelihood, theta, self.classes_, [*self._names(), "(intercept)"], level)
        if distance > 0.01:
            warnings.warn(
                f"The coefficients are up to {distance:.2g} standard errors away from the maximum-likelihood estimate "
                "of these rows, so that tests and intervals are off. Pass the rows (and sample_weight) that were "
                "fitted, and fit with solver='lbfgs' until it converges.",
                StratesWarning,
                stacklevel=2,
            )
        reference = self.classes_[0]
        table.attrs["reference_class"] = reference.item() if hasattr(reference, "item") else reference
        table.attrs["level"] = float(level)
        table.attrs.update(measure_fit(likelihood, theta, len(self.classes_), penalized=False).to_dict())
        return table

    def fit_statistics(self, X: Any, y: Any, *, sample_weight: Any = None) -> FitStatistics:
        """Return deviance, AIC, BIC and McFadden's R2 on some rows, normally those that were fitted.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
            Numbers of observations that the rows stand for.

        Returns
        -------
        FitStatistics

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from strates import LogisticRegression
        >>> X, y = load_iris(return_X_y=True)
        >>> fit = LogisticRegression().fit(X[50:], y[50:]).fit_statistics(X[50:], y[50:])
        >>> round(fit.deviance, 3), round(fit.aic, 3), round(fit.mcfadden_r2, 3)
        (11.899, 21.899, 0.914)
        """
        likelihood = self._likelihood(X, y, sample_weight)
        return measure_fit(likelihood, self._theta, len(self.classes_), penalized=bool(self.alpha))

    def regularization_path(
        self, X: Any, y: Any, alphas: Any = None, *, sample_weight: Any = None
    ) -> RegularizationPath:
        """Fit again for each of several penalties, from the strongest to the weakest, each from where the last ended.

        This estimator itself is left as it is, and need not be fitted.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        alphas : array-like of shape (n_alphas,), optional
            In any order. By default 30 from the smallest that makes all coefficients zero (under pure L2: a thousand
            times the one of the lasso) down to a ten-thousandth of it, equally spaced in logarithm.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        RegularizationPath
            In decreasing order of alpha.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from strates import LogisticRegression
        >>> X, y = load_iris(return_X_y=True)
        >>> path = LogisticRegression(l1_ratio=1.0).regularization_path(X, y, [1.0, 0.1, 0.01])
        >>> path.n_nonzero.tolist()
        [0, 2, 4]
        """
        twin = clone(self).set_params(warm_start=True)
        twin.__dict__.pop("_skl_callbacks", None)
        if alphas is None:
            values = self._default_alphas(X, y, sample_weight)
        else:
            values = np.sort(np.asarray(alphas, np.float64).ravel())[::-1]
            if not len(values):
                raise ParameterError("alphas is empty; expected one penalty or more, such as np.logspace(-4, 0, 20).")
        coefs, intercepts, losses = [], [], []
        for alpha in values:
            twin.set_params(alpha=float(alpha)).fit(X, y, sample_weight)
            coefs.append(twin.coef_)
            intercepts.append(twin.intercept_)
            losses.append(twin._epochs[-1].train_loss if twin._epochs else np.nan)
        found = np.stack(coefs)
        return RegularizationPath(
            alphas=values,
            l1_ratio=float(self.l1_ratio),
            coefs=found,
            intercepts=np.stack(intercepts),
            n_nonzero=np.count_nonzero(found, axis=(1, 2)),
            losses=np.array(losses),
            classes=twin.classes_[1:] if twin._kind == "binary" else twin.classes_,
            feature_names=tuple(twin._names()),
        )

    def _default_alphas(self, X: Any, y: Any, sample_weight: Any) -> AnyArray:
        probe = clone(self).set_params(alpha=1e6, l1_ratio=1.0, solver="lbfgs")  # nothing but intercepts
        probe.__dict__.pop("_skl_callbacks", None)
        probe.fit(X, y, sample_weight)
        likelihood = probe._likelihood(X, y, sample_weight)
        slope = float(np.abs(likelihood.gradient(probe._theta)[:-1]).max()) / float(likelihood.weights.sum())
        share = max(float(self.l1_ratio), 1e-3)
        largest = max(slope, float(np.finfo(np.float32).eps)) / share
        return np.geomspace(largest, 1e-4 * largest, 30)

    def _likelihood(self, X: Any, y: Any, sample_weight: Any) -> LinearLikelihood:
        check_is_fitted(self)
        if self._kind == "multilabel":
            raise TargetError(
                "y is a multilabel matrix: each label has a likelihood of its own. Fit one LogisticRegression a label."
            )
        rows, labels = self._check_X(X, reset=False), as_labels(y)
        if len(labels) != rows.shape[0]:
            raise DataError(f"X has {rows.shape[0]} rows, y has {len(labels)}. Give one label for each row.")
        weights = check_weights(sample_weight, rows.shape[0])
        if (weights < 0).any() or not weights.sum() > 0:
            raise DataError("sample_weight must hold numbers of 0 or more, and not only zeros.")
        if sparse.issparse(rows):
            rows = sparse.csr_matrix(rows)
        return LinearLikelihood(rows, self._encoding.codes(labels), weights, self._encoding.n_outputs)

    def _names(self) -> list[str]:
        names = self.__dict__.get("feature_names_in_")
        return [f"x{j}" for j in range(self.n_features_in_)] if names is None else [str(name) for name in names]
