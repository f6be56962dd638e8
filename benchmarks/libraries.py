"""strates and its peers behind one small interface: fit a case for some epochs, predict rows.

Every library runs with its default number of threads, on the same float32 rows, with Adam at 0.001 and shuffling. What
each of them can do once and for all (Keras compiles its ``train_step``) is kept between fits of a case.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from benchmarks.cases import N_CLASSES, Case

Array = np.ndarray[Any, Any]


class Library(Protocol):
    """What a benchmark asks of a library."""

    def fit(self, case: Case, X: Array, y: Array, epochs: int) -> None:
        """Train the case's network for exactly that many epochs."""

    def predict(self, X: Array) -> Array:
        """Return class probabilities from the network fitted last."""


class Strates:
    """MLPClassifier and, for images, CNNClassifier."""

    def __init__(self) -> None:
        self._strates: Any = importlib.import_module("strates")
        importlib.import_module("strates.estimators")  # TensorFlow too: imports are timed by themselves

    def fit(self, case: Case, X: Array, y: Array, epochs: int) -> None:
        common: dict[str, Any] = {
            "batch_size": case.batch, "max_iter": epochs, "tol": 0.0, "n_iter_no_change": np.inf, "random_state": 0,
        }  # fmt: skip
        if case.convolutional:
            self.model = self._strates.CNNClassifier(
                (32, 64), padding="valid", hidden_layer_sizes=(), scale=1.0, **common
            )
        else:
            self.model = self._strates.MLPClassifier(case.hidden, **common)
        self.model.fit(X, y)

    def predict(self, X: Array) -> Array:
        return np.asarray(self.model.predict_proba(X))


class ScikitLearn:
    """sklearn.neural_network.MLPClassifier."""

    def __init__(self) -> None:
        self._module: Any = importlib.import_module("sklearn.neural_network")

    def fit(self, case: Case, X: Array, y: Array, epochs: int) -> None:
        self.model = self._module.MLPClassifier(
            case.hidden, batch_size=case.batch, max_iter=epochs, tol=0.0, n_iter_no_change=10**9, random_state=0
        )
        self.model.fit(X, y)

    def predict(self, X: Array) -> Array:
        return np.asarray(self.model.predict_proba(X))


class Keras:
    """Keras's own ``fit`` and ``predict`` on TensorFlow."""

    def __init__(self) -> None:
        self._keras: Any = importlib.import_module("keras")
        self._case: Case | None = None

    def fit(self, case: Case, X: Array, y: Array, epochs: int) -> None:
        if case is not self._case:
            self._case = case
            shape = case.input_shape
            self.model = (
                _keras_network(shape, N_CLASSES) if case.convolutional else _keras_dense(shape, case.hidden, N_CLASSES)
            )
            self.model.compile(self._keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
        self.model.fit(X, y, batch_size=case.batch, epochs=epochs, verbose=0)

    def predict(self, X: Array) -> Array:
        # its default of 32 rows a batch would make a large table look slower than it has to be
        return np.asarray(self.model.predict(X, batch_size=8192, verbose=0))


class PyTorch:
    """PyTorch as a plain, eager loop."""

    def __init__(self) -> None:
        self._torch: Any = importlib.import_module("torch")

    def fit(self, case: Case, X: Array, y: Array, epochs: int) -> None:
        torch = self._torch
        torch.manual_seed(0)
        self.model = _torch_network(torch, case)
        rows, labels = _torch_rows(torch, case, X), torch.from_numpy(y)
        optimizer = torch.optim.Adam(self.model.parameters(), 1e-3)
        for _ in range(epochs):
            order = torch.randperm(len(rows))
            for first in range(0, len(rows), case.batch):
                batch = order[first : first + case.batch]
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(self.model(rows[batch]), labels[batch]).backward()
                optimizer.step()

    def predict(self, X: Array) -> Array:
        torch = self._torch
        with torch.inference_mode():
            return np.asarray(torch.softmax(self.model(torch.from_numpy(X)), 1).numpy())


class Skorch:
    """PyTorch through skorch's NeuralNetClassifier."""

    def __init__(self) -> None:
        self._torch: Any = importlib.import_module("torch")
        self._skorch: Any = importlib.import_module("skorch")

    def fit(self, case: Case, X: Array, y: Array, epochs: int) -> None:
        torch = self._torch
        torch.manual_seed(0)
        self.model = self._skorch.NeuralNetClassifier(
            _torch_network(torch, case), criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.Adam, lr=1e-3,
            batch_size=case.batch, max_epochs=epochs, train_split=None, iterator_train__shuffle=True, verbose=0,
        )  # fmt: skip
        self.model.fit(_torch_rows(torch, case, X).numpy(), y)

    def predict(self, X: Array) -> Array:
        return np.asarray(self.model.predict_proba(X))


def _keras_dense(shape: tuple[int, ...], hidden: tuple[int, ...], n_classes: int) -> Any:
    keras: Any = importlib.import_module("keras")
    layers = [keras.layers.Dense(units, activation="relu") for units in hidden]
    return keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(n_classes, activation="softmax")])


def _keras_network(shape: tuple[int, ...], n_classes: int) -> Any:
    keras: Any = importlib.import_module("keras")
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


def _torch_network(torch: Any, case: Case) -> Any:
    nn = torch.nn
    if case.convolutional:
        return nn.Sequential(
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(5 * 5 * 64, N_CLASSES),
        )  # fmt: skip
    layers: list[Any] = []
    width = case.input_shape[0]
    for units in case.hidden:
        layers += [nn.Linear(width, units), nn.ReLU()]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, N_CLASSES))


def _torch_rows(torch: Any, case: Case, X: Array) -> Any:
    """Return the rows as a tensor, the channel first as PyTorch wants images."""
    return torch.from_numpy(X.reshape(len(X), 1, 28, 28) if case.convolutional else X)


_MAKERS: dict[str, tuple[Callable[[], Library], tuple[str, ...]]] = {
    "strates": (Strates, ("strates",)),
    "scikit-learn": (ScikitLearn, ("sklearn",)),
    "Keras": (Keras, ("keras",)),
    "PyTorch": (PyTorch, ("torch",)),
    "skorch": (Skorch, ("torch", "skorch")),
}

PEERS = tuple(name for name in _MAKERS if name != "strates")


def is_installed(name: str) -> bool:
    """Whether a library can be imported here."""
    return all(importlib.util.find_spec(module) is not None for module in _MAKERS[name][1])


def make_library(name: str) -> Library:
    """Import a library, its warnings about epochs reached silenced."""
    warnings.simplefilter("ignore")
    return _MAKERS[name][0]()
