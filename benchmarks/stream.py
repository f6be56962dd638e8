"""Cost of fitting on a Parquet file, against its number of rows.

``python -m benchmarks.stream write PATH ROWS`` makes a file, ``python -m benchmarks.stream fit PATH`` fits on it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.options import Options
from benchmarks.process import measure, peak_megabytes
from benchmarks.row import Row

TITLE = "Streams: fit_stream on a Parquet file of 20 columns, one epoch, batches of 1,024, network 20-32-3"

N_COLUMNS = 20
_MB = 1e6
#: Seconds a row may grow by this factor from one size to the next and still count as linear.
_LINEAR = 1.2
#: Added memory, as a share of the table's, that counts as well under it; judged where the table is larger than this.
_BOUNDED, _LARGE_TABLE_MB = 0.5, 1000.0


def run(options: Options) -> Iterator[Row]:
    """Yield two rows a size: seconds a million rows beside those of the size before, and memory."""
    sizes = [100_000, *([] if options.quick else [1_000_000]), *([10_000_000] if options.large else [])]
    before: dict[str, Any] | None = None
    with tempfile.TemporaryDirectory() as folder:
        for n_rows in sizes:
            path = Path(folder, "table.parquet")
            measure("benchmarks.stream", "write", path, n_rows)
            result = measure("benchmarks.stream", "fit", path)
            yield from _rows(n_rows, result, before)
            before = {**result, "rows": n_rows}


def _rows(n_rows: int, result: dict[str, Any], before: dict[str, Any] | None) -> Iterator[Row]:
    text = f"{n_rows / 1e6:g} million rows"
    pace = result["seconds"] / n_rows * 1e6
    earlier = None if before is None else before["seconds"] / before["rows"] * 1e6
    yield Row(
        "stream", f"{text}: time a million", "-" if before is None else f"{before['rows'] / 1e6:g} million rows",
        pace, earlier, "s", () if earlier is None else (earlier / pace,),
        aim_text="linear in rows" if earlier else "", met=None if earlier is None else pace <= _LINEAR * earlier,
        details=result,
    )  # fmt: skip
    table = n_rows * (N_COLUMNS + 1) * 8 / _MB
    added = result["peak"] - result["imported"]
    judged = table > _LARGE_TABLE_MB
    yield Row(
        "stream", f"{text}: memory added (process {result['peak']:.0f} MB)", "the table in memory", added, table, "MB",
        (table / added,), aim_text="well under the table" if judged else "",
        met=added < _BOUNDED * table if judged else None, details=result,
    )  # fmt: skip


def write(path: str, n_rows: int) -> dict[str, Any]:
    """Write a table of normal numbers and a class that depends on some of them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    generator = np.random.default_rng(0)
    names = [f"x{i}" for i in range(N_COLUMNS)]
    schema = pa.schema([*((name, pa.float64()) for name in names), ("y", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, n_rows, 100_000):
            X = generator.normal(size=(min(100_000, n_rows - first), N_COLUMNS))
            score = X[:, 0] + X[:, 1] * X[:, 2]
            y = np.array(["low", "middle", "high"])[np.digitize(score, [-0.5, 0.5])]
            writer.write_table(pa.table([*X.T.copy(), y], schema=schema))
    return {}


def fit(path: str) -> dict[str, Any]:
    """Fit once; return seconds and peaks of memory in MB."""
    warnings.simplefilter("ignore")
    from strates import MLPClassifier, tabular_pipeline
    from strates.datasets import open_stream
    from strates.estimators import fit_stream

    imported = peak_megabytes()
    start = time.perf_counter()
    clf = MLPClassifier((32,), batch_size=1024, max_iter=1, random_state=0)
    pipeline = fit_stream(tabular_pipeline(clf), open_stream(path, "y"))
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "training": float(pipeline[-1].history_["seconds"].sum()),
        "score": float(pipeline[-1].history_["train_score"].iloc[-1]),
        "imported": imported,
        "peak": peak_megabytes(),
    }


if __name__ == "__main__":
    print(json.dumps(fit(sys.argv[2]) if sys.argv[1] == "fit" else write(sys.argv[2], int(sys.argv[3]))))
