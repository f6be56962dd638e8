"""Time of a training step, compilation excluded; and of a first fit, compilation included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.cases import STEP_CASES, Case
from benchmarks.libraries import PEERS, is_installed
from benchmarks.options import Options
from benchmarks.row import Row, compare
from benchmarks.worker import Worker

TITLE = "Training: seconds a step, after a first fit (all libraries in turns); and the first fit as a whole"


def run(options: Options) -> Iterator[Row]:
    """Yield a row for each size and peer."""
    for case in STEP_CASES:
        peers = [peer for peer in PEERS if not (case.convolutional and peer == "scikit-learn")]
        present = [peer for peer in peers if is_installed(peer)]
        steps, first = _time(case, ["strates", *present], options)
        for peer in peers:
            if peer not in present:
                yield Row("steps", case.name, f"{peer}: not installed", aim=case.aims.get(peer))
                continue
            yield compare("steps", case.name, peer, steps["strates"], steps[peer], aim=case.aims.get(peer))
        for peer in present:
            text = f"{case.name}: first fit, {case.first_epochs * case.steps} steps"
            yield compare("steps", text, peer, [first["strates"]], [first[peer]])


def _time(case: Case, names: list[str], options: Options) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return seconds a step of each repetition, and seconds of the first fit, by library."""
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(name)) for name in names]
        first = {w.library: float(w.ask(do="fit", case=case.name, epochs=case.first_epochs)) for w in workers}
        epochs = {w.library: _enough_epochs(w, case, options.least_seconds) for w in workers}
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(options.repetitions):
            for worker in workers:
                n = epochs[worker.library]
                taken = float(worker.ask(do="fit", case=case.name, epochs=n))
                seconds[worker.library].append(taken / (n * case.steps))
        return seconds, first


def _enough_epochs(worker: Worker, case: Case, least: float) -> int:
    """Return how many epochs take long enough to time, having run as many (so that all is compiled for them)."""
    epochs = max(1, case.first_epochs // 10)
    while True:
        worker.ask(do="fit", case=case.name, epochs=epochs)  # may compile: strates chooses by the number of steps
        taken = float(worker.ask(do="fit", case=case.name, epochs=epochs))
        if taken >= least:
            return epochs
        epochs = 1 + int(epochs * 1.2 * least / taken)
