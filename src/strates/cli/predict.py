"""``strates predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strates.cli.image_options import SkipBad
from strates.cli.named_code import name_code
from strates.cli.options import Code, Debug, Encoding, Missing, Model, Quiet
from strates.cli.screen import Screen


def predict(
    model: Model,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="A table: CSV, TSV (also .gz), Parquet or a built-in data set's name. Or images: files, and folders "
            "with images anywhere in them.",
            show_default=False,
        ),
    ],
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
    skip_bad: SkipBad = False,
    quiet: Quiet = False,
    code: Code = None,
    debug: Debug = False,
) -> None:
    """Predict the class of every row of a table, or of every image, in their order.

    A table needs the columns that the model learned from, under the same names; others are ignored. The answer has a
    column `prediction` and, with --proba, a column `p_CLASS` for each class; of images it begins with their `path`.
    A table of any size is read chunk by chunk.

    **Examples**

    - `strates predict penguins.strates new.csv`
    - `strates predict penguins.strates new.csv --proba --keep id --out answers.parquet`
    - `strates predict photos.strates new/ 17.jpg --proba`
    """
    with Screen(quiet=quiet, debug=debug) as screen:
        name_code(code, screen)
        with screen.doing("Looking at the data"):
            from strates.cli.image_predict_job import run_image_predict
            from strates.cli.model_card import read_card
            from strates.cli.predict_job import only_table, run_predict

            card, _ = read_card(model, of_images=True)
        if card.images is not None:
            unsuited = {"--keep": keep, "--encoding": encoding, "--missing": missing}
            run_image_predict(
                model,
                tuple(sources),
                proba=proba,
                out=out,
                skip_bad=skip_bad,
                refused=tuple(name for name, value in unsuited.items() if value is not None),
                screen=screen,
            )
            return
        run_predict(
            model,
            only_table(sources, skip_bad=skip_bad),
            proba=proba,
            out=out,
            keep=tuple(keep or ()),
            encoding=encoding,
            missing=missing,
            screen=screen,
        )
