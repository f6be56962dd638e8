"""What every strates classifier shares: the contract of scikit-learn over the compiled engine."""

from __future__ import annotations

import copy
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import check_is_fitted

from strates._random import integer_seed, root_seed
from strates._types import AnyArray, FloatArray
from strates.engine.architecture import Architecture, ProblemKind
from strates.engine.backend import keras
from strates.engine.batches import ArrayBatches, BatchSource, as_rows, dense_rows, merge_equal_rows
from strates.engine.compiler import choose_compiler, is_dense
from strates.engine.epoch import Epoch
from strates.engine.lbfgs import minimize_lbfgs, objective
from strates.engine.losses import target_dtype
from strates.engine.optimizers import base_learning_rate, has_own_schedule, make_optimizer
from strates.engine.predictor import constants, predictor
from strates.engine.program import Penalties, chunk_steps, training_program
from strates.engine.schedules import SCHEDULES, Schedule
from strates.estimators._callbacks import FitTasks
from strates.estimators._gradient_fit import GradientFit, Validation
from strates.estimators._packing import pack_state, unpack_state
from strates.estimators._inputs import check_weights, check_X
from strates.estimators._parameters import Check, boolean, integer, one_of, optional, real
from strates.estimators._stopping import Stopping
from strates.estimators._targets import LabelEncoding, as_labels, encode, weigh
from strates.estimators.checkpoint import fit_fingerprint
from strates.exceptions import DataError, ParameterError, StratesWarning, TargetError

SOLVERS = ("adam", "sgd", "lbfgs")
#: Rows of a batch under batch_size="auto", as in scikit-learn.
AUTO_BATCH = 200


