"""What initial weights do to a signal: published numbers, NumPy, and the scaling laws of rectified units."""

from __future__ import annotations

from functools import cache
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier as ScikitLearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import LogisticRegression, MLPClassifier, NetworkClassifier, Perceptron, tabular_pipeline
from strates.exceptions import ParameterError
from strates.inspection import activation_histograms, activation_statistics

SHORT: dict[str, Any] = {"learning_rate": "cosine", "random_state": 0}


@pytest.fixture(scope="module")
def iris() -> tuple[Any, Any]:
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X).astype(np.float32), y


# --- neural-networks-2: 1000 x 500 standard normal inputs, ten layers of 500 -----------------------


@cache
def deep(activation: str, scheme: str, seed: int) -> pd.DataFrame:
    X = np.random.default_rng(seed).normal(size=(1000, 500))
    clf = MLPClassifier((500,) * 10, activation, kernel_initializer=scheme, random_state=seed)
    return activation_statistics(clf, X)


# Relative standard deviation from seed to seed, measured over twelve: one draw was published.
SPREAD = {
    "tanh, normal(0.01)": (0.0013, 0.0085),
    "tanh, normal(1)": (0.0001, 0.0001),
    "tanh, lecun": (0.0009, 0.0078),
    "relu, lecun": (0.002, 0.098),
    "relu, he": (0.002, 0.098),
}


@pytest.mark.parametrize(
    ("scheme", "first", "last", "digits"),
    [
        ("tanh, normal(0.01)", 0.214, 2.9e-7, (5e-4, 0.05e-7)),
        ("tanh, normal(1)", 0.98, 0.98, (5e-3, 5e-3)),
        ("tanh, lecun", 0.63, 0.23, (5e-3, 5e-3)),
        ("relu, lecun", 0.58, 0.031, (5e-3, 5e-4)),
        ("relu, he", 0.83, 0.78, (5e-3, 5e-3)),
    ],
)
def test_published_standard_deviations(scheme: str, first: float, last: float, digits: tuple[float, float]) -> None:
    found = [deep(*scheme.split(", "), seed) for seed in range(2)]
    assert found[0]["layer"].tolist() == [f"hidden_{i}" for i in range(1, 11)]
    for place, published, rounding, spread in zip((0, 9), (first, last), digits, SPREAD[scheme], strict=True):
        mean = np.mean([table["std"].iloc[place] for table in found])
        # the published draw against the mean of two: three standard deviations of the difference, and its rounding
        assert mean == pytest.approx(published, abs=rounding + 3 * np.sqrt(1.5) * spread * published)
    if scheme == "tanh, normal(1)":
        assert found[0]["saturated"].to_numpy() == pytest.approx(np.full(10, 0.92), abs=5e-3)


def test_rectified_units_multiply_what_weights_are_multiplied_by() -> None:
    lecun, he = deep("relu", "lecun", 0), deep("relu", "he", 0)
    ratio = he["std"] / lecun["std"]
    np.testing.assert_allclose(ratio, np.sqrt(2) ** np.arange(1, 11), rtol=1e-4)
    np.testing.assert_array_equal(he["dead"], lecun["dead"])
    assert he["saturated"].isna().all()


# --- any network ----------------------------------------------------------------------------------


def test_numbers_are_those_of_the_activations(iris: tuple[Any, Any]) -> None:
    X, y = iris
    for activation, low, high in (("tanh", -0.98, 0.98), ("logistic", 0.01, 0.99), ("relu", None, None)):
        clf = MLPClassifier((9, 6), activation, learning_rate_init=0.1, max_iter=30, **SHORT).fit(X, y)
        found = activation_statistics(clf, X)
        assert found.columns.tolist() == ["layer", "mean", "std", "saturated", "dead"]
        for i in range(2):
            a = clf.transform(X, layer=i).astype(np.float64)
            wanted = [a.mean(), a.std(), np.nan, (a == 0).all(axis=0).mean()]
            if low is not None:
                wanted[2:] = [((a < low) | (a > high)).mean(), np.nan]
            assert found.iloc[i, 1:].tolist() == pytest.approx(wanted, rel=1e-4, nan_ok=True)


def test_before_and_after_training(iris: tuple[Any, Any]) -> None:
    X, y = iris
    clf = MLPClassifier((9, 6), learning_rate_init=0.05, max_iter=30, **SHORT)
    before = activation_statistics(clf, X)
    with pytest.raises(NotFittedError):
        clf.predict(X)
    after = activation_statistics(clf.fit(X, y), X)
    pd.testing.assert_frame_equal(activation_statistics(clf, X, initial=True), before)
    assert (after["std"] != before["std"]).all()


