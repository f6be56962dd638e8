"""Products that a reader can type into a pocket calculator."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strates.backprop.layers import (
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    LayerNorm,
    MaxPool2D,
    Penalty,
    Rescaling,
)
from strates.backprop.products import (
    MAX_TERMS,
    factor,
    forward_product,
    input_product,
    loss_product,
    number,
    parameter_product,
    penalty_product,
    softmax_product,
    sum_of_products,
)

RNG = np.random.default_rng(0)
NUMBERS = st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-9)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (3, "3"), (-0.123456, "−0.1235"), (12345.6, "1.235e+04"), (1.5e-9, "1.5e−09"),
        (-1.23456e-123, "−1.235e−123"), (np.float32(0.5), "0.5"), (9999.4, "9999"),
    ],
)  # fmt: skip
def test_numbers_have_four_digits_and_a_true_minus(value, text):
    assert number(value) == text
    assert factor(value) == (f"({text})" if text.startswith("−") else text)


@given(NUMBERS)
def test_a_number_is_within_its_last_digit(value):
    shown = float(number(value).replace("−", "-"))
    assert shown == pytest.approx(value, rel=5.001e-4)
    assert len(number(value)) <= 10


def test_the_neuron_of_the_notes():
    assert sum_of_products([(2, -1), (-3, -2)], -3) == "2 · (−1) + (−3) · (−2) + (−3)"


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30), st.none() | NUMBERS)
def test_a_sum_of_products_is_what_it_says(within, pairs, constant):
    text = sum_of_products(pairs, constant)
    assert within(text, math.fsum([a * b for a, b in pairs] + [constant or 0]))
    assert text.count("·") == min(len(pairs), MAX_TERMS)


def test_of_a_long_sum_the_largest_terms_are_written_in_their_order():
    pairs = [(1, v) for v in (0.1, 5, -7, 0.2, 6, 9, 8, -10, 4, 3, 0.3)]
    assert sum_of_products(pairs) == (
        "1 · 5 + 1 · (−7) + 1 · 6 + 1 · 9 + 1 · 8 + 1 · (−10) + 1 · 4 + 1 · 3 + 3 smaller terms that add up to 0.6"
    )


@given(st.lists(st.floats(-8, 8), min_size=2, max_size=30), st.data())
def test_a_probability_is_what_it_says(within, scores, data):
    z = np.array(scores)
    place = data.draw(st.integers(0, len(z) - 1))
    assert within(softmax_product(z, (place,)), float(np.exp(z[place]) / np.exp(z).sum()))


def test_large_scores_overflow_nowhere():
    z = np.array([1000.0, 999, *range(10)])
    text = softmax_product(z, (1,))
    assert text.startswith("exp(999) / (exp(1000) + exp(999) + ")
    assert text.endswith(" + 4 smaller terms that add up to exp(3.44))")  # log(e^3 + e^2 + e + 1)


@given(st.lists(st.floats(-20, 20), min_size=2, max_size=20), st.floats(0, 0.5), st.data())
def test_a_loss_is_what_it_says(within, scores, smoothing, data):
    z = np.array(scores)
    log_p = z - np.log(np.exp(z).sum())
    y = (1 - smoothing) * np.eye(len(z))[data.draw(st.integers(0, len(z) - 1))] + smoothing / len(z)
    assert within(loss_product(log_p, y), float(-(y * log_p).sum()))


def test_the_loss_of_an_impossible_class_is_finite():
    assert loss_product(np.array([-800.0, 0.0]), np.array([1.0, 0.0])) == "−(−800)"  # exp(-800) is 0 in floating point


# --- layers: every number of the output, of the input's gradient and of the parameters' ------------------

DENSE = Dense(RNG.normal(size=(11, 3)), RNG.normal(size=3))
LAYERS = [
    (DENSE, (11,)),
    (Dense(RNG.normal(size=(4, 2))), (4,)),
    *((Activation(name), (5,)) for name in ("identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu")),
    *((Activation(name), (5,)) for name in ("gelu", "silu", "softplus", "softsign")),
    (Activation("tanh"), (2, 3, 2)),
    (BatchNorm(RNG.normal(size=4), RNG.normal(size=4), RNG.normal(size=4), RNG.uniform(0.5, 2, 4)), (4,)),
    (BatchNorm(None, None, RNG.normal(size=4), RNG.uniform(0.5, 2, 4)), (4,)),
    (BatchNorm(RNG.normal(size=2), None, RNG.normal(size=2), RNG.uniform(0.5, 2, 2)), (3, 2, 2)),
    (Conv2D(RNG.normal(size=(3, 2, 2, 3)), RNG.normal(size=3), strides=(1, 2), padding="same"), (4, 5, 2)),
    (Conv2D(RNG.normal(size=(2, 2, 1, 2)), dilation=2), (4, 4, 1)),
    (MaxPool2D(2), (4, 4, 2)),
    (MaxPool2D(3, strides=2, padding="same"), (4, 5, 1)),
    (Rescaling(0.5, -1.0), (3,)),
    (Rescaling([0.5, 2.0], [-1.0, 0.25]), (2, 2, 2)),
    (Dropout(0.5), (4,)),
]
#: Layers whose rule says all that there is to say of what comes down.
PLAIN = (Dropout, MaxPool2D)


@pytest.mark.parametrize("case", range(len(LAYERS)), ids=lambda i: f"{LAYERS[i][0].name}-{i}")
def test_products_of_a_layer_are_its_numbers(case, within):
    layer, shape = LAYERS[case]
    x = np.random.default_rng(case).normal(size=(1, *shape))
    out, cache = layer.forward(x)
    delta = np.random.default_rng(case + 100).normal(size=out.shape)
    down, own = layer.backward(delta, cache)
    for place in np.ndindex(out[0].shape):
        text = forward_product(layer, x[0], out[0], place)
        assert within(text, out[0][place]), (place, text)
    for place in np.ndindex(down[0].shape):
        text = input_product(layer, x[0], cache, delta[0], place)
        assert within(text, down[0][place]) if text else isinstance(layer, PLAIN), (place, text)
    for key, value in own.items():
        for place in np.ndindex(value.shape):
            text = parameter_product(layer, x[0], cache, delta[0], key, place)
            # of batch norm on images the rule, a sum over all places, says it all
            assert within(text, value[place]) if text else shape == (3, 2, 2), (key, place, text)


def test_a_wrong_product_would_be_seen(within):
    """The judge of these tests judges."""
    assert within("2 · (−1) + (−3) · (−2)", 4.0)
    assert not within("2 · (−1) + (−3) · (−2)", 4.01)
    assert not within("tanh(0.5)", 0.4631)
    assert within("tanh(0.5)", math.tanh(0.5))
    with pytest.raises(ValueError, match="no pocket calculator"):
        within("sum(3)", 3)


@given(st.floats(0, 10), st.floats(0, 1), st.lists(NUMBERS, min_size=1, max_size=5))
def test_a_penalty_is_what_it_says(within, alpha, share, weights):
    rule, W = Penalty(alpha, l1_ratio=share), np.array(weights)
    total = alpha * (share * np.abs(W).sum() + (1 - share) / 2 * (W**2).sum())
    assert within(penalty_product(rule, W, ()), float(total))


def test_where_the_rule_says_it_all_there_is_no_product():
    layer = LayerNorm(np.ones(3), np.zeros(3))
    x = np.array([[1.0, 2.0, 4.0]])
    out, cache = layer.forward(x)
    assert forward_product(layer, x[0], out[0], (0,)) == ""
    assert input_product(layer, x[0], cache, x[0], (0,)) == ""
    assert parameter_product(layer, x[0], cache, x[0], "gamma", (0,)) == ""
