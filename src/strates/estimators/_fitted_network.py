"""What can be asked of a fitted network: predictions, representations, the Keras model, how training went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from strates._random import root_seed
from strates._types import AnyArray, FloatArray
from strates.engine.architecture import Architecture, ProblemKind
from strates.engine.backend import keras
from strates.engine.batches import dense_rows
from strates.engine.epoch import Epoch
from strates.engine.few_rows import forward_few_rows, suits_few_rows
from strates.engine.gradients import LossGradient, add_penalty, loss_gradient
from strates.engine.monte_carlo import monte_carlo_predictor
from strates.engine.predictor import constants, predictor, refuse_subclass
from strates.estimators._inputs import check_weights, check_X
from strates.estimators._notebook import show_network
from strates.estimators._packing import pack_state, unpack_state
from strates.estimators._parameters import integer
from strates.estimators._stopping import Stopping
from strates.estimators._targets import LabelEncoding, as_labels
from strates.estimators.monte_carlo_dropout import MonteCarloDropout
from strates.exceptions import DataError, ParameterError

#: A probability is never zero, so that its logarithm is a number: where float32 cannot tell it from zero, it is this.
_SMALLEST = np.finfo(np.float32).tiny


class FittedNetwork(ClassifierMixin, TransformerMixin, BaseEstimator):
    """The half of a classifier that answers; :class:`BaseNetworkClassifier` is the half that learns."""

    _architecture: Architecture
    _kind: ProblemKind
    _encoding: LabelEncoding
    _weights: list[AnyArray]
    _epochs: list[Epoch]
    _cache: dict[str, Any]  # the Keras model and the tensors that stand for _weights, made on demand
    n_features_in_: int
    alpha_: float

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
        probabilities = self._encoding.probabilities(self._outputs(rows))
        return np.maximum(probabilities, _SMALLEST)

    def _outputs(self, rows: Any) -> FloatArray:
        """Return what the network answers to checked rows."""
        architecture = self._architecture
        if suits_few_rows(architecture, rows.shape[0]):
            return forward_few_rows(architecture, self._current_weights, dense_rows(rows, slice(None)))
        return predictor(architecture)(self._tensors, rows)

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Return the logarithm of :meth:`predict_proba`, of the same shape."""
        return np.log(self.predict_proba(X))

    def predict_mc_dropout(self, X: Any, *, n_samples: int = 50, random_state: Any = 0) -> MonteCarloDropout:
        """Predict many times with dropout left on, to see how sure the network is: Monte-Carlo dropout.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        n_samples : int, default=50
            Draws.
        random_state : int, RandomState or None, default=0
            Of the masks.

        Returns
        -------
        MonteCarloDropout
            ``mean``, ``std``, ``predictive_entropy``, ``mutual_information`` and the ``samples`` themselves.

        Raises
        ------
        ParameterError
            The network has no dropout (nor other noise), so that all draws would be equal.
        """
        check_is_fitted(self)
        integer(1)("n_samples", n_samples)
        if not self._architecture.noise_levels:
            raise ParameterError(
                "Monte-Carlo dropout needs a network with dropout; this one has none. Fit with dropout=0.2, say."
            )
        rows = self._check_X(X, reset=False)
        draw = monte_carlo_predictor(self._architecture)
        samples = draw(self._tensors, rows, n_samples, root_seed(random_state))
        shape = samples.shape[:2]
        flat = self._encoding.probabilities(samples.reshape(-1, samples.shape[-1]))
        return MonteCarloDropout(flat.reshape(*shape, -1))

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
        self._cache["shown layer"] = name
        if name is None:
            return np.array(dense_rows(rows, slice(None)), np.float32)
        return predictor(self._architecture, name)(self._tensors, rows)

    def get_feature_names_out(self, input_features: Any = None) -> AnyArray:
        """Name the columns of :meth:`transform`, for the layer last asked for: the class's name and a number.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        name = self._cache.get("shown layer", self._layer_name(-1))
        if name is None:
            names = getattr(self, "feature_names_in_", None)
            return np.array(names if names is not None else [f"x{i}" for i in range(self.n_features_in_)], dtype=object)
        n = int(np.prod(self.network_.get_layer(name).output.shape[1:]))
        return np.array([f"{type(self).__name__.lower()}{i}" for i in range(n)], dtype=object)

    def loss_gradient(
        self, X: Any, y: Any, *, sample_weight: Any = None, penalty: bool = False, training: bool = False
    ) -> LossGradient:
        """Differentiate the objective at the present weights: what back-propagation computes, by TensorFlow in float64.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels among ``classes_``.
        sample_weight : array-like of shape (n_samples,), optional
        penalty : bool, default=False
            Whether to add ``alpha * (l1_ratio * |W|_1 + (1 - l1_ratio) / 2 * |W|_2^2)``.
        training : bool, default=False
            Whether batch normalisation uses these rows' statistics. Nothing is dropped.

        Returns
        -------
        LossGradient
            ``loss``, ``penalty`` and the derivatives: ``parameters`` by "layer/weight", ``inputs`` by row,
            ``activations`` and ``deltas`` by layer.

        Raises
        ------
        TargetError
            A label is not among ``classes_``.
        """
        check_is_fitted(self)
        rows = self._check_X(X, reset=False)
        codes = self._encoding.codes(as_labels(y))
        if len(codes) != rows.shape[0]:
            raise DataError(f"X has {rows.shape[0]} rows, y has {len(codes)} labels. Give one label for each row.")
        p = self.get_params(deep=False)
        exact = rows if issparse(rows) else np.asarray(X, np.float64)  # checked rows are rounded to float32
        found = loss_gradient(
            self.network_, exact, codes.reshape(-1, 1) if self._kind == "binary" else codes, self._kind,
            sample_weight=None if sample_weight is None else check_weights(sample_weight, rows.shape[0]),
            label_smoothing=float(p.get("label_smoothing", 0.0)), training=training,
        )  # fmt: skip
        if not penalty:
            return found
        return add_penalty(found, self.network_, self.alpha_, float(p.get("l1_ratio", 0.0)))

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
        tensors: Sequence[Any] = self._cache["tensors"]
        return tensors

    def _hidden_layers(self) -> list[str]:
        """Names of the layers that make a representation: those before the output layer that have one of their own."""
        refuse_subclass(self.network_)
        layers = [layer for layer in self.network_.layers if not isinstance(layer, keras.layers.InputLayer)]
        while layers and isinstance(layers[-1], keras.layers.Activation | keras.layers.Softmax):
            layers.pop()
        passing = (keras.layers.Dropout, keras.layers.GaussianNoise, keras.layers.GaussianDropout)
        return [layer.name for layer in layers[:-1] if not isinstance(layer, passing)]

    def _layer_name(self, layer: int | str) -> str | None:
        if isinstance(layer, str):
            return layer
        if not isinstance(layer, Integral) or isinstance(layer, bool):
            raise ParameterError(f"layer={layer!r} is neither a number nor a name of a layer of network_.")
        names = self._hidden_layers()
        if not names and layer in (0, -1):
            return None
        if not -len(names) <= layer < len(names):
            raise ParameterError(
                f"layer={layer} does not exist: the network has {len(names)} hidden layers, numbered 0 to "
                f"{len(names) - 1} ({', '.join(names)}). Negative numbers count from the last."
            )
        return names[layer]

    def _check_X(self, X: Any, *, reset: bool) -> Any:
        return check_X(self, X, reset=reset)

    # -- how training went ----------------------------------------------------------------------------

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

    # -- housekeeping ---------------------------------------------------------------------------------

    def _get_fitted_attr_html(self, doc_link: str = "") -> Any:
        return show_network(self, super()._get_fitted_attr_html(doc_link))

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
