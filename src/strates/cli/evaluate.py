"""``strates evaluate``."""

from __future__ import annotations

from typing import Annotated

import typer

from strates.cli.image_options import SkipBad
from strates.cli.named_code import name_code
from strates.cli.options import AsJson, Code, Debug, Encoding, Missing, Model, Source
from strates.cli.screen import Screen
from strates.exceptions import ParameterError


def evaluate(
    model: Model,
    source: Source,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the bootstrap behind the intervals.")] = 0,
    encoding: Encoding = None,
    missing: Missing = None,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
    code: Code = None,
    debug: Debug = False,
) -> None:
    """Measure a model on data whose classes are known.

    A table needs the columns that the model learned from and the target; a folder of images needs a subfolder for
    each class, and where it is divided into parts the one called `test` is taken. The metrics stand beside those of
    the test at the fit: a clear fall says that the data have changed.

    **Example**

    - `strates evaluate penguins.strates penguins_2025.csv`
    - `strates evaluate photos.strates photos_2025`
    """
    with Screen(as_json=as_json, debug=debug) as screen:
        name_code(code, screen)
        with screen.doing("Looking at the data"):
            from strates.cli.evaluate_job import run_evaluate
            from strates.cli.image_evaluate_job import run_image_evaluate
            from strates.cli.model_card import read_card

            card, _ = read_card(model, of_images=True)
        if card.images is not None:
            run_image_evaluate(model, source, seed=seed, skip_bad=skip_bad, screen=screen)
            return
        if skip_bad:
            raise ParameterError("--skip-bad is for images, and the model learned from a table. Leave it out.")
        run_evaluate(model, source, seed=seed, encoding=encoding, missing=missing, screen=screen)
