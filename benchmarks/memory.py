"""Peak memory of a fit in a fresh process. ``python -m benchmarks.memory LIBRARY`` is one measurement."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator

from benchmarks.cases import MEMORY_CASE
from benchmarks.libraries import PEERS, is_installed, make_library
from benchmarks.options import Options
from benchmarks.process import measure, peak_megabytes
from benchmarks.row import Row, compare

TITLE = f"Memory: peak of a process that fits {MEMORY_CASE.name} (21.6 MB in float32), libraries included"


def run(options: Options) -> Iterator[Row]:
    """Yield two rows a peer: the whole process, and what the fit added to what stood after the import."""
    present = ["strates", *(peer for peer in PEERS if is_installed(peer))]
    results = {name: measure("benchmarks.memory", name) for name in present}
    ours = results["strates"]
    for peer in PEERS:
        if peer not in present:
            yield Row("memory", "whole process", f"{peer}: not installed")
            continue
        theirs = results[peer]
        yield compare("memory", "whole process", peer, [ours["peak"]], [theirs["peak"]], unit="MB")
    for peer in present[1:]:
        added = [[r["peak"] - r["imported"]] for r in (ours, results[peer])]
        yield compare("memory", "added after the import", peer, *added, unit="MB")


def main(name: str) -> None:
    """Fit once and print the peaks."""
    library = make_library(name)
    if name == "strates":
        importlib.import_module("strates.estimators")  # the façade loads nothing by itself
    imported = peak_megabytes()
    X, y = MEMORY_CASE.data()
    with_data = peak_megabytes()
    library.fit(MEMORY_CASE, X, y, MEMORY_CASE.first_epochs)
    print(json.dumps({"imported": imported, "with_data": with_data, "peak": peak_megabytes()}))


if __name__ == "__main__":
    main(sys.argv[1])
