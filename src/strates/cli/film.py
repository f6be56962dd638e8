"""``strates film``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from strates.cli.named_code import name_code
from strates.cli.options import AsJson, Code, Debug, Encoding, Missing, Model, Quiet
from strates.cli.screen import Screen


class PlaneName(StrEnum):
    """The planes that need no further choice."""

    auto = "auto"
    pca = "pca"
    discriminant = "discriminant"


def film(
    model: Model,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]", help="The table that the model learned from.", show_default="where strates fit found it"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="A .html (a player), .gif, .mp4 (needs ffmpeg) or .png (the last frame).",
            show_default="the model's name, .film.html",
        ),
    ] = None,
    frames: Annotated[int, typer.Option(min=1, max=1000, help="Moments between the first and the last.")] = 60,
    fps: Annotated[float, typer.Option(min=0.5, max=60, help="Frames a second.")] = 12,
    plane: Annotated[
        PlaneName, typer.Option(help="Through the rows: by their variance, or by what tells the classes apart.")
    ] = PlaneName.auto,
    features: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Two columns of numbers to be the plane instead.", show_default=False),
    ] = None,
    encoding: Encoding = None,
    missing: Missing = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    code: Code = None,
    debug: Debug = False,
) -> None:
    """Train a model's network once more, and film it: boundary, last hidden layer, loss and weights.

    The same rows, settings and seed give the same network; the command compares, and says if they did not.
    Loss and accuracy are shown on the rows it learns from, the dashed loss on the test rows.

    **Examples**

    - `strates film penguins.strates`
    - `strates film penguins.strates penguins.csv --plane discriminant --out penguins.gif`
    - `strates film penguins.strates --features bill_length_mm,bill_depth_mm`
    """
    with Screen(as_json=as_json, quiet=quiet, debug=debug) as screen:
        name_code(code, screen)
        with screen.doing("Looking at the model"):
            from strates.cli.film_plan import make_film_plan

            plan = make_film_plan(
                model,
                source,
                out=out,
                frames=frames,
                fps=fps,
                plane=plane.value,
                features=features,
                encoding=encoding,
                missing=missing,
            )
        with screen.doing("Loading TensorFlow"):
            from strates.cli.film_job import run_film
        run_film(plan, screen)
