"""Trained networks of every kind, and a reader of the products that a ledger shows."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from strates import LogisticRegression, MLPClassifier, NetworkClassifier, tabular_pipeline
from strates.engine.architecture import ACTIVATIONS
from strates.engine.backend import keras

L = keras.layers
QUICK = {"learning_rate": "cosine", "learning_rate_init": 0.01, "max_iter": 3, "random_state": 0}


class Trained(NamedTuple):
    """A fitted classifier with rows and labels to ask it about."""

    clf: Any
    X: Any
    y: Any


# --- data: small, and awkward in known ways ------------------------------------------------------


@cache
def iris() -> tuple[Any, Any]:
    X, y = load_iris(return_X_y=True)
    return scale(X), y


@cache
def images() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.uniform(0, 16, (60, 6, 6, 2)), np.array(["disc", "ring", "star"])[np.arange(60) % 3]


@cache
def table() -> tuple[pd.DataFrame, Any]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "mass": rng.normal(4000, 500, 80),
            "bill": np.where(np.arange(80) % 9 == 3, np.nan, rng.normal(40, 5, 80)),
            "island": pd.Series(["Biscoe", "Dream", None, "Torgersen"] * 20, dtype=object),
        }
    )
    return X, np.where(X["mass"] > 4000, "Gentoo", np.where(X["island"] == "Dream", "Chinstrap", "Adelie"))


# --- networks ------------------------------------------------------------------------------------


def chain(*layers: Callable[[int], Any]) -> Callable[[tuple[int, ...], int], Any]:
    """Return what NetworkClassifier calls to build a network: each layer is made anew, given the number of outputs."""

    def build(input_shape: tuple[int, ...], n_outputs: int) -> Any:
        return keras.Sequential([keras.Input(input_shape), *(make(n_outputs) for make in layers)])

    return build


def mlp(**options: Any) -> Trained:
    X, y = iris()
    return Trained(MLPClassifier((5, 4), **{**QUICK, **options}).fit(X, y), X[::13], y[::13])


def of_rows(network: Any, y: Any = None, **options: Any) -> Trained:
    X, classes = iris()
    y = classes if y is None else y
    return Trained(NetworkClassifier(network, **{**QUICK, **options}).fit(X, y), X[::13], y[::13])


def of_images(network: Any, **options: Any) -> Trained:
    X, y = images()
    return Trained(NetworkClassifier(network, **{**QUICK, **options}).fit(X, y), X[:5], y[:5])


def logistic(y: Any = None, **options: Any) -> Trained:
    X, classes = iris()
    y = classes if y is None else y
    return Trained(LogisticRegression(**options).fit(X, y), X[::13], y[::13])


def two_of_iris() -> Any:
    return np.where(iris()[1] == 2, "virginica", "other")


def multilabel() -> Trained:
    X, y = iris()
    labels = np.column_stack([y == 0, y > 0, X[:, 0] > 0]).astype(int)
    clf = MLPClassifier((5,), activation="tanh", label_smoothing=0.1, **QUICK).fit(X, labels)
    return Trained(clf, X[::13], labels[::13])


def scaled() -> Trained:
    X, y = load_iris(return_X_y=True)
    return Trained(make_pipeline(StandardScaler(), MLPClassifier((5,), **QUICK)).fit(X, y), X[::13], y[::13])


def tabular() -> Trained:
    X, y = table()
    return Trained(tabular_pipeline(MLPClassifier((5,), **QUICK)).fit(X, y), X.iloc[::7], y[::7])


def nested() -> Any:
    inner = keras.Sequential([L.Dense(4, name="inner"), L.Activation("elu", name="bend")], name="block")
    return keras.Sequential([L.Dense(5, activation="tanh", name="first"), inner], name="outer")


def functional(input_shape: tuple[int, ...], n_outputs: int) -> Any:
    inputs = keras.Input(input_shape, name="entrance")
    x = L.Dense(4, activation="tanh", name="a")(inputs)
    return keras.Model(inputs, L.Dense(n_outputs, name="b")(x))


def l1(strength: float) -> Any:
    return keras.regularizers.L1(strength)


def l2(strength: float) -> Any:
    return keras.regularizers.L2(strength)


def tanh(_: int) -> Any:
    return L.Dense(4, activation="tanh")


CONVOLUTIONS = chain(
    lambda _: L.Rescaling(1 / 8, offset=-1.0),
    lambda _: L.Conv2D(3, 3, padding="same", activation="relu", kernel_regularizer=l2(1e-2), name="filters"),
    lambda _: L.BatchNormalization(),
    lambda _: L.MaxPooling2D(2),
    lambda _: L.Conv2D(2, 2, strides=2, padding="same", use_bias=False),
    lambda _: L.LeakyReLU(0.25),
    lambda _: L.Dropout(0.25),
    lambda _: L.Flatten(),
    lambda n: L.Dense(n, kernel_regularizer=l1(1e-3), name="scores"),
)
SMOOTH_CONVOLUTIONS = chain(
    lambda _: L.Normalization(mean=[8.0, 6.0], variance=[16.0, 25.0]),
    lambda _: L.Conv2D(4, 3, activation="tanh", dilation_rate=2),
    lambda _: L.LayerNormalization(),
    lambda _: L.AveragePooling2D(2, padding="same", strides=1),
    lambda _: L.Reshape((4, 4)),
    lambda _: L.LayerNormalization(center=False),
    lambda _: L.Activation("softplus"),
    lambda _: L.Softmax(),
    lambda _: L.Reshape((2, 2, -1)),
    lambda _: L.GlobalAveragePooling2D(),
    lambda n: L.Dense(n, activation="softmax"),
)

NETWORKS: dict[str, Callable[[], Trained]] = {
    "logistic": lambda: logistic(alpha=0.01),
    "logistic, lasso": lambda: logistic(alpha=0.05, l1_ratio=1.0),
    "logistic, binary": lambda: logistic(two_of_iris(), alpha=0.01, l1_ratio=0.5),
    **{
        f"mlp, {name}": lambda name=name: mlp(activation=name, alpha=0.0)
        for name in ACTIVATIONS
        if name not in ("linear", "sigmoid")
    },
    "mlp, elastic net": lambda: mlp(alpha=0.01, l1_ratio=0.3),
    "mlp, batch_norm": lambda: mlp(batch_norm=True, activation="tanh"),
    "mlp, dropout": lambda: mlp(dropout=0.4),
    "mlp, max_norm and smoothing": lambda: mlp(max_norm=1.0, label_smoothing=0.2),
    "mlp, multilabel": multilabel,
    "nested": lambda: of_rows(chain(lambda _: nested(), lambda n: L.Dense(n, name="last")), alpha=0.01),
    "functional": lambda: of_rows(functional),
    "logits": lambda: of_rows(chain(tanh, lambda n: L.Dense(n))),
    "softmax layer": lambda: of_rows(chain(tanh, lambda n: L.Dense(n), lambda _: L.Softmax())),
    "one sigmoid": lambda: of_rows(chain(tanh, lambda _: L.Dense(1, activation="sigmoid")), two_of_iris()),
    "one logit": lambda: of_rows(chain(tanh, lambda _: L.Dense(1)), two_of_iris()),
    "two softmax": lambda: of_rows(chain(tanh, lambda _: L.Dense(2, activation="softmax")), two_of_iris()),
    "relu layers": lambda: of_rows(
        chain(lambda _: L.Dense(4, use_bias=False), lambda _: L.ReLU(), lambda _: L.GaussianNoise(0.1), L.Dense)
    ),
    "regularized": lambda: of_rows(
        chain(
            lambda _: L.Dense(4, bias_regularizer=keras.regularizers.L1L2(0.01, 0.02)),
            lambda _: L.BatchNormalization(gamma_regularizer=l2(0.1)),
            L.Dense,
        )
    ),
    "frozen": lambda: of_rows(
        chain(
            lambda _: L.Dense(4, trainable=False, kernel_regularizer=l2(0.1), name="frozen"),
            lambda _: L.BatchNormalization(trainable=False, name="frozen_norm"),
            L.Dense,
        )
    ),
    "convolutions": lambda: of_images(CONVOLUTIONS),
    "smooth convolutions": lambda: of_images(SMOOTH_CONVOLUTIONS),
    "pipeline": scaled,
    "tabular": tabular,
}


@pytest.fixture(scope="session")
def trained() -> Callable[[str], Trained]:
    """Return a function that trains the network of a name, once."""
    return cache(lambda name: NETWORKS[name]())


def pytest_generate_tests(metafunc: Any) -> None:
    """A test that takes ``network_name`` runs for every network."""
    if "network_name" in metafunc.fixturenames:
        metafunc.parametrize("network_name", NETWORKS)


@pytest.fixture(scope="session")
def chain_of() -> Callable[..., Any]:
    """Return :func:`chain`."""
    return chain


@pytest.fixture(scope="session")
def rows_network() -> Callable[..., Trained]:
    """Return :func:`of_rows`: a NetworkClassifier fitted to iris."""
    return of_rows


# --- products: arithmetic on numbers that were rounded to four digits --------------------------------


class Range(NamedTuple):
    """All that a number may have been before it was rounded."""

    low: float
    high: float

    def combine(self, other: Range, op: Callable[[float, float], float]) -> Range:
        found = [op(a, b) for a in self for b in other]
        return Range(min(found), max(found))


def rounded(text: str) -> Range:
    """Return what a number with four significant digits stands for."""
    value = float(text)
    half = 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - 3) * (1 + 1e-9) if value else 0.0
    return Range(value - half, value + half)


def gelu(z: float) -> float:
    return z * math.erfc(-z / math.sqrt(2)) / 2


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
    "identity": lambda z: z,
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: z if z > 0 else 0.2 * z,
    "logistic": lambda z: 1 / (1 + math.exp(-z)),
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "selu": lambda z: 1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * math.expm1(z)),
    "gelu": gelu,
    "silu": lambda z: z / (1 + math.exp(-z)),
    "softplus": lambda z: math.log1p(math.exp(z)),
    "softsign": lambda z: z / (1 + abs(z)),
}
FUNCTIONS |= {"linear": FUNCTIONS["identity"], "sigmoid": FUNCTIONS["logistic"]}
OPERATIONS: dict[type, Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


def evaluate(product: str) -> Range:
    """Compute a product as with a pocket calculator, and tell between which numbers the true one must be."""
    text = re.sub(r"\d+ smaller terms that add up to ", "", product)
    text = re.sub(r"\d+ numbers of ∂L/∂z that add up to ", "", text)
    text = text.replace("·", "*").replace("−", "-")
    tree = ast.parse(text, mode="eval")

    def of(node: ast.expr) -> Range:
        if isinstance(node, ast.Constant):
            return rounded(ast.get_source_segment(text, node) or "")
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = of(node.operand)
            return Range(-inner.high, -inner.low)
        if isinstance(node, ast.BinOp):
            return of(node.left).combine(of(node.right), OPERATIONS[type(node.op)])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            arguments = list(map(of, node.args))
            if node.func.id == "max":
                return Range(max(a.low for a in arguments), max(a.high for a in arguments))
            (inner,) = arguments
            if node.func.id not in FUNCTIONS:
                raise ValueError(f"{product!r} calls {node.func.id}, which no pocket calculator knows")
            ends = [FUNCTIONS[node.func.id](v) for v in np.linspace(*inner, 5)]
            return Range(min(ends), max(ends))
        raise ValueError(f"{product!r} holds {ast.dump(node)}, which no pocket calculator knows")

    return of(tree.body)


@pytest.fixture(scope="session")
def within() -> Callable[[str, float | str], bool]:
    """Return whether a product, its factors rounded to four digits, is a number, or one that is rounded too."""

    def judge(product: str, value: float | str) -> bool:
        low, high = evaluate(product)
        least, most = rounded(value.replace("−", "-")) if isinstance(value, str) else Range(value, value)
        slack = 1e-9 * max(abs(low), abs(high), abs(most))
        return bool(low - slack <= most and least <= high + slack)

    return judge
