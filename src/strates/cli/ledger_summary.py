"""The gist of a ledger, for the screen and for machines."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from strates.backprop import BlockCheck, GradientCheck, Ledger
from strates.cli.explained_row import ExplainedRow
from strates.cli.screen import Screen

#: Classes whose probabilities are shown.
_TOP = 5


def ledger_as_json(book: Ledger, found: ExplainedRow) -> dict[str, Any]:
    """Return what ``strates explain --json`` prints of the ledger.

    Parameters
    ----------
    book : Ledger
    found : ExplainedRow

    Returns
    -------
    dict
    """
    return {
        "label": found.label,
        "own_label": found.own,
        "predicted": max(book.probabilities, key=lambda name: book.probabilities[name]),
        "probabilities": book.probabilities,
        "loss": book.loss,
        "penalty": book.penalty,
        "witnesses": [block_as_json(block) for block in book.witnesses],
        "kinks": book.n_kinks,
        "verdict": overall(book).verdict,
    }


def block_as_json(block: BlockCheck) -> dict[str, Any]:
    """Return the check of one parameter for JSON, which has no NaN.

    Parameters
    ----------
    block : BlockCheck

    Returns
    -------
    dict
    """
    return {name: None if value != value else value for name, value in asdict(block).items()}


def overall(book: Ledger) -> GradientCheck:
    """Return the witnesses of a ledger together."""
    return GradientCheck(book.witnesses, (), h=float("nan"))


def show_ledger(book: Ledger, found: ExplainedRow, path: Path, screen: Screen) -> None:
    """Print the prediction, the loss, what the witnesses say, and where the page is.

    Parameters
    ----------
    book : Ledger
    found : ExplainedRow
    path : pathlib.Path
    screen : Screen
    """
    judged = overall(book)
    loss = f"{book.loss:.6g} nats" + (f", and the penalty {book.penalty:.6g}" if book.penalty else "")
    n_checked = sum(block.n_checked for block in book.witnesses)
    kinks = f"; {book.n_kinks:,} differences crossed a kink, and are set apart" if book.n_kinks else ""
    files = Table.grid(padding=(0, 2))
    files.add_column(style="dim")
    files.add_column(overflow="fold")
    files.add_row("loss", loss)
    files.add_row("gradients", f"{judged.verdict}: {n_checked:,} derivatives checked{kinks}")
    files.add_row("written", str(path))
    screen.show(
        "", Text(book.title, style="bold"), "", _prediction(book, found), "", _witness_table(book.witnesses), "", files
    )


def _prediction(book: Ledger, found: ExplainedRow) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("class")
    table.add_column("probability", justify="right", no_wrap=True)
    table.add_column("")
    ranked = sorted(book.probabilities, key=lambda name: -book.probabilities[name])
    marks = {str(found.own): "its class"}
    if found.is_supposed:
        marks[str(found.label)] = "supposed"
    # the classes in question are shown, however unlikely
    shown = [name for place, name in enumerate(ranked) if place < _TOP or name in marks]
    for name in shown:
        table.add_row(Text(name), _probability(book.probabilities[name]), marks.get(name, ""))
    if len(ranked) > len(shown):
        table.add_row(f"and {len(ranked) - len(shown)} more", "", "", style="dim")
    return table


def _probability(p: float) -> str:
    return f"{p:.6f}" if p >= 1e-6 or p == 0 else f"{p:.1e}"


def _witness_table(blocks: tuple[BlockCheck, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("back-propagation against", no_wrap=True)
    table.add_column("worst error", justify="right", no_wrap=True)
    table.add_column("of")
    worst = max(blocks, key=lambda block: block.max_error)
    beyond = max(blocks, key=lambda block: block.beyond_rounding)
    table.add_row("finite differences", f"{worst.max_error:.1e}", worst.parameter)
    table.add_row(
        "  beyond their rounding", f"{beyond.beyond_rounding:.1e}", beyond.parameter if beyond.beyond_rounding else ""
    )
    asked = [block for block in blocks if not np.isnan(block.tensorflow_error)]
    if asked:
        theirs = max(asked, key=lambda block: block.tensorflow_error)
        table.add_row("TensorFlow", f"{theirs.tensorflow_error:.1e}", theirs.parameter)
    return table
