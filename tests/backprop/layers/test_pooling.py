"""Pooling against Keras, centred differences and the picture in the notes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strates.backprop.layers import AveragePool2D, GlobalAveragePool2D, MaxPool2D
from strates.exceptions import DataError, ParameterError

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
PEERS = {MaxPool2D: keras.layers.MaxPooling2D, AveragePool2D: keras.layers.AveragePooling2D}
SHAPES = st.tuples(st.integers(1, 2), st.integers(1, 6), st.integers(1, 6), st.integers(1, 2))


@pytest.mark.parametrize("kind", PEERS, ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(SHAPES, PAIRS, st.none() | PAIRS, st.sampled_from(["valid", "same"]), st.integers(0, 2**32 - 1))
def test_three_witnesses(
    tape: Any, differences: Any, kind: Any, shape: Any, size: Any, strides: Any, padding: str, seed: int
) -> None:
    assume(padding == "same" or all(n >= k for n, k in zip(shape[1:3], size, strict=True)))
    # numbers a unit apart, some negative: no difference changes which is the largest
    x = np.random.default_rng(seed).permutation(np.prod(shape)).reshape(shape) - np.prod(shape) / 2
    layer = kind(size, strides=strides, padding=padding)
    tape(layer, x, PEERS[kind](size, strides=strides, padding=padding, dtype="float64"))
    differences(layer, x)


@settings(max_examples=25)
@given(SHAPES, st.sampled_from([(2, 2), (3, 3)]), st.sampled_from([(1, 1), (2, 2)]), st.integers(0, 2**32 - 1))
def test_of_equal_numbers_the_first_wins_as_in_tensorflow(
    tape: Any, shape: Any, size: Any, strides: Any, seed: int
) -> None:
    x = np.random.default_rng(seed).integers(-1, 1, size=shape).astype(np.float64)
    layer = MaxPool2D(size, strides=strides, padding="same")
    tape(layer, x, keras.layers.MaxPooling2D(size, strides=strides, padding="same", dtype="float64"))


def test_the_picture_of_the_notes() -> None:
    x = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], dtype=float)[None, :, :, None]
    y, cache = MaxPool2D().forward(x)
    assert y[0, :, :, 0].tolist() == [[6, 8], [3, 4]]
    pieces = MaxPool2D().pieces(cache)
    assert pieces[0, :, :, 0].tolist() == [[3, 3], [0, 3]]
    assert AveragePool2D().forward(x)[0][0, :, :, 0].tolist() == [[3.25, 5.25], [2.0, 2.0]]


def test_pieces_change_where_another_number_becomes_the_largest() -> None:
    layer = MaxPool2D((1, 2))
    before, after = (layer.pieces(layer.forward([[[[1.0], [second]]]])[1]) for second in (1.0 - 1e-9, 1.0 + 1e-9))
    assert (before.item(), after.item()) == (0, 1)
    assert AveragePool2D().pieces(AveragePool2D().forward(np.ones((1, 2, 2, 1)))[1]) is None


def test_padding_counts_in_neither() -> None:
    x = np.full((1, 3, 3, 1), -5.0)
    for layer in (MaxPool2D(2, padding="same"), AveragePool2D(2, padding="same")):  # type: ignore[arg-type]
        assert np.unique(layer.forward(x)[0]).tolist() == [-5.0]


@settings(max_examples=15)
@given(SHAPES, st.integers(0, 2**32 - 1))
def test_global_average(tape: Any, differences: Any, shape: Any, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=shape)
    tape(GlobalAveragePool2D(), x, keras.layers.GlobalAveragePooling2D(dtype="float64"))
    differences(GlobalAveragePool2D(), x)


def test_bad_geometry() -> None:
    with pytest.raises(
        DataError, match=r"Layer 'p' \(MaxPool2D\): a window that covers 3 x 3 does not fit .* of 2 x 5\. Take"
    ):
        MaxPool2D((3, 3), name="p").forward(np.ones((1, 2, 5, 1)))
    with pytest.raises(
        ParameterError, match=r"\(AveragePool2D\): pool_size=0 cannot be used; expected a positive integer"
    ):
        AveragePool2D(0)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"\(MaxPool2D\): padding='full' is not known\. Known: valid, same"):
        MaxPool2D(padding="full")
    with pytest.raises(DataError, match=r"got x of shape \(2, 3\); expected \(n_rows, any, any, any\)\. See what"):
        GlobalAveragePool2D().forward(np.ones((2, 3)))
