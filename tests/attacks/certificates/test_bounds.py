"""Bounds of whole networks against what random points give, and what Keras computes in float32."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strates.attacks.certificates.ball import Ball
from strates.attacks.certificates.interval_bounds import Bounds, interval_bounds
from strates.attacks.certificates.layer_chain import LayerChain, layer_chain
from strates.attacks.certificates.linear_bounds import linear_bounds
from strates.attacks.certificates.margins import bounds_of, least_margin, lowest_margins
from strates.exceptions import ParameterError

NORMS, METHODS = ("linf", "l2", "l1"), ("interval", "linear")


def dense(activation: str, *units: int, n_inputs: int = 4) -> keras.Model:
    hidden = [keras.layers.Dense(u, activation=activation, bias_initializer="normal") for u in units]
    layers = [keras.layers.Rescaling(0.5, 0.1), *hidden, keras.layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((n_inputs,)), *layers])


def images(pool: keras.layers.Layer, *end: keras.layers.Layer) -> keras.Model:
    norm = keras.layers.BatchNormalization()
    model = keras.Sequential(
        [keras.Input((6, 6, 2)), keras.layers.Rescaling(2.0), keras.layers.Conv2D(3, 3, padding="same"), norm,
         keras.layers.Activation("relu"), pool, keras.layers.Dropout(0.5),
         keras.layers.Conv2D(4, 2, activation="leaky_relu"), *end, keras.layers.Dense(3, activation="softmax")]
    )  # fmt: skip
    rng = np.random.default_rng(1)
    norm.set_weights([rng.normal(1, 0.3, 3), rng.normal(size=3), rng.normal(size=3), rng.uniform(0.5, 2, 3)])
    return model


@pytest.fixture(scope="module")
def chains() -> dict[str, LayerChain]:
    keras.utils.set_random_seed(0)
    models = {name: dense(name, 6, 5) for name in ("relu", "tanh", "elu", "silu", "selu", "sigmoid")}
    models["deep"] = dense("relu", 5, 5, 5, 5)
    models["max"] = images(keras.layers.MaxPooling2D(2), keras.layers.Flatten())
    models["mean"] = images(keras.layers.AveragePooling2D(2), keras.layers.GlobalAveragePooling2D())
    return {name: layer_chain(model) for name, model in models.items()}


CHAINS = ("relu", "tanh", "elu", "silu", "selu", "sigmoid", "deep", "max", "mean")


def draw_within(ball: Ball, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return points of the ball of its first row: most on its surface, cut off at the bounds."""
    size = ball.centre[0].size
    if ball.norm == "linf":
        delta = rng.choice([-1, 1, rng.uniform(-1, 1)], size=(n, size))
    elif ball.norm == "l2":
        delta = rng.normal(size=(n, size))
        delta /= np.linalg.norm(delta, axis=1, keepdims=True)
    else:
        delta = rng.dirichlet(np.full(size, 0.2), size=n) * rng.choice([-1, 1], size=(n, size))
    x = ball.centre[0] + ball.radius[0] * (1 - 1e-12) * delta.reshape(n, *ball.centre.shape[1:])
    return np.asarray(np.clip(x, ball.low, ball.high))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", CHAINS)
@settings(max_examples=12)
@given(seed=st.integers(0, 2**31), radius=st.sampled_from([1e-3, 0.03, 0.3, 2.0]))
def test_bounds_hold_every_point(
    name: str, norm: str, method: Any, chains: dict[str, LayerChain], seed: int, radius: float
) -> None:
    chain, rng = chains[name], np.random.default_rng(seed)
    ball = Ball(rng.uniform(size=(1, *chain.input_shape)), np.array([radius]), norm, 0.0, 1.0)
    bounds = bounds_of(chain, ball, method, rounded=False)
    x = draw_within(ball, rng, 60)
    margins = lowest_margins(chain, ball, np.array([1]), bounds, method)[0]
    scores = chain.scores(x)
    assert (scores[:, [1]] - scores[:, [0, 2]] >= margins - 1e-9).all()
    for step, inside in zip([*chain.steps, None], bounds.before, strict=True):
        assert (inside.lower <= x + 1e-9).all()
        assert (x <= inside.upper + 1e-9).all()
        x = x if step is None else step.apply(x)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", CHAINS)
def test_bounds_of_a_point_are_what_keras_computes(name: str, method: Any, chains: dict[str, LayerChain]) -> None:
    chain, rng = chains[name], np.random.default_rng(0)
    x = rng.uniform(size=(5, *chain.input_shape))
    ball = Ball(x, np.zeros(5), "linf", 0.0, 1.0)
    bounds = bounds_of(chain, ball, method, rounded=False)
    scores = chain.scores(x)
    assert bounds.before[-1].lower == pytest.approx(scores, abs=1e-12)
    assert bounds.before[-1].upper == pytest.approx(scores, abs=1e-12)
    margins = lowest_margins(chain, ball, np.zeros(5, int), bounds, method)
    assert margins == pytest.approx(scores[:, [0]] - scores[:, 1:], abs=1e-12)


