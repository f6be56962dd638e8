"""The gradients of a circuit against finite differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

from strates.backprop.circuit import value_names
from strates.backprop.circuit_expression import write_operation
from strates.backprop.circuit_operations import evaluate
from strates.backprop.value import Value
from strates.exceptions import OperationError, ParameterError, did_you_mean

DIFFERENCES = ("centred", "forward")


@dataclass(frozen=True)
class InputCheck:
    """The derivative of the output with respect to one input, found in two ways.

    Attributes
    ----------
    name : str
        As in :class:`Circuit`: its label, or ``v1``, ``v2``, ...
    analytic : float
        By back-propagation.
    numerical : float
        By finite differences.
    relative_error : float
        ``|analytic - numerical| / max(|analytic|, |numerical|)``; 0 where both are 0.
    kinks : tuple of str
        The uses of relu, abs and maximum, such as ``"v1 = relu(x)"``, that the step took across their kink, or onto it.
        There the difference mixes two pieces of a function, and proves nothing.
    """

    name: str
    analytic: float
    numerical: float
    relative_error: float
    kinks: tuple[str, ...]


@dataclass(frozen=True)
class CircuitCheck:
    """What :func:`check_circuit` found.

    Attributes
    ----------
    inputs : tuple of InputCheck
        One for each input of the circuit, in the order of evaluation.
    step : float
        The step h.
    """

    inputs: tuple[InputCheck, ...]
    step: float

    @property
    def max_error(self) -> float:
        """The largest relative error of the inputs whose step met no kink; 0 if there are none."""
        return max((row.relative_error for row in self.inputs if not row.kinks), default=0.0)

    def to_text(self) -> str:
        """Return a table with one line an input.

        Examples
        --------
        >>> x = Value(1.0, label="x")
        >>> print(check_circuit(x * x, h=0.1, difference="forward").to_text())
        input      analytic     numerical  relative error
        x                 2           2.1           0.048
        """
        width = max([5, *(len(row.name) for row in self.inputs)])
        lines = [f"{'input':{width}} {'analytic':>13} {'numerical':>13}  relative error"]
        for row in self.inputs:
            kinks = f"  (kink at {', '.join(row.kinks)})" if row.kinks else ""
            lines.append(
                f"{row.name:{width}} {row.analytic:13.6g} {row.numerical:13.6g}  {row.relative_error:14.2g}{kinks}"
            )
        return "\n".join(lines)


def check_circuit(output: Value, *, h: float = 1e-5, difference: str = "centred") -> CircuitCheck:
    """Compare the gradient of a value with finite differences.

    The circuit is evaluated anew with one input moved at a time. With s = h max(1, abs(x)), so that the step is not
    lost in the rounding of a large x, the centred difference is ``(f(x + s) - f(x - s)) / 2s``, whose error falls like
    h² until rounding takes over, and the forward difference ``(f(x + s) - f(x)) / s``, whose error falls like h.

    Parameters
    ----------
    output : Value
        The result of the circuit. Neither it nor any ``grad`` is changed.
    h : float, default=1e-5
        The step, in units of the input, or of its size where that is above 1.
    difference : {"centred", "forward"}, default="centred"
        Which difference.

    Returns
    -------
    CircuitCheck

    Raises
    ------
    ParameterError
        ``h`` is not a positive finite number, or so small that an input plus h is that input.
    OperationError
        A step leaves the numbers for which an operation is defined.

    Notes
    -----
    The difference carries the rounding of the numbers in the circuit, about 1e-16 of the largest divided by h: a
    derivative smaller than that cannot be checked, and its relative error says nothing.

    Examples
    --------
    >>> x, y = Value(4.0, label="x"), Value(-3.0, label="y")
    >>> check_circuit(x * y).max_error < 1e-9
    True
    """
    if difference not in DIFFERENCES:
        raise ParameterError(f"difference={difference!r} is unknown. {did_you_mean(difference, DIFFERENCES)}")
    if not (isinstance(h, Real) and 0 < h < math.inf):
        raise ParameterError(f"h={h!r} cannot be used: a step is a positive finite number, such as 1e-5.")
    gradients, names = output.gradients(), value_names(output)
    rows = []
    for leaf, name in names.items():
        if leaf.parents:
            continue
        size = h * max(1.0, abs(leaf.data))
        high, low = leaf.data + size, leaf.data - (size if difference == "centred" else 0.0)
        if high == low:
            raise ParameterError(f"h={h!r} is lost in rounding beside {name} = {leaf.data:.6g}. Take 1e-5 or so.")
        above, below = _moved(gradients, leaf, high, name), _moved(gradients, leaf, low, name)
        numerical = (above[output] - below[output]) / (high - low)
        kinks = tuple(
            f"{names[value]} = {write_operation(value, names)}"
            for value in names
            if _side(value, above) != _side(value, below)
        )
        error = _relative_error(gradients[leaf], numerical)
        rows.append(InputCheck(name, gradients[leaf], numerical, error, kinks))
    return CircuitCheck(tuple(rows), h)


def _relative_error(analytic: float, numerical: float) -> float:
    largest = max(abs(analytic), abs(numerical))
    return abs(analytic - numerical) / largest if largest else 0.0


def _moved(order: Mapping[Value, float], leaf: Value, number: float, name: str) -> dict[Value, float]:
    """Return the number of every value when one input is another number."""
    numbers: dict[Value, float] = {}
    for value in order:
        if not value.parents:
            numbers[value] = number if value is leaf else value.data
            continue
        try:
            numbers[value] = evaluate(value.operation, tuple(numbers[parent] for parent in value.parents))
        except OperationError as error:
            raise OperationError(
                f"The check moved {name} from {leaf.data:.6g} to {number:.6g}, and there {error} Or take a smaller h."
            ) from error
    return numbers


def _side(value: Value, numbers: Mapping[Value, float]) -> int:
    """Return on which side of its kink a value is: -1, 0, 1; always 0 where it has none."""
    operands = [numbers[parent] for parent in value.parents]
    if value.operation in ("relu", "abs"):
        operands.append(0.0)
    elif value.operation != "maximum":
        return 0
    return (operands[0] > operands[1]) - (operands[0] < operands[1])
