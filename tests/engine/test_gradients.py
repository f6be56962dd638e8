"""Gradients against formulas written by hand and against finite differences."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax

from strates.engine.architecture import DenseArchitecture
from strates.engine.backend import keras
from strates.engine.gradients import (
    add_penalty,
    class_gradient,
    count_gradient_traces,
    input_gradient,
    loss_gradient,
    variable_names,
)

RNG = np.random.default_rng(0)


def network(kind="categorical", n_outputs=3, activation="tanh", **choices):
    architecture = DenseArchitecture(4, (5,), n_outputs, kind, activation, kernel_initializer="he", **choices)
    model = architecture.build()
    model.set_weights([w + 0.1 * RNG.normal(size=w.shape).astype("float32") for w in architecture.initial_weights(1)])
    return model


@pytest.fixture(scope="module")
def rows():
    return RNG.normal(size=(7, 4))


def by_hand(model, X, codes):
    """The two-layer tanh network's loss and gradients, from the textbook."""
    w1, b1, w2, b2 = (np.asarray(w, np.float64) for w in model.get_weights())
    a = np.tanh(X @ w1 + b1)
    z = a @ w2 + b2
    n = len(X)
    delta = (softmax(z, axis=1) - np.eye(z.shape[1])[codes]) / n
    back = delta @ w2.T
    hidden = back * (1 - a**2)
    loss = -log_softmax(z, axis=1)[np.arange(n), codes].mean()
    return loss, (X.T @ hidden, hidden.sum(0), a.T @ delta, delta.sum(0)), hidden @ w1.T, back, delta


def test_loss_gradient_is_the_textbooks(rows):
    model, codes = network(), RNG.integers(3, size=7)
    loss, parameters, inputs, back, delta = by_hand(model, rows, codes)
    found = loss_gradient(model, rows, codes, "categorical")
    assert found.loss == pytest.approx(loss, abs=1e-14)
    assert list(found.parameters) == ["hidden_1/kernel", "hidden_1/bias", "outputs/kernel", "outputs/bias"]
    for got, wanted in zip(found.parameters.values(), parameters, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-14)
    np.testing.assert_allclose(found.inputs, inputs, atol=1e-14)
    np.testing.assert_allclose(found.deltas["hidden_1"], back, atol=1e-14)
    np.testing.assert_allclose(found.deltas["outputs"], delta, atol=1e-14)


