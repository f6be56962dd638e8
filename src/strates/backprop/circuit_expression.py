"""How a circuit is written as a formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strates.backprop.circuit_operations import OPERATIONS
from strates.backprop.value import Value

_CALL = 5
MAX_LETTERS = 78


def number_text(number: float, digits: int = 6) -> str:
    """Return a number with so many significant digits, and zero without a sign.

    Examples
    --------
    >>> number_text(-1 / 3), number_text(-0.0)
    ('-0.333333', '0')
    """
    return f"{number + 0.0:.{digits}g}"


def write_operation(value: Value, names: Mapping[Value, str]) -> str:
    """Return how a value is made from the names of its operands, empty for one that was given.

    Parameters
    ----------
    value : Value
    names : mapping from Value to str
        Those of the operands; constants are written as numbers.

    Returns
    -------
    str

    Examples
    --------
    >>> x, y = Value(3.0), Value(2.0)
    >>> write_operation(x - y, {x: "x", y: "y"}), write_operation(x**-2, {x: "x"})
    ('x - y', 'x**(-2)')
    """
    if not value.parents:
        return ""
    return _join(value, [_operand(parent, names) for parent in value.parents])


def _operand(value: Value, names: Mapping[Value, str]) -> tuple[str, int]:
    """Return an operand's text, and how tightly that binds."""
    if value in names:
        return names[value], _CALL
    text = number_text(value.data)
    return text, 3 if text.startswith("-") else _CALL


def _join(value: Value, operands: Sequence[tuple[str, int]]) -> str:
    """Put operands into an operation, in parentheses where they bind less tightly."""
    operation = OPERATIONS[value.operation]
    texts = []
    for place, (text, binding) in enumerate(operands):
        is_call = operation.binding == _CALL
        # a - (b - c) and (a**b)**c need theirs, a - b - c does not
        needed = operation.binding + (place > 0 or value.operation in ("**", "neg"))
        texts.append(text if is_call or binding >= needed else f"({text})")
    return operation.text.format(*texts)


def expanded_expressions(order: Sequence[Value], names: Mapping[Value, str]) -> dict[Value, str | None]:
    """Return each value written in terms of the inputs.

    Parameters
    ----------
    order : sequence of Value
        Operands before what is made from them.
    names : mapping from Value to str
        Those of the inputs.

    Returns
    -------
    dict
        From value to text; None where it is longer than ``MAX_LETTERS``.

    Examples
    --------
    >>> x = Value(3.0)
    >>> f = (x - 1) ** 2
    >>> expanded_expressions(f.topological_order(), {x: "x"})[f]
    '(x - 1)**2'
    """
    written: dict[Value, tuple[str, int] | None] = {}
    for value in order:
        parts = [written[parent] if parent in written else _operand(parent, names) for parent in value.parents]
        operands = [part for part in parts if part is not None]
        if not value.parents:
            written[value] = _operand(value, names)
        elif len(operands) < len(parts):
            written[value] = None
        else:
            text = _join(value, operands)
            written[value] = (text, OPERATIONS[value.operation].binding) if len(text) <= MAX_LETTERS else None
    return {value: pair and pair[0] for value, pair in written.items()}


def symbol(value: Value) -> str:
    """Return the operation as a drawing shows it, with the numbers in it.

    Parameters
    ----------
    value : Value

    Returns
    -------
    str
        Empty for a value that was given.

    Examples
    --------
    >>> x = Value(3.0)
    >>> symbol(x * x), symbol(x + 1), symbol(1 / x), symbol(x**2), symbol(x.exp())
    ('×', '+1', '1/x', 'x**2', 'exp')
    """
    numbers = [number_text(parent.data, 4) if parent.operation == "constant" else None for parent in value.parents]
    name = value.operation
    if name == "abs":
        return "|x|"
    if name == "neg":
        name, numbers = "*", [None, "-1"]
    if name == "maximum":
        text = " ".join(["max", *(number for number in numbers if number)])
    elif len(numbers) < 2:
        text = name if numbers else ""
    elif numbers == [None, None]:
        text = name
    elif name in "+*":  # 2 * x and x * 2 are the same
        text = name + "".join(number for number in numbers if number)
    elif name in "-/" and numbers[1]:
        text = name + numbers[1]
    else:
        text = "{}{}{}".format(numbers[0] or "x", name, numbers[1] or "x")
    return text if name == "**" else text.replace("*", "×").replace("-", "\N{MINUS SIGN}")
