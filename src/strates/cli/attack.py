"""``strates attack``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from strates.cli.attack_method import AttackMethod, AttackNorm
from strates.cli.image_options import SkipBad
from strates.cli.named_code import name_code
from strates.cli.options import AsJson, Code, Debug, Encoding, Missing, Model, Source
from strates.cli.screen import Screen

_TABLES = "Tables (tabular)"


def attack(
    model: Model,
    source: Source,
    method: Annotated[
        AttackMethod | None,
        typer.Option("--method", "-m", help="How to search.", show_default="tabular for a table, pgd for images"),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option(
            metavar="E",
            help="How far a row may be moved (fgsm, bim, pgd, square, universal). Of images 1 is the range from black "
            "to white; of a table about the interquartile range of a column.",
            show_default="0.03 for images, 0.1 for a table",
        ),
    ] = None,
    norm: Annotated[AttackNorm | None, typer.Option(help="Of that distance.", show_default="the method's own")] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Steps at most; of square, questions.", show_default="the method's own"),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="CLASS", help="The class to reach.", show_default="any but the row's own"),
    ] = None,
    rows: Annotated[
        int, typer.Option("--rows", min=1, metavar="N", help="Rows or images to attack, drawn at random.")
    ] = 100,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the rows drawn and of the search.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="NAME", help="The page to write.", show_default="MODEL.METHOD.html"),
    ] = None,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Write a page with examples.")] = True,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="NAME", help="Also write the attacked rows as a .csv, or images as an .npz.", show_default=False
        ),
    ] = None,
    immutable: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Columns that may not change.",
            show_default="none but dates and free text",
            rich_help_panel=_TABLES,
        ),
    ] = None,
    max_changes: Annotated[
        int | None,
        typer.Option(
            "--max-changes",
            min=1,
            metavar="N",
            help="Columns that may change at once.",
            show_default="3",
            rich_help_panel=_TABLES,
        ),
    ] = None,
    encoding: Encoding = None,
    missing: Missing = None,
    skip_bad: SkipBad = False,
    as_json: AsJson = False,
    code: Code = None,
    debug: Debug = False,
) -> None:
    """Look for small changes that make a model err: adversarial examples.

    In a table, tabular changes as few columns as it can, as little as it can, and never leaves what the columns hold:
    "income 31,000 -> 29,400 flips the class". The others move all numbers or pixels: along the gradient within epsilon
    (fgsm, bim, pgd), to the nearest point of another class (deepfool, cw), without a gradient (square), or all rows
    alike (universal). Rows that the model has wrong anyway are counted apart. Of the data that the model learned from,
    only what was held out is attacked.

    **Examples**

    - `strates attack credit.strates credit.csv --immutable age,sex`
    - `strates attack penguins.strates penguins.csv --method pgd --epsilon 0.1`
    - `strates attack photos.strates photos --method deepfool --rows 50`
    """
    with Screen(as_json=as_json, debug=debug) as screen:
        name_code(code, screen)
        with screen.doing("Looking at the data"):
            from strates.cli.attack_job import AttackJob, run_attack
            from strates.cli.attack_plan import AttackRequest
        request = AttackRequest(
            method=method,
            epsilon=epsilon,
            norm=norm,
            steps=steps,
            immutable=immutable,
            max_changes=max_changes,
            seed=seed,
        )
        typed: dict[str, Any] = {
            "--method": method, "--epsilon": epsilon, "--norm": norm, "--steps": steps, "--target": target,
            "--rows": rows if rows != 100 else None, "--seed": seed or None, "--immutable": immutable,
            "--max-changes": max_changes, "--code": code,
        }  # fmt: skip
        job = AttackJob(
            model=model,
            given=source,
            request=request,
            target=target,
            n_rows=rows,
            out=out,
            page=page,
            save=save,
            encoding=encoding,
            missing=missing,
            skip_bad=skip_bad,
            command=_command(model, source, typed),
        )
        run_attack(job, screen)


def _command(model: Path, source: str, typed: dict[str, Any]) -> str:
    """Return what to type to do it again."""
    words = ["strates", "attack", str(model), source]
    for option, value in typed.items():
        words += [] if value is None else [option, str(value)]
    return shlex.join(words)
