"""The work of ``strates check-gradients``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.text import Text

from strates.backprop import GradientCheck, gradient_check
from strates.cli.drawn_rows import DrawnRows, draw_rows
from strates.cli.gradient_table import gradient_table, kink_lines, verdict_lines
from strates.cli.ledger_summary import block_as_json
from strates.cli.model_card import read_card
from strates.cli.screen import Screen
from strates.cli.sources import find_source


def run_check_gradients(
    model: Path,
    given: str,
    *,
    n_rows: int,
    entries: int | None,
    h: float,
    seed: int,
    encoding: str | None,
    missing: str | None,
    screen: Screen,
) -> str:
    """Check the gradients of a model on some rows of a table, and show what was found.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : str
        SOURCE.
    n_rows : int
        Rows to draw.
    entries : int or None
        Entries of each parameter; None for all.
    h : float
        Half the step.
    seed : int
    encoding, missing : str or None
        How to read the table.
    screen : Screen

    Returns
    -------
    str
        The verdict.
    """
    card, about = read_card(model)
    source = find_source(given, encoding=encoding, missing=card.missing if missing is None else missing)
    with screen.doing(f"Reading {given}"):
        drawn = draw_rows(source, card, about["classes"], n_rows, seed)
    with screen.doing("Loading the model"):
        from strates.estimators import load

        pipeline = load(model)
    with screen.doing("Differentiating"):
        check = gradient_check(pipeline, drawn.X, drawn.y, h=h, entries=entries, random_state=seed)
    for note in drawn.notes:
        screen.note(note)
    numbers = [int(number) for number in drawn.X.index]
    heading = f"gradients of {model.name} on {len(numbers):,} of {drawn.n_labelled:,} rows of {given}"
    screen.show("", Text(heading, style="bold"), "", gradient_table(check), "")
    screen.show(*kink_lines(check, numbers), *verdict_lines(check))
    screen.show_json(_as_json(check, drawn, numbers) | {"model": str(model), "source": given, "notes": screen.notes})
    return check.verdict


def _as_json(check: GradientCheck, drawn: DrawnRows, numbers: list[int]) -> dict[str, Any]:
    theirs = check.tensorflow_error
    return {
        "verdict": check.verdict,
        "max_error": check.max_error,
        "tensorflow_error": None if theirs != theirs else theirs,
        "h": check.h,
        "blocks": [block_as_json(block) for block in check.blocks],
        "kinks": [
            {
                "parameter": kink.parameter,
                "index": list(kink.index),
                "layer": kink.layer,
                "row": numbers[kink.row] if kink.row >= 0 else None,
                "unit": kink.unit if kink.row >= 0 else None,
                "error": kink.error,
            }
            for kink in check.kinks
        ],
        "rows": numbers,
        "labelled_rows": drawn.n_labelled,
    }
