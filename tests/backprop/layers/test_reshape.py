"""Numbers in another arrangement, against Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strates.backprop.layers import Flatten, Reshape
from strates.exceptions import DataError, ParameterError


@settings(max_examples=15)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_flatten(tape: Any, differences: Any, shape: list[int], seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=shape)
    tape(Flatten(), x, keras.layers.Flatten(dtype="float64"))
    differences(Flatten(), x)


@pytest.mark.parametrize("target", [(6, 4), (2, 3, 4), (24,), (-1,), (4, -1, 2)])
def test_reshape(tape: Any, differences: Any, target: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 6))
    tape(Reshape(target), x, keras.layers.Reshape(target, dtype="float64"))
    differences(Reshape(target), x)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(
        DataError, match=r"'r' \(Reshape\) got x of shape \(2, 6\): its rows hold 6 numbers, which do not fit"
    ):
        Reshape((4, 2), name="r").forward(np.ones((2, 6)))
    with pytest.raises(DataError, match=r"its rows hold 6 numbers, which do not fit into target_shape=\(4, -1\)"):
        Reshape((4, -1)).forward(np.ones((2, 6)))
    with pytest.raises(
        ParameterError, match=r"got target_shape=\(-1, -1\); expected positive sizes, one of which may be -1"
    ):
        Reshape((-1, -1))
