"""The bar that moves while a study runs."""

from __future__ import annotations

from importlib.util import find_spec
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class StudyProgress:
    """Show on standard error how many runs are done, and how long the others may take: a context manager.

    Parameters
    ----------
    n_runs : int
        Runs to come.
    show : bool or None
        None shows the bar where somebody can see it move: on a terminal, or in a notebook that has ipywidgets.

    Examples
    --------
    >>> with StudyProgress(2, show=False) as bar:
    ...     bar.begin("seed 0, alpha 0.1")
    ...     bar.advance()
    """

    def __init__(self, n_runs: int, *, show: bool | None) -> None:
        console = Console(stderr=True, force_terminal=True if show else None)
        seen = console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not (seen if show is None else show),
        )
        self._task = self._bar.add_task("Starting", total=n_runs)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, description: str) -> None:
        """Say what is running."""
        self._bar.update(self._task, description=description)

    def advance(self) -> None:
        """Count a run that has ended."""
        self._bar.advance(self._task)
