"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A CSV, TSV (also .gz) or Parquet file, a folder of images with a subfolder for each class, or a built-in "
        "data set's name: strates datasets.",
        show_default=False,
    ),
]
Model = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A .strates file, as strates fit writes it.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines, and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug", help="Show where an error came from, and every warning.", rich_help_panel="When in trouble"
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="Of a text file that is not UTF-8, such as cp1252.",
        show_default=False,
        rich_help_panel="Reading the data",
    ),
]
Missing = Annotated[
    str | None,
    typer.Option(
        "--missing",
        metavar="A,B,...",
        help='What means a missing value in a text file, besides nothing at all; "" for no mark.',
        show_default="NA, NaN, null, ? and the like",
        rich_help_panel="Reading the data",
    ),
]
Code = Annotated[
    str | None,
    typer.Option(
        "--code",
        metavar="FILE.py:FUNCTION",
        help="Run your own file, for a model with classes of your own: a model file never holds code.",
        show_default=False,
        rich_help_panel="A network of your own",
    ),
]
