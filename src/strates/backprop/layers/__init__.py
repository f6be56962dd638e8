"""The layers of the blackboard: each step forward beside the same step backward, in NumPy and float64.

``forward(x)`` gives the output and a cache; ``backward(gradient, cache)`` turns ∂L/∂output into ∂L/∂x and
∂L/∂parameter; ``rules()`` gives the formulas of both as data. What they compute is what TensorFlow computes, its
conventions at corners and at ties included: relu'(0) = 0, and the first of equal maxima wins.

A network is a list of them:

>>> import numpy as np
>>> from strates.backprop.layers import Activation, Dense, SoftmaxCrossEntropy
>>> x, y = np.array([[1.0, -2.0], [0.5, 3.0]]), [0, 1]
>>> network = [Dense([[1.0, -1.0], [0.5, 2.0]], [0.0, 0.1]), Activation("tanh"), Dense(np.eye(2))]
>>> caches = []
>>> for layer in network:
...     x, cache = layer.forward(x)
...     caches.append(cache)
>>> loss = SoftmaxCrossEntropy()
>>> value, cache = loss.value(x, y)
>>> value
0.494
>>> delta = loss.gradient(cache)
>>> for layer, cache in zip(reversed(network), reversed(caches)):
...     delta, gradients = layer.backward(delta, cache)
>>> gradients["kernel"].round(3) + 0.0
array([[-0.126, 0.   ],
       [ 0.321, 0.   ]])
"""

from __future__ import annotations

from strates.backprop.layers.activation import Activation
from strates.backprop.layers.average_pool2d import AveragePool2D
from strates.backprop.layers.batch_norm import BatchNorm
from strates.backprop.layers.conv2d import Conv2D
from strates.backprop.layers.convolve_directly import convolve_directly
from strates.backprop.layers.dense import Dense
from strates.backprop.layers.dropout import Dropout
from strates.backprop.layers.global_average_pool2d import GlobalAveragePool2D
from strates.backprop.layers.im2col import im2col
from strates.backprop.layers.layer import Layer, Rule
from strates.backprop.layers.layer_norm import LayerNorm
from strates.backprop.layers.logistic_loss import LogisticLoss
from strates.backprop.layers.loss import Loss
from strates.backprop.layers.max_pool2d import MaxPool2D
from strates.backprop.layers.normalization import Normalization
from strates.backprop.layers.penalty import Penalty
from strates.backprop.layers.rescaling import Rescaling
from strates.backprop.layers.reshape import Flatten, Reshape
from strates.backprop.layers.softmax import Softmax
from strates.backprop.layers.softmax_cross_entropy import SoftmaxCrossEntropy
from strates.backprop.layers.windows import Windows

__all__ = [
    "Activation",
    "AveragePool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePool2D",
    "Layer",
    "LayerNorm",
    "LogisticLoss",
    "Loss",
    "MaxPool2D",
    "Normalization",
    "Penalty",
    "Rescaling",
    "Reshape",
    "Rule",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Windows",
    "convolve_directly",
    "im2col",
]
