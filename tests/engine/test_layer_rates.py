"""Rates by layer: exact multiples, for any rule."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from strates.engine.layer_rates import with_rate_scales
from strates.engine.optimizers import is_elementwise, make_optimizer, optimizer_key

SCALES = [1.0, 0.25, 1 / 64]
OPTIMIZERS = {
    "sgd": keras.optimizers.SGD(0.5),
    "momentum": keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": keras.optimizers.Adam(0.01),
    "rmsprop": keras.optimizers.RMSprop(0.01),
}


def steps(optimizer, variables, gradients):
    optimizer.build(variables)
    for one in gradients:
        optimizer.apply([keras.ops.array(g) for g in one], variables)
    return [np.asarray(v) for v in variables]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_weight_learns_as_if_alone_at_its_own_rate(name):
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(5, 3, 4)).astype(np.float32)
    optimizer = OPTIMIZERS[name]
    scaled = with_rate_scales(optimizer, SCALES)
    found = steps(scaled, [keras.Variable(np.zeros(4, np.float32)) for _ in SCALES], gradients)
    for k, scale in enumerate(SCALES):
        alone = type(optimizer).from_config(
            {**optimizer.get_config(), "learning_rate": scale * float(optimizer.learning_rate)}
        )
        expected = steps(alone, [keras.Variable(np.zeros(4, np.float32))], gradients[:, k : k + 1])
        np.testing.assert_allclose(found[k], expected[0], rtol=1e-6)


def test_ratios_of_powers_of_two_are_exact():
    gradient = np.random.default_rng(0).normal(size=9).astype(np.float32)
    scaled = with_rate_scales(keras.optimizers.SGD(1.0), SCALES)
    found = steps(scaled, [keras.Variable(np.zeros(9, np.float32)) for _ in SCALES], [[gradient] * 3])
    for moved, scale in zip(found, SCALES, strict=True):
        np.testing.assert_array_equal(moved, -gradient * np.float32(scale))


def test_copies_and_keys():
    one, other = (with_rate_scales(keras.optimizers.Adam(rate), SCALES) for rate in (0.1, 0.2))
    assert optimizer_key(one) == optimizer_key(other)  # the rate is an input of what is compiled
    assert optimizer_key(one) != optimizer_key(with_rate_scales(keras.optimizers.Adam(0.1), [1.0, 1.0, 0.5]))
    assert make_optimizer(one, {}).rate_scales == tuple(SCALES)
    assert not is_elementwise(one)  # not to be updated as one vector
