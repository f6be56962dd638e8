"""Calls and lists as text, broken into lines as black and ruff break them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Characters of a line, at most: the default of black and ruff.
WIDTH = 88


@dataclass(frozen=True)
class Call:
    """A call, or a list, of pieces of code.

    Attributes
    ----------
    head : str
        With the opening bracket: ``"keras.layers.Dense("``, ``"["``.
    arguments : tuple of str or Call or Keyword
    tail : str
        The closing bracket, and what follows.
    """

    head: str
    arguments: tuple[Any, ...] = ()
    tail: str = ")"

    def __str__(self) -> str:
        return self.head + ", ".join(map(str, self.arguments)) + self.tail


@dataclass(frozen=True)
class Keyword:
    """``name=value`` among a call's arguments."""

    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


def lay_out(code: Any, *, before: str = "", after: str = "", indent: int = 0) -> str:
    """Return code in lines of at most 88 characters.

    Parameters
    ----------
    code : str, Call or Keyword
    before, after : str
        What stands on the first line before it, and on the last after it.
    indent : int
        Blanks before the first line.

    Returns
    -------
    str
        Without a line break at its end.

    Examples
    --------
    >>> dense = Call("keras.layers.Dense(", ("64", 'activation="relu"'))
    >>> print(lay_out(dense, before="x = ", after="(x)"))
    x = keras.layers.Dense(64, activation="relu")(x)
    >>> print(lay_out(Call("f(", ("a" * 45, "b" * 45))))
    f(
        aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,
        bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,
    )
    """
    blank = " " * indent
    if isinstance(code, Keyword):
        return lay_out(code.value, before=f"{before}{code.name}=", after=after, indent=indent)
    flat = f"{blank}{before}{code}{after}"
    if not isinstance(code, Call) or not code.arguments or (len(flat) <= WIDTH and not _tall(code)):
        return flat
    inner = " " * (indent + 4)
    called = f"{blank}{before}{code}("
    if after[:1] == "(" and len(called) <= WIDTH and not _tall(code):  # the last bracket is opened first
        return f"{called}\n{inner}{after[1:-1]}\n{blank})"
    body = inner + ", ".join(map(str, code.arguments))
    if len(body) > WIDTH or _tall(code):
        end = "," if len(code.arguments) > 1 else ""  # as black: a comma where commas split
        body = "\n".join(lay_out(one, after=end, indent=indent + 4) for one in code.arguments)
    return f"{blank}{before}{code.head}\n{body}\n{blank}{code.tail}{after}"


def _tall(code: Call) -> bool:
    """Whether a list is written one element a line even where it would fit: the layers of a network."""
    return any(
        (isinstance(one, Call) and ((one.head == "[" and _has_calls(one)) or _tall(one))) for one in code.arguments
    ) or (code.head == "[" and _has_calls(code))


def _has_calls(code: Call) -> bool:
    return any(isinstance(one, Call) for one in code.arguments)


def literal(value: Any) -> str:
    """Write a number, a string, None, or a tuple, list or dict of these.

    Examples
    --------
    >>> literal(("a", 1.0, None)), literal(float("inf")), literal((3,))
    ('("a", 1.0, None)', 'np.inf', '(3,)')
    """
    if isinstance(value, np.ndarray):
        return f"np.array({literal(value.tolist())})"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return {np.inf: "np.inf", -np.inf: "-np.inf"}.get(value, "np.nan")
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    return repr(value)


def listed(values: Iterable[Any], head: str = "[", tail: str = "]") -> Call:
    """Write values as a list that may take several lines."""
    return Call(head, tuple(literal(value) for value in values), tail)


def _quoted(text: str) -> str:
    """Quote a string as ruff does: double quotes, unless those inside are all double."""
    plain = repr(text)
    if plain[0] == '"':  # it holds single quotes, and no double ones
        return plain
    inside = plain[1:-1].replace("\\'", "'")
    if '"' in text:
        return plain if "'" not in text else '"' + inside.replace('"', '\\"') + '"'
    return f'"{inside}"'


def comment(text: str, *, indent: int = 0) -> str:
    """Return a comment, in as many lines as it needs."""
    blank = " " * indent
    return "\n".join(f"{blank}# {line}" for line in textwrap.wrap(text, WIDTH - 2 - indent, break_on_hyphens=False))
