"""Many image files at once: looked into or decoded by several threads, in order, a bounded number ahead."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from strates.exceptions import ImageError

T = TypeVar("T")

#: Files of a task, so that small images do not cost more in hand-overs than in decoding, ...
_TASK_FILES = 8
#: ... and tasks that may be ahead of the reader, for each thread.
_TASKS_AHEAD = 3
_MOST_THREADS = 8


def each_image(work: Callable[[Path], T], paths: Sequence[Path]) -> Iterator[T | ImageError]:
    """Do something with each of some files, in several threads, and yield the answers in the files' order.

    Pillow lets go of Python's lock while it decodes, so that threads share the work. At most a few dozen answers wait
    for the reader; meanwhile the next ones are on their way.

    Parameters
    ----------
    work : callable (path) -> T
    paths : sequence of pathlib.Path

    Yields
    ------
    T or ImageError
        What ``work`` returned, or the :class:`ImageError` that it raised; any other error is raised here.

    Examples
    --------
    >>> [len(one.name) for one in each_image(lambda path: path, [Path("a.png"), Path("bb.png")])]
    [5, 6]
    """
    n_threads = min(_MOST_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(n_threads, thread_name_prefix="strates-images") as pool:
        waiting: deque[Future[list[T | ImageError]]] = deque()
        try:
            for first in range(0, len(paths), _TASK_FILES):
                waiting.append(pool.submit(_do, work, paths[first : first + _TASK_FILES]))
                if len(waiting) >= n_threads * _TASKS_AHEAD:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:  # the reader may leave early
            for task in waiting:
                task.cancel()


def _do(work: Callable[[Path], T], paths: Sequence[Path]) -> list[T | ImageError]:
    answers: list[T | ImageError] = []
    for path in paths:
        try:
            answers.append(work(path))
        except ImageError as error:
            answers.append(error)
    return answers
