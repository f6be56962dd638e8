"""Small networks that know one thing, which their explanations should tell."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.datasets import load_digits

from strates import CNNClassifier


class Planted(NamedTuple):
    """A classifier of images whose class is "marked" where one region is bright, and images of each class."""

    clf: Any
    marked: Any
    plain: Any
    region: tuple[slice, slice]


@pytest.fixture(scope="session")
def planted() -> Planted:
    rng = np.random.default_rng(0)
    n, region = 400, (slice(1, 4), slice(6, 9))
    X = rng.uniform(0, 0.3, (n, 12, 12))
    y = np.where(np.arange(n) % 2 == 0, "marked", "plain")
    for image, label in zip(X, y, strict=True):
        for _ in range(2):  # bright patches elsewhere, in both classes, mean nothing
            top, left = rng.integers(5, 9), rng.integers(0, 9)
            image[top : top + 3, left : left + 3] += 0.7
        if label == "marked":
            image[region] += 0.7
    clf = CNNClassifier(
        (4, 6), pool_size=1, hidden_layer_sizes=(8,), learning_rate="one_cycle", learning_rate_init=0.02, batch_size=40,
        max_iter=12, scale=1.0, random_state=0,
    ).fit(X[:300], y[:300])  # fmt: skip
    assert clf.score(X[300:], y[300:]) == 1
    held = X[300:]
    return Planted(clf, held[y[300:] == "marked"][:6], held[y[300:] == "plain"][:6], region)


class Digits(NamedTuple):
    """A small network of digits with every kind of layer, and images that it did not learn from."""

    clf: Any
    images: Any
    labels: Any


@pytest.fixture(scope="session")
def digits() -> Digits:
    X, y = load_digits(return_X_y=True)
    clf = CNNClassifier(
        (4, 6), hidden_layer_sizes=(16,), batch_norm=True, dropout=0.2, activation="tanh", learning_rate="one_cycle",
        learning_rate_init=0.02, batch_size=64, max_iter=5, random_state=0,
    ).fit(X[:1000], y[:1000])  # fmt: skip
    return Digits(clf, X[1000:1006].reshape(-1, 8, 8), y[1000:1006])