def test_chain_is_the_network() -> None:
    keras.utils.set_random_seed(0)
    model = images(keras.layers.MaxPooling2D(2), keras.layers.Flatten())
    X = np.random.default_rng(0).uniform(size=(8, 6, 6, 2)).astype(np.float32)
    scores = layer_chain(model).scores(X.astype(np.float64))
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    assert model.predict(X, verbose=0) == pytest.approx(odds / odds.sum(axis=1, keepdims=True), abs=1e-5)


def test_rounded_bounds_hold_what_float32_computes() -> None:
    """A wide network, whose scores in float32 are off by much more than float64 could be."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((300,)), keras.layers.Dense(200, activation="relu"), keras.layers.Dense(100, activation="tanh"),
         keras.layers.Dense(5, name="scores"), keras.layers.Activation("softmax")]
    )  # fmt: skip
    X = np.random.default_rng(0).normal(size=(50, 300)).astype(np.float32)
    single = np.asarray(keras.Model(model.inputs[0], model.get_layer("scores").output)(X), np.float64)
    chain = layer_chain(model)
    ball = Ball(X.astype(np.float64), np.zeros(50), "linf", -np.inf, np.inf)
    assert np.abs(single - chain.scores(ball.centre)).max() > 1e-7
    for make in (interval_bounds, linear_bounds):
        inside = make(chain, ball).before[-1]
        assert (inside.lower <= single).all()
        assert (single <= inside.upper).all()
        assert (inside.upper - inside.lower).max() < 0.05


def test_first_layer_of_a_euclidean_ball_is_exact() -> None:
    keras.utils.set_random_seed(0)
    chain = layer_chain(dense("relu", 6))
    x = np.random.default_rng(0).normal(size=(3, 4))
    kernel = chain.steps[1].layer.kernel  # type: ignore[attr-defined]
    for norm, order in (("l2", 2), ("l1", np.inf), ("linf", 1)):
        ball = Ball(x, np.array([0.1, 0.2, 0.3]), norm, -np.inf, np.inf)
        inside = interval_bounds(chain, ball, rounded=False).before[2]
        reach = np.outer(ball.radius, np.linalg.norm(0.5 * kernel, ord=order, axis=0))
        assert (inside.upper - inside.lower) / 2 == pytest.approx(reach, rel=1e-12)


def widths(bounds: Bounds) -> np.ndarray:
    return np.concatenate([(x.upper - x.lower).ravel() for x in bounds.before])


@pytest.mark.parametrize("name", ["relu", "deep", "max", "tanh"])
def test_lines_are_never_wider_than_intervals(name: str, chains: dict[str, LayerChain]) -> None:
    chain = chains[name]
    ball = Ball(np.full((1, *chain.input_shape), 0.5), np.array([0.1]), "linf", 0.0, 1.0)
    lines, intervals = widths(linear_bounds(chain, ball)), widths(interval_bounds(chain, ball))
    assert (lines <= intervals + 1e-12).all()
    assert (lines < 0.95 * intervals).any()
    codes = np.array([2])
    margins = [lowest_margins(chain, ball, codes, bounds_of(chain, ball, m), m) for m in METHODS]  # type: ignore[arg-type]
    assert (margins[1] >= margins[0] - 1e-12).all()


def test_least_margin() -> None:
    """x -> (x, 0): the first class as long as x > 0."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, activation="softmax")])
    model.layers[0].set_weights([np.array([[1.0, 0.0]]), np.zeros(2)])
    chain = layer_chain(model)
    ball = Ball(np.array([[0.5], [0.5], [-0.5]]), np.array([0.499, 0.501, 0.1]), "linf", -np.inf, np.inf)
    for method in METHODS:
        assert least_margin(chain, ball, np.array([0, 0, 0]), method) == pytest.approx([0.001, -0.001, -0.6], abs=1e-5)  # type: ignore[arg-type]


def test_networks_without_bounds_are_refused() -> None:
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(4, name="one")(inputs)
    skipped = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.Add()([hidden, inputs])))
    with pytest.raises(ParameterError, match="no chain"):
        layer_chain(skipped)
    normed = [keras.layers.LayerNormalization(name="squeeze"), keras.layers.Dense(2, activation="softmax")]
    with pytest.raises(ParameterError, match=r"No bounds are known for layer 'squeeze' \(LayerNorm\).*Randomized"):
        layer_chain(keras.Sequential([keras.Input((4,)), *normed]))
    with pytest.raises(ParameterError, match="ends in 3 logistic units"):
        layer_chain(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="sigmoid")]))
    with pytest.raises(ParameterError, match=r"ends in .*; a certificate needs one that ends in a softmax"):
        layer_chain(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu")]))
    with pytest.raises(ParameterError, match="any size where None stands"):
        layer_chain(
            keras.Sequential(
                [keras.Input((None, None, 1)), keras.layers.GlobalAveragePooling2D(),
                 keras.layers.Dense(2, activation="softmax")]
            )
        )  # fmt: skip
