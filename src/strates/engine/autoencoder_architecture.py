"""The network of an autoencoder: an encoder of dense layers, and a decoder that mirrors it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.engine.backend import keras
from strates.engine.dense_chain import ChainLayer, DenseChain
from strates.engine.training_form import MaskingNoise


@dataclass(frozen=True)
class AutoencoderArchitecture:
    """Dense layers from the inputs to a code, and as many back: ``(32, 8)`` is d-32-8-32-d.

    What corrupts the inputs acts in training alone and is no layer of the network that people see.

    Attributes
    ----------
    n_inputs : int
    hidden : tuple of int
        Units of the encoder's layers; the last is the code.
    activation : str
        Keras's name, of every layer but the code and the last.
    code_activation : str
        Keras's name, of the code.
    out_activation : str
        Keras's name, of the last layer.
    tied : bool
        Whether each kernel of the decoder is the transpose of the encoder's that it mirrors.
    denoising : float
        Zero for none; else the standard deviation of Gaussian noise, or the share of inputs set to zero.
    corruption : {"gaussian", "masking"}
    kernel_initializer : str or keras.initializers.Initializer
    """

    n_inputs: int
    hidden: tuple[int, ...]
    activation: str = "relu"
    code_activation: str = "linear"
    out_activation: str = "linear"
    tied: bool = False
    denoising: float = 0.0
    corruption: str = "gaussian"
    kernel_initializer: Any = "auto"

    @property
    def key(self) -> Hashable:
        """Everything that changes the graph: not the level of the noise, not the initial weights."""
        noise = self.corruption if self.denoising > 0 else None
        activations = self.activation, self.code_activation, self.out_activation
        return ("autoencoder", self.n_inputs, self.hidden, activations, self.tied, noise)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return (self.n_inputs,)

    @property
    def noise_levels(self) -> tuple[float, ...]:
        """The level of the corruption, when there is one."""
        return (self.denoising,) if self.denoising > 0 else ()

    @property
    def row_wise(self) -> bool:
        """Whether nothing is corrupted."""
        return not self.noise_levels

    @property
    def transposed(self) -> tuple[tuple[int, int], ...]:
        """Places of the decoder's kernels, each with that of the encoder's kernel that it is the transpose of."""
        n = len(self.hidden)
        return tuple((2 * (2 * n - 1 - i), 2 * i) for i in range(n)) if self.tied else ()

    @property
    def encoder(self) -> DenseChain:
        """Inputs to code: layers "encoder_1" and so on."""
        n = len(self.hidden)
        names = [self.activation] * (n - 1) + [self.code_activation]
        layers = [ChainLayer(f"encoder_{i + 1}", self.hidden[i], names[i]) for i in range(n)]
        return DenseChain(self.n_inputs, tuple(layers), self.kernel_initializer)

    @property
    def decoder(self) -> DenseChain:
        """Code to reconstruction: layers "decoder_1" and so on, then "outputs"."""
        widths = self.hidden[-2::-1]
        layers = [ChainLayer(f"decoder_{i}", units, self.activation) for i, units in enumerate(widths, start=1)]
        layers.append(ChainLayer("outputs", self.n_inputs, self.out_activation))
        return DenseChain(self.hidden[-1], tuple(layers), self.kernel_initializer)

    @property
    def code_layer(self) -> str:
        """Name of the layer whose output is the code."""
        return f"encoder_{len(self.hidden)}"

    @property
    def _whole(self) -> DenseChain:
        return DenseChain(self.n_inputs, self.encoder.layers + self.decoder.layers, self.kernel_initializer)

    def build(self) -> keras.Model:
        """Build the Keras model, inputs to reconstruction, freshly and randomly initialised."""
        return self._whole.build()

    def build_for_training(self) -> keras.Model:
        """Build it behind what corrupts the inputs."""
        if not self.denoising > 0:
            return self.build()
        corrupt = MaskingNoise if self.corruption == "masking" else keras.layers.GaussianNoise
        return self._whole.build_after((corrupt(self.denoising, name="corruption"),))

    def initial_weights(self, seed: int) -> list[AnyArray]:
        """Draw kernels by ``kernel_initializer``, those that are tied once; biases start at zero."""
        weights = self._whole.initial_weights(seed)
        for place, source in self.transposed:
            weights[place] = np.ascontiguousarray(weights[source].T)
        return weights
