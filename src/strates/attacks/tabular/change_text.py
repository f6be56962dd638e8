"""Values and classes as people read them."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import pandas as pd

_SEPARATED = 10_000  # smaller numbers may be years


def value_text(value: Any) -> str:
    """Return a cell's value in words.

    Examples
    --------
    >>> value_text(31000), value_text(2007), value_text(39.1), value_text("Dream"), value_text(True)
    ('31,000', '2007', '39.1', 'Dream', 'yes')
    """
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return _whole(int(value))
    if isinstance(value, Real):
        number = float(value)
        if number.is_integer() and abs(number) < 1e15:
            return _whole(int(number))
        return f"{number:,.7g}" if abs(number) >= _SEPARATED else f"{number:.7g}"
    return str(value)


def class_text(label: Any) -> str:
    """Return a label in words: whole floats lose their ``.0``.

    Examples
    --------
    >>> class_text(1.0), class_text("yes")
    ('1', 'yes')
    """
    if hasattr(label, "item"):
        label = label.item()
    return f"{label:g}" if isinstance(label, float) and label.is_integer() else str(label)


def row_sentence(cells: pd.DataFrame) -> str:
    """Say what flips one row.

    Parameters
    ----------
    cells : DataFrame
        Its lines of ``TabularAttackResult.changes``.

    Returns
    -------
    str
    """
    first = cells.iloc[0]
    parts = [f"{one['column']} {value_text(one['from'])} -> {value_text(one['to'])}" for _, one in cells.iterrows()]
    what = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return (
        f"row {first['row']}: {what} {'flips' if len(parts) == 1 else 'flip'} the class "
        f"({class_text(first['class_before'])} -> {class_text(first['class_after'])}, "
        f"{first['probability_before']:.2f} -> {first['probability_after']:.2f})"
    )


def _whole(number: int) -> str:
    return f"{number:,}" if abs(number) >= _SEPARATED else str(number)
