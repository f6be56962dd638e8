"""The ledger in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from strates.backprop.gradient_check import BlockCheck
from strates.backprop.ledger_line import LedgerLine
from strates.backprop.products import number

if TYPE_CHECKING:
    from strates.backprop.ledger import Ledger

_WIDTH = 100
_CELL = 11


def ledger_text(book: Ledger) -> str:
    """Write a ledger for a terminal, 100 columns wide or less.

    Parameters
    ----------
    book : Ledger

    Returns
    -------
    str
    """
    parts = [book.title, "", *_prediction(book), "", "FORWARD"]
    parts += [_line(book, line) for line in book.lines if line.stage != "backward"]
    parts += ["", "BACKWARD"]
    parts += [_line(book, line) for line in book.lines if line.stage == "backward"]
    return "\n".join([*parts, "", *witness_text(book.witnesses, book.n_kinks)])


def _prediction(book: Ledger) -> list[str]:
    shown = sorted(book.probabilities.items(), key=lambda item: -item[1])
    words = ", ".join(f"{name} {p:.4f}" for name, p in shown[:8])
    more = f", and {len(shown) - 8} more" if len(shown) > 8 else ""
    total = f" + penalty {book.penalty:.6f}" if book.penalty else ""
    return [f"probabilities: {words}{more}", f"loss {book.loss:.6f}{total}"]


def _line(book: Ledger, line: LedgerLine) -> str:
    head = f"\n{line.layer}: {line.rule}"
    if line.value.ndim:
        head += f"    ({' x '.join(map(str, line.value.shape))})"
    if book.is_large(line):
        found, where = line.summary(), line.extreme_places()
        return (
            f"{head}\n  {line.value.size:,} numbers: norm {number(found['norm'])}, mean {number(found['mean'])}, "
            f"min {number(found['min'])} at {list(where['min'])}, max {number(found['max'])} at {list(where['max'])}, "
            f"{found['zeros']:.0f} zeros"
        )
    if not line.value.ndim:
        return (
            f"{head}\n  {number(line.value)} = {line.product(())}"
            if line.product(())
            else f"{head}\n  {number(line.value)}"
        )
    return head + "\n" + "\n".join(_rows(line))


def _rows(line: LedgerLine) -> list[str]:
    table = line.value.reshape(-1, line.value.shape[-1])
    stubs = list(line.row_names) if len(line.row_names) == len(table) else [""] * len(table)
    stub = min(max(map(len, stubs), default=0), 24)
    per_row = max(1, (_WIDTH - 2 - stub) // _CELL)
    lines = []
    for first in range(0, table.shape[1], per_row):
        block = slice(first, first + per_row)
        if line.column_names:
            names = [name if len(name) < _CELL else name[: _CELL - 2] + "…" for name in line.column_names[block]]
            lines.append("  " + " " * stub + "".join(name.rjust(_CELL) for name in names))
        for name, row in zip(stubs, table, strict=True):
            lines.append("  " + name[:stub].ljust(stub) + "".join(number(v).rjust(_CELL) for v in row[block]))
    return lines


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
    width = max([len("parameter"), *(len(w.parameter) for w in witnesses)])
    lines = [
        "THREE WITNESSES: how far the blackboard is from each",
        f"  {'parameter'.ljust(width)}  checked  finite differences  TensorFlow  verdict",
    ]
    for w in witnesses:
        theirs = "-" if np.isnan(w.tensorflow_error) else f"{w.tensorflow_error:.1e}"
        lines.append(f"  {w.parameter.ljust(width)}  {w.n_checked:7d}  {w.max_error:18.1e}  {theirs:>10}  {w.verdict}")
    if n_kinks:
        lines.append(f"  {n_kinks} differences crossed a kink, and are set apart.")
    return lines
