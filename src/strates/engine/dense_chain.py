"""Dense layers one after the other, each with a name and an activation of its own."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from strates._random import integer_seed
from strates._types import AnyArray
from strates.engine.backend import keras
from strates.engine.initializers import make_initializer


class ChainLayer(NamedTuple):
    """One dense layer; ``activation`` is Keras's name."""

    name: str
    units: int
    activation: str


@dataclass(frozen=True)
class DenseChain:
    """An architecture without dropout, noise or normalisation: what an encoder is, and a decoder.

    Attributes
    ----------
    n_inputs : int
    layers : tuple of ChainLayer
    kernel_initializer : str or keras.initializers.Initializer

    Examples
    --------
    >>> chain = DenseChain(4, (ChainLayer("encoder_1", 2, "tanh"),))
    >>> chain.build().output_shape
    (None, 2)
    """

    n_inputs: int
    layers: tuple[ChainLayer, ...]
    kernel_initializer: Any = "auto"

    @property
    def key(self) -> Hashable:
        """Everything but the initial weights."""
        return ("chain", self.n_inputs, self.layers)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return (self.n_inputs,)

    @property
    def noise_levels(self) -> tuple[float, ...]:
        """None: nothing in it draws."""
        return ()

    @property
    def row_wise(self) -> bool:
        """True: a row's output is a function of that row alone."""
        return True

    def build(self) -> keras.Model:
        """Build the Keras model, freshly and randomly initialised."""
        return self.build_after(())

    def build_after(self, first: tuple[keras.layers.Layer, ...]) -> keras.Model:
        """Build it with layers without weights before the first one."""
        inputs = x = keras.Input((self.n_inputs,), name="inputs")
        for layer in first:
            x = layer(x)
        for name, units, activation in self.layers:
            x = keras.layers.Dense(units, activation=activation, name=name)(x)
        return keras.Model(inputs, x, name="strates")

    def build_for_training(self) -> keras.Model:
        """Build the Keras model."""
        return self.build()

    def initial_weights(self, seed: int) -> list[AnyArray]:
        """Draw kernels by ``kernel_initializer``; biases start at zero."""
        weights: list[AnyArray] = []
        fan_in = self.n_inputs
        for name, units, activation in self.layers:
            draw = make_initializer(self.kernel_initializer, activation, integer_seed(seed, name))
            weights += [np.asarray(draw((fan_in, units)), np.float32), np.zeros(units, np.float32)]
            fan_in = units
        return weights
