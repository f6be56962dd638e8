"""Checks of constructor arguments: what came, what was expected, how to mend it.

The constructors store, ``fit`` decides: these checks run at the start of ``fit``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

from strates.exceptions import ParameterError, did_you_mean

Check = Callable[[str, Any], None]


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(float(value))


def real(*, low: float = -math.inf, high: float = math.inf, open_low: bool = False, open_high: bool = False) -> Check:
    """Accept a number within an interval."""

    def check(name: str, value: Any) -> None:
        fits = _is_real(value) and low <= value <= high
        if fits and not (open_low and value == low) and not (open_high and value == high):
            return
        left, right = "(" if open_low or low == -math.inf else "[", ")" if open_high or high == math.inf else "]"
        raise ParameterError(f"{name}={value!r} cannot be used: it must be a number in {left}{low:g}, {high:g}{right}.")

    return check


def integer(low: int, *, infinite: bool = False) -> Check:
    """Accept an integer of at least ``low``."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= low:
            return
        if infinite and value == math.inf:
            return
        raise ParameterError(
            f"{name}={value!r} cannot be used: it must be an integer of at least {low}{' or infinite' * infinite}."
        )

    return check


def boolean(name: str, value: Any) -> None:
    """Accept True or False, and NumPy's."""
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise ParameterError(f"{name}={value!r} cannot be used: it must be True or False.")


def one_of(names: Iterable[str], *, also: str = "") -> Check:
    """Accept one of some names."""
    known = tuple(names)

    def check(name: str, value: Any) -> None:
        if not (isinstance(value, str) and value in known):
            raise ParameterError(f"{name}={value!r} is not known. {did_you_mean(str(value), known)}{also}")

    return check


def optional(inner: Check) -> Check:
    """Accept None, or what the inner check accepts."""

    def check(name: str, value: Any) -> None:
        if value is not None:
            inner(name, value)

    return check


def hidden_layer_sizes(value: Any) -> tuple[int, ...]:
    """Return the widths of the hidden layers as a tuple.

    Examples
    --------
    >>> hidden_layer_sizes(5), hidden_layer_sizes([8, 4])
    ((5,), (8, 4))
    """
    sizes = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or int(size) <= 0:
            raise ParameterError(
                f"hidden_layer_sizes must be > 0, got {value!r}: give one positive integer a hidden layer, such as "
                "(64, 32). A network without hidden layers is hidden_layer_sizes=()."
            )
    return tuple(int(size) for size in sizes)


def dropout_rates(value: Any, n_layers: int) -> tuple[float, ...]:
    """Return one rate a hidden layer, from one number or a sequence.

    Examples
    --------
    >>> dropout_rates(0.2, 2), dropout_rates((0.1, 0.5), 2)
    ((0.2, 0.2), (0.1, 0.5))
    """
    rates = tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else (value,) * n_layers
    single = not isinstance(value, Iterable) or isinstance(value, str)
    for rate in (*rates, *((value,) if single else ())):
        if not (_is_real(rate) and 0 <= rate < 1):
            raise ParameterError(
                f"dropout={value!r} cannot be used: a rate is the share of units dropped, in [0, 1), one number for "
                "all hidden layers or one for each."
            )
    if len(rates) != n_layers:
        raise ParameterError(
            f"dropout={value!r} has {len(rates)} rates, but the network has {n_layers} hidden "
            f"layer{'s' * (n_layers != 1)}. Give one each."
        )
    return tuple(float(rate) for rate in rates)
