"""How far the reading of image files is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from strates.cli.progress import TimeLeftColumn
from strates.cli.screen import Screen
from strates.datasets.image_folder import Progress as Told


@contextmanager
def reading_images(screen: Screen, what: str) -> Iterator[Told | None]:
    """Show on a terminal how many images are read.

    Parameters
    ----------
    screen : Screen
    what : str
        What is going on, such as "Decoding".

    Yields
    ------
    callable (done, total) or None
        To be told of every file; None where nothing may move.
    """
    if not screen.animated:
        yield None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeLeftColumn())
    with Progress(*columns, console=screen.err, transient=True) as progress:
        task = progress.add_task(what, total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield tell
