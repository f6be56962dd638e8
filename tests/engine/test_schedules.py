"""Learning rates by formula, and as scikit-learn's and Keras's own schedules give them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from strates.engine.backend import keras
from strates.engine.schedules import SCHEDULES, Schedule


def schedule(name: str, **changes: Any) -> Schedule:
    settings: dict[str, Any] = {
        "base": 0.2, "power_t": 0.5, "n_rows": 70, "steps_per_epoch": 4, "n_steps": 40, "first_step": 0,
    }  # fmt: skip
    return Schedule(name, **{**settings, **changes})


def test_constant() -> None:
    np.testing.assert_array_equal(schedule("constant").rates(3, 5), np.full(5, 0.2))


@pytest.mark.parametrize("power_t", [0.25, 0.5, 1.0])
def test_invscaling_is_scikit_learns(power_t: float) -> None:
    sgd = SGDOptimizer([np.zeros(1)], learning_rate_init=0.2, lr_schedule="invscaling", power_t=power_t)
    expected = []
    for epoch in range(5):
        expected += [sgd.learning_rate] * 4  # the rate changes between epochs, by the rows seen
        sgd.iteration_ends(70 * (epoch + 1))
    np.testing.assert_allclose(schedule("invscaling", power_t=power_t).rates(0, 20), expected)


def test_cosine_is_keras_cosine_decay() -> None:
    decay = keras.optimizers.schedules.CosineDecay(0.2, 40)
    expected = [float(decay(step)) for step in range(50)]
    np.testing.assert_allclose(schedule("cosine").rates(0, 50), expected, atol=1e-7)


def test_one_cycle_rises_then_falls_along_cosines() -> None:
    rates = schedule("one_cycle", n_steps=100).rates(0, 101)
    assert rates[0] == pytest.approx(0.2 / 25)
    assert rates[15] == pytest.approx((0.2 / 25 + 0.2) / 2)  # half way up
    assert rates[30] == pytest.approx(0.2)
    assert rates[65] == pytest.approx((0.2 + 0.2 / 250_000) / 2)  # half way down
    assert rates[100] == pytest.approx(0.2 / 250_000)
    assert (np.diff(rates[:31]) > 0).all()
    assert (np.diff(rates[30:]) < 0).all()


@pytest.mark.parametrize("name", ["cosine", "one_cycle"])
def test_those_that_end_start_afresh_in_a_fit_that_goes_on(name: str) -> None:
    again = schedule(name, first_step=40)
    np.testing.assert_allclose(again.rates(40, 40), schedule(name).rates(0, 40))


@pytest.mark.parametrize("name", SCHEDULES)
@given(cut=st.integers(0, 40), n_steps=st.integers(1, 60))
def test_rates_of_a_step_depend_on_its_number_alone_and_are_finite(name: str, cut: int, n_steps: int) -> None:
    one = schedule(name, n_steps=n_steps)
    whole = one.rates(0, 45)
    np.testing.assert_array_equal(np.r_[one.rates(0, cut), one.rates(cut, 45 - cut)], whole)
    assert np.isfinite(whole).all()
    assert (whole >= 0).all()
    assert (whole <= 0.2 * (1 + 1e-12)).all()


@pytest.mark.parametrize("name", SCHEDULES)
def test_another_base_scales_the_rates(name: str) -> None:
    one = schedule(name)
    np.testing.assert_allclose(one.with_base(0.04).rates(0, 40), one.rates(0, 40) / 5)
