"""The blackboard: back-propagation written to be read, in float64, with NumPy alone.

``Value``
    A number that remembers how it was made; ``maximum`` of two of them. All derivatives are in one table, in
    ``circuit_operations.py``, and the chain rule is three lines of ``value.py``.
``circuit_text``, ``check_circuit``
    The circuit of a value: as a table, and against finite differences. ``strates.displays.CircuitDisplay`` draws it.
``gradient_check``
    Back-propagation through a trained network against finite differences and TensorFlow, block by block.
``ledger``
    Every number of the way up and of the way back, for one row through a trained network.
``rebuild``, ``Network``
    A trained network on the blackboard: a chain of ``layers``, a loss and penalties.
"""

from __future__ import annotations

from strates.backprop.circuit import Circuit, CircuitNode, Use
from strates.backprop.circuit_check import CircuitCheck, InputCheck, check_circuit
from strates.backprop.circuit_text import circuit_text
from strates.backprop.finite_differences import Kink, relative_error
from strates.backprop.gradient_check import BlockCheck, GradientCheck, gradient_check, verdict
from strates.backprop.layers import (
    Activation,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    LayerNorm,
    LogisticLoss,
    Loss,
    MaxPool2D,
    Normalization,
    Penalty,
    Rescaling,
    Reshape,
    Rule,
    Softmax,
    SoftmaxCrossEntropy,
    Windows,
    convolve_directly,
    im2col,
)
from strates.backprop.ledger import Ledger, ledger
from strates.backprop.ledger_line import LedgerLine
from strates.backprop.network import BackwardPass, ForwardPass, Network
from strates.backprop.rebuild import rebuild
from strates.backprop.rows import network_rows, network_targets
from strates.backprop.value import Value, maximum

__all__ = [
    "Activation",
    "AveragePool2D",
    "BackwardPass",
    "BatchNorm",
    "BlockCheck",
    "Circuit",
    "CircuitCheck",
    "CircuitNode",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "ForwardPass",
    "GlobalAveragePool2D",
    "GradientCheck",
    "InputCheck",
    "Kink",
    "Layer",
    "LayerNorm",
    "Ledger",
    "LedgerLine",
    "LogisticLoss",
    "Loss",
    "MaxPool2D",
    "Network",
    "Normalization",
    "Penalty",
    "Rescaling",
    "Reshape",
    "Rule",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Use",
    "Value",
    "Windows",
    "check_circuit",
    "circuit_text",
    "convolve_directly",
    "gradient_check",
    "im2col",
    "ledger",
    "maximum",
    "network_rows",
    "network_targets",
    "rebuild",
    "relative_error",
    "verdict",
]
