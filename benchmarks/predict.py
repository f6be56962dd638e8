"""Time of a prediction: one row, and a hundred thousand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.cases import PREDICT_CASE
from benchmarks.libraries import is_installed
from benchmarks.options import Options
from benchmarks.row import Row, compare
from benchmarks.worker import Worker

TITLE = f"Prediction of probabilities, network {PREDICT_CASE.name} (median of many calls, libraries in turns)"

_PEERS = ("scikit-learn", "Keras", "PyTorch")

# "about as fast as scikit-learn's MLP" for one row: taken as at least 0.8 of its speed
_AIMS = {(1, "scikit-learn"): 0.8}


def run(options: Options) -> Iterator[Row]:
    """Yield a row for each number of rows and peer."""
    present = [peer for peer in _PEERS if is_installed(peer)]
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(name)) for name in ("strates", *present)]
        for worker in workers:
            worker.ask(do="fit", case=PREDICT_CASE.name, epochs=2)
        for n_rows, calls in ((1, 200), (100_000, 1)):
            seconds: dict[str, list[float]] = {worker.library: [] for worker in workers}
            for _ in range(options.repetitions):
                for worker in workers:
                    # Keras's predict takes some 50 ms a call
                    n = min(calls, 10) if worker.library == "Keras" else calls
                    seconds[worker.library].append(float(worker.ask(do="predict", n_rows=n_rows, calls=n)))
            text = "one row" if n_rows == 1 else f"{n_rows:,} rows"
            for peer in _PEERS:
                if peer not in present:
                    yield Row("predict", text, f"{peer}: not installed")
                    continue
                aim = _AIMS.get((n_rows, peer))
                yield compare("predict", text, peer, seconds["strates"], seconds[peer], aim=aim)
