"""The bar that moves while a network learns."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from strates.cli.screen import Screen


class TimeLeftColumn(ProgressColumn):
    """What remains at most: training may stop before its last epoch."""

    def render(self, task: Task) -> Text:
        """Return the text of one bar."""
        seconds = task.time_remaining
        if task.total is None or seconds is None or not task.completed:
            return Text("")
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        clock = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
        return Text(f"{clock} left", style="cyan")


class TrainingProgress:
    """Show epoch, loss, score and time left: a scikit-learn callback, and a context manager around ``fit``.

    It shows nothing where nothing may move (a pipe, ``--quiet``), and is then not to be set on an estimator either, so
    that the fit need not stop after every epoch.

    Parameters
    ----------
    screen : Screen
    fits : int, default=1
        Fits to come, when there are several to count.
    """

    def __init__(self, screen: Screen, *, fits: int = 1) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[numbers]}"),
            TimeLeftColumn(),
            console=screen.err,
            transient=True,
            disable=not screen.animated,
            expand=True,
        )
        self._fits, self._fit = fits, 0
        self._task = self._progress.add_task("Preparing", total=None, numbers="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin a fit."""
        self._fit += 1

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Begin the fit's bar; an epoch is a task without tasks of its own."""
        if context.max_subtasks == 0:
            return
        label = "Training" if self._fits == 1 else f"Fold {self._fit} of {self._fits}"
        self._progress.reset(self._task, description=label, total=context.max_subtasks, completed=0)

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> None:
        """Move on by an epoch, and show its numbers."""
        if context.max_subtasks != 0 or fitted_estimator is None:
            return
        done, total = len(fitted_estimator.loss_curve_), self._progress.tasks[0].total
        score = (fitted_estimator.validation_scores_ or [None])[-1]
        numbers = [f"epoch {done}/{total:.0f}" if total else f"epoch {done}", f"loss {fitted_estimator.loss_:.3f}"]
        if score is not None:
            numbers.append(f"validation score {score:.3f}")
        self._progress.update(self._task, completed=done, numbers="  ".join(numbers))

    def teardown(self, estimator: Any, context: Any) -> None:
        """Leave the bar to the context manager."""
