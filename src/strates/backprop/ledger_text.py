"""The ledger in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from strates.backprop.gradient_check import BlockCheck
from strates.backprop.ledger_line import LedgerLine
from strates.backprop.products import number

if TYPE_CHECKING:
    from strates.backprop.ledger import Ledger

_WIDTH = 100
_CELL = 12  # a minus, four digits, a point, e-100 and a space
_NAME = 24


def ledger_text(book: Ledger) -> str:
    """Write a ledger for a terminal, 100 columns wide or less.

    Parameters
    ----------
    book : Ledger

    Returns
    -------
    str
    """
    parts = [_wrapped(book.title), "", *_prediction(book), "", "FORWARD"]
    parts += [_line(book, line) for line in book.lines if line.stage != "backward"]
    parts += ["", "BACKWARD (δ is what comes back to a layer: the derivative of L with respect to its output)"]
    parts += [_line(book, line) for line in book.lines if line.stage == "backward"]
    return "\n".join([*parts, "", *witness_text(book.witnesses, book.n_kinks)])


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, _WIDTH, subsequent_indent="    ", break_on_hyphens=False))


def _prediction(book: Ledger) -> list[str]:
    ordered = sorted(book.probabilities.items(), key=lambda item: -item[1])
    shown = ordered[:8] + [item for item in ordered[8:] if item[0] == book.label]
    words = ", ".join(f"{name} {p:.4f}" for name, p in shown)
    more = f", and {len(ordered) - len(shown)} more" if len(ordered) > len(shown) else ""
    total = f" + penalty {book.penalty:.6f}" if book.penalty else ""
    return [_wrapped(f"probabilities: {words}{more}"), f"loss {book.loss:.6f}{total}"]


def _line(book: Ledger, line: LedgerLine) -> str:
    head = f"{line.layer}: {line.rule}"
    if line.value.ndim:
        head += f"    ({' x '.join(map(str, line.value.shape))})"
    head = f"\n{_wrapped(head)}"
    if book.is_large(line):
        found, where = line.summary(), line.extreme_places()
        text = (
            f"  {line.value.size:,} numbers: norm {number(found['norm'])}, mean {number(found['mean'])}, "
            f"min {number(found['min'])} at {list(where['min'])}, max {number(found['max'])} at {list(where['max'])}, "
            f"{found['zeros']:.0f} zeros"
        )
        return f"{head}\n{_wrapped(text)}"
    if not line.value.ndim:
        made = line.product(())
        return f"{head}\n{_wrapped(f'  {number(line.value)} = {made}' if made else f'  {number(line.value)}')}"
    return head + "\n" + "\n".join(_rows(line))


def _rows(line: LedgerLine) -> list[str]:
    table = line.table
    if len(table) == 1 and any(len(name) >= _CELL for name in line.column_names):
        # long names read better one below the other
        names = short_names(line.column_names, 60)
        width = max(map(len, names))
        return [f"  {name.ljust(width)}{number(v).rjust(_CELL)}" for name, v in zip(names, table[0], strict=True)]
    plain = not line.row_names and line.value.ndim < 3  # units, which are numbered in order
    stubs = [""] * len(table) if plain else short_names(line.row_labels, _NAME)
    stub = max(map(len, stubs))
    heads = short_names(line.column_names, _CELL - 1)
    per_row = (_WIDTH - 2 - stub) // _CELL
    lines = []
    for first in range(0, table.shape[1], per_row):
        block = slice(first, first + per_row)
        if heads:
            lines.append("  " + " " * stub + "".join(name.rjust(_CELL) for name in heads[block]))
        for name, row in zip(stubs, table, strict=True):
            lines.append("  " + name.ljust(stub) + "".join(number(v).rjust(_CELL) for v in row[block]))
    return lines


def short_names(names: Sequence[str], width: int) -> list[str]:
    """Cut names to a width such that different names stay different.

    Parameters
    ----------
    names : sequence of str
    width : int

    Returns
    -------
    list of str
        Cut at the end; where that makes two alike, in the middle; else only numbered.

    Examples
    --------
    >>> short_names(["island_Biscoe", "sex"], 9), short_names(["missing_length", "missing_depth"], 9)
    (['island_B…', 'sex'], ['miss…ngth', 'miss…epth'])
    """
    plain = [" ".join(name.split()) for name in names]
    half = (width - 1) // 2
    ends = [name if len(name) <= width else f"{name[: width - 1]}…" for name in plain]
    middles = [name if len(name) <= width else f"{name[: width - 1 - half]}…{name[-half:]}" for name in plain]
    for cut in (ends, middles):
        if len(set(cut)) == len(set(plain)):
            return cut
    return [f"[{i}]" for i in range(len(plain))]


def witness_text(witnesses: tuple[BlockCheck, ...], n_kinks: int) -> list[str]:
    """Write how well back-propagation, centred differences and TensorFlow agree, a line a parameter.

    Parameters
    ----------
    witnesses : tuple of BlockCheck
    n_kinks : int

    Returns
    -------
    list of str
    """
    names = short_names([w.parameter for w in witnesses], 50)
    width = max(map(len, ["parameter", *names]))
    lines = [
        "THREE WITNESSES: how far the blackboard is from each",
        f"  {'parameter'.ljust(width)}  checked  finite differences  TensorFlow  verdict",
    ]
    for name, w in zip(names, witnesses, strict=True):
        theirs = "-" if np.isnan(w.tensorflow_error) else f"{w.tensorflow_error:.1e}"
        lines.append(f"  {name.ljust(width)}  {w.n_checked:7d}  {w.max_error:18.1e}  {theirs:>10}  {w.verdict}")
    if n_kinks:
        lines.append(f"  {n_kinks} differences crossed a kink, and are set apart.")
    return lines
