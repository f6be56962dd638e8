"""Windows, im2col and Conv2D against TensorFlow, the four loops, centred differences and the course's arithmetic."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from strates.backprop.layers import Conv2D, Windows, convolve_directly, im2col
from strates.exceptions import DataError, ParameterError

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def geometries(draw: Any) -> tuple[tuple[int, int], dict[str, Any], tuple[int, int]]:
    """Draw the size of a window, how it moves, and an image that it fits into."""
    size, padding = draw(PAIRS), draw(st.sampled_from(["valid", "same"]))
    strides, dilation = draw(st.sampled_from([(True, False), (False, True)]))  # Keras refuses both at once
    moves = {
        "strides": draw(PAIRS) if strides else (1, 1),
        "dilation": draw(PAIRS) if dilation else (1, 1),
        "padding": padding,
    }
    image = draw(st.tuples(st.integers(1, 8), st.integers(1, 8)))
    covered = [(k - 1) * d + 1 for k, d in zip(size, moves["dilation"], strict=True)]
    assume(padding == "same" or all(n >= e for n, e in zip(image, covered, strict=True)))
    return size, moves, image


@settings(max_examples=25)
@given(geometries(), st.integers(1, 3), st.integers(1, 3), st.booleans(), st.integers(0, 2**32 - 1))
def test_conv2d(tape: Any, differences: Any, geometry: Any, channels: int, filters: int, bias: bool, seed: int) -> None:
    size, moves, image = geometry
    rng = np.random.default_rng(seed)
    kernel, b = rng.normal(size=(*size, channels, filters)), rng.normal(size=filters)
    x = rng.normal(size=(2, *image, channels))
    layer = Conv2D(kernel, b if bias else None, **moves)
    np.testing.assert_allclose(layer.forward(x)[0], convolve_directly(x, kernel, layer.bias, **moves), atol=1e-12)
    differences(layer, x[:, :4, :4]) if moves["padding"] == "same" else differences(layer, x[:1])
    peer = keras.layers.Conv2D(
        filters, size, strides=moves["strides"], padding=moves["padding"], dilation_rate=moves["dilation"],
        use_bias=bias, dtype="float64",
    )  # fmt: skip
    tape(layer, x, peer)


@settings(max_examples=25)
@given(geometries(), st.integers(0, 2**32 - 1))
def test_the_four_loops_are_tensorflows_convolution(geometry: Any, seed: int) -> None:
    size, moves, image = geometry
    rng = np.random.default_rng(seed)
    x, kernel = rng.normal(size=(2, *image, 2)), rng.normal(size=(*size, 2, 3))
    expected = tf.nn.convolution(
        x, kernel, strides=moves["strides"], padding=moves["padding"].upper(), dilations=moves["dilation"]
    )
    np.testing.assert_allclose(convolve_directly(x, kernel, **moves), expected, atol=1e-12)


@settings(max_examples=25)
@given(geometries(), st.integers(0, 2**32 - 1))
def test_im2col_lays_out_what_tensorflow_extracts(geometry: Any, seed: int) -> None:
    size, moves, image = geometry
    x = np.random.default_rng(seed).normal(size=(2, *image, 2))
    found = im2col(x, size, **moves)
    expected = tf.image.extract_patches(
        x, (1, *size, 1), (1, *moves["strides"], 1), (1, *moves["dilation"], 1), moves["padding"].upper()
    )
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=25)
@given(geometries(), PAIRS, st.integers(0, 2**32 - 1))
def test_paste_is_the_transpose_of_cut(geometry: Any, strides: tuple[int, int], seed: int) -> None:
    """Strides together with dilation too, which Keras refuses."""
    size, moves, image = geometry
    rng = np.random.default_rng(seed)
    windows = Windows(size, strides, dilation=moves["dilation"], padding=moves["padding"])
    x = rng.normal(size=(2, *image, 2))
    cut = windows.cut(x)
    parts = rng.normal(size=cut.shape)
    assert cut.shape[1:3] == windows.stops(*image)
    assert (cut * parts).sum() == pytest.approx((x * windows.paste(parts, *image)).sum(), abs=1e-10)


@pytest.mark.parametrize(
    ("width", "size", "stride", "pad", "expected"),
    [(7, 3, 1, 0, 5), (7, 3, 2, 0, 3), (5, 3, 1, 1, 5), (227, 11, 4, 0, 55)],
)
def test_output_sizes_of_the_notes(width: int, size: int, stride: int, pad: int, expected: int) -> None:
    """(W - F + 2P) / S + 1; padding by one all round is what "same" does with a window of three."""
    windows = Windows((size, size), (stride, stride), padding="same" if pad else "valid")
    assert windows.stops(width, width) == (expected, expected)
    assert windows.borders(width, width) == ((pad, pad), (pad, pad))


def test_a_stride_that_leaves_a_rest_looks_away_from_it_as_tensorflow_does(tape: Any) -> None:
    x = np.arange(10.0).reshape(1, 1, 10, 1)
    layer = Conv2D(np.ones((1, 3, 1, 1)), strides=(1, 2))
    assert layer.forward(x)[0].ravel().tolist() == [3, 9, 15, 21]
    tape(layer, x, keras.layers.Conv2D(1, (1, 3), strides=(1, 2), use_bias=False, dtype="float64"))


def test_a_filter_is_not_turned_round() -> None:
    x = np.zeros((1, 3, 3, 1))
    x[0, 1, 1] = 1
    kernel = np.arange(9.0).reshape(3, 3, 1, 1)
    assert convolve_directly(x, kernel, padding="same")[0, :, :, 0].tolist() == kernel[::-1, ::-1, 0, 0].tolist()


def test_whole_numbers_stand_for_pairs() -> None:
    x, kernel = np.random.default_rng(0).normal(size=(1, 7, 7, 1)), np.ones((2, 2, 1, 1))
    one = Conv2D(kernel, strides=2, dilation=np.int64(3)).forward(x)[0]  # type: ignore[arg-type]
    two = Conv2D(kernel, strides=(2, 2), dilation=(3, 3)).forward(x)[0]
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(im2col(x, 2, strides=2), im2col(x, (2, 2), strides=(2, 2)))


# --- bad input ------------------------------------------------------------------------------------


def test_a_filter_larger_than_the_image() -> None:
    with pytest.raises(
        DataError, match=r"'c1' \(Conv2D\): a window that covers 5 x 1 does not fit into an image of 4 x 9"
    ):
        Conv2D(np.ones((3, 1, 1, 1)), dilation=(2, 1), name="c1").forward(np.ones((1, 4, 9, 1)))
    assert Conv2D(np.ones((5, 5, 1, 1)), padding="same").forward(np.ones((1, 2, 2, 1)))[0].shape == (1, 2, 2, 1)


def test_channels_and_axes() -> None:
    with pytest.raises(
        DataError, match=r"\(Conv2D\) got x of shape \(1, 4, 4, 1\); expected \(n_rows, any, any, 3\)\. See w"
    ):
        Conv2D(np.ones((2, 2, 3, 1))).forward(np.ones((1, 4, 4, 1)))
    with pytest.raises(
        DataError, match=r"im2col got x of shape \(4, 4\); expected \(n_rows, height, width, channels\)"
    ):
        im2col(np.ones((4, 4)), 2)
    with pytest.raises(
        ParameterError, match=r"got a kernel of shape \(2, 2\) and a bias of none; expected a kernel of shape"
    ):
        Conv2D(np.ones((2, 2)))
    with pytest.raises(ParameterError, match=r"and a bias of shape \(2,\); expected .* a bias of shape \(n_filters,\)"):
        Conv2D(np.ones((2, 2, 1, 3)), np.ones(2))


@pytest.mark.parametrize("strides", [0, (1, 0), (1, 2, 3), 1.5, "2", None])
def test_strides_that_are_none(strides: Any) -> None:
    with pytest.raises(
        ParameterError, match=r"strides=.* cannot be used; expected a positive integer, or two: \(rows, co"
    ):
        Conv2D(np.ones((2, 2, 1, 1)), strides=strides)


def test_unknown_padding() -> None:
    with pytest.raises(ParameterError, match=r"\(Conv2D\): padding='sam' is not known\. Did you mean 'same'\?"):
        Conv2D(np.ones((2, 2, 1, 1)), padding="sam")
