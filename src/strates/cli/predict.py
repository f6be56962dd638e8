"""``strates predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strates.cli.options import Debug, Encoding, Missing, Model, Quiet, Source
from strates.cli.screen import Screen


def predict(
    model: Model,
    source: Source,
    proba: Annotated[bool, typer.Option("--proba", "-p", help="Add the probability of each class.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="A .csv or .parquet file.", show_default="CSV on standard output"
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="Copy this column before the prediction. Can be repeated.", show_default=False
        ),
    ] = None,
    encoding: Encoding = None,
    missing: Missing = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Predict the class of every row of a table, in its order.

    The table needs the columns that the model learned from, under the same names; others are ignored. The answer has a
    column `prediction` and, with --proba, a column `p_CLASS` for each class. A table of any size is read
    chunk by chunk.

    **Examples**

    - `strates predict penguins.strates new.csv`
    - `strates predict penguins.strates new.csv --proba --keep id --out answers.parquet`
    """
    with Screen(quiet=quiet, debug=debug) as screen:
        with screen.doing("Looking at the table"):
            from strates.cli.predict_job import run_predict
        run_predict(
            model,
            source,
            proba=proba,
            out=out,
            keep=tuple(keep or ()),
            encoding=encoding,
            missing=missing,
            screen=screen,
        )
