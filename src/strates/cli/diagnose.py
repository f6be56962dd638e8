"""``strates diagnose``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from strates.cli.image_options import SkipBad
from strates.cli.named_code import name_code
from strates.cli.options import AsJson, Code, Debug, Encoding, Missing, Model, Source
from strates.cli.screen import Screen
from strates.exceptions import ParameterError


class Language(StrEnum):
    """The languages of the doctor."""

    en = "en"
    fr = "fr"


def diagnose(
    model: Model,
    source: Source,
    language: Annotated[Language, typer.Option(help="Of the findings: English or French.")] = Language.en,
    encoding: Encoding = None,
    missing: Missing = None,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
    code: Code = None,
    debug: Debug = False,
) -> None:
    """Say what ails a model, with what was measured, what would be normal, and what to do.

    Give the table, or the folder of images, that the model learned from: it is split again as it was at the fit. The
    inputs, the layers, the steps and the answers are looked at, and the rows themselves: a column that tells the
    answer, rows that were seen before.

    **Examples**

    - `strates diagnose penguins.strates penguins.csv`
    - `strates diagnose penguins.strates penguins.csv --language fr`
    - `strates diagnose photos.strates photos`
    """
    with Screen(as_json=as_json, debug=debug) as screen:
        name_code(code, screen)
        with screen.doing("Looking at the data"):
            from strates.cli.diagnose_job import run_diagnose
            from strates.cli.image_diagnose_job import run_image_diagnose
            from strates.cli.model_card import read_card

            card, _ = read_card(model, of_images=True)
        if card.images is not None:
            run_image_diagnose(model, source, language=language.value, skip_bad=skip_bad, screen=screen)
            return
        if skip_bad:
            raise ParameterError("--skip-bad is for images, and the model learned from a table. Leave it out.")
        run_diagnose(model, source, language=language.value, encoding=encoding, missing=missing, screen=screen)
