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
    check_test_size(request)
    hidden, settings = parse_hidden(request.hidden), parse_settings(request.settings)
    _refuse_image_options(request)
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
    return FitPlan(
        request, source, target, hidden, settings, streamed, *plan_files(request, source.name, source.path, screen)
    )


def check_test_size(request: FitRequest) -> None:
    """Refuse a share of test rows that is none."""
    if not 0 < request.test_size < 1:
        raise ParameterError(
            f"--test-size {request.test_size:g} cannot be used; it is the share of rows to test on, between 0 and 1, "
            "such as 0.2."
        )


def plan_files(
    request: FitRequest, name: str, read: Path | None, screen: Screen
) -> tuple[Path, Path | None, Path | None]:
    """Return the model file, the report and the file of progress that a fit is to write.

    Parameters
    ----------
    request : FitRequest
    name : str
        What they are called where nothing was asked.
    read : pathlib.Path or None
        What the fit reads, which is not to be overwritten.
    screen : Screen

    Returns
    -------
    out : pathlib.Path
    report, checkpoint : pathlib.Path or None
    """
    out = check_output(request.out or Path(name + ".strates"), "--out", suffixes=(".strates",), inputs=(read,))
    report = None
    if request.with_report:
        wanted = request.report or out.with_suffix(".html")
        report = check_output(wanted, "--report", suffixes=(".html", ".htm"), inputs=(read,))
    return out, report, find_checkpoint(out, request.checkpoint, resume=request.resume, screen=screen)


def given_transfer_options(request: FitRequest) -> dict[str, bool]:
    """Return the options about a backbone, and whether they were given."""
    return {
        "--backbone": request.backbone is not None,
        "--weights": request.weights is not None,
        "--strategy": request.strategy is not None,
        "--check-plan": request.check_plan,
    }


def _refuse_image_options(request: FitRequest) -> None:
    given = {
        "--image-size": request.image_size is not None,
        "--augmentation": request.augmentation is not None,
        "--skip-bad": request.skip_bad,
        f"--model {request.model}": request.model in ("cnn", "transfer"),
        **given_transfer_options(request),
    }
    wrong = [name for name, is_given in given.items() if is_given]
    if wrong:
        raise ParameterError(
            f"{' and '.join(wrong)} {'are' if len(wrong) > 1 else 'is'} for images, in a folder with a subfolder for "
            f"each class; {request.source} is no folder. Leave {'them' if len(wrong) > 1 else 'it'} out."
        )
