"""A grid search as people run it: fresh process, compilation included, import time apart.

``python -m benchmarks.grid LIBRARY DATASET N_ALPHAS`` is one measurement.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.options import Options
from benchmarks.process import measure
from benchmarks.row import Row, compare

TITLE = "Grid search: 5 folds, GridSearchCV(n_jobs=1), fresh process, compilation included, import apart"

FOLDS = 5
#: Alphas -> ratio to reach, by data set.
AIMS = {
    4: {"iris": 1.5, "digits": 3.0, "breast_cancer": 3.0},
    20: {"iris": 5.0, "digits": 5.0, "breast_cancer": 5.0},
}


def run(options: Options) -> Iterator[Row]:
    """Yield a row for each data set and size of the grid."""
    for n_alphas, aims in AIMS.items():
        if options.quick and n_alphas > 4:
            continue
        repetitions = 1 if options.quick or n_alphas > 4 else 3
        for dataset, aim in aims.items():
            ours, theirs = [], []
            for _ in range(repetitions):
                ours.append(measure("benchmarks.grid", "strates", dataset, n_alphas))
                theirs.append(measure("benchmarks.grid", "scikit-learn", dataset, n_alphas))
            text = f"{dataset}, {FOLDS} x {n_alphas} = {FOLDS * n_alphas} fits"
            yield compare(
                "grid", text, "scikit-learn", [r["seconds"] for r in ours], [r["seconds"] for r in theirs],
                aim=aim, details={"strates": ours, "scikit-learn": theirs},
            )  # fmt: skip


def search(library: str, dataset: str, n_alphas: int) -> dict[str, Any]:
    """Search once; return seconds, seconds of the import, best score and mean number of epochs."""
    warnings.simplefilter("ignore")  # the default of 200 epochs is too few for some folds, of both libraries
    from sklearn.datasets import load_breast_cancer, load_digits, load_iris
    from sklearn.model_selection import GridSearchCV
    from sklearn.preprocessing import StandardScaler

    load = {"iris": load_iris, "digits": load_digits, "breast_cancer": load_breast_cancer}[dataset]
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    alphas = np.logspace(-4, 0, n_alphas)
    start = time.perf_counter()
    module = importlib.import_module("strates" if library == "strates" else "sklearn.neural_network")
    clf = module.MLPClassifier(random_state=0)
    imported = time.perf_counter() - start
    if library == "strates":  # the same objective: scikit-learn divides alpha by the rows of a batch, strates does not
        alphas = alphas / min(200, len(X) * (FOLDS - 1) // FOLDS)
    epochs: list[int] = []

    def score(fitted: Any, X: Any, y: Any) -> float:
        epochs.append(fitted.n_iter_)
        return float(fitted.score(X, y))

    grid = GridSearchCV(clf, {"alpha": alphas}, cv=FOLDS, n_jobs=1, refit=False, scoring=score)
    start = time.perf_counter()
    grid.fit(X, y)
    seconds = time.perf_counter() - start
    best = float(grid.best_score_)
    return {"seconds": seconds, "import": imported, "best_score": best, "epochs": float(np.mean(epochs))}


if __name__ == "__main__":
    print(json.dumps(search(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
