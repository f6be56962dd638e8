"""A number that remembers how it was made, so that it can tell its derivatives."""

from __future__ import annotations

import math
from typing import Any

from strates.backprop.circuit_number import LARGEST, real_number
from strates.backprop.circuit_operations import evaluate, slopes
from strates.exceptions import OperationError


class Value:
    """A scalar in a circuit: its number, the operation that made it, and what it was made from.

    Arithmetic on values builds the circuit; :meth:`backward` then fills in the derivative of one of them with respect
    to every value that went into it. The formulas and their derivatives stand side by side in
    ``backprop/circuit_operations.py``; the chain rule is three lines, in :meth:`gradients`.

    A value does not change: after a step of gradient descent, make new ones and write the expression again. Plain
    numbers in an expression are constants: they do not vary, and their gradient is 0.

    Parameters
    ----------
    data : float
        A finite number: of Python or NumPy, or an array of one element. ``True`` counts as 1. Kept as float64.
    label : str, default=None
        A name, for texts and drawings. It may be set later.

    Attributes
    ----------
    grad : float
        The derivative of the output with respect to this value; 0 until the output's :meth:`backward` is called.
    operation : str
        What made it: ``"+"``, ``"*"``, ``"exp"``, ...; ``"input"`` when it was given, ``"constant"`` when it is a
        number that stood in an expression.
    parents : tuple of Value
        The operands.
    local_gradients : tuple of float
        The derivative of this value with respect to each operand; 0 for a constant.

    Raises
    ------
    DataError
        It is no number, more than one, not finite, or too large for float64.
    OperationError
        An operation is not defined for its operands, or overflows: said when the operation is written.

    See Also
    --------
    strates.backprop.circuit_text : The circuit, its values and its gradients as a table.
    strates.backprop.check_circuit : The gradients against finite differences.
    strates.displays.CircuitDisplay : The circuit as a drawing.

    Notes
    -----
    At a kink a convention decides: ``relu`` and ``abs`` have slope 0 at 0, and of two equal operands :func:`maximum`
    gives each the slope 1/2.

    References
    ----------
    S. Linnainmaa (1976), Taylor expansion of the accumulated rounding error, BIT 16.

    Examples
    --------
    >>> x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)
    """

    __slots__ = ("__weakref__", "_data", "grad", "label", "local_gradients", "operation", "parents")
    __array_ufunc__ = None  # numpy.float64(2) * value then asks the value, instead of making an array of it

    grad: float
    operation: str
    parents: tuple[Value, ...]
    local_gradients: tuple[float, ...]
    label: str | None

    def __init__(self, data: Any, *, label: str | None = None) -> None:
        self._set(real_number(data), "input", (), ())
        self.label = label

    def _set(self, data: float, operation: str, parents: tuple[Value, ...], local_gradients: tuple[float, ...]) -> None:
        self._data, self.operation, self.parents, self.local_gradients = data, operation, parents, local_gradients
        self.grad, self.label = 0.0, None

    @property
    def data(self) -> float:
        """The number.

        Examples
        --------
        >>> (Value(4) * -3).data
        -12.0
        """
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        raise AttributeError(
            f"A Value keeps the number it was made with, here {self.data:.6g}: what was computed from it would not "
            f"follow. Make a new one, Value({data}), and write the expression again."
        )

    def __repr__(self) -> str:
        label = "" if self.label is None else f", label={self.label!r}"
        made = "" if self.operation == "input" else f", operation={self.operation!r}"
        return f"Value({self.data!r}, grad={self.grad!r}{made}{label})"

    # --- backwards ------------------------------------------------------------------------------------

    def topological_order(self) -> list[Value]:
        """Return every value that went into this one: operands before what was made from them, itself last.

        Pickle or deep-copy this list, instead of the value, for circuits deeper than Python's recursion limit.

        Returns
        -------
        list of Value
            Each once, constants included.

        Examples
        --------
        >>> x = Value(3.0, label="x")
        >>> [value.operation for value in (x * x + x).topological_order()]
        ['input', '*', '+']
        """
        order: list[Value] = []
        seen: set[Value] = set()
        stack = [(self, False)]  # a stack of our own: Python's ends after a thousand calls
        while stack:
            value, operands_are_done = stack.pop()
            if operands_are_done:
                order.append(value)
            elif value not in seen:
                seen.add(value)
                stack.append((value, True))
                stack.extend((parent, False) for parent in reversed(value.parents))
        return order

    def gradients(self) -> dict[Value, float]:
        """Return the derivative of this value with respect to every value that went into it.

        Unlike :meth:`backward`, it writes nothing down.

        Returns
        -------
        dict
            From value to derivative, in :meth:`topological_order`.

        Raises
        ------
        OperationError
            A derivative is larger than float64 holds.

        Examples
        --------
        >>> x, y = Value(4.0), Value(-3.0)
        >>> (x * y).gradients()[x]
        -3.0
        """
        order = self.topological_order()
        gradients = dict.fromkeys(order, 0.0)
        gradients[self] = 1.0
        for value in reversed(order):  # when its turn comes, all that was made from it has added its share
            for parent, slope in zip(value.parents, value.local_gradients, strict=True):
                gradients[parent] += slope * gradients[value]
        for value in reversed(order):
            if not math.isfinite(gradients[value]):
                raise OperationError(
                    f"The gradient with respect to {value.label or repr(value)} is larger than the largest float64, "
                    f"{LARGEST:.6g}: too many steep operations follow one another. Make the inputs smaller."
                )
        return gradients

    def backward(self) -> None:
        """Write into ``grad`` of every value that went into this one the derivative of this one with respect to it.

        The gradients are computed afresh: a second call gives the same numbers, and a call on another output
        overwrites those of the values that both share. (For the sum of two outputs' gradients, call it on their sum.)

        Raises
        ------
        OperationError
            A derivative is larger than float64 holds; no ``grad`` has changed then.

        Examples
        --------
        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        for value, gradient in self.gradients().items():
            value.grad = gradient

    # --- arithmetic -----------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Value:
        return _apply("+", self, other)

    def __radd__(self, other: Any) -> Value:
        return _apply("+", other, self)

    def __sub__(self, other: Any) -> Value:
        return _apply("-", self, other)

    def __rsub__(self, other: Any) -> Value:
        return _apply("-", other, self)

    def __mul__(self, other: Any) -> Value:
        return _apply("*", self, other)

    def __rmul__(self, other: Any) -> Value:
        return _apply("*", other, self)

    def __truediv__(self, other: Any) -> Value:
        return _apply("/", self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return _apply("/", other, self)

    def __pow__(self, exponent: Any) -> Value:
        return _power(self, _operand(exponent))

    def __rpow__(self, base: Any) -> Value:
        return _power(_operand(base), self)

    def __neg__(self) -> Value:
        return _apply("neg", self)

    def __abs__(self) -> Value:
        return _apply("abs", self)

    def exp(self) -> Value:
        """Return e to the power of this value; its slope is itself.

        Examples
        --------
        >>> Value(0.0).exp().data
        1.0
        """
        return _apply("exp", self)

    def log(self) -> Value:
        """Return the natural logarithm of a value above 0; its slope is 1 / x.

        Examples
        --------
        >>> Value(1.0).log().data
        0.0
        """
        return _apply("log", self)

    def sqrt(self) -> Value:
        """Return the square root of a value above 0; its slope is 1 / (2 sqrt(x)), which at 0 is refused.

        Examples
        --------
        >>> Value(9.0).sqrt().data
        3.0
        """
        return _apply("sqrt", self)

    def tanh(self) -> Value:
        """Return the hyperbolic tangent; its slope is 1 - tanh(x)**2.

        Examples
        --------
        >>> Value(0.0).tanh().local_gradients
        (1.0,)
        """
        return _apply("tanh", self)

    def sigmoid(self) -> Value:
        """Return the logistic function s = 1 / (1 + exp(-x)); its slope is s (1 - s).

        Examples
        --------
        >>> neuron = Value(1.0).sigmoid()
        >>> neuron.data, neuron.local_gradients
        (0.731058..., (0.196611...,))
        """
        return _apply("sigmoid", self)

    def relu(self) -> Value:
        """Return the value where it is positive, else 0; its slope is 1 above 0, and 0 elsewhere.

        Examples
        --------
        >>> Value(-2.0).relu().data, Value(0.0).relu().local_gradients
        (0.0, (0.0,))
        """
        return _apply("relu", self)


def maximum(a: Value | float, b: Value | float) -> Value:
    """Return the larger of two values; the gradient goes to that one, and half to each where they are equal.

    Parameters
    ----------
    a, b : Value or float
        What to compare.

    Returns
    -------
    Value

    Raises
    ------
    DataError
        One of them is not a number.

    Examples
    --------
    >>> x, y = Value(4.0), Value(-3.0)
    >>> maximum(x, y).local_gradients
    (1.0, 0.0)
    """
    return _apply("maximum", a, b)


def _apply(operation: str, *operands: Any) -> Value:
    """Return the value that an operation makes, with the derivatives with respect to its operands."""
    parents = tuple(_operand(operand) for operand in operands)
    numbers = tuple(parent.data for parent in parents)
    result = Value.__new__(Value)
    data = evaluate(operation, numbers)
    varies = tuple(parent.operation != "constant" for parent in parents)
    result._set(data, operation, parents, slopes(operation, numbers, data, varies))
    return result


def _power(base: Value, exponent: Value) -> Value:
    if base.data <= 0 and exponent.operation != "constant":
        raise OperationError(
            f"({base.data:.6g})**{exponent.data:.6g} has no derivative with respect to its exponent: that is "
            "base**exponent * log(base), for bases above 0. Write the exponent as a number, as in x**2, or keep the "
            "base above 0."
        )
    return _apply("**", base, exponent)


def _operand(operand: Any) -> Value:
    """Return a value as it is, and a number as a constant."""
    if isinstance(operand, Value):
        return operand
    constant = Value(operand)
    constant.operation = "constant"
    return constant
