"""Oracles of the engine: a dense network in NumPy float64, and small data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from strates.engine.architecture import DenseArchitecture
from strates.engine.backend import keras
from strates.engine.program import TrainingProgram
from strates.engine.step_data import Chunk


class NumpyNetwork:
    """Affine layers with tanh or ReLU between them, in float64: forward beside backward."""

    def __init__(self, weights: Sequence[Any], kind: str = "categorical", activation: str = "tanh") -> None:
        self.weights = [np.asarray(w, np.float64) for w in weights]
        self.kind, self.activation = kind, activation

    def activations(self, X: Any) -> list[Any]:
        """Return the input, every hidden layer's output, and the logits."""
        found = [np.asarray(X, np.float64)]
        for i in range(0, len(self.weights), 2):
            z = found[-1] @ self.weights[i] + self.weights[i + 1]
            last = i + 2 == len(self.weights)
            found.append(z if last else np.tanh(z) if self.activation == "tanh" else np.maximum(z, 0))
        return found

    def probabilities(self, X: Any) -> Any:
        z = self.activations(X)[-1]
        if self.kind != "categorical":
            return 1 / (1 + np.exp(-z))
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def targets(self, y: Any, smoothing: float) -> Any:
        if self.kind != "categorical":
            return (1 - smoothing) * np.asarray(y, np.float64) + smoothing / 2
        n = self.weights[-1].size
        return (1 - smoothing) * np.eye(n)[np.asarray(y)] + smoothing / n

    def row_losses(self, X: Any, y: Any, smoothing: float = 0.0) -> Any:
        p, t = self.probabilities(X), self.targets(y, smoothing)
        if self.kind == "categorical":
            return -(t * np.log(p)).sum(axis=1)
        return -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(axis=1)

    def penalty(self, alpha: float, l1_ratio: float = 0.0) -> float:
        kernels = self.weights[::2]
        l1, l2 = sum(np.abs(w).sum() for w in kernels), sum((w**2).sum() for w in kernels)
        return float(alpha * (l1_ratio * l1 + (1 - l1_ratio) / 2 * l2))

    def gradients(self, X: Any, y: Any, w: Any, *, alpha: float = 0.0, smoothing: float = 0.0) -> list[Any]:
        """Return the gradient of ``sum(w * loss) / n + alpha / 2 * |W|^2``."""
        a = self.activations(X)
        delta = (self.probabilities(X) - self.targets(y, smoothing)) * np.asarray(w, np.float64)[:, None] / len(X)
        found: list[Any] = []
        for i in range(len(self.weights) - 2, -1, -2):
            found[:0] = [a[i // 2].T @ delta + alpha * self.weights[i], delta.sum(axis=0)]
            if i:
                slope = 1 - a[i // 2] ** 2 if self.activation == "tanh" else (a[i // 2] > 0).astype(float)
                delta = delta @ self.weights[i].T * slope
        return found


@pytest.fixture(scope="session")
def numpy_network() -> type[NumpyNetwork]:
    return NumpyNetwork


@pytest.fixture(scope="session")
def dense() -> Any:
    """Make a 4-6-3 tanh network, or another."""

    def make(**changes: Any) -> DenseArchitecture:
        settings = {"n_inputs": 4, "hidden": (6,), "n_outputs": 3, "kind": "categorical", "activation": "tanh"}
        return DenseArchitecture(**{**settings, **changes})

    return make


@pytest.fixture(scope="session")
def program_of() -> Any:
    """Make a training program of its own, outside the shared ones."""

    def make(
        architecture: Any,
        optimizer: Any = None,
        compiler: Any = "graph",
        shape: tuple[int, int] = (4, 8),
        *,
        kind: Any = "categorical",
        sparse: bool = False,
        max_norm: bool = False,
    ) -> TrainingProgram:
        optimizer = keras.optimizers.SGD() if optimizer is None else optimizer
        return TrainingProgram(architecture, kind, optimizer, compiler, shape, sparse=sparse, max_norm=max_norm)

    return make


@pytest.fixture(scope="session")
def chunk_of() -> Any:
    """Put batches (X, y, w) into a chunk, its padding filled with large numbers that must not matter."""

    def make(batches: Sequence[tuple[Any, Any, Any]], shape: tuple[int, int]) -> Chunk:
        x, y = np.asarray(batches[0][0]), np.asarray(batches[0][1])
        X = np.full((*shape, *x.shape[1:]), 1e3, np.float32)
        targets = np.zeros((*shape, *y.shape[1:]), y.dtype)
        weights, counts = np.zeros(shape, np.float32), np.zeros(shape[0], np.int32)
        for i, (x, y, w) in enumerate(batches):
            X[i, : len(x)], targets[i, : len(x)], weights[i, : len(x)], counts[i] = x, y, w, len(x)
        return Chunk(X, targets, weights, counts, len(batches))

    return make


@pytest.fixture(params=["graph", "xla"])
def compiler(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="session")
def rows() -> Any:
    """Draw (X, y, w): n rows of 4 numbers, 3 classes, weights about one."""

    def draw(n: int, seed: int = 0) -> tuple[Any, Any, Any]:
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, 4)).astype(np.float32)
        y = (np.abs(X[:, 0]) + X[:, 1] > 1).astype(np.int32) + (X[:, 2] > 0.5)
        return X, y.astype(np.int32), rng.uniform(0.5, 1.5, n).astype(np.float32)

    return draw
