"""What ``strates film`` is going to do, checked before anything takes long."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import typer

from strates.cli.columns import check_names
from strates.cli.fit import fit
from strates.cli.fit_request import FitRequest
from strates.cli.model_card import ModelCard, read_card
from strates.cli.outputs import check_output
from strates.cli.sources import Source, choose_target, find_source, is_streamed
from strates.exceptions import ModelFileError, ParameterError, TableError, did_you_mean

_SUFFIXES = (".html", ".gif", ".mp4", ".png")


@dataclass(frozen=True)
class FilmPlan:
    """A film that can be made, as far as can be told without training.

    Attributes
    ----------
    model : pathlib.Path
    card : ModelCard
    request : FitRequest
        What ``strates fit`` was asked.
    source : Source
    streamed : bool
        Whether the table is read chunk by chunk.
    out : pathlib.Path
    frames : int
    fps : float
    plane : str
    features : tuple of two str or None
    """

    model: Path
    card: ModelCard
    request: FitRequest
    source: Source
    streamed: bool
    out: Path
    frames: int
    fps: float
    plane: str
    features: tuple[str, ...] | None


def make_film_plan(
    model: Path,
    given: str | None,
    *,
    out: Path | None,
    frames: int,
    fps: float,
    plane: str,
    features: str | None,
    encoding: str | None,
    missing: str | None,
) -> FilmPlan:
    """Check what can be checked without TensorFlow and without reading the table.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : str or None
        SOURCE.
    out, frames, fps, plane, features, encoding, missing
        As they were typed.

    Returns
    -------
    FilmPlan

    Raises
    ------
    StratesError
        Something cannot be used; the message says what to change.
    """
    card, _ = read_card(model)
    if card.model == "perceptron":
        raise ParameterError(
            f"{model.name} is a perceptron, which keeps no frames of its learning. A film is made of models of "
            "strates fit --model mlp, network or logistic."
        )
    pair = None if features is None else _two_columns(features, card)
    if pair is not None and plane != "auto":
        raise ParameterError(f"--features is a plane of its own, and --plane {plane} another. Drop one of the two.")
    request = read_request(card.command)
    source = _find_table(model, card, request, given, encoding, missing)
    choose_target(source, card.target)
    check_names(card.columns, source.columns(), source.given)
    target = check_output(
        out or model.with_suffix(".film.html"), "--out", suffixes=_SUFFIXES, inputs=(model, source.path)
    )
    streamed = is_streamed(source, request.stream)
    return FilmPlan(model, card, request, source, streamed, target, frames, fps, plane, pair)


def read_request(command: str) -> FitRequest:
    """Read a command that ``strates fit`` left behind.

    Parameters
    ----------
    command : str
        As :meth:`FitRequest.command` writes it.

    Returns
    -------
    FitRequest

    Raises
    ------
    ModelFileError
        It is no such command.

    Examples
    --------
    >>> read_request("strates fit 'my table.csv' --target kind --test-size 0.3 --seed 3").test_size
    0.3
    """
    parser = typer.Typer()
    parser.command()(fit)
    try:
        words = shlex.split(command)
        with typer.main.get_command(parser).make_context("fit", words[2:]) as context:
            typed = context.params
    except Exception as error:
        if not isinstance(error, ValueError) and not hasattr(error, "format_message"):
            raise
        raise ModelFileError(
            f"The model does not say how it was made: {command!r} is no command of this version of strates fit. Train "
            "it again."
        ) from error
    return FitRequest(
        source=typed["source"],
        target=typed["target"],
        model=str(typed["model"] or "mlp"),
        hidden=typed["hidden"],
        settings=tuple(typed["settings"] or ()),
        test_size=typed["test_size"],
        seed=typed["seed"],
        stream=typed["stream"],
        encoding=typed["encoding"],
        missing=typed["missing"],
    )


def _two_columns(features: str, card: ModelCard) -> tuple[str, str]:
    """Return the columns that ``--features`` names."""
    numbers = [column.name for column in card.columns if column.type == "number"]
    names = [name.strip() for name in features.split(",") if name.strip()]
    if len(names) != 2 or names[0] == names[1]:
        raise ParameterError(f"--features {features} cannot be used; expected two columns, such as height,width.")
    for name in names:
        if name not in numbers:
            raise ParameterError(
                f"--features {features}: {name!r} is no column of numbers that the model learned from. "
                f"{did_you_mean(name, numbers)}"
            )
    return names[0], names[1]


def _find_table(
    model: Path, card: ModelCard, request: FitRequest, given: str | None, encoding: str | None, missing: str | None
) -> Source:
    """Return the table that was named; else that of the fit, where it was or beside the model."""
    marks = card.missing if missing is None else missing
    encoding = encoding or request.encoding
    if given is not None:
        return find_source(given, encoding=encoding, missing=marks)
    remembered = Path(request.source).expanduser()
    for place in (remembered, model.parent / remembered.name):
        if place.is_file():
            return find_source(str(place), encoding=encoding, missing=marks)
    try:
        source = find_source(request.source, encoding=encoding, missing=marks)
    except TableError:
        source = None
    if source is None or source.path is not None:
        raise TableError(
            f"The table {request.source} that {model.name} learned from is neither there nor beside the model. Say "
            f"where it is: strates film {shlex.quote(str(model))} TABLE."
        )
    return source
