"""What ``strates fit`` is going to do, checked before anything takes long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strates.cli.checkpoint_file import find_checkpoint
from strates.cli.fit_request import FitRequest
from strates.cli.outputs import check_output
from strates.cli.screen import Screen
from strates.cli.settings import parse_hidden, parse_settings
from strates.cli.sources import Source, choose_target, find_source, is_streamed
from strates.exceptions import ParameterError


@dataclass(frozen=True)
class FitPlan:
    """A request that makes sense, as far as can be told from the table's head.

    Attributes
    ----------
    request : FitRequest
    source : Source
    target : str
        The column to predict.
    hidden : tuple of int or None
    settings : dict
        Parameters of the classifier that were asked for.
    streamed : bool
        Whether the table is read chunk by chunk.
    out : pathlib.Path
        The model file.
    report : pathlib.Path or None
    checkpoint : pathlib.Path or None
        Where the progress is kept.
    """

    request: FitRequest
    source: Source
    target: str
    hidden: tuple[int, ...] | None
    settings: dict[str, Any]
    streamed: bool
    out: Path
    report: Path | None
    checkpoint: Path | None


def make_plan(request: FitRequest, screen: Screen) -> FitPlan:
    """Check what can be checked without TensorFlow and without reading the table.

    Parameters
    ----------
    request : FitRequest
    screen : Screen
        Told what is worth knowing.

    Returns
    -------
    FitPlan

    Raises
    ------
    StratesError
        Something cannot be used; the message says what to change.
    """
    if not 0 < request.test_size < 1:
        raise ParameterError(
            f"--test-size {request.test_size:g} cannot be used; it is the share of rows to test on, between 0 and 1, "
            "such as 0.2."
        )
    hidden, settings = parse_hidden(request.hidden), parse_settings(request.settings)
    source = find_source(request.source, encoding=request.encoding, missing=request.missing)
    target = choose_target(source, request.target)
    streamed = is_streamed(source, request.stream)
    if streamed and request.cv is not None:
        raise ParameterError(
            "--cv needs the whole table in memory, and this one is read chunk by chunk. Add --no-stream, or drop --cv."
        )
    if request.model == "perceptron" and (streamed or request.checkpoint is not None or request.resume):
        wish = (
            "a table read chunk by chunk. Add --no-stream"
            if streamed
            else "a checkpoint. Drop --checkpoint and --resume"
        )
        raise ParameterError(f"--model perceptron cannot learn with {wish}, or take --model logistic.")
    inputs = (source.path,)
    out = check_output(request.out or Path(source.name + ".strates"), "--out", suffixes=(".strates",), inputs=inputs)
    report = None
    if request.with_report:
        wanted = request.report or out.with_suffix(".html")
        report = check_output(wanted, "--report", suffixes=(".html", ".htm"), inputs=inputs)
    checkpoint = find_checkpoint(out, request.checkpoint, resume=request.resume, screen=screen)
    return FitPlan(request, source, target, hidden, settings, streamed, out, report, checkpoint)
