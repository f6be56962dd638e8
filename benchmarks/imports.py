"""Time of an import in a fresh process. ``python -m benchmarks.imports STATEMENT`` is one measurement."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.libraries import is_installed
from benchmarks.options import Options
from benchmarks.process import measure
from benchmarks.row import Row, compare

TITLE = "Import, in a fresh process"

_LIMIT_SECONDS = 0.1


def run(options: Options) -> Iterator[Row]:
    """Yield a row for each peer, against the façade and against the façade with the engine loaded."""
    peers = {"import sklearn": "scikit-learn", "import keras": "Keras", "import torch": "PyTorch"}
    statements = [s for s, library in peers.items() if is_installed(library)]
    facade, loaded = "import strates", "from strates import MLPClassifier"
    seconds: dict[str, list[float]] = {s: [] for s in (facade, loaded, *statements)}
    for statement in seconds:
        measure("benchmarks.imports", statement)  # the first time, files come from the disk
    for _ in range(options.repetitions):
        for statement, taken in seconds.items():
            taken.append(float(measure("benchmarks.imports", statement)["seconds"]))
    for statement in statements:
        row = compare("import", facade, statement, seconds[facade], seconds[statement])
        yield replace(row, aim_text="< 0.1 s", met=row.ours is not None and row.ours < _LIMIT_SECONDS)
    yield compare("import", loaded, "import keras", seconds[loaded], seconds["import keras"])


def main(statement: str) -> None:
    """Time a statement and print it."""
    start = time.perf_counter()
    exec(statement)
    print(json.dumps({"seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main(sys.argv[1])
