"""Solvers by name against scikit-learn's optimizers; what a shared program may share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from strates.engine.backend import keras
from strates.engine.optimizers import (
    has_own_schedule,
    is_elementwise,
    make_optimizer,
    optimizer_key,
)

GRADIENTS = np.random.default_rng(0).normal(size=(20, 7))


def path(optimizer: Any) -> Any:
    variable = keras.Variable(np.zeros(7, np.float32))
    optimizer.build([variable])
    for g in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(g.astype(np.float32))], [variable])
    return np.asarray(variable.value)


def sklearn_path(make: Any) -> Any:
    parameters = [np.zeros(7)]
    optimizer = make(parameters)
    for g in GRADIENTS:
        optimizer.update_params(parameters, [g])
    return parameters[0]


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("nesterov", [True, False])
def test_sgd_is_scikit_learns(momentum: float, nesterov: bool) -> None:
    ours = make_optimizer("sgd", {"momentum": momentum, "nesterov": nesterov})
    ours.learning_rate = 0.1
    theirs = sklearn_path(lambda p: SGDOptimizer(p, 0.1, "constant", momentum, nesterov))
    np.testing.assert_allclose(path(ours), theirs, atol=1e-5)


def test_adam_is_scikit_learns() -> None:
    settings = {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-6}
    ours = make_optimizer("adam", settings)
    ours.learning_rate = 0.1
    theirs = sklearn_path(lambda p: AdamOptimizer(p, 0.1, **settings))
    np.testing.assert_allclose(path(ours), theirs, atol=1e-5)


def test_a_given_optimizer_is_copied_without_its_state() -> None:
    given = keras.optimizers.Adam(0.03, beta_1=0.7, clipnorm=2.0)
    given.build([keras.Variable(np.zeros(3, np.float32))])
    made = make_optimizer(given, {"momentum": 0.1})
    assert made is not given
    assert not made.built
    assert float(made.learning_rate) == pytest.approx(0.03)
    assert (made.beta_1, made.clipnorm) == (0.7, 2.0)


class TestKey:
    def test_rate_and_name_are_not_in_it(self) -> None:
        one, other = keras.optimizers.SGD(0.1, name="a"), keras.optimizers.SGD(0.5, name="b")
        assert optimizer_key(one) == optimizer_key(other)

    @pytest.mark.parametrize("change", [{"momentum": 0.5}, {"clipnorm": 1.0}, {"weight_decay": 0.1}], ids=str)
    def test_the_rule_is(self, change: dict[str, float]) -> None:
        assert optimizer_key(keras.optimizers.SGD()) != optimizer_key(keras.optimizers.SGD(**change))

    def test_a_schedule_is(self) -> None:
        schedules = keras.optimizers.schedules
        found = {
            optimizer_key(keras.optimizers.SGD(rate))
            for rate in (0.1, schedules.ExponentialDecay(0.1, 5, 0.9), schedules.ExponentialDecay(0.2, 5, 0.9))
        }
        assert len(found) == 3
        hash(optimizer_key(keras.optimizers.SGD(schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2, 0.3]))))


def test_own_schedules_are_recognised() -> None:
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)
    assert has_own_schedule(keras.optimizers.SGD(decay))
    assert not has_own_schedule(keras.optimizers.SGD(0.1))


class TestElementwise:
    @pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Nadam", "Adagrad", "Adamax", "Lion", "Ftrl"])
    def test_one_vector_learns_as_its_parts(self, name: str) -> None:
        # the reason why small networks may be one vector
        optimizer = getattr(keras.optimizers, name)
        assert is_elementwise(optimizer())
        parts = [keras.Variable(np.zeros(3, np.float32)), keras.Variable(np.zeros(4, np.float32))]
        apart = optimizer(0.05)
        apart.build(parts)
        for g in GRADIENTS.astype(np.float32):
            apart.apply([keras.ops.convert_to_tensor(g[:3]), keras.ops.convert_to_tensor(g[3:])], parts)
        whole = path(optimizer(0.05))
        np.testing.assert_allclose(np.concatenate([np.asarray(p.value) for p in parts]), whole, atol=1e-6)

    def test_what_looks_at_whole_matrices_is_not(self) -> None:
        for optimizer in (
            keras.optimizers.Adam(clipnorm=1.0),
            keras.optimizers.Adam(global_clipnorm=1.0),
            keras.optimizers.AdamW(),
            keras.optimizers.Adafactor(),
        ):
            assert not is_elementwise(optimizer)
