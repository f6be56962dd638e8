"""The networks that are trained, and the rows that they are trained on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """A network and its data.

    Attributes
    ----------
    name : str
    input_shape : tuple of int
        Of one row.
    hidden : tuple of int
        Units of the dense hidden layers; empty for the convolutional network.
    batch : int
        Rows a step.
    n_rows : int
        A whole number of batches.
    first_epochs : int
        Epochs of the fit that is timed with its compilation.
    aims : dict
        Ratio to reach against a peer, by its name.
    """

    name: str
    input_shape: tuple[int, ...]
    hidden: tuple[int, ...]
    batch: int
    n_rows: int
    first_epochs: int
    aims: dict[str, float] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.n_rows // self.batch

    @property
    def convolutional(self) -> bool:
        """Whether it is the small convolutional network."""
        return len(self.input_shape) > 1

    def data(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return X in float32 and the labels, ten classes around centres of their own."""
        generator = np.random.default_rng(0)
        y = generator.integers(0, N_CLASSES, self.n_rows)
        centres = generator.normal(size=(N_CLASSES, *self.input_shape))
        X = centres[y] * 0.3 + generator.normal(size=(self.n_rows, *self.input_shape))
        return X.astype(np.float32), y


N_CLASSES = 10

#: The five sizes of the design: two small networks, two large ones, a convolutional one.
STEP_CASES = (
    Case("20-32-10, batch 32", (20,), (32,), 32, 2048, 30, {"scikit-learn": 10, "Keras": 10}),
    Case("54-100-10, batch 128", (54,), (100,), 128, 4096, 30, {"scikit-learn": 5, "Keras": 5}),
    Case("54-256-256-256-10, batch 256", (54,), (256, 256, 256), 256, 4096, 30, {"scikit-learn": 3, "PyTorch": 1.5}),
    Case("784-256-256-10, batch 128", (784,), (256, 256), 128, 2048, 30, {"scikit-learn": 3, "PyTorch": 1.5}),
    Case("28x28 convolutional, batch 128", (28, 28, 1), (), 128, 1024, 3, {"Keras": 1.3}),
)

PREDICT_CASE = Case("64-100-10", (64,), (100,), 200, 2000, 3)
MEMORY_CASE = Case("54-100-10, 100,000 rows", (54,), (100,), 200, 100_000, 2)

CASES = {case.name: case for case in (*STEP_CASES, PREDICT_CASE, MEMORY_CASE)}
