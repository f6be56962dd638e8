"""An estimator that holds a network: the Keras model, its weights, how training went, copies and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from strates._types import AnyArray, FloatArray
from strates.engine.architecture import Architecture, ProblemKind
from strates.engine.backend import keras
from strates.engine.batches import dense_rows
from strates.engine.epoch import Epoch
from strates.engine.few_rows import forward_few_rows, suits_few_rows
from strates.engine.keras_code.explain import CodeExplanation, explain
from strates.engine.predictor import constants, predictor
from strates.estimators._inputs import check_X
from strates.estimators._notebook import show_network
from strates.estimators._packing import pack_state, unpack_state
from strates.estimators._stopping import Stopping


class NetworkHolder(TransformerMixin, BaseEstimator):
    """What classifiers and autoencoders have in common once they are fitted."""

    _architecture: Architecture
    _kind: ProblemKind
    _weights: list[AnyArray]
    _epochs: list[Epoch]
    _cache: dict[str, Any]  # the Keras model and the tensors that stand for _weights, made on demand
    n_features_in_: int
    alpha_: float

    def _outputs(self, rows: Any) -> FloatArray:
        """Return what the network answers to checked rows."""
        architecture = self._architecture
        if suits_few_rows(architecture, rows.shape[0]):
            return forward_few_rows(architecture, self._current_weights, dense_rows(rows, slice(None)))
        return predictor(architecture)(self._tensors, rows)

    # -- the network ----------------------------------------------------------------------------------

    @property
    def network_(self) -> keras.Model:
        """The trained network, an ordinary ``keras.Model``: inputs to probabilities, or to their reconstruction.

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

    def explain_code(self) -> CodeExplanation:
        """Show, beside each parameter, the line of Keras that it becomes.

        Returns
        -------
        CodeExplanation
            Printed, an aligned text; ``to_frame()`` has a row a parameter. :func:`strates.export.to_keras_script`
            writes the whole script.
        """
        return explain(self)

    # -- housekeeping ---------------------------------------------------------------------------------

    def _get_fitted_attr_html(self, doc_link: str = "") -> Any:
        return show_network(self, super()._get_fitted_attr_html(doc_link))

    def __sklearn_is_fitted__(self) -> bool:
        return "_weights" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
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
