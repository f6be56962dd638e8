"""Small data that the estimators' tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.preprocessing import MinMaxScaler, StandardScaler

Data = tuple[Any, Any]


@pytest.fixture(scope="session")
def iris() -> Data:
    """150 rows of 4 standardised features, 3 classes."""
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.fixture(scope="session")
def binary() -> Data:
    """60 rows of 4 features; the second class lies across a bent border."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    return X, (np.abs(X[:, 0]) + X[:, 1] > 0.7).astype(int)


@pytest.fixture(scope="session")
def digits() -> dict[int, Data]:
    """200 images of two digits, and of three, scaled to [0, 1]."""
    found = {}
    for n_class in (2, 3):
        X, y = load_digits(n_class=n_class, return_X_y=True)
        found[n_class] = MinMaxScaler().fit_transform(X[:200]), y[:200]
    return found


@pytest.fixture(scope="session")
def assert_same() -> Any:
    """Compare two classifiers' weights bit by bit."""

    def check(one: Any, other: Any) -> None:
        pairs = zip(one.network_.get_weights(), other.network_.get_weights(), strict=True)
        for a, b in pairs:
            np.testing.assert_array_equal(a, b)

    return check
