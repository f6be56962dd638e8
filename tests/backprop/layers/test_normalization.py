"""Batch and layer normalisation, and the layers that standardise by given numbers, against Keras and differences."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strates.backprop.layers import BatchNorm, LayerNorm, Normalization, Rescaling
from strates.exceptions import DataError, ParameterError

SHAPES = st.one_of(
    st.tuples(st.integers(2, 6), st.integers(1, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(2, 3), st.integers(1, 3)),
)
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=25)
@given(SHAPES, st.booleans(), st.booleans(), st.booleans(), st.floats(1e-3, 0.5), SEEDS)
def test_batch_norm(
    tape: Any, differences: Any, shape: Any, scale: bool, center: bool, training: bool, epsilon: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    d = shape[-1]
    layer = BatchNorm(
        rng.normal(size=d) if scale else None,
        rng.normal(size=d) if center else None,
        rng.normal(size=d),
        rng.uniform(0.5, 2, size=d),
        epsilon=epsilon,
        training=training,
    )
    x = rng.normal(2, 3, size=shape)
    peer = keras.layers.BatchNormalization(scale=scale, center=center, epsilon=epsilon, dtype="float64")
    tape(layer, x, peer, training=training)
    differences(layer, x)


def test_a_training_batch_comes_out_standardised() -> None:
    x = np.random.default_rng(0).normal(5, 3, size=(50, 2, 2, 3))
    y, _ = BatchNorm(np.ones(3), np.zeros(3), np.zeros(3), np.ones(3), epsilon=0.0, training=True).forward(x)
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 0, atol=1e-13)
    np.testing.assert_allclose(y.std(axis=(0, 1, 2)), 1, rtol=1e-13)


def test_the_way_back_forgets_shift_and_stretch_of_a_batch() -> None:
    """Without ε: x + c and cx give the same output, so ∂L/∂x is orthogonal to 1 and to x, in each column."""
    rng = np.random.default_rng(0)
    layer = BatchNorm([2.0, 3.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0], epsilon=0.0, training=True)
    x = rng.normal(size=(7, 2))
    down, _ = layer.backward(rng.normal(size=(7, 2)), layer.forward(x)[1])
    np.testing.assert_allclose(down.sum(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose((down * x).sum(axis=0), 0, atol=1e-14)


def test_rules_of_batch_norm_in_training_and_after() -> None:
    one = np.ones(1)
    texts = {on: [rule.text for rule in BatchNorm(one, one, one, one, training=on).rules()] for on in (True, False)}
    assert texts[True] == [
        "y = γx̂ + β, x̂ = (x - μ) / s, s = √(σ² + ε)",
        "∂L/∂x = (d - mean(d) - x̂ mean(d ⊙ x̂)) / s, d = γ ∂L/∂y",
        "∂L/∂γ = Σ ∂L/∂y ⊙ x̂",
        "∂L/∂β = Σ ∂L/∂y",
    ]
    assert texts[False] == [texts[True][0], "∂L/∂x = d / s, d = γ ∂L/∂y", *texts[True][2:]]
    assert [rule.text for rule in LayerNorm(one, one).rules()] == texts[True]
    assert BatchNorm(None, None, one, one).rules()[1].text == "∂L/∂x = d / s, d = ∂L/∂y"


@settings(max_examples=20)
@given(SHAPES, st.booleans(), st.booleans(), st.floats(1e-3, 0.5), SEEDS)
def test_layer_norm(
    tape: Any, differences: Any, shape: Any, scale: bool, center: bool, epsilon: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    gamma, beta = rng.normal(size=(2, shape[-1]))
    layer = LayerNorm(gamma if scale else None, beta if center else None, epsilon=epsilon)
    x = rng.normal(2, 3, size=shape)
    peer = keras.layers.LayerNormalization(scale=scale, center=center, epsilon=epsilon, dtype="float64")
    tape(layer, x, peer)
    differences(layer, x)


@settings(max_examples=15)
@given(SHAPES, SEEDS)
def test_normalization(tape: Any, differences: Any, shape: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mean, variance = rng.normal(size=shape[-1]), rng.uniform(0.1, 2, size=shape[-1])
    x = rng.normal(size=shape)
    given = keras.layers.Normalization(mean=mean, variance=variance, dtype="float64")
    given.build(shape)
    tape(
        Normalization(mean, variance),
        x,
        given.call,
    )
    differences(Normalization(mean, variance), x)


def test_adapted_normalization_is_rebuilt_from_its_own_arrays(tape: Any) -> None:
    x = np.random.default_rng(0).normal(3, 2, size=(40, 3))
    adapted = keras.layers.Normalization(dtype="float64")
    adapted.adapt(x)
    layer = Normalization(np.asarray(adapted.mean), np.asarray(adapted.variance))
    assert layer.mean.shape == (1, 3)
    tape(layer, x, adapted.call)
    np.testing.assert_allclose(layer.forward(x)[0].std(axis=0), 1, rtol=1e-5)


def test_a_constant_column_is_divided_by_a_little() -> None:
    assert Normalization([1.0], [0.0]).forward([[1.0], [2.0]])[0].ravel() == pytest.approx([0.0, 1e7])


@settings(max_examples=15)
@given(SHAPES, st.booleans(), SEEDS)
def test_rescaling(tape: Any, differences: Any, shape: Any, each: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scale, offset = rng.normal(size=(2, shape[-1])) if each else rng.normal(size=2)
    x = rng.normal(size=shape)
    tape(Rescaling(scale, offset), x, keras.layers.Rescaling(scale, offset, dtype="float64").call)
    differences(Rescaling(scale, offset), x)


# --- bad input ------------------------------------------------------------------------------------


def test_shapes_that_do_not_agree() -> None:
    two, three = np.ones(2), np.ones(3)
    with pytest.raises(
        ParameterError, match=r"'bn' \(BatchNorm\) got arrays of shapes .*'beta': \(3,\).*expected \(n_units"
    ):
        BatchNorm(two, three, two, two, name="bn")
    with pytest.raises(
        ParameterError, match=r"\(LayerNorm\) got arrays of shapes .*'beta': \(3,\).*expected \(n_units,\)"
    ):
        LayerNorm(two, three)
    with pytest.raises(
        DataError, match=r"\(BatchNorm\) got x of shape \(4, 3\); expected \(n_rows, \.\.\., 2\)\. See what"
    ):
        BatchNorm(two, two, two, two).forward(np.ones((4, 3)))
    with pytest.raises(DataError, match=r"\(LayerNorm\) got x of shape \(4, 3\); expected \(n_rows, \.\.\., 2\)"):
        LayerNorm(two, None).forward(np.ones((4, 3)))
    with pytest.raises(
        DataError, match=r"\(Normalization\) has a mean of shape \(2,\), which does not fit x of shape \(4, 3"
    ):
        Normalization(two, 1.0).forward(np.ones((4, 3)))
    with pytest.raises(
        DataError, match=r"\(Rescaling\) has a offset of shape \(4, 3, 2\).*expected one number, or one for e"
    ):
        Rescaling(1.0, np.ones((4, 3, 2))).forward(np.ones((4, 2)))


def test_negative_variances() -> None:
    one = np.ones(1)
    with pytest.raises(
        ParameterError, match=r"moving_variance down to -1 and epsilon=0\.001; expected neither to be neg"
    ):
        BatchNorm(one, one, one, -one)
    with pytest.raises(ParameterError, match=r"got epsilon=-1; expected 0 or more"):
        LayerNorm(one, one, epsilon=-1.0)
    with pytest.raises(ParameterError, match=r"got a variance of -1; expected none below 0"):
        Normalization(one, -one)
