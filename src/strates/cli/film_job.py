"""The work of ``strates film``, step by step."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from sklearn.base import clone

from strates.cli.film_plan import FilmPlan
from strates.cli.fit_result import size_text
from strates.cli.own_code import load_model
from strates.cli.progress import TrainingProgress
from strates.cli.screen import Screen
from strates.cli.table_parts import TableParts, read_parts, stream_parts
from strates.displays import TrainingFilm
from strates.displays.training_film_files import check_film_path
from strates.estimators import Recorder, fit_stream
from strates.exceptions import StratesWarning

_PROGRAMS = ("strates", "keras", "tensorflow", "numpy")


@dataclass(frozen=True)
class Twin:
    """How like the saved network the one of the film is.

    Attributes
    ----------
    same : bool
        Whether every weight is equal to the last bit.
    largest_difference : float
        Between two weights; infinite where the networks have another shape.
    same_predictions : float
        Share of the test rows to which both give the same class, in [0, 1].
    same_table : bool
        Whether the table is the one of the fit, by its fingerprint.
    """

    same: bool
    largest_difference: float
    same_predictions: float
    same_table: bool


def run_film(plan: FilmPlan, screen: Screen) -> None:
    """Train, compare, film, and show.

    Parameters
    ----------
    plan : FilmPlan
    screen : Screen
    """
    check_film_path(plan.out)
    with screen.doing(f"Reading {plan.source.given}"):
        parts = _read(plan)
    with screen.doing("Loading the model"):
        saved = load_model(plan.model)
    fresh = _train(plan, saved, parts, screen)
    twin = _compare(plan, saved, fresh, parts)
    _tell(plan, twin, screen)
    names = [column.name for column in plan.card.columns]
    with screen.doing("Asking every frame"):
        film = TrainingFilm.from_estimator(
            fresh,
            parts.X_train[names],
            parts.y_train,
            validation_data=(parts.X_test[names], parts.y_test),
            plane=plan.plane if plan.features is None else "features",
            features=plan.features,
            fps=plan.fps,
        )
    with _drawing(screen, len(film)) as progress:
        film.save(plan.out, progress=progress)
    _show(plan, film, twin, screen)


def _read(plan: FilmPlan) -> TableParts:
    request, target = plan.request, plan.card.target
    if not plan.streamed:
        return read_parts(plan.source, target, request.test_size, request.seed)
    watched = bool(plan.card.settings.get("early_stopping"))
    return stream_parts(plan.source, target, request.test_size, request.seed, watched=watched)


def _train(plan: FilmPlan, saved: Any, parts: TableParts, screen: Screen) -> Any:
    """Fit the saved pipeline anew, with its own parameters and seed; Ctrl-C ends it all."""
    fresh = clone(saved)
    names = [column.name for column in plan.card.columns]
    with TrainingProgress(screen) as progress, warnings.catch_warnings():
        # a fit that is interrupted keeps what it has, and says so; half a film is none
        warnings.filterwarnings("error", "Training interrupted", StratesWarning)
        fresh[-1].set_callbacks(Recorder(plan.frames), *([progress] if screen.animated else []))
        try:
            if parts.stream is None:
                fresh.fit(parts.X_train[names], parts.y_train)
            else:
                fit_stream(fresh, parts.stream, validation_data=parts.watched)
        except StratesWarning as interruption:
            raise KeyboardInterrupt from interruption
    return fresh


def _compare(plan: FilmPlan, saved: Any, fresh: Any, parts: TableParts) -> Twin:
    before, after = (pipeline[-1].network_.get_weights() for pipeline in (saved, fresh))
    largest = np.inf
    if [weights.shape for weights in before] == [weights.shape for weights in after]:
        largest = max(float(np.abs(a - b).max(initial=0.0)) for a, b in zip(before, after, strict=True))
    names = [column.name for column in plan.card.columns]
    answers = (np.asarray(pipeline.predict(parts.X_test[names])).astype(str) for pipeline in (saved, fresh))
    return Twin(
        same=largest == 0,
        largest_difference=largest,
        same_predictions=float(np.equal(*answers).mean()),
        same_table=parts.data.fingerprint == plan.card.fingerprint,
    )


def _tell(plan: FilmPlan, twin: Twin, screen: Screen) -> None:
    """Say why the network of the film is not the one of the model, where it is not."""
    if not twin.same_table:
        screen.note(f"{plan.source.given} is not the table that the model learned from: rows or values differ.")
    if twin.same:
        return
    here = {name: version(name) for name in _PROGRAMS}
    then = plan.card.versions
    other = [f"{name} {then[name]}" for name in here if then.get(name, here[name]) != here[name]]
    reason = ""
    if other:
        reason = f" The model was made with {', '.join(other)}."
    elif twin.same_table:
        reason = " Table and versions are the same; another processor, or a fit that was interrupted, may explain it."
    shapes = not np.isfinite(twin.largest_difference)
    apart = "its layers have other shapes" if shapes else f"weights differ by up to {twin.largest_difference:.2g}"
    screen.note(
        f"The film shows another network than the model's: {apart}, and "
        f"{100 * twin.same_predictions:.1f} % of the test rows are given the same class.{reason}"
    )


@contextmanager
def _drawing(screen: Screen, total: int) -> Iterator[Any]:
    """Count the frames on a terminal."""
    columns = (TextColumn("Drawing"), BarColumn(bar_width=None), MofNCompleteColumn())
    bar = Progress(*columns, console=screen.err, transient=True, disable=not screen.animated, expand=True)
    with bar:
        task = bar.add_task("", total=total)
        yield lambda done, _: bar.update(task, completed=done)


def _show(plan: FilmPlan, film: TrainingFilm, twin: Twin, screen: Screen) -> None:
    frames = film.frames
    size = plan.out.stat().st_size
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("film", f"{plan.out} ({size_text(size)})")
    table.add_row("frames", f"{len(film)}, from step 0 to step {frames.steps[-1]:,} (epoch {frames.epochs[-1]:g})")
    table.add_row("loss", f"{frames.loss[0]:.3g} at the start, {frames.loss[-1]:.3g} in the end")
    table.add_row("network", "the model's own, bit by bit" if twin.same else "not the model's own: see the note")
    screen.show("", table)
    screen.show_json(
        {
            "film": str(plan.out),
            "bytes": size,
            "frames": len(film),
            "steps": frames.steps.tolist(),
            "epochs": frames.epochs.tolist(),
            "loss": frames.loss.tolist(),
            "accuracy": frames.accuracy.tolist(),
            "model": str(plan.model),
            "source": plan.source.given,
            "same_network": twin.same,
            "same_table": twin.same_table,
            "same_predictions": twin.same_predictions,
            "largest_difference": twin.largest_difference if np.isfinite(twin.largest_difference) else None,
            "notes": screen.notes,
        }
    )
