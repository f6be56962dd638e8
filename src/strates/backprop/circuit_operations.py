"""What a circuit can compute: each formula beside its derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from strates.backprop.circuit_number import LARGEST
from strates.exceptions import OperationError


@dataclass(frozen=True)
class Operation:
    """A formula of one or two numbers, and its derivatives.

    Attributes
    ----------
    formula : callable
        f(a) or f(a, b).
    slopes : callable
        (df/da,) or (df/da, df/db), given a, (b,) and f itself, which often shortens the derivative.
    text : str
        How it is written: a format string for the operands.
    binding : int
        How tightly it binds its operands in writing, from 1 (sums) to 5 (calls).
    """

    formula: Callable[..., float]
    slopes: Callable[..., tuple[float, ...]]
    text: str
    binding: int = 5


def _logistic(a: float) -> float:
    # Of the two ways to write 1 / (1 + exp(-a)), each sign takes the one whose exp cannot overflow.
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


def _power_slopes(a: float, b: float, f: float) -> tuple[float, float]:
    # A base of zero or less has a constant as its exponent (Value sees to it): that slope is never asked for.
    return b * math.pow(a, b - 1) if b else 0.0, f * math.log(a) if a > 0 else 0.0


# The whole calculus. At the kinks a convention decides: relu and abs have slope 0 at 0, of two equal operands of
# maximum each has slope 1/2 (so that it does not matter which comes first, and maximum(x, x) has slope 1).
OPERATIONS = {
    # name                  f                                slopes of f
    "+": Operation(lambda a, b: a + b, lambda a, b, f: (1.0, 1.0), "{} + {}", 1),
    "-": Operation(lambda a, b: a - b, lambda a, b, f: (1.0, -1.0), "{} - {}", 1),
    "*": Operation(lambda a, b: a * b, lambda a, b, f: (b, a), "{} * {}", 2),
    "/": Operation(lambda a, b: a / b, lambda a, b, f: (1 / b, -f / b), "{} / {}", 2),
    "neg": Operation(lambda a: -a, lambda a, f: (-1.0,), "-{}", 3),
    "**": Operation(math.pow, _power_slopes, "{}**{}", 4),
    "exp": Operation(math.exp, lambda a, f: (f,), "exp({})"),
    "log": Operation(math.log, lambda a, f: (1 / a,), "log({})"),
    "sqrt": Operation(math.sqrt, lambda a, f: (0.5 / f,), "sqrt({})"),
    "tanh": Operation(math.tanh, lambda a, f: (1 - f * f,), "tanh({})"),
    "sigmoid": Operation(_logistic, lambda a, f: (f * (1 - f),), "sigmoid({})"),
    "relu": Operation(lambda a: max(0.0, a), lambda a, f: (float(a > 0),), "relu({})"),
    "abs": Operation(abs, lambda a, f: (float((a > 0) - (a < 0)),), "abs({})"),
    "maximum": Operation(max, lambda a, b, f: (((a > b) + (a >= b)) / 2, ((b > a) + (b >= a)) / 2), "maximum({}, {})"),
}


def evaluate(name: str, numbers: tuple[float, ...]) -> float:
    """Return the value of an operation.

    Parameters
    ----------
    name : str
        A key of ``OPERATIONS``.
    numbers : tuple of float
        One or two finite operands.

    Returns
    -------
    float
        A finite number.

    Raises
    ------
    OperationError
        The operation is not defined there, or its value is larger than float64 holds.

    Examples
    --------
    >>> evaluate("*", (4.0, -3.0))
    -12.0
    """
    try:
        value = float(OPERATIONS[name].formula(*numbers))
        defined = math.isfinite(value)
    except (ArithmeticError, ValueError):  # of the math module
        defined = False
    if not defined:
        raise OperationError(f"{_written(name, numbers)} {_reason(name, numbers)}")
    return value


def slopes(name: str, numbers: tuple[float, ...], value: float, varies: tuple[bool, ...]) -> tuple[float, ...]:
    """Return the derivatives of an operation with respect to each operand.

    Parameters
    ----------
    name : str
        A key of ``OPERATIONS``.
    numbers : tuple of float
        The operands.
    value : float
        What :func:`evaluate` returned for them.
    varies : tuple of bool
        False for the operands that are constants.

    Returns
    -------
    tuple of float
        A finite number for each operand, 0 for a constant.

    Raises
    ------
    OperationError
        A slope is infinite, as that of the square root at 0, or larger than float64 holds.

    Examples
    --------
    >>> slopes("*", (4.0, -3.0), -12.0, (True, True))
    (-3.0, 4.0)
    """
    try:
        every = OPERATIONS[name].slopes(*numbers, value)
        found = tuple(float(slope) if moves else 0.0 for slope, moves in zip(every, varies, strict=True))
        finite = all(map(math.isfinite, found))
    except (ArithmeticError, ValueError):
        finite = False
    if not finite:
        raise OperationError(
            f"{_written(name, numbers)} = {value:.6g} has no finite slope there, so no gradient can pass. "
            "Keep its operands away from this point, as by adding a small positive number."
        )
    return found


def _written(name: str, numbers: tuple[float, ...]) -> str:
    texts = [f"{number:.6g}" for number in numbers]
    bracketed = [f"({text})" if text.startswith("-") and "(" not in OPERATIONS[name].text else text for text in texts]
    return OPERATIONS[name].text.format(*bracketed)


def _reason(name: str, numbers: tuple[float, ...]) -> str:
    """Say why an operation gives no finite number, and what to do about it."""
    first, last = numbers[0], numbers[-1]
    if (name == "/" and last == 0) or (name == "**" and first == 0 and last < 0):
        return (
            "divides by zero. Add a small positive number to the denominator, or leave out the inputs that make it 0."
        )
    if name == "log" and first <= 0:
        return (
            "is not defined: the logarithm takes numbers above 0. "
            "For a probability that may reach 0, write (p + 1e-12).log()."
        )
    if name == "sqrt" and first < 0:
        return "is not a real number: the square root takes numbers from 0. Take abs() or a square first."
    if name == "**" and first < 0 and last != round(last):
        return (
            "is not a real number: a negative base takes whole exponents only. Take abs() of the base, "
            "or round the exponent."
        )
    about_exp = " For a softmax subtract the largest score first; .sigmoid() and .tanh() never overflow."
    return f"overflows: float64 ends at {LARGEST:.6g}. Keep its operands nearer to 1.{about_exp * (name == 'exp')}"
