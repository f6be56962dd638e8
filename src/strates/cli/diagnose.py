"""``strates diagnose``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from strates.cli.named_code import name_code
from strates.cli.options import AsJson, Code, Debug, Encoding, Missing, Model, Source
from strates.cli.screen import Screen


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
    as_json: AsJson = False,
    code: Code = None,
    debug: Debug = False,
) -> None:
    """Say what ails a model, with what was measured, what would be normal, and what to do.

    Give the table that the model learned from: it is split again as it was at the fit. The inputs, the layers, the
    steps and the answers are looked at, and the rows themselves: a column that tells the answer, rows that were
    seen before.

    **Examples**

    - `strates diagnose penguins.strates penguins.csv`
    - `strates diagnose penguins.strates penguins.csv --language fr`
    """
    with Screen(as_json=as_json, debug=debug) as screen:
        name_code(code, screen)
        with screen.doing("Looking at the table"):
            from strates.cli.diagnose_job import run_diagnose
        run_diagnose(model, source, language=language.value, encoding=encoding, missing=missing, screen=screen)
