"""What can be asked of a fitted classifier: predictions, representations, gradients."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from strates._random import root_seed
from strates._types import AnyArray, FloatArray
from strates.engine.backend import keras
from strates.engine.batches import dense_rows
from strates.engine.epoch import Epoch
from strates.engine.gradients import LossGradient, add_penalty, loss_gradient
from strates.engine.monte_carlo import monte_carlo_predictor
from strates.engine.predictor import predictor, refuse_subclass
from strates.estimators._inputs import check_weights
from strates.estimators._network_holder import NetworkHolder
from strates.estimators._parameters import integer
from strates.estimators._stopping import Stopping
from strates.estimators._targets import LabelEncoding, as_labels
from strates.estimators.monte_carlo_dropout import MonteCarloDropout
from strates.exceptions import DataError, ParameterError

#: A probability is never zero, so that its logarithm is a number: where float32 cannot tell it from zero, it is this.
_SMALLEST = np.finfo(np.float32).tiny


class FittedNetwork(ClassifierMixin, NetworkHolder):
    """The half of a classifier that answers; :class:`BaseNetworkClassifier` is the half that learns."""

    _encoding: LabelEncoding

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
        exact, shape = rows, rows.shape
        if not issparse(rows):  # checked rows are rounded to float32; flat pixels become images
            exact, shape = np.asarray(X, np.float64).reshape(rows.shape), np.shape(X)
        found = loss_gradient(
            self.network_, exact, codes.reshape(-1, 1) if self._kind == "binary" else codes, self._kind,
            sample_weight=None if sample_weight is None else check_weights(sample_weight, rows.shape[0]),
            label_smoothing=float(p.get("label_smoothing", 0.0)), training=training,
        )  # fmt: skip
        if found.inputs.shape != shape:
            found = replace(found, inputs=found.inputs.reshape(shape))
        if not penalty:
            return found
        return add_penalty(found, self.network_, self.alpha_, float(p.get("l1_ratio", 0.0)))

    # -- the layers --------------------------------------------------------------------------------------

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

    # -- what a classifier adds ---------------------------------------------------------------------------

    def _tell(self, epochs: list[Epoch], n_iter: int, stopping: Stopping, validated: bool) -> None:
        super()._tell(epochs, n_iter, stopping, validated)
        self.n_outputs_ = self._encoding.n_outputs
        self.out_activation_ = "softmax" if self._kind == "categorical" else "logistic"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