def test_weighted_rows_and_smoothed_labels(rows):
    model, codes, weights = network(), RNG.integers(3, size=7), RNG.uniform(0.5, 2, size=7)
    z = np.log(np.asarray(model(rows.astype("float32")), np.float64))
    mixed = 0.9 * np.eye(3)[codes] + 0.1 / 3
    wanted = -(weights * (mixed * z).sum(axis=1)).sum() / weights.sum()
    found = loss_gradient(model, rows, codes, "categorical", sample_weight=weights, label_smoothing=0.1)
    assert found.loss == pytest.approx(wanted, rel=1e-6)
    twice = loss_gradient(model, np.vstack([rows, rows[:1]]), np.append(codes, codes[0]), "categorical")
    doubled = loss_gradient(model, rows, codes, "categorical", sample_weight=np.array([2, 1, 1, 1, 1, 1, 1]))
    for a, b in zip(twice.parameters.values(), doubled.parameters.values(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-14)


@pytest.mark.parametrize(("kind", "n_outputs"), [("binary", 1), ("multilabel", 3)])
def test_logistic_outputs(rows, kind, n_outputs):
    model, targets = network(kind, n_outputs), RNG.integers(2, size=(7, n_outputs))
    w1, b1, w2, b2 = (np.asarray(w, np.float64) for w in model.get_weights())
    p = expit(np.tanh(rows @ w1 + b1) @ w2 + b2)
    found = loss_gradient(model, rows, targets, kind)
    np.testing.assert_allclose(found.deltas["outputs"], (p - targets) / 7, atol=1e-14)
    probabilities, jacobian = class_gradient(model, rows)
    shown = np.hstack([1 - p, p]) if kind == "binary" else p
    np.testing.assert_allclose(probabilities, shown, atol=1e-6)
    if kind == "binary":
        np.testing.assert_allclose(jacobian[:, 0], -jacobian[:, 1])


def test_the_penalty_acts_on_kernels_alone(rows):
    model, codes = network(), RNG.integers(3, size=7)
    plain = loss_gradient(model, rows, codes, "categorical")
    found = add_penalty(plain, model, alpha=0.3, l1_ratio=0.25)
    w1, _, w2, _ = model.get_weights()
    kernels = np.concatenate([w1.ravel(), w2.ravel()]).astype(np.float64)
    assert found.penalty == pytest.approx(0.3 * (0.25 * np.abs(kernels).sum() + 0.375 * (kernels**2).sum()), rel=1e-12)
    moved = found.parameters["outputs/kernel"] - plain.parameters["outputs/kernel"]
    np.testing.assert_allclose(moved, 0.3 * (0.25 * np.sign(w2) + 0.75 * w2), rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(found.parameters["hidden_1/bias"], plain.parameters["hidden_1/bias"])


def test_batch_statistics_on_demand():
    model = network(batch_norm=True, dropout=(0.5,))
    X, codes = RNG.normal(3, 2, size=(20, 4)), RNG.integers(3, size=20)
    w1, gamma, beta, mean, variance, w2, b2 = (np.asarray(w, np.float64) for w in model.get_weights())
    for training in (False, True):
        z = X @ w1
        m, v = (z.mean(0), z.var(0)) if training else (mean, variance)
        a = np.tanh(gamma * (z - m) / np.sqrt(v + 1e-3) + beta)
        wanted = -log_softmax(a @ w2 + b2, axis=1)[np.arange(20), codes].mean()
        found = loss_gradient(model, X, codes, "categorical", training=training)
        assert found.loss == pytest.approx(wanted, abs=1e-12)  # nothing is dropped, whatever the rate


def test_row_and_class_gradients_by_centred_differences(rows):
    model, codes, h = network(activation="softplus"), RNG.integers(3, size=7), 1e-5
    losses, slopes = input_gradient(model, rows, codes, "categorical")
    logits, jacobian = class_gradient(model, rows, logits=True)
    w1, b1, w2, b2 = (np.asarray(w, np.float64) for w in model.get_weights())

    def scores(X):
        return np.logaddexp(0, X @ w1 + b1) @ w2 + b2

    def loss(X):
        return -log_softmax(scores(X), axis=1)[np.arange(7), codes]

    np.testing.assert_allclose(losses, loss(rows), rtol=1e-5)
    np.testing.assert_allclose(logits, scores(rows), rtol=1e-4, atol=1e-5)
    for j in range(4):
        step = h * np.eye(4)[j]
        np.testing.assert_allclose(slopes[:, j], (loss(rows + step) - loss(rows - step)) / (2 * h), atol=2e-6)
        wanted = (scores(rows + step) - scores(rows - step)) / (2 * h)
        np.testing.assert_allclose(jacobian[:, :, j], wanted, atol=2e-6)


def test_one_trace_for_all_networks_of_a_shape(rows):
    codes = RNG.integers(3, size=7)
    loss_gradient(network(), rows, codes, "categorical")
    before = count_gradient_traces()
    for n in (3, 7):
        loss_gradient(network(), rows[:n], codes[:n], "categorical")
    assert count_gradient_traces() == before


def test_a_subclassed_network_is_differentiated_too(rows):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3, activation="softmax", name="only")

        def call(self, x):
            return self.dense(x)

        def get_config(self):
            return {}

    model, codes = Own(), RNG.integers(3, size=7)
    model(rows[:1].astype("float32"))
    w, b = (np.asarray(v, np.float64) for v in model.get_weights())
    delta = (softmax(rows @ w + b, axis=1) - np.eye(3)[codes]) / 7
    found = loss_gradient(model, rows, codes, "categorical")
    np.testing.assert_allclose(found.parameters["only/kernel"], rows.T @ delta, atol=1e-6)
    assert found.deltas == {}


def test_a_subclassed_network_within_another():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3, name="only")

        def call(self, x):
            return self.dense(x)

        def get_config(self):
            return {}

        @classmethod
        def from_config(cls, config):
            return cls()

    model = keras.Sequential([keras.Input((4,)), Own(), keras.layers.Activation("softmax")])
    X, codes = RNG.normal(size=(6, 4)), RNG.integers(3, size=6)
    w, b = (np.asarray(v, np.float64) for v in model.get_weights())
    delta = (softmax(X @ w + b, axis=1) - np.eye(3)[codes]) / 6
    found = loss_gradient(model, X, codes, "categorical")
    np.testing.assert_allclose(found.parameters["only/kernel"], X.T @ delta, atol=1e-6)


