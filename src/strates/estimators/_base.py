"""What every strates classifier shares: the contract of scikit-learn over the compiled engine."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils.metaestimators import available_if

from strates._random import integer_seed, root_seed
from strates._types import AnyArray
from strates.engine.architecture import Architecture, ProblemKind, keras_activation
from strates.engine.backend import keras
from strates.engine.batches import as_rows
from strates.engine.epoch import Epoch
from strates.engine.initializers import make_initializer
from strates.engine.keras_architecture import KerasArchitecture
from strates.engine.lbfgs import LbfgsResult
from strates.engine.schedules import SCHEDULES
from strates.engine.step_data import Penalties
from strates.estimators._callbacks import FitTasks
from strates.estimators._fit_gradient import FitSetup, fit_by_gradient
from strates.estimators._fit_lbfgs import fit_by_lbfgs
from strates.estimators._fitted_network import FittedNetwork
from strates.estimators._inputs import check_weights
from strates.estimators._parameters import Check, boolean, integer, one_of, optional, real
from strates.estimators._stopping import Stopping
from strates.estimators._targets import LabelEncoding, as_labels, encode, weigh
from strates.estimators._training_rows import (
    TrainingRows,
    given_validation,
    make_batches,
    network_targets,
    split_off_validation,
)
from strates.estimators.checkpoint import fit_fingerprint
from strates.exceptions import DataError, ParameterError, TargetError

SOLVERS = ("adam", "sgd", "lbfgs")


def automatic_alpha(n_features: int, n_samples: int) -> float:
    """Return the penalty's strength under ``alpha="auto"``: ``0.1 * n_features / n_samples``, in [1e-4, 0.03].

    What a model learns by mistake grows with the features and shrinks with the rows; the factor was chosen on
    sixteen tables of 178 to 48,842 rows, for log-loss on held-out rows.

    Examples
    --------
    >>> automatic_alpha(10, 1000), automatic_alpha(10, 10**6)
    (0.001, 0.0001)
    """
    return min(max(0.1 * n_features / n_samples, 1e-4), 0.03)


def _check_activation(_: str, value: Any) -> None:
    keras_activation(value)


def _check_initializer(_: str, value: Any) -> None:
    make_initializer(value, "relu", 0)


def _learns_by_steps(estimator: Any) -> bool:
    """Whether the solver learns a batch at a time, so that there is a ``partial_fit``."""
    if isinstance(estimator.solver, str) and estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic: use solver='adam', "
            "'sgd' or a Keras optimizer."
        )
    return True


class BaseNetworkClassifier(CallbackSupportMixin, FittedNetwork):
    """Base of the classifiers: a subclass says which network, this class trains it.

    A subclass stores its parameters in ``__init__`` and defines ``_make_architecture``.
    """

    _seed: int
    #: SciPy's relative decrease at which L-BFGS stops; its default.
    _lbfgs_ftol: ClassVar[float] = 2.220446049250313e-09

    _CHECKS: ClassVar[dict[str, Check]] = {
        "alpha": real(low=0, open_high=True),
        "l1_ratio": real(low=0, high=1),
        "max_norm": optional(real(low=0, open_low=True, open_high=True)),
        "label_smoothing": real(low=0, high=1, open_high=True),
        "learning_rate": one_of(SCHEDULES),
        "learning_rate_init": real(low=0, open_low=True, open_high=True),
        "power_t": real(low=0),
        "momentum": real(low=0, high=1),
        "beta_1": real(low=0, high=1, open_high=True),
        "beta_2": real(low=0, high=1, open_high=True),
        "epsilon": real(low=0, open_low=True),
        "max_iter": integer(1),
        "max_fun": integer(1),
        "tol": real(low=0),
        "validation_fraction": real(low=0, high=1, open_low=True, open_high=True),
        "n_iter_no_change": integer(1, infinite=True),
        "shuffle": boolean,
        "early_stopping": boolean,
        "warm_start": boolean,
        "batch_norm": boolean,
        "activation": _check_activation,
        "kernel_initializer": _check_initializer,
    }

    # -- what a subclass says -------------------------------------------------------------------------

    @abstractmethod
    def _make_architecture(
        self, input_shape: tuple[int, ...], n_outputs: int, kind: ProblemKind
    ) -> tuple[Architecture, ProblemKind]:
        """Return the network to train, and the kind of problem that its output makes of this one."""

    def _penalties(self, architecture: Architecture, n_rows: int) -> Penalties:
        p = self.get_params(deep=False)
        alpha = p.get("alpha", 0.0)
        if isinstance(alpha, str):
            alpha = automatic_alpha(math.prod(architecture.input_shape), n_rows)
        self.alpha_ = float(alpha)
        return Penalties(
            alpha=self.alpha_,
            l1_ratio=float(p.get("l1_ratio", 0.0)),
            max_norm=p.get("max_norm"),
            label_smoothing=float(p.get("label_smoothing", 0.0)),
            noise_levels=architecture.noise_levels,
        )

    def _after_lbfgs(
        self, found: LbfgsResult, rows: TrainingRows, on_epoch: Callable[[Epoch, list[AnyArray]], bool]
    ) -> LbfgsResult:
        """Return what the fit is to end with, given what L-BFGS found; a subclass may go on from there."""
        return found

    def _solver_settings(self) -> Mapping[str, Any]:
        p = self.get_params(deep=False)
        names = {"momentum": "momentum", "nesterovs_momentum": "nesterov", "beta_1": "beta_1", "beta_2": "beta_2",
                 "epsilon": "epsilon"}  # fmt: skip
        return {keras_name: p[name] for name, keras_name in names.items() if name in p}

    # -- the public contract --------------------------------------------------------------------------

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """Learn from labelled rows.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Numbers without missing values; computed with in float32. Inputs of about unit variance learn best.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            One label a row, of any type; or a 0/1 matrix for a multilabel problem.
        sample_weight : array-like of shape (n_samples,), optional
            A row with weight 2 counts as two such rows.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Rows to watch after each epoch, and to stop by when ``early_stopping`` is True; none is then split off.

        Returns
        -------
        self : object

        Raises
        ------
        DataError
            X or y cannot be learned from (missing values, one class, a continuous target, ...).
        ParameterError
            A parameter has a value that cannot be used.
        DivergenceError
            The loss stopped being a finite number.
        """
        return self._fit(X, y, sample_weight, validation_data)

    @available_if(_learns_by_steps)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Learn from some rows in one pass, going on from the present weights.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        classes : array-like of shape (n_classes,), optional
            All labels that will ever come; required at the first call.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        self : object
        """
        if self.early_stopping:
            raise ParameterError(
                "partial_fit does not support early_stopping=True: one pass leaves nothing to stop. "
                "Set early_stopping=False."
            )
        first = not hasattr(self, "classes_")
        if first and classes is None:
            raise TargetError("classes must be passed on the first call to partial_fit, to name every label.")
        if not first and classes is not None and not np.array_equal(np.unique(np.asarray(classes)), self.classes_):
            raise TargetError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}. "
                "The network's outputs are fixed at the first call."
            )
        return self._fit(X, y, sample_weight, None, single=True, classes=classes)

    def initialized(self, X: Any, y: Any = None) -> Self:
        """Return a copy whose network has not learned: it is as a fit would begin with it, or as this one's began.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Rows of the kind that the fit takes; how many inputs there are.
        y : array-like of shape (n_samples,) or (n_samples, n_labels), optional
            Labels: how many outputs there are. Those of the fit by default, two classes if there was none.

        Returns
        -------
        object
            It predicts and transforms, and has a ``network_``, before any training. ``random_state`` decides the
            weights; those of a fitted estimator's copy are the ones that its fit drew, whatever ``random_state``.

        Examples
        --------
        >>> from strates import MLPClassifier
        >>> clf = MLPClassifier((5,), kernel_initializer="zeros").initialized([[1.0, 2.0]], ["a", "b", "c"])
        >>> clf.predict_proba([[3.0, 4.0]])
        array([[0.33, 0.33, 0.33]], dtype=float32)
        """
        twin: Self = clone(self)
        twin._check_parameters()
        rows = twin._check_X(X, reset=True)
        fitted = "_weights" in self.__dict__
        if y is not None:
            encoding = encode(as_labels(y))
        else:
            encoding = self._encoding if fitted else encode(np.arange(2))
        seed = twin._seed = self._seed if fitted else twin._start_seed(False)
        twin._set_network(tuple(rows.shape[1:]), encoding, False)
        twin._weights = twin._start(seed, False)
        twin._penalties(twin._architecture, rows.shape[0])
        twin._tell([], 0, Stopping(False, twin.tol, twin.n_iter_no_change), False)
        return twin

    # -- fitting --------------------------------------------------------------------------------------

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, validation_data: Any, *, single: bool = False, classes: Any = None
    ) -> Self:
        self._check_parameters()
        again = hasattr(self, "_weights") and (single or self.warm_start)
        labels = as_labels(y)
        rows = self._check_X(X, reset=not again)
        if rows.shape[0] != len(labels):
            raise DataError(
                f"Found input variables with inconsistent numbers of samples: X has {rows.shape[0]} rows, "
                f"y has {len(labels)}. Give one label for each row."
            )
        weights = check_weights(sample_weight, rows.shape[0])
        encoding = self._encode(labels, again, single, classes)
        codes = encoding.codes(labels)
        weights = weigh(encoding, codes, weights, self.class_weight)
        tasks = FitTasks(self, X, y, sample_weight, 0 if single else self.max_iter, silent=single)
        seed = self._start_seed(again)
        self._set_network(tuple(rows.shape[1:]), encoding, again)
        validation = None
        if validation_data is not None:
            validation = given_validation(self, validation_data, encoding, self._kind)
        if tasks.checkpoints:
            seed = tasks.find_progress(self._fingerprint(again, rows, codes, weights, validation), seed)
        start = self._start(seed, again)
        lbfgs = isinstance(self.solver, str) and self.solver == "lbfgs"
        # L-BFGS computes in float64, and so takes rows in that precision where the estimator has them
        data = TrainingRows(rows if lbfgs else as_rows(rows), network_targets(codes, self._kind), weights)
        if lbfgs:
            fit_by_lbfgs(self, data, start, tasks, validation)
        else:
            if validation is None and self.early_stopping and not single:
                data, validation = split_off_validation(data, encoding, self.validation_fraction, seed)
            source = make_batches(
                data, batch_size=self.batch_size, shuffle=self.shuffle, row_wise=self._architecture.row_wise,
                n_parameters=sum(w.size for w in start), seed=seed,
            )  # fmt: skip
            n_samples = len(data.weights)
            fit_by_gradient(
                self, FitSetup(source, validation, start, seed, tasks, n_samples, tasks.fingerprint, single)
            )
        return self._finish(tasks)

    def _set_network(self, input_shape: tuple[int, ...], encoding: LabelEncoding, again: bool) -> None:
        """Set what a fit is about: the network and the classes.

        Raises
        ------
        ParameterError
            A fit that goes on has parameters of another network.
        """
        if not again:
            architecture, kind = self._make_architecture(input_shape, encoding.n_outputs, encoding.kind)
        elif isinstance(self._architecture, KerasArchitecture):
            architecture, kind = self._architecture, self._kind
        else:
            architecture, kind = self._make_architecture(input_shape, encoding.n_outputs, encoding.kind)
            shapes = [w.shape for w in architecture.initial_weights(0)]
            if shapes != [w.shape for w in self._weights]:
                changed = ", ".join(_changed(self._architecture, architecture))
                raise ParameterError(
                    f"This fit goes on from a network with weights of shapes {[w.shape for w in self._weights]}, but "
                    f"{changed} now ask for {shapes}. Set the parameters back, or fit afresh with warm_start=False."
                )
        self._architecture, self._kind = architecture, kind
        self._encoding, self.classes_ = encoding, encoding.classes

    def _start(self, seed: int, again: bool) -> list[AnyArray]:
        """Return the weights to start from; forget earlier fits unless this one goes on from them."""
        if again:
            start = self._current_weights
        else:
            start = self._architecture.initial_weights(integer_seed(seed, "weights"))
            self._optimizer_state: list[AnyArray] | None = None
            self._stopping: Stopping | None = None
            self._epochs, self._epochs_done, self._steps_done, self.t_ = [], 0, 0, 0
        self._cache = {}
        return start

    def _fingerprint(self, again: bool, rows: Any, codes: AnyArray, weights: AnyArray, validation: Any) -> str:
        """Hash what makes this fit the one it is, for its checkpoints."""
        begins = self._current_weights if again else self._architecture.initial_weights(0)
        watched = [] if validation is None else [validation.X, validation.targets, validation.weights]
        about = [self.classes_.tolist(), again and self._epochs_done]
        return fit_fingerprint(self, rows, codes, weights, *about, *begins, *watched)

    def _finish(self, tasks: FitTasks) -> Self:
        if tasks.recordings:
            self.recording_ = tasks.recordings[0]
        tasks.finish()
        return self

    def _check_parameters(self) -> None:
        parameters = self.get_params(deep=False)
        for name, check in self._CHECKS.items():
            if name in parameters:
                check(name, parameters[name])
        solver = parameters["solver"]
        if not isinstance(solver, keras.optimizers.Optimizer):
            one_of(SOLVERS, also=" A keras.optimizers.Optimizer also serves.")("solver", solver)
        if parameters["batch_size"] != "auto":
            integer(1)("batch_size", parameters["batch_size"])
        if isinstance(solver, str) and solver == "lbfgs" and parameters.get("max_norm") is not None:
            raise ParameterError("max_norm acts after each step of a gradient solver; use solver='adam' or 'sgd'.")

    def _encode(self, y: AnyArray, again: bool, single: bool, classes: Any) -> LabelEncoding:
        if not again:
            return encode(y, classes)
        known: LabelEncoding = self._encoding
        if known.multilabel != (y.ndim == 2):
            labels = f"{len(known.classes)} labels a row" if known.multilabel else "one label a row"
            raise TargetError(f"y has shape {y.shape}, but this fit goes on from one with {labels}.")
        if not single and not known.multilabel and set(np.unique(y).tolist()) != set(self.classes_.tolist()):
            raise TargetError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {np.unique(y)}"
            )
        return known

    def _start_seed(self, again: bool) -> int:
        """Return the seed of this fit; a fit that goes on keeps the stream of the one before."""
        if again and not isinstance(self.random_state, np.random.RandomState):
            return int(self._seed)
        self._seed = root_seed(self.random_state)
        return self._seed


def _changed(old: Any, new: Any) -> list[str]:
    """Name the parameters in which two dense architectures differ."""
    names = {"hidden": "hidden_layer_sizes", "n_outputs": "the classes of y", "n_inputs": "the columns of X"}
    differing = [f.name for f in fields(old) if getattr(old, f.name) != getattr(new, f.name)]
    return [names.get(name, name) for name in differing]
