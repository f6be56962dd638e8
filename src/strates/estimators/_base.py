"""What every strates classifier shares: the contract of scikit-learn over the compiled engine."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.callback import with_callbacks
from sklearn.utils.metaestimators import available_if

from strates._types import AnyArray
from strates.engine.architecture import Architecture, ProblemKind
from strates.engine.keras_architecture import KerasArchitecture
from strates.estimators._callbacks import FitTasks
from strates.estimators._fitted_network import FittedNetwork
from strates.estimators._inputs import check_weights
from strates.estimators._network_learner import NetworkLearner, learns_by_steps
from strates.estimators._stopping import Stopping
from strates.estimators._targets import LabelEncoding, as_labels, encode, weigh
from strates.estimators._training_rows import given_validation, network_targets
from strates.estimators.checkpoint import fit_fingerprint
from strates.exceptions import DataError, ParameterError, TargetError


class BaseNetworkClassifier(NetworkLearner, FittedNetwork):
    """Base of the classifiers: a subclass says which network, this class trains it.

    A subclass stores its parameters in ``__init__`` and defines ``_make_architecture``.
    """

    # -- what a subclass says -------------------------------------------------------------------------

    @abstractmethod
    def _make_architecture(
        self, input_shape: tuple[int, ...], n_outputs: int, kind: ProblemKind
    ) -> tuple[Architecture, ProblemKind]:
        """Return the network to train, and the kind of problem that its output makes of this one."""

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

    @available_if(learns_by_steps)
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
        tasks = FitTasks(self, X, y, sample_weight, 0 if single else self._most_epochs, silent=single)
        seed = self._start_seed(again)
        self._set_network(tuple(rows.shape[1:]), encoding, again)
        validation = None
        if validation_data is not None:
            validation = given_validation(self, validation_data, encoding, self._kind)
        if tasks.checkpoints:
            seed = tasks.find_progress(self._fingerprint(again, rows, codes, weights, validation), seed)
        start = self._start(seed, again)
        targets = network_targets(codes, self._kind)
        return self._learn(rows, targets, weights, validation, start, seed=seed, tasks=tasks, single=single)

    def _strata(self, targets: AnyArray) -> AnyArray | None:
        return None if self._encoding.multilabel else self._encoding.classes[targets.ravel().astype(int)]

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
            self._same_network(architecture)
        self._architecture, self._kind = architecture, kind
        self._encoding, self.classes_ = encoding, encoding.classes

    def _fingerprint(self, again: bool, rows: Any, codes: AnyArray, weights: AnyArray, validation: Any) -> str:
        """Hash what makes this fit the one it is, for its checkpoints."""
        begins = self._current_weights if again else self._initial_weights(0)
        watched = [] if validation is None else [validation.X, validation.targets, validation.weights]
        about = [self.classes_.tolist(), again and self._epochs_done]
        return fit_fingerprint(self, rows, codes, weights, *about, *begins, *watched)

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