def test_pipelines_fitted_or_not() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    rows = StandardScaler().fit_transform(X)
    pipe = make_pipeline(StandardScaler(), MLPClassifier((9,), max_iter=3, **SHORT))
    before = activation_statistics(pipe, X)
    assert not hasattr(pipe[0], "scale_")
    pd.testing.assert_frame_equal(before, activation_statistics(pipe[-1], rows))
    pipe.fit(X, y)
    pd.testing.assert_frame_equal(activation_statistics(pipe, X), activation_statistics(pipe[-1], rows))
    pd.testing.assert_frame_equal(activation_statistics(pipe, X, initial=True), before)
    table = X.assign(kind=np.where(y == 1, "a", "b"))
    assert len(activation_statistics(tabular_pipeline(MLPClassifier((9, 5), random_state=0)), table, y)) == 2


def test_convolutions_and_batch_statistics() -> None:
    def build(input_shape: tuple[int, ...], n_classes: int) -> keras.Model:
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(input_shape),
                layers.Conv2D(4, 3, use_bias=False, name="first"),
                layers.BatchNormalization(),
                layers.Activation("tanh", name="bent"),
                layers.Flatten(),
                layers.Dense(n_classes),
            ]
        )

    X, y = np.random.default_rng(0).normal(5, 3, size=(50, 6, 6, 1)), np.arange(50) % 3
    clf = NetworkClassifier(build, max_iter=1, **SHORT)
    still = activation_statistics(clf, X, y, training=False)
    inner = clf.initialized(X, y)
    wanted = inner.transform(X, layer="bent").astype(np.float64)
    assert still.iloc[0, 1:4].tolist() == pytest.approx(
        [wanted.mean(), wanted.std(), (np.abs(wanted) > 0.98).mean()], rel=1e-3
    )
    z = inner.transform(X, layer="first").astype(np.float64)
    normalised = np.tanh((z - z.mean(axis=(0, 1, 2))) / np.sqrt(z.var(axis=(0, 1, 2)) + 1e-3))
    found = activation_statistics(clf, X, y)
    assert found["layer"].tolist() == ["first"]
    assert found["std"][0] == pytest.approx(normalised.std(), rel=1e-4)


def test_a_network_without_hidden_layers_has_no_rows(iris: tuple[Any, Any]) -> None:
    found = activation_statistics(LogisticRegression(), *iris)
    assert found.empty
    assert found.columns.tolist() == ["layer", "mean", "std", "saturated", "dead"]
    with pytest.raises(ParameterError, match="The network has no hidden layer, whose activations could be counted"):
        activation_histograms(LogisticRegression(), *iris)


def test_what_is_refused(iris: tuple[Any, Any]) -> None:
    for other in (ScikitLearnMLP(), Perceptron()):
        with pytest.raises(
            ParameterError, match=rf"{type(other).__name__} has no hidden layers that learn by gradients"
        ):
            activation_statistics(other, *iris)
    with pytest.raises(ParameterError, match="n_bins=1 cannot be used; expected 2 bins or more"):
        activation_histograms(MLPClassifier((3,)), iris[0], n_bins=1)


# --- histograms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "relu", "elu"])
def test_histograms_count_every_output(iris: tuple[Any, Any], activation: str) -> None:
    X = np.tile(iris[0], (20, 1))  # more than a block
    clf = MLPClassifier((9, 6), activation, kernel_initializer="normal(1)", random_state=0)
    found = activation_histograms(clf, X, n_bins=10)
    twin = clf.initialized(X)
    assert found.shares.sum(axis=1) + found.zeros == pytest.approx([1, 1])
    first = twin.transform(X, layer=0)
    reach = 1 if activation == "tanh" else 4.5 * np.sqrt(np.square(first[:1500].astype(float)).mean())
    assert found.edges[-1] == pytest.approx(reach, rel=1e-4)
    assert found.edges[0] == (0 if activation == "relu" else -found.edges[-1])
    for i in range(2):
        a = twin.transform(X, layer=i)
        counts = np.bincount(np.digitize(a[a != 0], found.edges[1:-1]), minlength=10)
        np.testing.assert_allclose(found.shares[i] * a.size, counts, atol=20)  # float32 at the borders: 20 equal rows
        assert found.zeros[i] == pytest.approx((a == 0).mean())
    pd.testing.assert_frame_equal(found.statistics, activation_statistics(clf, X))
