"""The work of ``strates check-gradients``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.text import Text

from strates.backprop import GradientCheck, gradient_check
from strates.cli.drawn_rows import DrawnRows, draw_images, draw_rows
from strates.cli.gradient_table import gradient_table, kink_lines, verdict_lines
from strates.cli.ledger_summary import block_as_json
from strates.cli.model_card import read_card
from strates.cli.model_images import read_model_images
from strates.cli.screen import Screen
from strates.cli.sources import find_source
from strates.exceptions import ParameterError

#: Rows and entries of each parameter, where none are asked for. An image is many numbers, and each of its entries takes
#: two passes.
ROWS, ENTRIES = 20, 100
IMAGES, IMAGE_ENTRIES = 4, 20


def run_check_gradients(
    model: Path,
    given: str,
    *,
    n_rows: int | None,
    entries: int | None,
    h: float,
    seed: int,
    encoding: str | None,
    missing: str | None,
    skip_bad: bool,
    screen: Screen,
) -> str:
    """Check the gradients of a model on some rows of a table, or images of a folder, and show what was found.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : str
        SOURCE.
    n_rows : int or None
        Rows to draw; None for the usual number.
    entries : int or None
        Entries of each parameter; 0 for all of them, None for the usual number.
    h : float
        Half the step.
    seed : int
    encoding, missing : str or None
        How to read the table.
    skip_bad : bool
        Leave out images that cannot be read.
    screen : Screen

    Returns
    -------
    str
        The verdict.
    """
    card, about = read_card(model, of_images=True)
    if card.images is None:
        if skip_bad:
            raise ParameterError("--skip-bad is for images, and the model learned from a table. Leave it out.")
        source = find_source(given, encoding=encoding, missing=card.missing if missing is None else missing)
        with screen.doing(f"Reading {given}"):
            drawn = draw_rows(source, card, about["classes"], n_rows or ROWS, seed)
    else:
        images = read_model_images(model, card, given, about["classes"], skip_bad=skip_bad, screen=screen)
        drawn = draw_images(images, n_rows or IMAGES, seed)
    with screen.doing("Loading the model"):
        from strates.cli.own_code import load_model

        pipeline = load_model(model)
    with screen.doing("Differentiating"):
        n_entries = (ENTRIES if card.images is None else IMAGE_ENTRIES) if entries is None else entries or None
        check = gradient_check(pipeline, drawn.X, drawn.y, h=h, entries=n_entries, random_state=seed)
    for note in drawn.notes:
        screen.note(note)
    numbers = drawn.numbers
    noun = "rows" if card.images is None else "images"
    heading = f"gradients of {model.name} on {len(numbers):,} of {drawn.n_labelled:,} {noun} of {given}"
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
