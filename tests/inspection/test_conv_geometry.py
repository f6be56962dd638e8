"""The arithmetic of convolutions: the course's numbers, Keras's shapes, and refusals that can be acted on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strates.backprop import convolve_directly, im2col
from strates.exceptions import DataError, ParameterError
from strates.inspection import conv_output_shape, conv_parameters

# --- the notes' numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "kernel", "stride", "padding", "expected"),
    [(7, 3, 1, 0, 5), (7, 3, 2, 0, 3), (5, 3, 1, 1, 5), (227, 11, 4, 0, 55)],
)
def test_the_notes_examples(image: int, kernel: int, stride: int, padding: int, expected: int) -> None:
    assert conv_output_shape((image, image), kernel, strides=stride, padding=padding) == (expected, expected)


def test_four_and_a_half_stops_are_refused_and_explained() -> None:
    with pytest.raises(
        ParameterError, match=r"does not fit 10 rows evenly: \(10 - 3 \+ 2\*0\)/2 \+ 1 = 4\.5 stops is not"
    ):
        conv_output_shape((10, 10), 3, strides=2)
    with pytest.raises(
        ParameterError, match=r"Frameworks round down to 4 and leave out the last 1, as exact=False does"
    ):
        conv_output_shape((10, 10), 3, strides=2)
    with pytest.raises(ParameterError, match=r"Crop the image to 9, pad one side by 1 more, or take strides=1\."):
        conv_output_shape((10, 10), 3, strides=2)
    assert conv_output_shape((10, 10), 3, strides=2, exact=False) == (4, 4)


def test_alexnets_first_layer() -> None:
    assert conv_output_shape((227, 227, 3), 11, strides=4, filters=96) == (55, 55, 96)
    table = conv_parameters((227, 227, 3), 11, 96, strides=4).set_index("layer")
    assert table["neurons"].tolist() == [290_400] * 3
    assert table.loc["convolution", "parameters"] == 34_944
    assert table.loc["locally connected", "parameters"] == 105_705_600
    assert table.loc["dense", "weights"] == 290_400 * 227 * 227 * 3


def test_parameters_are_kerass() -> None:
    layer = keras.layers.Conv2D(5, (3, 2))
    layer.build((None, 9, 9, 4))
    table = conv_parameters((9, 9, 4), (3, 2), 5).set_index("layer")
    assert table.loc["convolution", "parameters"] == layer.count_params()
    dense = keras.layers.Dense(7 * 8 * 5)
    dense.build((None, 9 * 9 * 4))
    assert table.loc["dense", "parameters"] == dense.count_params()
    assert conv_parameters((9, 9, 4), (3, 2), 5, bias=False)["biases"].tolist() == [0, 0, 0]
    assert conv_parameters((9, 9), 3, 1)["inputs"].tolist() == [9, 9, 81]  # grey, where no channels are told


# --- any geometry ---------------------------------------------------------------------------------


@st.composite
def geometries(draw: Any) -> tuple[tuple[int, int], dict[str, Any]]:
    two = st.tuples(st.integers(1, 4), st.integers(1, 4))
    borders = st.tuples(
        st.tuples(st.integers(0, 3), st.integers(0, 3)), st.tuples(st.integers(0, 3), st.integers(0, 3))
    )
    image = draw(st.tuples(st.integers(4, 12), st.integers(4, 12)))
    padding = draw(st.one_of(st.sampled_from(["valid", "same"]), st.integers(0, 3), borders))
    return image, {"kernel_size": draw(two), "strides": draw(two), "padding": padding}


@settings(max_examples=60)
@given(geometries())
def test_what_is_accepted_covers_the_image_and_what_is_rounded_is_what_a_convolution_makes(geometry: Any) -> None:
    image, choices = geometry
    given_padding = choices["padding"]
    words = isinstance(given_padding, str)
    sides = ((given_padding,) * 2,) * 2 if isinstance(given_padding, int) else given_padding
    padded = np.pad(np.ones(image), ((0, 0), (0, 0)) if words else sides)
    assume(given_padding == "same" or all(n >= k for n, k in zip(padded.shape, choices["kernel_size"], strict=True)))
    kernel = np.ones((*choices["kernel_size"], 1, 1))
    word = given_padding if words else "valid"
    made = convolve_directly(padded[None, :, :, None], kernel, strides=choices["strides"], padding=word)
    assert conv_output_shape(image, **choices, exact=False) == made.shape[1:3]
    reach = [
        (stops - 1) * s + k
        for stops, s, k in zip(made.shape[1:3], choices["strides"], choices["kernel_size"], strict=True)
    ]
    if given_padding == "same" or reach == list(padded.shape):
        assert conv_output_shape(image, **choices) == made.shape[1:3]
    else:
        with pytest.raises(ParameterError, match=r"does not fit \d+ (rows|columns) evenly"):
            conv_output_shape(image, **choices)


@pytest.mark.parametrize("choices", [{"strides": 3}, {"strides": 4, "padding": 1}, {"strides": 2, "dilation": 2}])
def test_every_remedy_mends_it(choices: dict[str, Any]) -> None:
    image = (12, 12)
    with pytest.raises(ParameterError) as refused:
        conv_output_shape(image, 4, **choices)
    text = str(refused.value)
    crop = int(text.split("rop the image to ")[1].split(",")[0])
    assert conv_output_shape((crop, crop), 4, **choices)
    strides = int(text.split("take strides=")[1].rstrip("."))
    assert conv_output_shape(image, 4, **{**choices, "strides": strides})
    more = int(text.split("pad one side by ")[1].split(" ")[0])
    p = choices.get("padding", 0)
    assert conv_output_shape(image, 4, **{**choices, "padding": ((p, p + more), (p, p + more))})
    if "padding=" in text.split("evenly")[1]:
        symmetric = int(text.split("take padding=")[1].split(",")[0])
        assert conv_output_shape(image, 4, **{**choices, "padding": symmetric})


def test_im2col_makes_a_convolution_one_matrix_product() -> None:
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 9, 7, 3)), rng.normal(size=(3, 3, 3, 4))
    product = im2col(x, 3, strides=2) @ kernel.reshape(-1, 4)
    np.testing.assert_allclose(product, convolve_directly(x, kernel, strides=2), atol=1e-12)
    assert product.shape[1:] == conv_output_shape((9, 7, 3), 3, strides=2, filters=4)


# --- refusals -------------------------------------------------------------------------------------


def test_refusals() -> None:
    with pytest.raises(DataError, match=r"a window that covers 7 x 7 does not fit into an image of 5 x 5"):
        conv_output_shape((5, 5), 7)
    with pytest.raises(DataError, match=r"An image of shape \(5,\) cannot be used: expected \(height, width\)"):
        conv_output_shape((5,), 3)
    with pytest.raises(ParameterError, match=r"padding=-1 cannot be used\. Give \"valid\" \(none\), \"same\""):
        conv_output_shape((5, 5), 3, padding=-1)
    with pytest.raises(ParameterError, match="strides=0 cannot be used"):
        conv_output_shape((5, 5), 3, strides=0)
    with pytest.raises(ParameterError, match="filters=0 cannot be used"):
        conv_output_shape((5, 5), 3, filters=0)
