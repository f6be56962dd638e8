"""What both autoencoders share: from rows to codes and back, over the compiled engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_array, check_is_fitted

from strates._types import AnyArray, FloatArray
from strates.engine.architecture import ACTIVATIONS, ProblemKind, keras_activation
from strates.engine.autoencoder_architecture import AutoencoderArchitecture
from strates.engine.backend import keras
from strates.engine.batches import as_rows, dense_rows
from strates.engine.predictor import BLOCK_ROWS, predictor
from strates.estimators._callbacks import FitTasks
from strates.estimators._gradient_fit import Validation
from strates.estimators._inputs import check_weights
from strates.estimators._network_learner import NetworkLearner
from strates.estimators._parameters import Check, boolean, hidden_layer_sizes, one_of, real
from strates.estimators.checkpoint import fit_fingerprint
from strates.exceptions import DataError, ParameterError

CORRUPTIONS = ("gaussian", "masking")


class BaseAutoencoder(NetworkLearner):
    """Base of the autoencoders: a subclass stores its parameters, and may say where training begins."""

    _architecture: AutoencoderArchitecture
    _kind: ProblemKind = "reconstruction"
    # parameters of both
    hidden_layer_sizes: Any
    activation: str
    out_activation: str
    tied: bool
    denoising: float
    corruption: str
    kernel_initializer: Any
    max_iter: int

    _CHECKS: ClassVar[dict[str, Check]] = {
        **NetworkLearner._CHECKS,
        "code_activation": one_of(ACTIVATIONS),
        "out_activation": one_of(ACTIVATIONS),
        "tied": boolean,
        "corruption": one_of(CORRUPTIONS),
        "denoising": real(low=0, open_high=True),
        "fine_tune": boolean,
    }

    # -- fitting --------------------------------------------------------------------------------------

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """Learn to reconstruct rows.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Numbers without missing values; computed with in float32. Inputs of about unit variance learn best.
        y : None
            Ignored, so that an autoencoder can be a step of a pipeline.
        sample_weight : array-like of shape (n_samples,), optional
            A row with weight 2 counts as two such rows.
        validation_data : array-like, sparse matrix or DataFrame of shape (n_rows, n_features), optional
            Rows to watch after each epoch, and to stop by when ``early_stopping`` is True; none is then split off.

        Returns
        -------
        self : object

        Raises
        ------
        DataError
            X cannot be learned from.
        ParameterError
            A parameter has a value that cannot be used.
        DivergenceError
            The loss stopped being a finite number.
        """
        return self._fit(X, sample_weight, validation_data)

    def _fit(self, X: Any, sample_weight: Any, validation_data: Any, *, single: bool = False) -> Self:
        self._check_parameters()
        again = hasattr(self, "_weights") and (single or bool(getattr(self, "warm_start", False)))
        rows = self._check_rows(X, reset=not again)
        weights = check_weights(sample_weight, rows.shape[0]).astype(np.float32)
        tasks = FitTasks(self, X, None, sample_weight, 0 if single else self.max_iter, silent=single)
        seed = self._start_seed(again)
        architecture = self._make_architecture(int(rows.shape[1]))
        if again:
            self._same_network(architecture)
        self._architecture = architecture
        validation = None if validation_data is None else self._watched(validation_data)
        if tasks.checkpoints:
            seed = tasks.find_progress(self._fingerprint(again, rows, weights, validation), seed)
        start = self._begin(rows, weights, validation, seed=seed, again=again)
        return self._learn(rows, _nothing(rows), weights, validation, start, seed=seed, tasks=tasks, single=single)

    def _begin(
        self, rows: Any, weights: AnyArray, validation: Validation | None, *, seed: int, again: bool
    ) -> list[AnyArray]:
        """Return the weights to start from."""
        return self._start(seed, again)

    def _make_architecture(self, n_inputs: int) -> AutoencoderArchitecture:
        return AutoencoderArchitecture(
            n_inputs=n_inputs,
            hidden=hidden_layer_sizes(self.hidden_layer_sizes),
            activation=keras_activation(self.activation),
            code_activation=keras_activation(getattr(self, "code_activation", self.activation)),
            out_activation=keras_activation(self.out_activation),
            tied=bool(self.tied),
            denoising=float(self.denoising),
            corruption=self.corruption,
            kernel_initializer=self.kernel_initializer,
        )

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not hidden_layer_sizes(self.hidden_layer_sizes):
            raise ParameterError(
                "hidden_layer_sizes=() leaves no layer for a code. Give one width or more, such as (32, 8)."
            )
        if self.corruption == "masking" and self.denoising >= 1:
            raise ParameterError(
                f"denoising={self.denoising!r} cannot be used with corruption='masking': it is the share of inputs set "
                "to zero, in [0, 1)."
            )
        solver = self.get_params(deep=False)["solver"]
        if self.denoising and isinstance(solver, str) and solver == "lbfgs":
            raise ParameterError(
                "solver='lbfgs' needs a loss that is a fixed function of the weights, and denoising corrupts the rows "
                "anew at each step. Use solver='adam' or 'sgd', or denoising=0."
            )

    def _check_X(self, X: Any, *, reset: bool) -> Any:
        shape: tuple[int, ...] = getattr(X, "shape", ())
        if len(shape) > 2:
            raise DataError(
                f"Found array of shape {tuple(shape)}, with dim {len(shape)}; {type(self).__name__} takes rows of "
                f"numbers, such as images laid flat: X.reshape({shape[0]}, -1)."
            )
        return super()._check_X(X, reset=reset)

    def _check_rows(self, X: Any, *, reset: bool) -> Any:
        """Check X, which logistic outputs can only reconstruct within [0, 1]."""
        rows = self._check_X(X, reset=reset)
        if keras_activation(self.out_activation) == "sigmoid" and rows.shape[0]:
            low, high = float(rows.min()), float(rows.max())
            if low < 0 or high > 1:
                raise DataError(
                    f"X holds values from {low:g} to {high:g}, but out_activation={self.out_activation!r} reconstructs "
                    "numbers in [0, 1]. Scale X (sklearn.preprocessing.MinMaxScaler), or use "
                    "out_activation='identity'."
                )
        return rows

    def _watched(self, validation_data: Any) -> Validation:
        if isinstance(validation_data, tuple):
            raise DataError(
                f"validation_data is a tuple of {len(validation_data)}; an autoencoder has no labels to watch. Give "
                "the rows alone."
            )
        rows = as_rows(self._check_rows(validation_data, reset=False))
        ones = np.ones(rows.shape[0], np.float32)
        return Validation(dense_rows(rows, slice(None)), _nothing(rows), ones)

    def _fingerprint(self, again: bool, rows: Any, weights: AnyArray, validation: Validation | None) -> str:
        """Hash what makes this fit the one it is, for its checkpoints."""
        begins = self._current_weights if again else self._architecture.initial_weights(0)
        watched = [] if validation is None else [validation.X]
        return fit_fingerprint(self, rows, weights, again and self._epochs_done, *begins, *watched)

    # -- what it has learned --------------------------------------------------------------------------

    def transform(self, X: Any) -> FloatArray:
        """Return the codes of rows: the last layer of the encoder.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_codes), float32
        """
        check_is_fitted(self)
        rows = self._check_X(X, reset=False)
        architecture = self._architecture
        return predictor(architecture.encoder)(self._tensors[: 2 * len(architecture.hidden)], rows)

    def inverse_transform(self, X: Any) -> FloatArray:
        """Return the rows that codes stand for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_codes)
            Codes, such as :meth:`transform` returns.

        Returns
        -------
        ndarray of shape (n_samples, n_features), float32

        Raises
        ------
        DataError
            The codes have another width.
        """
        check_is_fitted(self)
        codes = check_array(X, dtype=np.float32, input_name="X")
        decoder = self._architecture.decoder
        if codes.shape[1] != decoder.n_inputs:
            raise DataError(
                f"The codes have {codes.shape[1]} columns, but this autoencoder's have {decoder.n_inputs}. Give what "
                "transform returns; rows go to reconstruct."
            )
        return predictor(decoder)(self._tensors[2 * len(self._architecture.hidden) :], codes)

    def reconstruct(self, X: Any) -> FloatArray:
        """Return what becomes of rows on their way through the code: ``inverse_transform(transform(X))``.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features), float32
        """
        check_is_fitted(self)
        return predictor(self._architecture)(self._tensors, self._check_X(X, reset=False))

    def reconstruction_error(self, X: Any) -> FloatArray:
        """Return the mean over the features of the squared difference between each row and its reconstruction.

        Rows unlike those that were learned from have large ones.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,), float64
            In squared units of the features.
        """
        check_is_fitted(self)
        rows = self._check_X(X, reset=False)
        return np.concatenate([np.square(a - b).mean(axis=1) for a, b in self._pairs(rows)])

    def _pairs(self, rows: Any) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield rows and their reconstructions, in float64, block by block."""
        forward = predictor(self._architecture)
        for first in range(0, rows.shape[0], BLOCK_ROWS):
            block = dense_rows(rows, slice(first, first + BLOCK_ROWS))
            yield block.astype(np.float64), forward(self._tensors, block).astype(np.float64)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return minus the mean reconstruction error: the closer to zero, the better.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        float
        """
        errors = self.reconstruction_error(X)
        return -float(np.average(errors, weights=check_weights(sample_weight, len(errors))))

    @property
    def encoder_(self) -> keras.Model:
        """The part of ``network_`` from the inputs to the codes; the weights are the same variables."""
        if "encoder" not in self._cache_of_network():
            code = self.network_.get_layer(self._architecture.code_layer).output
            self._cache["encoder"] = keras.Model(self.network_.inputs[0], code, name="encoder")
        return self._cache["encoder"]

    @property
    def decoder_(self) -> keras.Model:
        """The part of ``network_`` from the codes to their reconstruction; the weights are the same variables."""
        if "decoder" not in self._cache_of_network():
            inputs = x = keras.Input((self._architecture.hidden[-1],), name="codes")
            for layer in self._architecture.decoder.layers:
                x = self.network_.get_layer(layer.name)(x)
            self._cache["decoder"] = keras.Model(inputs, x, name="decoder")
        return self._cache["decoder"]

    def _cache_of_network(self) -> dict[str, Any]:
        check_is_fitted(self)
        return self._cache

    def get_feature_names_out(self, input_features: Any = None) -> AnyArray:
        """Name the codes: the class's name and a number.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        return np.array([f"{type(self).__name__.lower()}{i}" for i in range(self._architecture.hidden[-1])], object)


def _nothing(rows: Any) -> AnyArray:
    """Return the targets of rows that are their own."""
    return np.zeros((rows.shape[0], 0), np.float32)
