"""What a network is before it has weights: its layers, its key, its initial weights.

An architecture is a small picklable value. Two fits with equal :attr:`key` share one compiled
training function; learning rate, penalties, dropout rates, seeds and data are inputs of that function and so
stand in no key.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, Protocol

import numpy as np

from strates._random import integer_seed
from strates._types import AnyArray
from strates.engine.backend import keras
from strates.engine.initializers import make_initializer
from strates.exceptions import ParameterError, did_you_mean

#: What a network predicts. binary: one logistic unit; categorical: softmax; multilabel: one logistic unit a label;
#: reconstruction: its own inputs.
ProblemKind = Literal["binary", "categorical", "multilabel", "reconstruction"]

ACTIVATIONS: dict[str, str] = {
    "identity": "linear",
    "linear": "linear",
    "logistic": "sigmoid",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "leaky_relu": "leaky_relu",
    "elu": "elu",
    "selu": "selu",
    "gelu": "gelu",
    "silu": "silu",
    "softplus": "softplus",
    "softsign": "softsign",
}


def keras_activation(name: Any) -> str:
    """Translate an activation's name (scikit-learn's or Keras's) to Keras's.

    Examples
    --------
    >>> keras_activation("logistic")
    'sigmoid'
    """
    if isinstance(name, str) and name in ACTIVATIONS:
        return ACTIVATIONS[name]
    raise ParameterError(f"activation={name!r} is not known. {did_you_mean(str(name), ACTIVATIONS)}")


class Architecture(Protocol):
    """A network without weights."""

    @property
    def key(self) -> Hashable:
        """What must be equal for two fits to share a compiled function."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row."""

    @property
    def noise_levels(self) -> tuple[float, ...]:
        """Rate of each Dropout layer, standard deviation of each GaussianNoise layer, in order."""

    @property
    def row_wise(self) -> bool:
        """Whether, in training, a row's output is a function of that row alone: no noise, no batch statistics."""

    def build(self) -> keras.Model:
        """Build the Keras model: inputs to probabilities."""

    def build_for_training(self) -> keras.Model:
        """Build it without what the training function is given as an input (``max_norm``)."""

    def initial_weights(self, seed: int) -> list[AnyArray]:
        """Return the weights to start from, in the order of ``build().weights``."""


@dataclass(frozen=True)
class DenseArchitecture:
    """Fully connected layers, each followed by its activation, then one output layer.

    Attributes
    ----------
    n_inputs : int
    hidden : tuple of int
        Units a hidden layer; empty for a linear classifier.
    n_outputs : int
    kind : {"binary", "categorical", "multilabel"}
    activation : str
        Keras's name.
    dropout : tuple of float
        Share dropped after each hidden layer; all zeros means no Dropout layer at all.
    batch_norm : bool
        Batch normalisation between each hidden layer's affine part and its activation.
    kernel_initializer : str or keras.initializers.Initializer
    max_norm : float or None
        Largest norm of a unit's incoming weights; written into the model as a Keras constraint.
    input_noise : float
        Standard deviation of the noise added to the inputs in training; zero means no GaussianNoise layer at all.
    """

    n_inputs: int
    hidden: tuple[int, ...]
    n_outputs: int
    kind: ProblemKind
    activation: str = "relu"
    dropout: tuple[float, ...] = ()
    batch_norm: bool = False
    kernel_initializer: Any = "auto"
    max_norm: float | None = None
    input_noise: float = 0.0

    @property
    def key(self) -> Hashable:
        """Everything that changes the graph: not the rates, not the initial weights, not max_norm's value."""
        noisy = (self.input_noise > 0, *(rate > 0 for rate in self.dropout))
        return ("dense", self.n_inputs, self.hidden, self.n_outputs, self.kind, self.activation, noisy, self.batch_norm)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return (self.n_inputs,)

    @property
    def noise_levels(self) -> tuple[float, ...]:
        """The levels that are not zero: a level of zero makes no layer."""
        return tuple(level for level in (self.input_noise, *self.dropout) if level > 0)

    @property
    def row_wise(self) -> bool:
        """Whether there is neither noise nor batch normalisation."""
        return not self.noise_levels and not self.batch_norm

    def build(self) -> keras.Model:
        """Build the Keras model, inputs to probabilities, freshly and randomly initialised."""
        layers = keras.layers
        constraint = None if self.max_norm is None else keras.constraints.MaxNorm(self.max_norm, axis=0)
        inputs = x = keras.Input((self.n_inputs,), name="inputs")
        if self.input_noise > 0:
            x = layers.GaussianNoise(self.input_noise, name="input_noise")(x)
        for i, units in enumerate(self.hidden, start=1):
            if self.batch_norm:  # the normalisation's beta is the bias
                x = layers.Dense(units, use_bias=False, kernel_constraint=constraint, name=f"hidden_{i}")(x)
                x = layers.BatchNormalization(name=f"batch_norm_{i}")(x)
                x = layers.Activation(self.activation, name=f"activation_{i}")(x)
            else:
                x = layers.Dense(units, activation=self.activation, kernel_constraint=constraint, name=f"hidden_{i}")(x)
            if self.dropout and self.dropout[i - 1] > 0:
                x = layers.Dropout(self.dropout[i - 1], name=f"dropout_{i}")(x)
        last = "softmax" if self.kind == "categorical" else "sigmoid"
        outputs = layers.Dense(self.n_outputs, activation=last, kernel_constraint=constraint, name="outputs")(x)
        return keras.Model(inputs, outputs, name="strates")

    def build_for_training(self) -> keras.Model:
        """Build it without the constraint of ``max_norm``, which is an input of the training function."""
        return replace(self, max_norm=None).build()

    def initial_weights(self, seed: int) -> list[AnyArray]:
        """Draw kernels by ``kernel_initializer``; biases start at zero, batch normalisation at the identity."""
        weights: list[AnyArray] = []
        widths = (self.n_inputs, *self.hidden)
        for i, (fan_in, units) in enumerate(pairwise(widths), start=1):
            draw = make_initializer(self.kernel_initializer, self.activation, integer_seed(seed, f"hidden_{i}"))
            weights.append(np.asarray(draw((fan_in, units)), dtype=np.float32))
            if self.batch_norm:  # gamma, beta, moving mean, moving variance
                ones, zeros = np.ones(units, np.float32), np.zeros(units, np.float32)
                weights += [ones, zeros, zeros.copy(), ones.copy()]
            else:
                weights.append(np.zeros(units, np.float32))
        draw = make_initializer(self.kernel_initializer, "linear", integer_seed(seed, "outputs"))
        weights.append(np.asarray(draw((widths[-1], self.n_outputs)), dtype=np.float32))
        return [*weights, np.zeros(self.n_outputs, np.float32)]
