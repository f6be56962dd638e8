"""Weighted sums against Keras, centred differences and the neuron of CS231n."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strates.backprop.layers import Activation, Dense
from strates.exceptions import DataError, ParameterError


@settings(max_examples=20)
@given(st.tuples(*[st.integers(1, 5)] * 3), st.booleans(), st.integers(0, 2**32 - 1))
def test_three_witnesses(tape: Any, differences: Any, sizes: tuple[int, int, int], bias: bool, seed: int) -> None:
    n_rows, n_inputs, n_units = sizes
    rng = np.random.default_rng(seed)
    layer = Dense(rng.normal(size=(n_inputs, n_units)), rng.normal(size=n_units) if bias else None)
    x = rng.normal(size=(n_rows, n_inputs))
    tape(layer, x, keras.layers.Dense(n_units, use_bias=bias, dtype="float64"))
    differences(layer, x)


def test_the_neuron_of_the_notes() -> None:
    dense, sigmoid = Dense([[2.0], [-3.0]], [-3.0]), Activation("logistic")
    z, up = dense.forward([[-1.0, -2.0]])
    f, top = sigmoid.forward(z)
    assert (z.item(), f.item()) == (1.0, pytest.approx(0.731059, abs=5e-7))
    delta, _ = sigmoid.backward([[1.0]], top)
    x, gradients = dense.backward(delta, up)
    assert delta.item() == pytest.approx(0.196612, abs=5e-7)
    assert x[0] == pytest.approx([0.393224, -0.589836], abs=1e-6)
    assert gradients["kernel"][:, 0] == pytest.approx([-0.196612, -0.393224], abs=1e-6)
    assert gradients["bias"] == pytest.approx([0.196612], abs=5e-7)


def test_rows_add_up_in_the_parameters_and_not_in_the_inputs() -> None:
    layer = Dense([[1.0, 2.0]], [0.0, 0.0])
    _, cache = layer.forward([[3.0], [5.0]])
    x, gradients = layer.backward([[1.0, 0.0], [1.0, 1.0]], cache)
    assert x.tolist() == [[1.0], [3.0]]
    assert gradients["kernel"].tolist() == [[8.0, 5.0]]
    assert gradients["bias"].tolist() == [2.0, 1.0]


@pytest.mark.parametrize(("kernel", "bias"), [(np.ones(3), None), (np.ones((2, 3)), np.ones(2)), (1.0, 1.0)])
def test_shapes_of_parameters(kernel: Any, bias: Any) -> None:
    with pytest.raises(
        ParameterError, match=r"Layer 'dense' \(Dense\) got a kernel of .*expected a kernel of shape \(n_i"
    ):
        Dense(kernel, bias)


def test_an_image_is_not_flattened_by_itself() -> None:
    with pytest.raises(
        DataError, match=r"'out' \(Dense\) got x of shape \(1, 2, 2, 1\); expected \(n_rows, 4\)\. See wh"
    ):
        Dense(np.ones((4, 1)), name="out").forward(np.ones((1, 2, 2, 1)))
