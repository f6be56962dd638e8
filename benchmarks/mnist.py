"""MNIST as people train it: three epochs of one network, from 60,000 images to the accuracy on 10,000 others.

``python -m benchmarks.mnist LIBRARY FILE`` is one measurement, in a process of its own; FILE is Keras's ``mnist.npz``.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.libraries import is_installed
from benchmarks.options import Options
from benchmarks.process import measure
from benchmarks.row import Row, compare

TITLE = "MNIST: a convolutional network, 3 epochs of batches of 128, fresh process, compilation included, import apart"

EPOCHS, BATCH, PEAK, DROPOUT = 3, 128, 2e-3, 0.4
#: Test accuracy to reach.
AIM = 0.99

Array = np.ndarray[Any, Any]
#: Train on images and labels; return a function from images to labels.
Training = Callable[[Array, Array], Callable[[Array], Array]]


def run(options: Options) -> Iterator[Row]:
    """Yield a row for each peer, and one of the accuracy."""
    if options.mnist is None:
        yield Row("mnist", "60,000 images", "no file: give --mnist mnist.npz")
        return
    file = str(options.mnist.resolve())
    peers = [name for name in ("Keras", "PyTorch") if is_installed(name)]
    ours = measure("benchmarks.mnist", "strates", file)
    for peer in peers:
        theirs = measure("benchmarks.mnist", peer, file)
        details = {"accuracies": [ours["accuracy"], theirs["accuracy"]]}
        text = f"fit; test accuracy {ours['accuracy']:.2%}, theirs {theirs['accuracy']:.2%}"
        yield compare("mnist", text, peer, [ours["seconds"]], [theirs["seconds"]], details=details)
    percent, met = 100 * ours["accuracy"], ours["accuracy"] >= AIM
    yield Row("mnist", "test accuracy", "-", percent, None, "%", aim_text=f">= {AIM:.0%}", met=met)


def train(library: str, file: str) -> dict[str, Any]:
    """Train once; return the seconds of the fit and the test accuracy."""
    warnings.simplefilter("ignore")
    with np.load(file) as data:
        X, y, X_test, y_test = (data[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    fit = {"strates": _strates, "Keras": _keras, "PyTorch": _torch}[library]()
    start = time.perf_counter()
    predict = fit(X, y)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "accuracy": float((predict(X_test) == y_test).mean())}


def _strates() -> Training:
    classifier = importlib.import_module("strates").CNNClassifier

    def fit(X: Array, y: Array) -> Callable[[Array], Array]:
        clf = classifier(
            (32, 64), hidden_layer_sizes=(128,), dropout=DROPOUT, batch_size=BATCH, learning_rate="one_cycle",
            learning_rate_init=PEAK, max_iter=EPOCHS, random_state=0,
        )  # fmt: skip
        predict: Callable[[Array], Array] = clf.fit(X, y).predict
        return predict

    return fit


def _keras() -> Training:
    keras: Any = importlib.import_module("keras")
    layers = keras.layers

    def fit(X: Array, y: Array) -> Callable[[Array], Array]:
        keras.utils.set_random_seed(0)
        model = keras.Sequential([
            keras.Input((28, 28, 1)), layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
            layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(DROPOUT),
            layers.Dense(10, activation="softmax"),
        ])  # fmt: skip
        steps = EPOCHS * -(-len(X) // BATCH)
        # its own way from a low rate to the peak and down again
        rate = keras.optimizers.schedules.CosineDecay(PEAK / 25, int(0.7 * steps), warmup_target=PEAK,
                                                      warmup_steps=int(0.3 * steps))  # fmt: skip
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        model.fit(X[..., None], y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
        return lambda images: np.asarray(model.predict(images[..., None], batch_size=1024, verbose=0).argmax(axis=1))

    return fit


def _torch() -> Training:
    torch: Any = importlib.import_module("torch")
    nn = torch.nn

    def fit(X: Array, y: Array) -> Callable[[Array], Array]:
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(7 * 7 * 64, 128), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(128, 10),
        )  # fmt: skip
        images, labels = torch.from_numpy(X), torch.from_numpy(y)
        steps = EPOCHS * -(-len(X) // BATCH)
        optimizer = torch.optim.Adam(model.parameters(), PEAK)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=steps)
        for _ in range(EPOCHS):
            order = torch.randperm(len(images))
            for first in range(0, len(images), BATCH):
                batch = order[first : first + BATCH]
                optimizer.zero_grad()
                scores = model(images[batch][:, None].float() / 255)
                nn.functional.cross_entropy(scores, labels[batch]).backward()
                optimizer.step()
                schedule.step()
        model.eval()

        def predict(given: Array) -> Array:
            with torch.inference_mode():
                parts = torch.from_numpy(given)[:, None].float().div(255).split(1024)
                return np.concatenate([np.asarray(model(part).argmax(1)) for part in parts])

        return predict

    return fit


if __name__ == "__main__":
    print(json.dumps(train(sys.argv[1], sys.argv[2])))
