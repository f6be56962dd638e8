"""``strates report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strates.cli.options import Debug, Model, Quiet
from strates.cli.screen import Screen


def report(
    model: Model,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="NAME.html", help="The page to write.", show_default="the model's name"),
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write a model's report again, from the model file alone.

    **Example**

    - `strates report penguins.strates --out penguins.html`
    """
    with Screen(quiet=quiet, debug=debug) as screen:
        with screen.doing("Writing the report"):
            from strates.cli.model_card import read_card
            from strates.cli.outputs import check_output
            from strates.report import ReportContent, write_report

            card, _ = read_card(model, of_images=True)
            target = check_output(
                out or model.with_suffix(".html"), "--out", suffixes=(".html", ".htm"), inputs=(model,)
            )
            write_report(ReportContent.from_dict(card.report), target)
        screen.show(str(target))
