"""``strates evaluate``."""

from __future__ import annotations

from typing import Annotated

import typer

from strates.cli.options import AsJson, Debug, Encoding, Missing, Model, Source
from strates.cli.screen import Screen


def evaluate(
    model: Model,
    source: Source,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the bootstrap behind the intervals.")] = 0,
    encoding: Encoding = None,
    missing: Missing = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Measure a model on a table whose classes are known.

    The table needs the columns that the model learned from and the target. The metrics stand beside those of the test
    at the fit: a clear fall says that the data have changed.

    **Example**

    - `strates evaluate penguins.strates penguins_2025.csv`
    """
    with Screen(as_json=as_json, debug=debug) as screen:
        with screen.doing("Looking at the table"):
            from strates.cli.evaluate_job import run_evaluate
        run_evaluate(model, source, seed=seed, encoding=encoding, missing=missing, screen=screen)
