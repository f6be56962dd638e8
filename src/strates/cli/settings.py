"""What ``--hidden`` and ``--set`` say."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from strates.exceptions import ParameterError

_NAMES = {"true": True, "false": False, "none": None}


def parse_value(text: str) -> Any:
    """Return what a value given on the command line means.

    Parameters
    ----------
    text : str
        A Python literal; ``true``, ``false``, ``none`` in any case; or else the text itself.

    Returns
    -------
    Any

    Examples
    --------
    >>> [parse_value(text) for text in ("0.01", "true", "None", "(0.2, 0.5)", "{'a': 2}", "tanh")]
    [0.01, True, None, (0.2, 0.5), {'a': 2}, 'tanh']
    """
    if text.lower() in _NAMES:
        return _NAMES[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def parse_settings(assignments: Sequence[str]) -> dict[str, Any]:
    """Return the settings that ``--set NAME=VALUE`` gave.

    Parameters
    ----------
    assignments : sequence of str

    Returns
    -------
    dict of str to Any

    Raises
    ------
    ParameterError
        One is not an assignment, or a name came twice.

    Examples
    --------
    >>> parse_settings(["alpha=0.01", "activation=tanh"])
    {'alpha': 0.01, 'activation': 'tanh'}
    """
    settings: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = (part.strip() for part in assignment.partition("="))
        name = name.replace("-", "_")
        if not equals or not name:
            raise ParameterError(
                f"--set {assignment!r} is no assignment; expected NAME=VALUE, such as --set alpha=0.01."
            )
        if name in settings:
            same = " (--epochs is another name for it)" if name == "max_iter" else ""
            raise ParameterError(f"--set {name} is given twice{same}. Give it once.")
        settings[name] = parse_value(value)
    return settings


def parse_hidden(text: str | None) -> tuple[int, ...] | None:
    """Return the widths of the hidden layers.

    Parameters
    ----------
    text : str or None
        Widths separated by commas (or by "x"); "none" or nothing for no hidden layer.

    Returns
    -------
    tuple of int or None
        None where nothing was asked.

    Raises
    ------
    ParameterError
        Something else than positive integers.

    Examples
    --------
    >>> parse_hidden("64,32"), parse_hidden("none")
    ((64, 32), ())
    """
    if text is None:
        return None
    if text.strip().lower() in {"", "none"}:
        return ()
    try:
        widths = tuple(int(part) for part in text.lower().replace("x", ",").strip(" ,()[]").split(","))
    except ValueError:
        widths = (0,)
    if min(widths) < 1:
        raise ParameterError(
            f"--hidden {text!r} gives no layers; expected one positive number of units a hidden layer, such as "
            "--hidden 64,32, or --hidden none."
        )
    return widths
