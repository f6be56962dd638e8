"""``strates datasets``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strates.cli.options import AsJson, Debug
from strates.cli.screen import Screen


def datasets(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A set to write to a file.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="A .csv or .parquet file.", show_default="NAME.csv"),
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List the built-in data sets, or write one to a file. None is downloaded.

    **Examples**

    - `strates datasets`
    - `strates datasets wine --out wine.csv`
    """
    with Screen(as_json=as_json, debug=debug) as screen:
        with screen.doing("Looking at the data sets"):
            from strates.cli.dataset_list import list_all, write_one
        if name is None:
            list_all(screen)
        else:
            write_one(name, out or Path(f"{name}.csv"), screen)
