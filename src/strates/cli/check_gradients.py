"""``strates check-gradients``."""

from __future__ import annotations

from typing import Annotated

import typer

from strates.cli.failures import FAILED
from strates.cli.image_options import SkipBad
from strates.cli.named_code import name_code
from strates.cli.options import AsJson, Code, Debug, Encoding, Missing, Model, Source
from strates.cli.screen import Screen


def check_gradients(
    model: Model,
    source: Source,
    rows: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Rows to compute the loss on, drawn at random.",
            show_default="20; 4 images",
        ),
    ] = None,
    entries: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Entries of each parameter to check, drawn at random; 0 for all of them.",
            show_default="100; 20 for images",
        ),
    ] = None,
    h: Annotated[float, typer.Option("--h", metavar="STEP", help="Half the step of the finite differences.")] = 1e-5,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Of the rows, the entries and the mask of dropout.")
    ] = 0,
    encoding: Encoding = None,
    missing: Missing = None,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
    code: Code = None,
    debug: Debug = False,
) -> None:
    """Check a model's gradients: back-propagation against finite differences and TensorFlow.

    Each parameter is checked by itself: on the loss alone, with the penalty on the weights, and with one mask of
    dropout, where the model has them. An entry whose difference crosses a kink, as that of ReLU at 0, is named and
    set apart. The verdicts: good (relative errors up to 1e-7), fine (up to 1e-4, in a network with kinks) or too
    high (the same, in one without), uncomfortable (up to 1e-2), wrong; or not compared, where every step crossed a
    kink. The exit code is 1 when the verdict is wrong, 0 otherwise.

    **Examples**

    - `strates check-gradients penguins.strates penguins.csv`
    - `strates check-gradients penguins.strates penguins.csv --h 0.001 --rows 5`   (a step that crosses kinks)
    - `strates check-gradients photos.strates photos`
    """
    with Screen(as_json=as_json, debug=debug) as screen:
        name_code(code, screen)
        with screen.doing("Looking at the data"):
            from strates.cli.check_gradients_job import run_check_gradients
        verdict = run_check_gradients(
            model,
            source,
            n_rows=rows,
            entries=entries,
            h=h,
            seed=seed,
            encoding=encoding,
            missing=missing,
            skip_bad=skip_bad,
            screen=screen,
        )
    if verdict == "wrong":
        raise typer.Exit(FAILED)
