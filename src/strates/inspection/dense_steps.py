"""A chain of dense layers as affine maps and activations, in float64: any point can be carried, with its Jacobian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates._types import FloatArray
from strates.exceptions import ParameterError
from strates.inspection.activation_function import activation_function
from strates.inspection.hidden_layers import layer_names

_PASSING = {"Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization", "InputLayer"}


@dataclass(frozen=True, eq=False)
class DenseBlock:
    """A dense layer with its normalisation and activation: ``x -> f(x @ kernel + bias)``.

    Attributes
    ----------
    name : str
        The layer whose output this is.
    kernel : ndarray of shape (n_in, n_out)
        Weights; batch normalisation before the activation is part of them.
    bias : ndarray of shape (n_out,)
    activation : str
        As in :func:`strates.inspection.activation_function`.
    """

    name: str
    kernel: FloatArray
    bias: FloatArray
    activation: str

    @property
    def width(self) -> int:
        """Number of units."""
        return int(self.kernel.shape[1])

    def carry(self, points: FloatArray) -> FloatArray:
        """Return the block's output for points of shape (..., n_in)."""
        return activation_function(self.activation).value(points @ self.kernel + self.bias)

    def jacobian(self, points: FloatArray) -> FloatArray:
        """Return the derivatives at points of shape (..., n_in), of shape (..., n_out, n_in)."""
        slopes = activation_function(self.activation).derivative(points @ self.kernel + self.bias)
        found: FloatArray = slopes[..., :, None] * self.kernel.T
        return found


def dense_blocks(network: Any) -> tuple[DenseBlock, ...]:
    """Read the hidden layers of a chain of dense layers.

    Parameters
    ----------
    network : keras.Model

    Returns
    -------
    tuple of DenseBlock
        Without the output layer; empty for a network without hidden layers.

    Raises
    ------
    ParameterError
        A layer is neither dense, nor batch normalisation, an activation or dropout; the message names it.
    """
    names = layer_names(network)
    blocks: list[DenseBlock] = []
    kernel: FloatArray | None = None
    bias: FloatArray = np.zeros(0)
    activation = "identity"
    for layer in network.layers if names else ():
        kind = type(layer).__name__
        if kind == "Dense" and kernel is None:
            weights = [np.asarray(w, dtype=np.float64) for w in layer.get_weights()]
            kernel, bias = weights[0], weights[1] if len(weights) > 1 else np.zeros(weights[0].shape[1])
            activation = layer.activation.__name__
        elif kind == "BatchNormalization" and kernel is not None and activation in ("linear", "identity"):
            scale, shift = _normalization(layer)
            kernel, bias = kernel * scale, bias * scale + shift
        elif kind == "Activation" and kernel is not None and activation in ("linear", "identity"):
            activation = layer.activation.__name__
        elif kind == "ReLU" and kernel is not None and not (layer.max_value or layer.negative_slope or layer.threshold):
            activation = "relu"
        elif kind not in _PASSING:
            raise ParameterError(
                f"The network has a {kind} layer ({layer.name!r}) here; expected a chain of Dense layers, each with "
                "batch normalisation and an activation at most. strates.inspection.representations looks into any "
                "network."
            )
        if layer.name in names and kernel is not None:
            blocks.append(DenseBlock(layer.name, kernel, bias, activation_function(activation).name))
            kernel, activation = None, "identity"
        if layer.name == names[-1]:
            break
    return tuple(blocks)


def _normalization(layer: Any) -> tuple[FloatArray, FloatArray]:
    """Return scale and shift of a batch normalisation at prediction."""
    mean, variance = np.asarray(layer.moving_mean, np.float64), np.asarray(layer.moving_variance, np.float64)
    scale = 1 / np.sqrt(variance + layer.epsilon)
    if layer.gamma is not None:
        scale = scale * np.asarray(layer.gamma, np.float64)
    shift = -mean * scale
    return scale, shift + np.asarray(layer.beta, np.float64) if layer.beta is not None else shift