class BaseNetworkClassifier(CallbackSupportMixin, ClassifierMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the classifiers: a subclass says which network, this class trains and queries it.

    A subclass stores its parameters in ``__init__`` and defines ``_make_architecture``.
    """

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
    }

    # -- what a subclass says -------------------------------------------------------------------------

    @abstractmethod
    def _make_architecture(
        self, input_shape: tuple[int, ...], n_outputs: int, kind: ProblemKind
    ) -> tuple[Architecture, ProblemKind]:
        """Return the network to train, and the kind of problem that its output makes of this one."""

    def _penalties(self, architecture: Architecture) -> Penalties:
        p = self.get_params(deep=False)
        return Penalties(
            alpha=float(p.get("alpha", 0.0)),
            l1_ratio=float(p.get("l1_ratio", 0.0)),
            max_norm=p.get("max_norm"),
            label_smoothing=float(p.get("label_smoothing", 0.0)),
            dropout_rates=architecture.dropout_rates,
        )

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
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic: use solver='adam' or "
                "'sgd', or a Keras optimizer."
            )
        if self.early_stopping:
            raise ParameterError(
                "partial_fit does not support early_stopping=True: one pass leaves nothing to stop. "
                "Set early_stopping=False."
            )
        first = not hasattr(self, "classes_")
        if first and classes is None:
            raise TargetError("classes must be passed on the first call to partial_fit, to name every label to come.")
        if not first and classes is not None and not np.array_equal(np.unique(np.asarray(classes)), self.classes_):
            raise TargetError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}. "
                "The network's outputs are fixed at the first call."
            )
        return self._fit(X, y, sample_weight, None, single=True, classes=classes)

    def predict(self, X: Any) -> AnyArray:
        """Return the most probable label of each row.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        probabilities = self.predict_proba(X)
        return self._encoding.decode(probabilities)

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float32
            Columns in the order of ``classes_``. For a multilabel problem, each label's own probability.
        """
        check_is_fitted(self)
        rows = self._check_X(X, reset=False)
        return self._encoding.probabilities(predictor(self._architecture)(self._tensors, rows))

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Return the logarithm of :meth:`predict_proba`, of the same shape."""
        return np.log(np.maximum(self.predict_proba(X), np.finfo(np.float32).tiny))

    def transform(self, X: Any, layer: int | str = -1) -> FloatArray:
        """Return the activations of a hidden layer: the representation that the network has learned.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        layer : int or str, default=-1
            Which hidden layer: counted from 0, or from the output with negative numbers; or a layer's name in
            ``network_``. A network without hidden layers has one representation, its input.

        Returns
        -------
        ndarray of shape (n_samples, n_units), float32
        """
        check_is_fitted(self)
        rows = self._check_X(X, reset=False)
        name = self._layer_name(layer)
        if name is None:
            return np.array(dense_rows(rows, slice(None)), np.float32)
        return predictor(self._architecture, name)(self._tensors, rows)

    def get_feature_names_out(self, input_features: Any = None) -> AnyArray:
        """Name the columns of :meth:`transform`: the class's name and a number.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        name = self._layer_name(-1)
        if name is None:
            names = getattr(self, "feature_names_in_", None)
            return np.array(names if names is not None else [f"x{i}" for i in range(self.n_features_in_)], dtype=object)
        n = int(np.prod(self.network_.get_layer(name).output.shape[1:]))
        return np.array([f"{type(self).__name__.lower()}{i}" for i in range(n)], dtype=object)

    # -- the network ----------------------------------------------------------------------------------

    @property
    def network_(self) -> keras.Model:
        """The trained network, an ordinary ``keras.Model``: inputs to probabilities.

        It is built on first use. From then on it *is* the network: weights that you set in it are predicted with.
        """
        check_is_fitted(self)
        if "network" not in self._cache:
            network = self._architecture.build()
            network.set_weights(self._weights)
            self._cache["network"] = network
        return self._cache["network"]

    @property
    def _current_weights(self) -> list[AnyArray]:
        """Weights as arrays, those of ``network_`` if somebody holds it."""
        network = self._cache.get("network")
        return self._weights if network is None else [np.asarray(w) for w in network.get_weights()]

    @property
    def _tensors(self) -> Sequence[Any]:
        network = self._cache.get("network")
        if network is not None:
            return constants([v.value for v in network.weights])
        if "tensors" not in self._cache:
            self._cache["tensors"] = constants(self._weights)
        return self._cache["tensors"]

    def _hidden_layers(self) -> list[str]:
        """Names of the layers that make a representation: those before the output layer that have one of their own."""
        layers = [layer for layer in self.network_.layers if not isinstance(layer, keras.layers.InputLayer)]
        while layers and isinstance(layers[-1], keras.layers.Activation | keras.layers.Softmax):
            layers.pop()
        passing = (keras.layers.Dropout, keras.layers.GaussianNoise, keras.layers.GaussianDropout)
        return [layer.name for layer in layers[:-1] if not isinstance(layer, passing)]

    def _layer_name(self, layer: int | str) -> str | None:
        names = self._hidden_layers()
        if isinstance(layer, str):
            return layer
        if not names and layer in (0, -1):
            return None
        if not -len(names) <= layer < len(names):
            raise ParameterError(
                f"layer={layer} does not exist: the network has {len(names)} hidden layers, numbered 0 to "
                f"{len(names) - 1} ({', '.join(names)}). Negative numbers count from the last."
            )
        return names[layer]

    # -- fitting --------------------------------------------------------------------------------------

    def _check_X(self, X: Any, *, reset: bool) -> Any:
        return check_X(self, X, reset=reset)

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

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, validation_data: Any, *, single: bool = False, classes: Any = None
    ) -> Self:
        self._check_parameters()
        again = hasattr(self, "_weights") and (single or self.warm_start)
        given_y = as_labels(y)
        rows = self._check_X(X, reset=not again)
        if rows.shape[0] != len(given_y):
            raise DataError(
                f"Found input variables with inconsistent numbers of samples: X has {rows.shape[0]} rows, "
                f"y has {len(given_y)}. Give one label for each row."
            )
        weights = check_weights(sample_weight, rows.shape[0])
        encoding = self._encode(given_y, again, single, classes)
        codes = encoding.codes(given_y)
        weights = weigh(encoding, codes, weights, self.class_weight)
        tasks = None if single else FitTasks(self, X, y, sample_weight, self.max_iter)
        seed = self._start_seed(again)
        architecture, kind = self._start_architecture(rows, encoding, again)
        targets = _targets(codes, kind)
        fingerprint, resumed = "", None
        if tasks is not None and tasks.checkpoints:
            fingerprint = fit_fingerprint(self, rows, targets, weights, encoding.classes.tolist())
            resumed = tasks.checkpoints[0].read(fingerprint)
            seed = seed if resumed is None else resumed[1]
        self._encoding, self.classes_ = encoding, encoding.classes
        self._architecture, self._kind = architecture, kind
        start = self._current_weights if again else architecture.initial_weights(integer_seed(seed, "weights"))
        if not again:
            self._forget()
        self._cache: dict[str, Any] = {}  # the Keras model and the tensors that stand for _weights, made on demand
        if isinstance(self.solver, str) and self.solver == "lbfgs":
            self._refuse_checkpoint(tasks)
            self._fit_lbfgs(as_rows(rows), targets, weights, start, tasks)
        else:
            data = as_rows(rows), targets, weights
            validation = None
            if not single:
                data, validation = self._split(data, validation_data, encoding, kind, seed)
            source = self._batches(*data, seed)
            self._fit_gradient(source, start, seed, validation, tasks, single, fingerprint, resumed)
        if tasks is not None:
            tasks.finish()
        return self

    def _encode(self, y: AnyArray, again: bool, single: bool, classes: Any) -> LabelEncoding:
        if not again:
            return encode(y, classes)
        known: LabelEncoding = self._encoding
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

    def _start_architecture(self, rows: Any, encoding: LabelEncoding, again: bool) -> tuple[Architecture, ProblemKind]:
        if again:
            return self._architecture, self._kind
        return self._make_architecture(tuple(rows.shape[1:]), encoding.n_outputs, encoding.kind)

    def _forget(self) -> None:
        """Drop what earlier fits left."""
        self._epochs: list[Epoch] = []
        self._optimizer_state: list[AnyArray] | None = None
        self._epochs_done = 0
        self.t_ = 0
        self._stopping: Stopping | None = None

    def _refuse_checkpoint(self, tasks: FitTasks | None) -> None:
        if tasks is not None and tasks.checkpoints:
            raise ParameterError(
                "Checkpoint needs a gradient solver: the memory of L-BFGS cannot be saved. Use solver='adam' or 'sgd'."
            )

    def _split(
        self, data: tuple[Any, AnyArray, AnyArray], given: Any, encoding: LabelEncoding, kind: ProblemKind, seed: int
    ) -> tuple[tuple[Any, AnyArray, AnyArray], Validation | None]:
        """Return the rows to learn from and those to validate on."""
        if given is not None:
            X, y, *rest = given
            rows = self._check_X(X, reset=False)
            weights = check_weights(rest[0] if rest else None, rows.shape[0])
            codes = encoding.codes(as_labels(y))
            return data, Validation(
                dense_rows(as_rows(rows), slice(None)), _targets(codes, kind), weights.astype(np.float32)
            )
        if not self.early_stopping:
            return data, None
        X, targets, weights = data
        stratify = None if encoding.multilabel else encoding.classes[targets.ravel().astype(int)]
        try:
            learn, watch = train_test_split(
                np.arange(len(targets)),
                test_size=self.validation_fraction,
                stratify=stratify,
                random_state=integer_seed(seed, "validation"),
            )
        except ValueError as error:
            raise DataError(
                f"early_stopping=True cannot split off {self.validation_fraction:.0%} of {len(targets)} rows: {error} "
                "Give every class two rows or more, change validation_fraction, or pass validation_data."
            ) from error
        if len(watch) < 2:
            raise DataError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        validation = Validation(dense_rows(X, watch), targets[watch], weights[watch])
        return (X[learn], targets[learn], weights[learn]), validation

    def _batches(self, X: Any, targets: AnyArray, weights: AnyArray, seed: int) -> BatchSource:
        n = int(X.shape[0])
        size = AUTO_BATCH if self.batch_size == "auto" else int(self.batch_size)
        if self.batch_size != "auto" and size > n:
            warnings.warn(
                f"Got `batch_size` larger than sample size ({size} > {n} rows). It is going to be clipped.",
                StratesWarning,
                stacklevel=2,
            )
        if n <= size and self._architecture.row_wise:
            X, targets, weights = merge_equal_rows(X, targets, weights)
            n = len(weights)
        row_bytes = 4 * int(np.prod(X.shape[1:]))
        # the shape depends on the parameter, not on the rows, so that fits of any length share one compilation;
        # a batch_size far beyond the rows is cut to the next power of two
        padded = min(size, max(256, 1 << (n - 1).bit_length()))
        return ArrayBatches(
            X, targets, weights, batch_size=min(size, n), padded_size=padded, shuffle=self.shuffle,
            chunk_steps=chunk_steps(padded, row_bytes), seed=integer_seed(seed, "order"),
        )  # fmt: skip

    def _fit_gradient(
        self,
        source: BatchSource,
        start: list[AnyArray],
        seed: int,
        validation: Validation | None,
        tasks: FitTasks | None,
        single: bool,
        fingerprint: str,
        resumed: Any,
    ) -> None:
        optimizer = make_optimizer(self.solver, self._solver_settings())
        max_epochs = 1 if single else self.max_iter
        compiler = choose_compiler(
            dense=is_dense_architecture(self._architecture),
            n_parameters=sum(w.size for w in start),
            batch_size=source.chunk_shape[1],
            # partial_fit does not tell how often it will be called: judge as if by max_iter
            n_steps=source.steps_per_epoch * self.max_iter,
        )
        penalties = self._penalties(self._architecture)
        program = training_program(
            self._architecture, self._kind, optimizer, compiler, source.chunk_shape,
            sparse=penalties.alpha * penalties.l1_ratio > 0, max_norm=penalties.max_norm is not None,
        )  # fmt: skip
        first = self._epochs_done
        fit = GradientFit(
            program=program,
            source=source,
            state=program.start(start, integer_seed(seed, "layers"), self._optimizer_state if single else None),
            schedule=self._schedule(optimizer, source, first, max_epochs, single),
            penalties=penalties,
            seed=seed,
            stopping=self._make_stopping(single),
            first_epoch=first,
            max_epochs=first + max_epochs,
            validation=validation,
            adaptive=self.learning_rate == "adaptive" and not single,
            scheduled=self.learning_rate in ("cosine", "one_cycle"),
            single=single,
            verbose=bool(self.verbose),
        )
        if resumed is not None:
            fit.resume(resumed[0])
        self._run_gradient(fit, tasks, seed, fingerprint)
        self._take_over(fit, validation is not None)

    def _run_gradient(self, fit: GradientFit, tasks: FitTasks | None, seed: int, fingerprint: str) -> None:
        if fit.finished:
            return
        per_epoch, n_steps = fit.source.steps_per_epoch, fit.source.steps_per_epoch * self.max_iter
        origin = fit.first_epoch * per_epoch
        checkpoints = [] if tasks is None else tasks.checkpoints

        def usable(state: Any) -> Any:
            return self._frozen_at(fit.program.weights(state), fit)

        def begin(number: int) -> None:
            if tasks is not None:
                tasks.begin(number)

        def end(epoch: Epoch) -> bool:
            for checkpoint in checkpoints:
                if checkpoint.due(epoch.number):
                    checkpoint.write(fingerprint, fit.progress(), seed)
            return tasks is not None and tasks.end(lambda: vars(usable(fit.current)))

        pauses, on_pause = None, None
        if tasks is not None and tasks.recorders:
            recorded = tasks
            pauses = origin + recorded.pauses(n_steps)

            def on_pause(step: int, state: Any) -> None:
                done = step - origin
                recorded.record(done, done / per_epoch, n_steps, lambda: usable(state))

            on_pause(origin, fit.state)
        fit.run(
            step_by_epoch=tasks is not None and tasks.watched,
            on_begin=begin, on_end=end, pauses=pauses, on_pause=on_pause,
        )  # fmt: skip
        for checkpoint in checkpoints:
            checkpoint.write(fingerprint, fit.progress(), seed)
        if tasks is not None:
            done = len(fit.epochs)
            recording = tasks.close_recordings(done * per_epoch, done, lambda: usable(fit.kept))
            if recording is not None:
                self.recording_ = recording

    def _frozen_at(self, weights: list[AnyArray], fit: GradientFit) -> Any:
        """Return a copy of the estimator as if the fit had stopped with these weights."""
        frozen = copy.copy(self)
        for name in ("_skl_callbacks", "_callback_fit_ctx", "_skl_callbacks_to_teardown", "_parent_callback_ctx"):
            frozen.__dict__.pop(name, None)
        frozen._weights = weights
        frozen._tell(list(fit.epochs), len(fit.epochs), fit.stopping, fit.validation is not None)
        return frozen

    def _take_over(self, fit: GradientFit, validated: bool) -> None:
        """Make the estimator what the fit has come to."""
        self._weights = fit.program.weights(fit.kept)
        self._optimizer_state = [np.array(t) for t in fit.current.optimizer]
        self._epochs_done += len(fit.epochs)
        self.t_ += len(fit.epochs) * fit.source.n_rows
        self._no_improvement_count = fit.stopping.no_improvement
        self._stopping = fit.stopping
        self._epochs = [*self._epochs, *fit.epochs]
        self._tell(self._epochs, len(fit.epochs), fit.stopping, validated)

    def _tell(self, epochs: list[Epoch], n_iter: int, stopping: Stopping, validated: bool) -> None:
        """Set the public attributes that tell how training went."""
        by_validation = stopping.by_validation
        self.n_iter_ = n_iter
        self.loss_curve_ = [e.loss for e in epochs]
        self.loss_ = self.loss_curve_[-1] if epochs else np.nan
        self.best_loss_ = None if by_validation else stopping.best_loss
        self.validation_scores_ = [e.validation_score for e in epochs] if validated else None
        self.validation_loss_curve_ = [e.validation_loss for e in epochs] if validated else None
        self.best_validation_score_ = stopping.best_score if by_validation else None
        self.best_epoch_ = stopping.best_epoch
        self._epochs = epochs
        self.n_outputs_ = self._encoding.n_outputs
        self.out_activation_ = "softmax" if self._kind == "categorical" else "logistic"

    @property
    def history_(self) -> pd.DataFrame:
        """Every epoch's record, a row an epoch: the fields of :class:`strates.engine.epoch.Epoch`."""
        check_is_fitted(self)
        columns = list(Epoch.__dataclass_fields__)
        frame = pd.DataFrame([asdict(e) for e in self._epochs], columns=columns).rename(columns={"number": "epoch"})
        return frame.astype({"validation_loss": float, "validation_score": float})

    @property
    def learning_rate_curve_(self) -> list[float]:
        """Learning rate at each epoch's end."""
        check_is_fitted(self)
        return [e.learning_rate for e in self._epochs]

    def _make_stopping(self, single: bool) -> Stopping:
        stopping = Stopping(bool(self.early_stopping) and not single, self.tol, self.n_iter_no_change)
        before = self._stopping
        if before is not None and not single:  # a warm start goes on comparing with the best so far
            stopping.best_loss, stopping.best_epoch = before.best_loss, before.best_epoch
        return stopping

    def _schedule(
        self, optimizer: keras.optimizers.Optimizer, source: BatchSource, first: int, n_epochs: int, single: bool
    ) -> Schedule:
        per_epoch = source.steps_per_epoch
        base = self.learning_rate_init
        if isinstance(self.solver, keras.optimizers.Optimizer):
            base = 1.0 if has_own_schedule(optimizer) else base_learning_rate(optimizer)
        name = "constant" if single and self.learning_rate in ("cosine", "one_cycle") else self.learning_rate
        return Schedule(name, base, self.power_t, source.n_rows, per_epoch, n_epochs * per_epoch, first * per_epoch)

    def _solver_settings(self) -> Mapping[str, Any]:
        p = self.get_params(deep=False)
        names = {"momentum": "momentum", "nesterovs_momentum": "nesterov", "beta_1": "beta_1", "beta_2": "beta_2",
                 "epsilon": "epsilon"}  # fmt: skip
        return {keras_name: p[name] for name, keras_name in names.items() if name in p}

    def _fit_lbfgs(
        self, X: Any, targets: AnyArray, weights: AnyArray, start: list[AnyArray], tasks: FitTasks | None
    ) -> None:
        goal = objective(self._architecture, self._kind)
        epochs: list[Epoch] = []
        stopping = Stopping(False, self.tol, np.inf)

        def usable(values: list[AnyArray]) -> Any:
            frozen = copy.copy(self)
            frozen._weights = [np.asarray(v, np.float32) for v in values]
            frozen._tell(list(epochs), len(epochs), stopping, validated=False)
            return frozen

        def on_epoch(epoch: Epoch, values: list[AnyArray]) -> bool:
            if tasks is None:
                return False
            tasks.begin(epoch.number)
            epochs.append(epoch)
            stopping.see(epoch)
            if self.verbose:
                print(f"Iteration {epoch.number}, loss = {epoch.loss:.8f}")  # noqa: T201
            tasks.record(epoch.number, epoch.number, self.max_iter, lambda: usable(values))
            return tasks.end(lambda: vars(usable(values)))

        if tasks is not None:
            tasks.record(0, 0, self.max_iter, lambda: usable(start))
        found = minimize_lbfgs(
            goal, start, X, targets, weights, penalties=self._penalties(self._architecture), max_iter=self.max_iter,
            max_fun=self.max_fun, gtol=self.tol, ftol=self._lbfgs_ftol, on_epoch=on_epoch,
        )  # fmt: skip
        if not found.converged:
            warnings.warn(
                f"lbfgs failed to converge after {found.n_iter} iterations ({found.message}; gradient norm "
                f"{found.gradient_norm:.2g}). Increase max_iter, or scale the inputs.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self._weights = [np.asarray(w, np.float32) for w in found.weights]
        self._exact_weights = found.weights
        self._epochs = [*self._epochs, *epochs]
        self._epochs_done += found.n_iter
        self._tell(self._epochs, found.n_iter, stopping, validated=False)
        if tasks is not None:
            recording = tasks.close_recordings(found.n_iter, found.n_iter, lambda: usable(found.weights))
            if recording is not None:
                self.recording_ = recording

    #: SciPy's relative decrease at which L-BFGS stops; its default.
    _lbfgs_ftol: ClassVar[float] = 2.220446049250313e-09

    # -- housekeeping ---------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return "_weights" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        tags.transformer_tags.preserves_dtype = []  # float32, whatever came
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "_weights" in state:
            state["_weights"] = self._current_weights
            state["_cache"] = {}
        return pack_state(self, state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(unpack_state(state))

    def __copy__(self) -> Self:
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        if "_weights" in twin.__dict__:
            twin._weights, twin._cache = self._current_weights, {}
        return twin


def _targets(codes: AnyArray, kind: ProblemKind) -> AnyArray:
    """Return class numbers for a softmax, 0/1 of shape (n, n_outputs) otherwise."""
    if kind == "binary":
        return codes.astype(target_dtype(kind)).reshape(-1, 1)
    return codes.astype(target_dtype(kind))


_DENSE: dict[Any, bool] = {}


def is_dense_architecture(architecture: Architecture) -> bool:
    """Whether an architecture is a dense network, remembered by its key."""
    key = architecture.key
    if key not in _DENSE:
        _DENSE[key] = is_dense(architecture.build())
    return _DENSE[key]
