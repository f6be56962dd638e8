"""Compiled forward passes, with the weights as inputs: one trace for all fits of an architecture.

Rows come in blocks of at most :data:`BLOCK_ROWS`, so that a million rows take bounded memory; the last block
is as short as it is, because the plain graph takes any number of rows without a new trace.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.engine.architecture import Architecture
from strates.engine.backend import keras, tf
from strates.engine.batches import dense_rows
from strates.engine.keras_architecture import is_functional
from strates.engine.traced import Traced
from strates.engine.training_form import is_clonable, mode
from strates.exceptions import ParameterError

#: Numbers of one block of inputs, at most: 32 MB in float32.
BLOCK_NUMBERS = 8_000_000
BLOCK_ROWS = 8192


class Predictor:
    """The forward pass of one architecture, to its output or to one of its layers.

    Use :func:`predictor`, which keeps and shares them.
    """

    def __init__(self, architecture: Architecture, layer: str | None) -> None:
        self.architecture = architecture
        whole = architecture.build()
        model = whole
        if layer is not None:
            shown = _layer(whole, layer)
            model = keras.Model(whole.inputs, shown.output)
        place = {id(v): i for i, v in enumerate(whole.weights)}
        self._trained = [place[id(v)] for v in model.trainable_variables]
        others = model.non_trainable_variables
        self._others = [place.get(id(v), -1) for v in others]
        self._own = [None if id(v) in place else tf.constant(v.numpy()) for v in others]
        self._model = model
        self.traces = 0
        weights = [tf.TensorSpec(v.shape, v.dtype) for v in whole.weights]
        rows = tf.TensorSpec((None, *architecture.input_shape), tf.float32)
        self._function = Traced(self._run, [rows, *weights])

    def _run(self, X: Any, *weights: Any) -> Any:
        self.traces += 1
        trained = [weights[i] for i in self._trained]
        others = [own if i < 0 else weights[i] for i, own in zip(self._others, self._own, strict=True)]
        return self._model.stateless_call(trained, others, X, **mode(self._model, training=False))[0]

    def __call__(self, weights: Sequence[Any], X: Any) -> AnyArray:
        """Return the outputs of shape (n_rows, ...) in float32.

        Parameters
        ----------
        weights : sequence of tensor or ndarray
            In the order of ``architecture.build().weights``.
        X : ndarray or CSR matrix of shape (n_rows, ...)
        """
        n = int(X.shape[0])
        width = max(1, math.prod(X.shape[1:]))
        block = min(max(BLOCK_NUMBERS // width, 1), BLOCK_ROWS)
        if n <= block and isinstance(X, np.ndarray):
            outputs: AnyArray = self._function(_float32(X), *weights)[0].numpy()
            return outputs
        parts = []
        for first in range(0, n, block):
            rows = _float32(dense_rows(X, slice(first, first + block)))
            parts.append(self._function(rows, *weights)[0].numpy())
        return np.concatenate(parts)


def _float32(X: AnyArray) -> Any:
    return tf.convert_to_tensor(X if X.dtype == np.float32 else X.astype(np.float32))


def refuse_subclass(model: keras.Model) -> None:
    """Refuse to look into a network whose layers Keras does not know.

    Raises
    ------
    ParameterError
        The network is, or holds, a subclass of ``keras.Model``.
    """
    if not is_clonable(model):
        own = [model, *model._flatten_layers(include_self=False, recursive=True)]
        name = next((type(one).__name__ for one in own if isinstance(one, keras.Model) and not is_clonable(one)
                     and not is_functional(one)), type(model).__name__)  # fmt: skip
        raise ParameterError(
            f"The layers of a {name}, a subclass of keras.Model, cannot be looked into. Write the "
            "network as keras.Sequential or keras.Model(inputs, outputs)."
        )


def _layer(model: keras.Model, name: str) -> keras.layers.Layer:
    refuse_subclass(model)
    names = [layer.name for layer in model.layers]
    if name not in names:
        raise ParameterError(f"The network has no layer {name!r}. It has: {', '.join(names)}.")
    return model.get_layer(name)


_PREDICTORS: OrderedDict[Hashable, Predictor] = OrderedDict()
_PREDICTORS_KEPT = 64
_LOCK = threading.Lock()


def predictor(architecture: Architecture, layer: str | None = None) -> Predictor:
    """Return the shared predictor of an architecture, making it on first use; the last 64 are kept."""
    key = (architecture.key, layer)
    with _LOCK:
        found = _PREDICTORS.pop(key, None)
        if found is None:
            found = Predictor(architecture, layer)
        _PREDICTORS[key] = found
        while len(_PREDICTORS) > _PREDICTORS_KEPT:
            _PREDICTORS.popitem(last=False)
    return found


def constants(weights: Sequence[AnyArray]) -> tuple[Any, ...]:
    """Turn arrays into tensors once, so that predicting one row does not convert them each time."""
    return tuple(tf.convert_to_tensor(w) for w in weights)
