"""The program ``strates`` and its commands."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from strates import __version__
from strates.cli.attack import attack
from strates.cli.check_gradients import check_gradients
from strates.cli.datasets import datasets
from strates.cli.diagnose import diagnose
from strates.cli.evaluate import evaluate
from strates.cli.explain import explain
from strates.cli.export import export
from strates.cli.failures import ReportingGroup
from strates.cli.film import film
from strates.cli.fit import fit
from strates.cli.info import info
from strates.cli.predict import predict
from strates.cli.report import report

app = typer.Typer(
    name="strates",
    cls=ReportingGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,  # ReportingGroup says what went wrong
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"strates {__version__}")
        raise typer.Exit


@app.callback(epilog="Start with `strates fit iris`, `strates fit TABLE.csv --target COLUMN` or `strates fit FOLDER`.")
def strates(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Train a neural network on a table or on images, and see how good it is."""


for command in (
    fit,
    predict,
    evaluate,
    diagnose,
    attack,
    explain,
    check_gradients,
    film,
    export,
    report,
    info,
    datasets,
):
    app.command(no_args_is_help=command is not datasets)(command)


def main() -> None:
    """Run the program; it exits with 0 when all is fine, 1 when the work failed, 2 for wrong usage or bad input."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode gets question marks, not an error
    app(prog_name="strates")
