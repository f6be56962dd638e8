"""Dropout with a mask that is held fixed."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strates.backprop.layers import Dropout
from strates.exceptions import DataError, ParameterError


@settings(max_examples=20)
@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=3), st.floats(0, 0.99), st.booleans(), st.integers(0, 2**32 - 1)
)
def test_centred_differences(differences: Any, shape: list[int], rate: float, per_row: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random(shape if per_row else shape[1:]) > 0.5
    layer, x = Dropout(rate, mask), rng.normal(size=shape)
    differences(layer, x)
    np.testing.assert_allclose(layer.forward(x)[0], np.where(mask, x, 0) / (1 - rate), rtol=1e-12)


def test_the_expectation_is_the_input() -> None:
    x, n = np.array([3.0, -1.0]), 40_000
    layer = Dropout(0.3).with_random_mask((n, 2), random_state=0)
    y, _ = layer.forward(np.tile(x, (n, 1)))
    error = np.abs(x) * np.sqrt(0.3 / 0.7 / n)  # standard error of the mean of x m / (1 - r)
    assert (np.abs(y.mean(axis=0) - x) < 4 * error).all()


def test_a_share_of_one_is_as_keras_drops_it() -> None:
    """Keras draws its own units; what it keeps is scaled alike, and the same number of them on average."""
    ours = Dropout(0.2).with_random_mask((200, 200), random_state=1).forward(np.ones((200, 200)))[0]
    theirs = np.asarray(keras.layers.Dropout(0.2, seed=1, dtype="float64")(np.ones((200, 200)), training=True))
    np.testing.assert_allclose(np.unique(ours), np.unique(theirs))
    assert np.mean(ours == 0) == pytest.approx(np.mean(theirs == 0), abs=0.012)  # four standard errors


def test_without_a_mask_everything_passes(tape: Any) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4))
    tape(Dropout(0.5), x, keras.layers.Dropout(0.5, dtype="float64"))
    assert [rule.text for rule in Dropout(0.5).rules()] == ["y = x", "∂L/∂x = ∂L/∂y"]


def test_masks_are_reproducible_and_of_the_seed() -> None:
    masks = [Dropout(0.5).with_random_mask((50,), random_state=seed).mask for seed in (0, 0, 1)]
    assert np.array_equal(masks[0], masks[1])
    assert not np.array_equal(masks[0], masks[2])


@pytest.mark.parametrize("rate", [1.0, -0.1, np.nan])
def test_rates(rate: float) -> None:
    with pytest.raises(
        ParameterError, match=r"'dropout' \(Dropout\) got rate=.*; expected the share to drop, in \[0, 1\)"
    ):
        Dropout(rate)


def test_masks_of_other_types_and_shapes() -> None:
    with pytest.raises(ParameterError, match=r"got a mask of float64; expected booleans, True for a unit kept"):
        Dropout(0.5, np.array([0.0, 1.0]))
    with pytest.raises(
        DataError, match=r"has a mask of shape \(2,\), but got x of shape \(2, 3\); expected a mask of that sh"
    ):
        Dropout(0.5, [True, False]).forward(np.ones((2, 3)))
