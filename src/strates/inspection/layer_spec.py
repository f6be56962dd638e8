"""Layers described by their geometry, for networks that nobody built."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from strates.exceptions import ParameterError
from strates.inspection.conv_window import ConvWindow


@dataclass(frozen=True)
class LayerSpec:
    """One layer of a chain: what it does to an image's geometry, and what it learns.

    Made by :meth:`conv`, :meth:`pool`, :meth:`global_pool`, :meth:`flatten` and :meth:`dense`; a list of them is a
    network for :func:`receptive_field` and :func:`memory_and_flops`, without a weight in memory.

    Attributes
    ----------
    kind : {"conv", "pool", "global_pool", "flatten", "dense"}
    units : int or None
        Filters of a convolution, units of a dense layer.
    window : ConvWindow or None
        Of a convolution or pooling.
    groups : int
        Parts of the channels that a convolution keeps apart.
    bias : bool
    name : str
        Empty: its kind and a number.

    Examples
    --------
    >>> LayerSpec.conv(64, 3, padding="same").named("first").name
    'first'
    """

    kind: str
    units: int | None = None
    window: ConvWindow | None = None
    groups: int = 1
    bias: bool = True
    name: str = ""

    @classmethod
    def conv(
        cls,
        filters: int,
        kernel_size: Any,
        *,
        strides: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> Self:
        """Describe a convolution, as :func:`conv_output_shape` takes it."""
        window = ConvWindow.of(kernel_size, strides=strides, padding=padding, dilation=dilation)
        return cls("conv", _units("filters", filters), window, groups, bias)

    @classmethod
    def pool(cls, pool_size: Any = 2, *, strides: Any = None, padding: Any = 0) -> Self:
        """Describe pooling, of the largest or of the mean; without strides the windows lie side by side."""
        step = pool_size if strides is None else strides
        return cls("pool", window=ConvWindow.of(pool_size, strides=step, padding=padding))

    @classmethod
    def global_pool(cls) -> Self:
        """Describe one number a channel, of the whole image."""
        return cls("global_pool")

    @classmethod
    def flatten(cls) -> Self:
        """Describe an image laid out as a row."""
        return cls("flatten")

    @classmethod
    def dense(cls, units: int, *, bias: bool = True) -> Self:
        """Describe a dense layer; one after an image sees all of it."""
        return cls("dense", _units("units", units), bias=bias)

    def named(self, name: str) -> Self:
        """Return it under a name."""
        return replace(self, name=name)


def _units(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ParameterError(f"{name}={value!r} cannot be used: it is a positive integer.")
    return value
