"""``strates explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strates.cli.ledger_file import LedgerFormat
from strates.cli.named_code import name_code
from strates.cli.options import AsJson, Code, Debug, Encoding, Missing, Model, Source
from strates.cli.screen import Screen


def explain(
    model: Model,
    source: Source,
    row: Annotated[
        int, typer.Option("--row", metavar="N", help="Which row, counted from 0 as pandas does: 0 is the first.")
    ] = 0,
    label: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS",
            help="Explain the row as if it were of this class: why is it not a CLASS?",
            show_default="the row's own",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="NAME",
            help="The file to write: .html, .tex or .txt; - for standard output.",
            show_default="MODEL.rowN.html",
        ),
    ] = None,
    form: Annotated[
        LedgerFormat | None,
        typer.Option("--format", help="A page, LaTeX, or plain text.", show_default="as --out ends, else html"),
    ] = None,
    penalty: Annotated[
        bool, typer.Option("--penalty/--no-penalty", help="Add the penalty on the weights to the loss.")
    ] = False,
    encoding: Encoding = None,
    missing: Missing = None,
    as_json: AsJson = False,
    code: Code = None,
    debug: Debug = False,
) -> None:
    """Write out every number of the network for one row: forward, loss, and back-propagation.

    The table needs the columns that the model learned from and, without --label, the target. The page folds by
    layer, and every number tells the product that made it; large arrays are summarised. Three witnesses vouch for the
    gradients: the computation as written on the page, finite differences, and TensorFlow.

    **Examples**

    - `strates explain penguins.strates penguins.csv --row 12`
    - `strates explain penguins.strates penguins.csv --row 12 --label Gentoo`   (why not Gentoo?)
    - `strates explain penguins.strates penguins.csv --row 12 --out -`   (as text on the screen)
    """
    with Screen(as_json=as_json, debug=debug) as screen:
        name_code(code, screen)
        with screen.doing("Looking at the table"):
            from strates.cli.explain_job import run_explain
        run_explain(
            model,
            source,
            row=row,
            label=label,
            out=out,
            form=form,
            penalty=penalty,
            encoding=encoding,
            missing=missing,
            screen=screen,
        )
