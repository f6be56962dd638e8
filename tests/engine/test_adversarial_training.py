"""Attacked training steps and the input-gradient penalty, against blackboards in NumPy float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strates.engine.adversarial_training import AdversarialTraining
from strates.engine.backend import keras, tf
from strates.engine.conv_architecture import ConvArchitecture
from strates.engine.keras_architecture import KerasArchitecture
from strates.engine.program import TrainingProgram
from strates.engine.step_data import Penalties
from strates.exceptions import ParameterError

RATE = 0.5


def attack_of(epsilon: float, shape: Any = (4,), **changes: Any) -> AdversarialTraining:
    settings = {"norm": "linf", "n_steps": 1, "step": epsilon, "random_start": False, "low": -np.inf, "high": np.inf}
    settings |= changes
    for end in ("low", "high"):
        settings[end] = np.broadcast_to(np.asarray(settings[end], np.float32), shape)
    return AdversarialTraining(epsilon=epsilon, **settings)


def program_for(architecture: Any, penalties: Penalties, compiler: Any = "graph", kind: Any = "categorical") -> Any:
    attack = None if penalties.adversarial is None else penalties.adversarial.form
    return TrainingProgram(
        architecture, kind, keras.optimizers.SGD(), compiler, (4, 8), sparse=False, max_norm=False,
        smoothing=penalties.label_smoothing > 0, attack=attack, gradient_penalty=penalties.gradient_penalty > 0,
    )  # fmt: skip


def run(program: Any, weights: Any, chunk: Any, penalties: Penalties, first: int = 0, seed: int = 0) -> Any:
    rates = np.full(4, RATE)
    state, record = program.run(program.start(weights, 0), chunk, chunk.n_steps, rates, penalties, seed, first)
    return program.weights(state), record


def row_slopes(network: Any, X: Any, y: Any) -> Any:
    """Return d loss_i / d x_i of a NumPy network of two or one affine layers: the blackboard's."""
    a = network.activations(X)
    delta = network.probabilities(X) - network.targets(y, 0.0)
    for i in range(len(network.weights) - 2, -1, -2):
        delta = delta @ network.weights[i].T
        if i:
            delta = delta * (1 - a[i // 2] ** 2 if network.activation == "tanh" else a[i // 2] > 0)
    return delta


class TestAttackedStep:
    @pytest.mark.parametrize("random_start", [False, True])
    def test_a_linear_classifier_has_a_closed_form(
        self, dense: Any, rows: Any, chunk_of: Any, numpy_network: Any, compiler: Any, random_start: bool
    ) -> None:
        # the worst row in the ball is x - eps (2y - 1) sign(w): the margin less eps |w|_1 (Goodfellow et al., 2015);
        # from any start, steps of 2 eps and more reach that corner
        X, _, w = rows(5)
        y = np.array([[0], [1], [1], [0], [1]], np.float32)
        weights = dense(hidden=(), n_outputs=1, kind="binary").initial_weights(1)
        attack = attack_of(0.3, step=0.7, n_steps=3, random_start=random_start)
        penalties = Penalties(adversarial=attack)
        program = program_for(dense(hidden=(), n_outputs=1, kind="binary"), penalties, compiler, "binary")
        after, record = run(program, weights, chunk_of([(X, y, w)], (4, 8)), penalties)
        kernel = weights[0].astype(np.float64)
        margin = (2 * y - 1) * (X @ kernel + weights[1]) - 0.3 * np.abs(kernel).sum()
        np.testing.assert_allclose(record.loss, [(w * np.log1p(np.exp(-margin[:, 0]))).sum()], rtol=1e-5)
        np.testing.assert_allclose(record.hits, [(w * (margin[:, 0] > 0)).sum()], rtol=1e-6)
        moved = X - 0.3 * (2 * y - 1) * np.sign(kernel.T)
        slopes = numpy_network(weights, kind="binary").gradients(moved, y, w)
        for a, b, g in zip(after, weights, slopes, strict=True):
            np.testing.assert_allclose(a, b - RATE * g, atol=1e-6)

    @pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
    def test_one_step_along_the_steepest_direction(
        self, dense: Any, rows: Any, chunk_of: Any, numpy_network: Any, compiler: Any, norm: Any
    ) -> None:
        X, y, w = rows(5)
        weights = dense().initial_weights(1)
        penalties = Penalties(adversarial=attack_of(0.2, norm=norm))
        after, record = run(
            program_for(dense(), penalties, compiler), weights, chunk_of([(X, y, w)], (4, 8)), penalties
        )
        network = numpy_network(weights)
        g = row_slopes(network, X, y)
        if norm == "linf":
            step = np.sign(g)
        elif norm == "l2":
            step = g / np.linalg.norm(g, axis=1, keepdims=True)
        else:
            step = np.sign(g) * (np.abs(g) == np.abs(g).max(axis=1, keepdims=True))
        moved = X + 0.2 * step
        np.testing.assert_allclose(record.loss, [(w * network.row_losses(moved, y)).sum()], rtol=1e-5)
        for a, b, d in zip(after, weights, network.gradients(moved, y, w), strict=True):
            np.testing.assert_allclose(a, b - RATE * d, atol=1e-6)

    def test_many_steps_projected_and_clipped(
        self, dense: Any, rows: Any, chunk_of: Any, numpy_network: Any, compiler: Any
    ) -> None:
        X, y, w = rows(6)
        low, high = X.min(axis=0), X.max(axis=0)
        weights = dense().initial_weights(3)
        penalties = Penalties(adversarial=attack_of(0.3, step=0.13, n_steps=7, low=low, high=high))
        _, record = run(program_for(dense(), penalties, compiler), weights, chunk_of([(X, y, w)], (4, 8)), penalties)
        network, moved = numpy_network(weights), X.astype(np.float64)
        for _ in range(7):
            moved = np.clip(moved + 0.13 * np.sign(row_slopes(network, moved, y)), low, high)
            moved = X + np.clip(moved - X, -0.3, 0.3)
        np.testing.assert_allclose(record.loss, [(w * network.row_losses(moved, y)).sum()], rtol=1e-5)

    def test_dropout_and_batch_statistics_are_left_out_of_the_attack(
        self, dense: Any, rows: Any, chunk_of: Any, compiler: Any
    ) -> None:
        # the attack by a plain Keras network in inference mode, then an ordinary step on what it found
        X, y, w = rows(7)
        architecture = dense(hidden=(6, 5), batch_norm=True, dropout=(0.4, 0.3))
        rng = np.random.default_rng(0)
        weights = [v + rng.uniform(0.1, 0.5, v.shape).astype(np.float32) for v in architecture.initial_weights(0)]
        model = architecture.build()
        model.set_weights(weights)
        with tf.GradientTape() as tape:
            x = tf.Variable(X)
            losses = keras.losses.sparse_categorical_crossentropy(y, model(x, training=False))
        moved = X + np.float32(0.2) * np.sign(tape.gradient(losses, x).numpy())
        plain = Penalties(noise_levels=(0.4, 0.3))
        attacked = Penalties(noise_levels=(0.4, 0.3), adversarial=attack_of(0.2))
        expected, loss = run(
            program_for(architecture, plain, compiler), weights, chunk_of([(moved, y, w)], (4, 8)), plain
        )
        after, found = run(
            program_for(architecture, attacked, compiler), weights, chunk_of([(X, y, w)], (4, 8)), attacked
        )
        np.testing.assert_allclose(found.loss, loss.loss, rtol=1e-5)
        for a, b in zip(after, expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)

    def test_a_random_start_is_a_function_of_the_steps_number(self, dense: Any, rows: Any, chunk_of: Any) -> None:
        penalties = Penalties(adversarial=attack_of(0.5, step=0.01, random_start=True))
        program, weights = program_for(dense(), penalties), dense().initial_weights(1)
        batches = [rows(8, seed) for seed in range(3)]
        together, losses = run(program, weights, chunk_of(batches, (4, 8)), penalties, first=5)
        for i, batch in enumerate(batches):
            weights, one = run(program, weights, chunk_of([batch], (4, 8)), penalties, first=5 + i)
            np.testing.assert_array_equal(one.loss, losses.loss[i : i + 1])
        for a, b in zip(together, weights, strict=True):
            np.testing.assert_array_equal(a, b)
        again = [
            run(program, weights, chunk_of([batches[0]], (4, 8)), penalties, **changes)[1].loss[0]
            for changes in ({"first": 5}, {"first": 6}, {"first": 5, "seed": 1})
        ]
        assert len(set(again)) == 3

    def test_evaluation_attacks_each_row_by_itself(self, dense: Any, rows: Any, numpy_network: Any) -> None:
        X, y, w = rows(30)
        attack = attack_of(0.2)
        program, weights = program_for(dense(), Penalties(adversarial=attack)), dense().initial_weights(1)
        loss, score = program.evaluate(program.start(weights, 0), X, y, w, attack)
        network = numpy_network(weights)
        moved = X + 0.2 * np.sign(row_slopes(network, X, y))
        assert loss == pytest.approx(np.average(network.row_losses(moved, y), weights=w), rel=1e-5)
        assert score == pytest.approx(np.average(network.probabilities(moved).argmax(axis=1) == y, weights=w))

    def test_radius_steps_and_bounds_are_inputs_of_one_trace(self, dense: Any, rows: Any, chunk_of: Any) -> None:
        chunk, weights = chunk_of([rows(8)], (4, 8)), dense().initial_weights(1)
        attacks = [
            attack_of(0.1), attack_of(0.2, n_steps=5), attack_of(0.3, low=-9, high=9), attack_of(0.4, low=[-9] * 4),
        ]  # fmt: skip
        program = program_for(dense(), Penalties(adversarial=attacks[0]))
        losses = [run(program, weights, chunk, Penalties(adversarial=one))[1].loss[0] for one in attacks]
        assert np.all(np.diff(losses) > 0)
        assert program.traces == 1

    def test_a_network_without_a_derivative_by_its_inputs(self, chunk_of: Any) -> None:
        layers = keras.layers
        model = keras.Sequential(
            [keras.Input((4,)), layers.Embedding(5, 2), layers.Flatten(), layers.Dense(3, activation="softmax")]
        )
        architecture = KerasArchitecture(model, (4,), keep_weights=True)
        penalties = Penalties(gradient_penalty=1.0)
        batch = np.ones((8, 4), np.float32), np.zeros(8, np.int32), np.ones(8, np.float32)
        with pytest.raises(ParameterError, match=r"no derivative by its inputs .* Leave them out: adversarial=None"):
            run(program_for(architecture, penalties), model.get_weights(), chunk_of([batch], (4, 8)), penalties)


class TestGradientPenalty:
    STRENGTH = 0.7

    def objective(self, network: Any, X: Any, y: Any, w: Any) -> tuple[float, float]:
        slopes = row_slopes(network, X, y)
        penalty = self.STRENGTH * (w.astype(np.float64) * (slopes**2).sum(axis=1)).mean()
        return float((w * network.row_losses(X, y)).mean()) + penalty, penalty

    @pytest.mark.parametrize("kind", ["categorical", "binary"])
    def test_value_and_step_by_finite_differences(
        self, dense: Any, rows: Any, chunk_of: Any, numpy_network: Any, compiler: Any, kind: Any
    ) -> None:
        X, y, w = rows(5)
        if kind == "binary":
            y = (y[:, None] > 0).astype(np.float32)
        architecture = dense(kind=kind, n_outputs=3 if kind == "categorical" else 1)
        weights = architecture.initial_weights(1)
        penalties = Penalties(gradient_penalty=self.STRENGTH)
        program = program_for(architecture, penalties, compiler, kind)
        after, record = run(program, weights, chunk_of([(X, y, w)], (4, 8)), penalties)
        network = numpy_network(weights, kind=kind)
        np.testing.assert_allclose(record.penalty, [self.objective(network, X, y, w)[1]], rtol=1e-5)
        h = 1e-5
        for number, (a, b) in enumerate(zip(after, weights, strict=True)):
            slope = np.zeros(b.shape)
            for place in np.ndindex(b.shape):
                for sign in (1, -1):
                    there = [np.array(v, np.float64) for v in weights]
                    there[number][place] += sign * h
                    slope[place] += sign * self.objective(numpy_network(there, kind=kind), X, y, w)[0] / (2 * h)
            np.testing.assert_allclose(a, b - RATE * slope, atol=2e-6)

    def test_of_a_linear_classifier(self, dense: Any, rows: Any, chunk_of: Any) -> None:
        # loss = log(1 + exp(-m)): its slope is (p - y) w, and so the penalty (p - y)^2 |w|^2
        X, _, w = rows(5)
        y = np.array([[0], [1], [1], [0], [1]], np.float32)
        architecture = dense(hidden=(), n_outputs=1, kind="binary")
        kernel, bias = architecture.initial_weights(1)
        penalties = Penalties(gradient_penalty=self.STRENGTH)
        program = program_for(architecture, penalties, kind="binary")
        _, record = run(program, [kernel, bias], chunk_of([(X, y, w)], (4, 8)), penalties)
        p = 1 / (1 + np.exp(-(X @ kernel + bias)))
        expected = self.STRENGTH * (w * ((p - y) ** 2)[:, 0]).mean() * (kernel**2).sum()
        np.testing.assert_allclose(record.penalty, [expected], rtol=1e-5)

    def test_through_convolution_and_pooling_of_bytes(self, chunk_of: Any) -> None:
        # the penalty by a plain Keras model, differentiated again by finite differences of its strength's effect
        architecture = ConvArchitecture((6, 6, 1), (3,), (3, 3), (2, 2), "same", (), 3, "categorical", scale=1 / 255)
        rng = np.random.default_rng(0)
        X = rng.integers(0, 256, (8, 6, 6, 1), dtype=np.uint8)
        y, w = rng.integers(0, 3, 8).astype(np.int32), np.ones(8, np.float32)
        weights = architecture.initial_weights(0)
        penalties = Penalties(gradient_penalty=5e4)
        program = program_for(architecture, penalties)
        after, record = run(program, weights, chunk_of([(X, y, w)], (4, 8)), penalties)
        model = architecture.build()
        model.set_weights(weights)
        with tf.GradientTape() as outer:
            x = tf.constant(X, tf.float32)
            with tf.GradientTape() as inner:
                inner.watch(x)
                losses = keras.losses.sparse_categorical_crossentropy(y, model(x))
            squared = tf.reduce_sum(inner.gradient(losses, x) ** 2, axis=(1, 2, 3))
            penalty = 5e4 * tf.reduce_mean(squared)
            total = tf.reduce_mean(losses) + penalty
        np.testing.assert_allclose(record.penalty, [penalty.numpy()], rtol=1e-4)
        assert record.penalty[0] > 0.01
        for a, b, g in zip(after, weights, outer.gradient(total, model.trainable_variables), strict=True):
            np.testing.assert_allclose(a, b - RATE * g.numpy(), atol=1e-5)

    def test_is_taken_where_the_rows_were_attacked_to(
        self, dense: Any, rows: Any, chunk_of: Any, numpy_network: Any
    ) -> None:
        X, y, w = rows(5)
        weights = dense().initial_weights(1)
        penalties = Penalties(gradient_penalty=self.STRENGTH, adversarial=attack_of(0.2))
        _, record = run(program_for(dense(), penalties), weights, chunk_of([(X, y, w)], (4, 8)), penalties)
        network = numpy_network(weights)
        moved = X + 0.2 * np.sign(row_slopes(network, X, y))
        np.testing.assert_allclose(record.penalty, [self.objective(network, moved, y, w)[1]], rtol=1e-5)
