"""Certificates beside attacks: what is proved at an epsilon must not exceed what an attack leaves.

``python -m benchmarks.certificates RUNS`` is one measurement, in a process of its own.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import warnings
from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np

from benchmarks.options import Options
from benchmarks.process import measure
from benchmarks.row import Row

TITLE = (
    "Certificates of a network of 64-32-32-10 that learned attacked digits: accuracy proved, beside PGD's; time a row"
)

EPSILON, LEARNED = 0.05, 0.1
#: Rows by method: the exact one solves a program for each that the others leave open.
ROWS = {"interval": 500, "linear": 500, "exact": 40}


def run(options: Options) -> Iterator[Row]:
    """Yield two rows for each method: what was proved, and the time a row."""
    for found in measure("benchmarks.certificates", 1 if options.quick else 3)["methods"]:
        text = f"{found['method']}, epsilon {EPSILON}, {found['n_rows']} rows"
        proved, left = found["proved"], found["left"]
        yield Row(
            "certificates",
            text,
            "PGD leaves",
            proved,
            left,
            "%",
            aim_text="<= theirs",
            met=proved <= left,
            details=found,
        )
        yield Row("certificates", f"{text}: time a row", "-", median(found["seconds"]))


def certify_digits(runs: int) -> dict[str, Any]:
    """Fit a network, and prove what can be proved of the same rows by each method."""
    warnings.simplefilter("ignore")
    strates, attacks = importlib.import_module("strates"), importlib.import_module("strates.attacks")
    X, y = importlib.import_module("sklearn.datasets").load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    clf = strates.MLPClassifier(
        (32, 32), adversarial=attacks.PGD(epsilon=LEARNED, steps=7), max_iter=60, random_state=0
    ).fit(X[:1200], y[:1200])
    methods = []
    for method, n_rows in ROWS.items():
        rows, labels = X[1200 : 1200 + n_rows], y[1200 : 1200 + n_rows]
        seconds = []
        for _ in range(1 + runs):  # the first has compilation in it
            start = time.perf_counter()
            result = attacks.certify(clf, rows, labels, epsilon=EPSILON, method=method)
            seconds.append((time.perf_counter() - start) / n_rows)
        attacked = attacks.PGD(epsilon=EPSILON, n_restarts=5, random_state=0).perturb(clf, rows, labels)
        methods.append(
            {
                "method": method,
                "n_rows": n_rows,
                "proved": 100 * result.certified_accuracy,
                "left": 100 * attacked.robust_accuracy,
                "seconds": seconds[1:],
            }
        )
    return {"methods": methods}


if __name__ == "__main__":
    print(json.dumps(certify_digits(int(sys.argv[1]))))
