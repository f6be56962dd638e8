"""What sharing weights saves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from strates.exceptions import DataError
from strates.inspection.conv_output_shape import conv_output_shape
from strates.inspection.conv_window import ConvWindow


def conv_parameters(
    image_shape: Sequence[int],
    kernel_size: int | tuple[int, int],
    filters: int,
    *,
    strides: int | tuple[int, int] = 1,
    padding: Any = 0,
    dilation: int | tuple[int, int] = 1,
    bias: bool = True,
    exact: bool = True,
) -> pd.DataFrame:
    """Count what a convolution learns, beside layers with as many neurons that do not share, or see everything.

    A convolution rests on two thoughts: a neuron need see a part of the image only, and what is worth finding in one
    place is worth finding in all. The table shows what each of them saves.

    Parameters
    ----------
    image_shape : tuple (height, width) or (height, width, channels)
    kernel_size : int or tuple of two int
    filters : int
        Channels of the output.
    strides, padding, dilation, exact
        See :func:`conv_output_shape`.
    bias : bool, default=True
        Whether each filter (each neuron, where none is shared) has a bias.

    Returns
    -------
    DataFrame
        Three rows, in ``layer``: "convolution"; "locally connected", whose neurons see the same windows, each with
        weights of its own; "dense", whose neurons see the whole image. Columns: ``neurons``, ``inputs`` (numbers that
        one neuron sees), ``weights``, ``biases`` and ``parameters``, their sum.

    Raises
    ------
    ParameterError
        The window does not fit; see :func:`conv_output_shape`.

    See Also
    --------
    memory_and_flops : A whole network.

    References
    ----------
    Krizhevsky, Sutskever & Hinton (2012), ImageNet classification with deep convolutional neural networks, NIPS.

    Examples
    --------
    >>> table = conv_parameters((227, 227, 3), 11, 96, strides=4)  # the first layer of AlexNet
    >>> table[["layer", "neurons", "parameters"]].values.tolist()[:2]
    [['convolution', 290400, 34944], ['locally connected', 290400, 105705600]]
    """
    rows, columns, _ = conv_output_shape(
        image_shape, kernel_size, strides=strides, padding=padding, dilation=dilation, filters=filters, exact=exact
    )
    channels = tuple(image_shape)[2] if len(image_shape) == 3 else 1
    if channels < 1:
        raise DataError(f"An image of {channels} channels cannot be used; give 1 for grey, 3 for colours.")
    size = ConvWindow.of(kernel_size, strides=strides, padding=padding).size
    neurons = rows * columns * filters
    seen = math.prod(size) * channels
    whole = math.prod(image_shape[:2]) * channels
    counts = [
        ("convolution", seen, seen * filters, filters),
        ("locally connected", seen, seen * neurons, neurons),
        ("dense", whole, whole * neurons, neurons),
    ]
    table = [(name, neurons, inputs, w, b * bias, w + b * bias) for name, inputs, w, b in counts]
    return pd.DataFrame(table, columns=["layer", "neurons", "inputs", "weights", "biases", "parameters"])
