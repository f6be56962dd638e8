"""A check of gradients for the screen: the table, the kinks and the verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from strates.backprop import BlockCheck, GradientCheck, Kink

#: Kinks that are named.
_NAMED = 5
_MEANINGS = {
    "good": "the gradients are right.",
    "fine": "the gradients are right, as far as differences in a network with kinks can tell.",
    "not compared": "in a parameter every step crossed a kink, so that the differences tell nothing of it. Take fewer "
    "rows (--rows), or a smaller --h.",
    "too high": "more than a network without kinks should show. Another --h may tell whether it is the differences.",
    "uncomfortable": "more than it should be. Another --h or --seed may tell whether it is the differences.",
    "wrong": "the gradients are not those of the loss, or the differences are too coarse: try another --h.",
}


def gradient_table(check: GradientCheck) -> Table:
    """Lay the check out, a row a parameter and objective.

    Parameters
    ----------
    check : GradientCheck

    Returns
    -------
    rich.table.Table
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("parameter", overflow="fold")
    for heading in ("entries", "kinks", "max error", "beyond\nrounding", "TensorFlow"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for objective, blocks in groupby(check.blocks, key=_objective):
        table.add_row(Text(objective, style="italic"))
        for block in blocks:
            table.add_row(
                f"  {block.parameter}",
                f"{block.n_checked:,}",
                f"{block.n_kinks:,}",
                f"{block.max_error:.1e}",
                f"{block.beyond_rounding:.1e}",
                "-" if np.isnan(block.tensorflow_error) else f"{block.tensorflow_error:.1e}",
                Text(block.verdict, style="" if block.verdict in ("good", "fine") else "bold"),
            )
    return table


def _objective(block: BlockCheck) -> str:
    if block.dropout:
        return "loss with dropout"
    return "loss and penalty" if block.penalty else "loss"


def kink_lines(check: GradientCheck, rows: Sequence[int]) -> list[str]:
    """Return a sentence for each of the first kinks, and one for the others.

    Parameters
    ----------
    check : GradientCheck
    rows : sequence of int
        The numbers that the rows have in their table.

    Returns
    -------
    list of str
    """
    lines = [f"Kink: {_kink_text(kink, rows, check.h)}" for kink in check.kinks[:_NAMED]]
    more = len(check.kinks) - len(lines)
    if more > 0:
        lines.append(f"... and {more:,} more such {'entry' if more == 1 else 'entries'}, named by --json.")
    return [*lines, ""] if lines else []


def _kink_text(kink: Kink, rows: Sequence[int], h: float) -> str:
    entry = f"{kink.parameter}{list(kink.index)}"
    apart = f"Set apart; it would read {kink.error:.2g}."
    if kink.row < 0:
        return f"{entry} is within {h:g} of zero, the corner of the L1 penalty. {apart}"
    return f"a step in {entry} carries unit {kink.unit} of {kink.layer} over its kink, in row {rows[kink.row]}. {apart}"


def verdict_lines(check: GradientCheck) -> list[str]:
    """Return the verdict, what it means, and the worst entry.

    Parameters
    ----------
    check : GradientCheck

    Returns
    -------
    list of str
    """
    beyond = max(block.beyond_rounding for block in check.blocks)
    worst = max(check.blocks, key=lambda block: block.max_error)
    lines = [f"Verdict: {check.verdict}; {_MEANINGS[check.verdict]}"]
    if worst.entry is not None:
        lines.append(
            f"Largest relative error: {worst.max_error:.1e}, in {worst.parameter}{list(worst.entry)}: "
            f"{worst.analytic:.6g} by back-propagation, {worst.numerical:.6g} by finite differences."
        )
    lines.append(
        f"Beyond the rounding of differences with h = {check.h:g}: {beyond:.1e}, which is what the verdict judges."
    )
    if not np.isnan(check.tensorflow_error):
        lines.append(
            f"Largest distance from TensorFlow's gradients: {check.tensorflow_error:.1e}; above 1e-4, it counts."
        )
    return lines
