"""The forward pass with dropout left on, many times over."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.engine.architecture import Architecture
from strates.engine.backend import tf
from strates.engine.batches import dense_rows
from strates.engine.traced import Traced
from strates.engine.training_form import mode, output_activation, training_form

#: Numbers of one block of inputs, at most.
BLOCK_NUMBERS = 2_000_000
_KEPT = 16


class MonteCarloPredictor:
    """Draws of a network's output, its noise layers left on and its batch normalisation as in prediction.

    Use :func:`monte_carlo_predictor`, which keeps and shares them.
    """

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture  # kept alive: the key of an unshared network is its address
        whole = architecture.build()
        self._form = training_form(whole)
        self._form.inputs.always = True
        self._last = output_activation(whole)
        model = self._form.model
        place = {id(v): i for i, v in enumerate(model.weights)}
        self._trained = [place[id(v)] for v in model.trainable_variables]
        self._others = [place.get(id(v), -1) for v in model.non_trainable_variables]
        self._own = [tf.constant(v.numpy()) for v in model.non_trainable_variables]
        self.traces = 0
        weights = [tf.TensorSpec(v.shape, v.dtype) for v in model.weights]
        rows = tf.TensorSpec((None, *architecture.input_shape), tf.float32)
        numbers = [tf.TensorSpec([self._form.inputs.n_layers], tf.float32), tf.TensorSpec([2], tf.int32)]
        self._function = Traced(self._run, [rows, *numbers, *weights])

    def _run(self, X: Any, levels: Any, counters: Any, *weights: Any) -> Any:
        self.traces += 1
        inputs = self._form.inputs
        inputs.levels, inputs.seed, inputs.step = levels, counters[0], counters[1]
        trained = [weights[i] for i in self._trained]
        others = [own if i < 0 else weights[i] for i, own in zip(self._others, self._own, strict=True)]
        outputs = self._form.model.stateless_call(trained, others, X, **mode(self._form.model, training=False))[0]
        if not self._form.logits:
            return outputs
        return tf.nn.softmax(outputs) if self._last == "softmax" else tf.sigmoid(outputs)

    def __call__(self, weights: Sequence[Any], X: Any, n_samples: int, seed: int) -> AnyArray:
        """Return draws of shape (n_samples, n_rows, n_outputs) in float32.

        Parameters
        ----------
        weights : sequence of tensor or ndarray
            In the order of ``architecture.build().weights``.
        X : ndarray or CSR matrix of shape (n_rows, ...)
        n_samples : int
        seed : int
            Equal seeds give equal draws, whatever the rows' number.
        """
        levels = np.asarray(self.architecture.noise_levels or (0.0,), np.float32)
        size = max(1, BLOCK_NUMBERS // max(1, math.prod(X.shape[1:])))
        blocks = [slice(first, first + size) for first in range(0, X.shape[0], size)]
        draws = []
        for sample in range(n_samples):
            parts = []
            for i, block in enumerate(blocks):
                rows = tf.convert_to_tensor(dense_rows(X, block).astype(np.float32))
                counters = np.array([seed & 0x7FFFFFFF, sample * len(blocks) + i], np.int32)
                parts.append(self._function(rows, levels, counters, *weights)[0].numpy())
            draws.append(np.concatenate(parts))
        return np.stack(draws)


_PREDICTORS: OrderedDict[Hashable, MonteCarloPredictor] = OrderedDict()
_LOCK = threading.Lock()


def monte_carlo_predictor(architecture: Architecture) -> MonteCarloPredictor:
    """Return the shared predictor of an architecture, making it on first use; the last 16 are kept."""
    with _LOCK:
        found = _PREDICTORS.pop(architecture.key, None)
        if found is None or found.architecture.noise_levels != architecture.noise_levels:
            found = MonteCarloPredictor(architecture)
        _PREDICTORS[architecture.key] = found
        while len(_PREDICTORS) > _KEPT:
            _PREDICTORS.popitem(last=False)
    return found
