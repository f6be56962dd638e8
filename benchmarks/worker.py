"""A process with one library in it, which times what it is asked to: so no library's threads disturb another's.

The parent writes a JSON line for each task on standard input and reads one for its answer; meanwhile all other workers
wait, asleep. ``python -m benchmarks.worker LIBRARY`` is the process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from statistics import median
from types import TracebackType
from typing import Any, Self

from benchmarks.cases import CASES, Case
from benchmarks.libraries import Array, Library, make_library
from benchmarks.process import child_environment


class Worker:
    """The parent's end: a context manager whose :meth:`ask` waits for the answer."""

    def __init__(self, library: str) -> None:
        self.library = library
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", library],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, env=child_environment(),
        )  # fmt: skip
        self.ask(do="start")  # imports done

    def ask(self, **task: Any) -> Any:
        """Send a task, return its answer; RuntimeError with what the process wrote if it died."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the worker has no pipes")
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise RuntimeError(f"The worker of {self.library} ended at {task}:\n{self._errors.read()[-3000:]}")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait(30)
        self._errors.close()


class _Tasks:
    """The child's end."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._case: Case | None = None
        self._data: tuple[Array, Array] | None = None

    def fit(self, case: str, epochs: int) -> float:
        """Return the seconds of one fit."""
        if self._case is not CASES[case] or self._data is None:
            self._case = CASES[case]
            self._data = self._case.data()
        X, y = self._data
        start = time.perf_counter()
        self._library.fit(self._case, X, y, epochs)
        return time.perf_counter() - start

    def predict(self, n_rows: int, calls: int) -> float:
        """Return the median seconds of predicting ``n_rows`` rows."""
        if self._data is None:
            raise RuntimeError("fit comes first")
        X = self._data[0]
        X = X[[i % len(X) for i in range(n_rows)]]
        self._library.predict(X)
        seconds = []
        for _ in range(calls):
            start = time.perf_counter()
            self._library.predict(X)
            seconds.append(time.perf_counter() - start)
        return median(seconds)


def main(name: str) -> None:
    """Serve tasks until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is not an answer
    tasks = _Tasks(make_library(name))
    for line in sys.stdin:
        task = json.loads(line)
        do = task.pop("do")
        answer = {"start": lambda: "ready", "fit": tasks.fit, "predict": tasks.predict}[do](**task)  # type: ignore[operator]
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