@pytest.mark.parametrize("kind", ["functional", "sequential"])
def test_a_network_within_a_network(kind):
    inputs = keras.Input((4,))
    dense = keras.layers.Dense(5, activation="tanh", name="inner_dense")
    inner = keras.Model(inputs, dense(inputs), name="inner") if kind == "functional" else keras.Sequential(
        [keras.Input((4,)), dense], name="inner"
    )  # fmt: skip
    outer = keras.Input((4,))
    model = keras.Model(outer, keras.layers.Dense(3, activation="softmax", name="outputs")(inner(outer)))
    X, codes = RNG.normal(size=(6, 4)), RNG.integers(3, size=6)
    loss, parameters, inputs, back, _ = by_hand(model, X, codes)
    found = loss_gradient(model, X, codes, "categorical")
    assert found.loss == pytest.approx(loss, abs=1e-6)
    np.testing.assert_allclose(found.parameters["inner_dense/kernel"], parameters[0], atol=1e-6)
    np.testing.assert_allclose(found.deltas["inner"], back, atol=1e-6)
    probabilities, jacobian = class_gradient(model, X)
    np.testing.assert_allclose(probabilities, model(X.astype("float32")), atol=1e-6)
    assert jacobian.shape == (6, 3, 4)


def test_models_that_were_asked_are_freed():
    X, codes = RNG.normal(size=(3, 4)), np.array([0, 1, 2])
    models = [network() for _ in range(3)]
    for model in models:
        loss_gradient(model, X, codes, "categorical")
    watched = [weakref.ref(model) for model in models]
    del model, models
    gc.collect()
    assert sum(one() is not None for one in watched) <= 1  # the mould of the architecture


def test_an_embeddings_gradient_is_dense():
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Embedding(5, 3, name="words"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, "softmax"),
        ]
    )
    X, codes = np.array([[0, 1], [1, 4]]), np.array([0, 2])
    table, w, b = (np.asarray(v, np.float64) for v in model.get_weights())
    delta = (softmax(table[X].reshape(2, 6) @ w + b, axis=1) - np.eye(3)[codes]) / 2
    wanted = np.zeros((5, 3))
    np.add.at(wanted, X, (delta @ w.T).reshape(2, 2, 3))
    found = loss_gradient(model, X, codes, "categorical")
    np.testing.assert_allclose(found.parameters["words/embeddings"], wanted, atol=1e-12)


def test_names_of_weights_are_distinct():
    shared = [keras.layers.Dense(2, name="same") for _ in range(1)]
    inner = keras.Sequential([keras.Input((2,)), *shared], name="inner")
    model = keras.Sequential([keras.Input((2,)), inner, keras.layers.Dense(2, name="last")])
    assert variable_names(model) == ["same/kernel", "same/bias", "last/kernel", "last/bias"]
