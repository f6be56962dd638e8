"""The compiled step against NumPy in float64 and against a plain Keras loop."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from strates.engine.backend import keras, tf
from strates.engine.compiler import choose_compiler, is_dense
from strates.engine.keras_architecture import KerasArchitecture
from strates.engine.optimizers import Solver
from strates.engine.program import (
    Penalties,
    chunk_steps,
    clear_programs,
    count_traces,
    training_program,
)
from strates.engine.training_form import training_form


def keras_steps(architecture: Any, weights: Any, optimizer: Any, batches: Any, alpha: float = 0.0) -> list[Any]:
    """Train by a plain GradientTape loop, without padding: the oracle of several steps."""
    model = architecture.build()
    model.set_weights(weights)
    optimizer.build(model.trainable_variables)
    for x, y, w in batches:
        with tf.GradientTape() as tape:
            p = model(tf.constant(x), training=True)
            losses = -tf.math.log(tf.gather(p, y, batch_dims=1))
            penalty = sum(tf.reduce_sum(v**2) for v in model.trainable_variables if "kernel" in v.name)
            loss = tf.reduce_mean(losses * w) + alpha / 2 * penalty + sum(model.losses)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    return model.get_weights()


def run(program: Any, weights: Any, chunk: Any, rate: float, penalties: Penalties = Penalties()) -> tuple[Any, Any]:  # noqa: B008
    rates = np.full(program.chunk_steps, rate)
    state, record = program.run(program.start(weights, 0), chunk, chunk.n_steps, rates, penalties, 0, 0)
    return program.weights(state), record


class TestOneStep:
    def test_a_padded_short_batch_takes_the_exact_step(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, numpy_network: Any, compiler: Any
    ) -> None:
        architecture, (X, y, w) = dense(), rows(3)
        weights = architecture.initial_weights(1)
        program = program_of(architecture, compiler=compiler)
        penalties = Penalties(alpha=0.3, label_smoothing=0.1)
        after, record = run(program, weights, chunk_of([(X, y, w)], (4, 8)), 0.5, penalties)
        oracle = numpy_network(weights)
        gradients = oracle.gradients(X, y, w, alpha=0.3, smoothing=0.1)
        for a, b, g in zip(after, weights, gradients, strict=True):
            np.testing.assert_allclose(a, b - 0.5 * g, atol=1e-6)
        np.testing.assert_allclose(record.loss, [(w * oracle.row_losses(X, y, 0.1)).sum()], rtol=1e-5)
        np.testing.assert_allclose(record.penalty, [oracle.penalty(0.3)], rtol=1e-5)
        hits = (w * (oracle.probabilities(X).argmax(axis=1) == y)).sum()
        np.testing.assert_allclose(record.hits, [hits], rtol=1e-6)

    @pytest.mark.parametrize(("kind", "n_outputs"), [("binary", 1), ("multilabel", 3)])
    def test_logistic_outputs(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, numpy_network: Any, kind: Any, n_outputs: int
    ) -> None:
        architecture, (X, _, w) = dense(kind=kind, n_outputs=n_outputs, activation="relu"), rows(5)
        y = (np.random.default_rng(1).random((5, n_outputs)) > 0.5).astype(np.float32)
        weights = architecture.initial_weights(2)
        program = program_of(architecture, kind=kind)
        after, record = run(program, weights, chunk_of([(X, y, w)], (4, 8)), 0.1)
        oracle = numpy_network(weights, kind=kind, activation="relu")
        for a, b, g in zip(after, weights, oracle.gradients(X, y, w), strict=True):
            np.testing.assert_allclose(a, b - 0.1 * g, atol=1e-6)
        np.testing.assert_allclose(record.loss, [(w * oracle.row_losses(X, y)).sum()], rtol=1e-5)
        right = ((oracle.probabilities(X) > 0.5) == (y > 0.5)).all(axis=1)
        np.testing.assert_allclose(record.hits, [(w * right).sum()], rtol=1e-6)

    def test_batch_norm_statistics_are_those_of_the_rows_without_padding(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, compiler: Any
    ) -> None:
        for hidden in ((6,), (1,)):
            architecture = dense(hidden=hidden, batch_norm=True)
            self.check_batch_norm(architecture, program_of, chunk_of, rows, compiler)

    def test_batch_norm_inside_a_nested_model_by_the_compiler_that_the_rule_chooses(
        self, program_of: Any, chunk_of: Any, rows: Any
    ) -> None:
        layers = keras.layers
        inner = keras.Sequential([keras.Input((4,)), layers.Dense(6, use_bias=False), layers.BatchNormalization()])
        model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(3, activation="softmax")])
        compiler = choose_compiler(dense=is_dense(model), n_parameters=10**6, batch_size=1000, n_steps=10**6)
        architecture = KerasArchitecture(model, (4,), keep_weights=False)
        self.check_batch_norm(architecture, program_of, chunk_of, rows, compiler)

    @staticmethod
    def check_batch_norm(architecture: Any, program_of: Any, chunk_of: Any, rows: Any, compiler: Any) -> None:
        weights = architecture.initial_weights(1)
        batches = [rows(8, 1), rows(3, 2), rows(5, 3)]
        program = program_of(architecture, compiler=compiler)
        after, _ = run(program, weights, chunk_of(batches, (4, 8)), 0.2)
        expected = keras_steps(architecture, weights, keras.optimizers.SGD(0.2), batches)
        for a, b in zip(after, expected, strict=True):
            np.testing.assert_allclose(a, b, atol=2e-6)

    def test_one_row_in_a_batch(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, numpy_network: Any
    ) -> None:
        architecture, (X, y, w) = dense(), rows(1)
        weights = architecture.initial_weights(0)
        after, _ = run(program_of(architecture), weights, chunk_of([(X, y, w)], (4, 8)), 1.0)
        for a, b, g in zip(after, weights, numpy_network(weights).gradients(X, y, w), strict=True):
            np.testing.assert_allclose(a, b - g, atol=1e-6)


OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: keras.optimizers.Adam(0.01, epsilon=1e-8),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01, momentum=0.5),
    "adamw": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
    "clipnorm": lambda: keras.optimizers.SGD(0.1, clipnorm=0.05),
    "global_clipnorm": lambda: keras.optimizers.Adam(0.01, global_clipnorm=0.05),
    "clipvalue": lambda: keras.optimizers.Adam(0.01, clipvalue=0.01),
    "accumulation": lambda: keras.optimizers.SGD(0.1, gradient_accumulation_steps=2),
}


class TestSeveralSteps:
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_equal_a_plain_keras_loop(self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, name: str) -> None:
        self.check(dense(), program_of, chunk_of, rows, name, "graph")

    @pytest.mark.parametrize("name", ["adam", "nesterov", "adamw"])
    def test_equal_a_plain_keras_loop_under_xla(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, name: str
    ) -> None:
        self.check(dense(), program_of, chunk_of, rows, name, "xla")

    @staticmethod
    def check(architecture: Any, program_of: Any, chunk_of: Any, rows: Any, name: str, compiler: str) -> None:
        weights = architecture.initial_weights(3)
        batches = [rows(n, n) for n in (8, 8, 8, 8, 8, 3)]
        optimizer = OPTIMIZERS[name]()
        rate = float(optimizer.learning_rate)
        program = program_of(architecture, optimizer, compiler)
        state = program.start(weights, 0)
        for first in (0, 4):  # two calls: the optimizer's memory is carried over
            chunk = chunk_of(batches[first : first + 4], (4, 8))
            rates = np.full(4, rate)
            state, _ = program.run(state, chunk, chunk.n_steps, rates, Penalties(alpha=0.01), 0, first)
        expected = keras_steps(architecture, weights, OPTIMIZERS[name](), batches, alpha=0.01)
        for a, b in zip(program.weights(state), expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)

    def test_rates_are_taken_step_by_step(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, numpy_network: Any
    ) -> None:
        architecture = dense()
        weights = architecture.initial_weights(0)
        batches, rates = [rows(8, i) for i in range(3)], np.array([0.5, 0.0, 2.0, 99.0])
        program = program_of(architecture)
        state, _ = program.run(program.start(weights, 0), chunk_of(batches, (4, 8)), 3, rates, Penalties(), 0, 0)
        for (X, y, w), rate in zip(batches, rates[:3], strict=True):
            gradients = numpy_network(weights).gradients(X, y, w)
            weights = [a - rate * g for a, g in zip(weights, gradients, strict=True)]
        for a, b in zip(program.weights(state), weights, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)

    def test_a_chunk_in_parts_gives_the_same_bits(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, compiler: Any
    ) -> None:
        architecture = dense(dropout=(0.4,), batch_norm=True)
        batches = [rows(8, i) for i in range(4)]
        program = program_of(architecture, keras.optimizers.Adam(), compiler)
        start, rates = program.start(architecture.initial_weights(0), 0), np.full(4, 0.01)
        penalties = Penalties(alpha=0.01, noise_levels=(0.4,))
        whole, record = program.run(start, chunk_of(batches, (4, 8)), 4, rates, penalties, 7, 0)
        half, first = program.run(start, chunk_of(batches, (4, 8)), 3, rates, penalties, 7, 0)
        rest, second = program.run(half, chunk_of(batches[3:], (4, 8)), 1, rates, penalties, 7, 3)
        for a, b in zip(program.weights(whole), program.weights(rest), strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(record.loss, [*first.loss, *second.loss])
        assert program.traces == 1

    def test_xla_and_the_plain_graph_agree(self, dense: Any, program_of: Any, chunk_of: Any, rows: Any) -> None:
        architecture = dense(batch_norm=True, hidden=(6, 5))
        weights = architecture.initial_weights(0)
        chunk = chunk_of([rows(8, 1), rows(8, 2), rows(8, 3), rows(2, 4)], (4, 8))
        found = []
        for compiler in ("graph", "xla"):
            program = program_of(architecture, keras.optimizers.Adam(epsilon=1e-4), compiler)
            found.append(run(program, weights, chunk, 0.01, Penalties(alpha=0.1)))
        for a, b in zip(found[0][0], found[1][0], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
        for a, b in zip(found[0][1], found[1][1], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5)

    def test_weights_come_back_in_the_models_order(self, dense: Any, program_of: Any) -> None:
        for architecture in (dense(batch_norm=True), dense(hidden=(300, 200))):  # packed, and too large for it
            weights = architecture.initial_weights(4)
            program = program_of(architecture)
            for a, b in zip(program.weights(program.start(weights, 0)), weights, strict=True):
                np.testing.assert_array_equal(a, b)
        assert not program.packed

    def test_packed_and_unpacked_weights_learn_alike(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        architecture = dense()
        weights, chunk = architecture.initial_weights(0), chunk_of([rows(8, i) for i in range(4)], (4, 8))
        packed = program_of(architecture, keras.optimizers.Adam(epsilon=1e-4), sparse=True, max_norm=True)
        monkeypatch.setattr("strates.engine.program.PACKED_PARAMETERS", 0)
        loose = program_of(architecture, keras.optimizers.Adam(epsilon=1e-4), sparse=True, max_norm=True)
        assert (packed.packed, loose.packed) == (True, False)
        penalties = Penalties(alpha=0.05, l1_ratio=0.5, max_norm=0.8)
        for a, b in zip(*(run(p, weights, chunk, 0.05, penalties)[0] for p in (packed, loose)), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


class TestPenalties:
    def test_l1_steps_by_the_orthant_wise_rule(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, numpy_network: Any
    ) -> None:
        architecture, (X, y, w) = dense(hidden=()), rows(8)
        kernel = np.random.default_rng(0).normal(scale=0.2, size=(4, 3)).astype(np.float32)
        kernel[0] = 0.0  # stay there, or leave it on the side of the descent
        weights, rate, l1, l2 = [kernel, np.zeros(3, np.float32)], 0.5, 0.2 * 0.75, 0.2 * 0.25
        program = program_of(architecture, sparse=True)
        after, record = run(program, weights, chunk_of([(X, y, w)], (4, 8)), rate, Penalties(alpha=0.2, l1_ratio=0.75))
        oracle = numpy_network(weights)
        g, bias = oracle.gradients(X, y, w, alpha=l2)
        at_zero = np.sign(g) * np.maximum(np.abs(g) - l1, 0)
        step = np.where(kernel == 0, at_zero, g + l1 * np.sign(kernel))
        expected = kernel - rate * step
        side = np.where(kernel == 0, -np.sign(at_zero), np.sign(kernel))
        expected[np.sign(expected) != side] = 0
        np.testing.assert_allclose(after[0], expected, atol=1e-6)
        np.testing.assert_array_equal(after[0] == 0, expected == 0)
        assert 0 < (expected == 0).sum() < expected.size
        np.testing.assert_allclose(after[1], -rate * bias, atol=1e-6)  # biases are free
        np.testing.assert_allclose(record.penalty, [oracle.penalty(0.2, 0.75)], rtol=1e-5)

    def test_plain_descent_with_small_steps_is_the_soft_threshold(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, numpy_network: Any
    ) -> None:
        architecture, (X, y, w) = dense(hidden=()), rows(8)
        weights = [a.astype(np.float64) for a in architecture.initial_weights(5)]
        program = program_of(architecture, sparse=True)
        after, _ = run(program, weights, chunk_of([(X, y, w)], (4, 8)), 0.01, Penalties(alpha=0.5, l1_ratio=1.0))
        moved = weights[0] - 0.01 * numpy_network(weights).gradients(X, y, w)[0]
        soft = np.sign(moved) * np.maximum(np.abs(moved) - 0.01 * 0.5, 0)
        np.testing.assert_allclose(after[0], soft, atol=1e-6)

    def test_max_norm_holds_after_every_step(
        self, dense: Any, program_of: Any, chunk_of: Any, rows: Any, compiler: Any
    ) -> None:
        architecture = dense(hidden=(6, 5))
        batches = [rows(8, i) for i in range(4)]
        program = program_of(architecture, keras.optimizers.Adam(), compiler, max_norm=True)
        for limit in (0.3, 1.5):
            state = program.start(architecture.initial_weights(0), 0)
            for i, batch in enumerate(batches):
                rates = np.full(4, 0.5)
                state, _ = program.run(state, chunk_of([batch], (4, 8)), 1, rates, Penalties(max_norm=limit), 0, i)
                norms = [np.linalg.norm(w, axis=0) for w in program.weights(state)[::2]]
                assert max(n.max() for n in norms) <= limit * (1 + 1e-6)
            assert max(n.max() for n in norms) > limit * 0.99  # it did bind

    def test_losses_of_the_networks_own_layers_are_learned_and_recorded(
        self, program_of: Any, chunk_of: Any, rows: Any, numpy_network: Any
    ) -> None:
        model = keras.Sequential(
            [
                keras.Input((4,)),
                keras.layers.Dense(3, activation="softmax", kernel_regularizer=keras.regularizers.L2(0.5)),
            ]
        )
        architecture = KerasArchitecture(model, (4,), keep_weights=False)
        weights, batch = architecture.initial_weights(0), rows(8)
        after, record = run(program_of(architecture), weights, chunk_of([batch], (4, 8)), 0.1)
        expected = keras_steps(architecture, weights, keras.optimizers.SGD(0.1), [batch])
        for a, b in zip(after, expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
        X, y, w = batch
        objective = np.mean(w * numpy_network(weights).row_losses(X, y)) + 0.5 * (weights[0] ** 2).sum()
        np.testing.assert_allclose(record.loss / 8 + record.penalty, [objective], rtol=1e-5)


class TestEvaluate:
    def test_is_the_weighted_mean(
        self, dense: Any, program_of: Any, rows: Any, numpy_network: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        architecture, (X, y, w) = dense(dropout=(0.5,)), rows(23)
        weights = architecture.initial_weights(0)
        program, oracle = program_of(architecture), numpy_network(weights)
        state = program.start(weights, 0)
        expected = (
            np.average(oracle.row_losses(X, y), weights=w),
            np.average(oracle.probabilities(X).argmax(axis=1) == y, weights=w),
        )
        np.testing.assert_allclose(program.evaluate(state, X, y, w), expected, rtol=1e-5)
        monkeypatch.setattr("strates.engine.program.EVALUATION_ROWS", 10)  # in blocks, the same
        np.testing.assert_allclose(program.evaluate(state, X, y, w), expected, rtol=1e-5)


class TestSharing:
    @pytest.fixture(autouse=True)
    def fresh(self) -> Any:
        clear_programs()
        yield
        clear_programs()

    @staticmethod
    def ask(architecture: Any, optimizer: Any = None, shape: tuple[int, int] = (4, 8), **changes: Any) -> Any:
        settings: dict[str, Any] = {"kind": "categorical", "compiler": "graph", "sparse": False, "max_norm": False}
        settings |= changes
        kind, compiler = settings.pop("kind"), settings.pop("compiler")
        optimizer = keras.optimizers.Adam() if optimizer is None else optimizer
        return training_program(architecture, kind, Solver(optimizer, {}), compiler, shape, **settings)

    def test_what_is_an_input_is_not_in_the_key(self, dense: Any) -> None:
        one = self.ask(dense(dropout=(0.1,), kernel_initializer="he"), keras.optimizers.Adam(0.1))
        same = self.ask(dense(dropout=(0.7,), kernel_initializer="zeros"), keras.optimizers.Adam(0.3))
        assert one is same

    @pytest.mark.parametrize(
        "change",
        [
            {"optimizer": "SGD"},
            {"shape": (4, 9)},
            {"compiler": "xla"},
            {"sparse": True},
            {"max_norm": True},
            {"beta_1": 0.5},
        ],
        ids=str,
    )
    def test_what_shapes_the_graph_is(self, dense: Any, change: dict[str, Any]) -> None:
        one = self.ask(dense())
        if "optimizer" in change:
            change = {"optimizer": keras.optimizers.SGD()}
        if "beta_1" in change:
            change = {"optimizer": keras.optimizers.Adam(**change)}
        assert self.ask(dense(), **change) is not one

    def test_other_architectures_have_other_programs(self, dense: Any) -> None:
        found = {
            id(self.ask(a)) for a in (dense(), dense(hidden=(7,)), dense(activation="relu"), dense(batch_norm=True))
        }
        found |= {id(self.ask(dense(dropout=(0.1,)))), id(self.ask(dense(n_inputs=5)))}
        assert len(found) == 6

    def test_two_limits_of_max_norm_do_not_mix(self, dense: Any, chunk_of: Any, rows: Any) -> None:
        # a program that bakes one fit's limit in would hold the next fit to it
        chunk = chunk_of([rows(8, i) for i in range(4)], (4, 8))
        for limit in (0.3, 2.0):
            architecture = dense(max_norm=limit)
            program = self.ask(architecture, max_norm=True)
            after, _ = run(program, architecture.initial_weights(0), chunk, 1.0, Penalties(max_norm=limit))
            largest = max(np.linalg.norm(w, axis=0).max() for w in after[::2])
            assert largest == pytest.approx(limit, rel=1e-4)

    def test_traces_are_counted_and_forgotten(self, dense: Any, chunk_of: Any, rows: Any) -> None:
        assert count_traces() == 0
        chunk = chunk_of([rows(8)], (4, 8))
        for seed in range(3):
            run(self.ask(dense()), dense().initial_weights(seed), chunk, 0.1 * seed, Penalties(alpha=seed))
        assert count_traces() == 1
        clear_programs()
        assert count_traces() == 0

    def test_the_least_recently_used_goes_first(self, dense: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("strates.engine.program._PROGRAMS_KEPT", 2)
        first, second = self.ask(dense()), self.ask(dense(hidden=(2,)))
        assert self.ask(dense()) is first
        self.ask(dense(hidden=(3,)))
        assert self.ask(dense()) is first
        assert self.ask(dense(hidden=(2,))) is not second


class TestChunkSteps:
    @pytest.mark.parametrize(
        ("batch_size", "row_bytes"), [(1, 4), (200, 16), (200, 400), (128, 4 * 784), (10_000, 4000), (1, 10**9)]
    )
    def test_two_megabytes_256_steps_at_least_one(self, batch_size: int, row_bytes: int) -> None:
        steps = chunk_steps(batch_size, row_bytes)
        assert 1 <= steps <= 256
        assert steps == 1 or steps * batch_size * row_bytes <= 2_000_000
        assert steps == 256 or (steps + 1) * batch_size * row_bytes > 2_000_000


class TestDropoutInside:
    def test_masks_differ_by_step_and_repeat_by_seed(self, dense: Any, program_of: Any, compiler: Any) -> None:
        # a linear loss surface would hide masks: look at the training form that the program traces
        architecture = dense(hidden=(64,), dropout=(0.5,))
        form = training_form(architecture.build())
        form.inputs.generator = "threefry" if compiler == "xla" else "philox"
        form.inputs.levels = tf.constant([0.5])
        inner = keras.Model(form.model.inputs, form.model.get_layer("dropout_1").output)

        @tf.function(jit_compile=compiler == "xla")
        def draw(seed: Any, step: Any) -> Any:
            form.inputs.seed, form.inputs.step = seed, step
            return inner(tf.ones((3, 4)), training=True)

        masks = [(draw(tf.constant(s), tf.constant(i)).numpy() == 0) for s, i in [(1, 0), (1, 1), (2, 0), (1, 0)]]
        np.testing.assert_array_equal(masks[0], masks[3])
        for a, b in [*pairwise(masks[:3]), (masks[0], masks[2])]:
            assert 0.3 < (a != b).mean() < 0.7
