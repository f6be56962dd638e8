"""Small sets of rows, standardised, and what is fitted to them once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine
from sklearn.preprocessing import StandardScaler

from strates import MLPClassifier
from strates._types import AnyArray

Rows = tuple[AnyArray, AnyArray, AnyArray, AnyArray]


def split(X: AnyArray, y: AnyArray, *, scale: bool = True) -> Rows:
    """Return every other row to learn from, and the rest, in the scale of the first."""
    train, test = X[::2], X[1::2]
    if scale:
        scaler = StandardScaler().fit(train)
        train, test = scaler.transform(train), scaler.transform(test)
    return train, y[::2], test, y[1::2]


@pytest.fixture(scope="session")
def wine() -> Rows:
    return split(*load_wine(return_X_y=True))


@pytest.fixture(scope="session")
def raw_wine() -> Rows:
    return split(*load_wine(return_X_y=True), scale=False)


@pytest.fixture(scope="session")
def digits() -> Rows:
    X, y = load_digits(return_X_y=True)
    return split(X[:600] / 16, y[:600], scale=False)


@pytest.fixture(scope="session")
def fit(wine: Rows) -> Callable[..., Any]:
    """Return a function that fits a network of 16 units to the wines, or to other rows."""

    def fitted(*rows: AnyArray, **settings: Any) -> Any:
        defaults = {"learning_rate": "cosine", "max_iter": 60, "learning_rate_init": 0.01, "random_state": 0}
        X, y = rows or wine[:2]
        return MLPClassifier(**{"hidden_layer_sizes": (16,), **defaults, **settings}).fit(X, y)

    return fitted


@pytest.fixture(scope="session")
def healthy(fit: Callable[..., Any]) -> Any:
    return fit()


@pytest.fixture(scope="session")
def noise() -> Rows:
    """Rows that tell nothing about their two classes."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 5)), rng.integers(0, 2, 200)
    return X[:100], y[:100], X[100:], y[100:]
