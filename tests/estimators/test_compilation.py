"""One compilation for all fits of one architecture: traces are counted, not seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from strates import MLPClassifier
from strates.engine import program as module
from strates.engine.backend import keras
from strates.engine.lbfgs import objective
from strates.engine.predictor import predictor
from strates.engine.program import clear_programs, count_traces

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def fresh() -> Any:
    clear_programs()
    yield
    clear_programs()


def rows(n: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def test_twenty_fits_of_one_architecture_are_traced_once() -> None:
    rng = np.random.default_rng(0)
    lengths = [2, 7, 30, 199, 200, 201, 333, 400, 401, 999] * 2  # below, at and above the batch's size
    settings = {"hidden_layer_sizes": (7,), "max_iter": 3}
    for i, n in enumerate(lengths):
        X, y = rows(max(n, 8), i)
        y[:2] = 0, 1
        clf = MLPClassifier(
            **settings,
            dropout=rng.uniform(0.05, 0.6),
            alpha=10 ** rng.uniform(-6, 0),
            learning_rate_init=10 ** rng.uniform(-4, -1),
            label_smoothing=rng.uniform(0, 0.3),
            kernel_initializer=["auto", "he", "glorot"][i % 3],
            learning_rate=["constant", "cosine", "one_cycle", "invscaling", "adaptive"][i % 5],
            shuffle=bool(i % 2),
            random_state=i,
        ).fit(X[:n] if n >= 2 else X, y[:n])
        clf.predict(X)
    assert count_traces() == 1
    assert predictor(clf._architecture).traces == 1


@pytest.mark.parametrize(
    "changes",
    [{"early_stopping": True}, {"class_weight": "balanced"}, {"max_norm": 2.0}, {"l1_ratio": 0.5, "alpha": 0.01}],
    ids=str,
)
def test_what_changes_the_graph_costs_one_trace_for_all(changes: dict[str, Any]) -> None:
    for i, n in enumerate((50, 230, 410)):
        MLPClassifier((7,), max_iter=3, random_state=i, **changes).fit(*rows(n, i))
    assert count_traces() == 1


def test_a_grid_search_is_traced_once() -> None:
    X, y = rows(120, 0)
    grid = {"alpha": [1e-4, 1e-2], "learning_rate_init": [0.01, 0.1]}
    search = GridSearchCV(MLPClassifier((7,), max_iter=3, random_state=0), grid, cv=3).fit(X, y)
    assert search.best_score_ > 0
    assert count_traces() == 1


def test_partial_fits_of_any_length_are_traced_once() -> None:
    clf = MLPClassifier((7,), random_state=0)
    for i, n in enumerate((3, 200, 450, 1)):
        clf.partial_fit(*rows(n, i), classes=[0, 1])
    assert count_traces() == 1


def test_keras_optimizers_of_several_rates_are_traced_once() -> None:
    for rate in (0.1, 0.01):
        MLPClassifier((7,), max_iter=3, solver=keras.optimizers.RMSprop(rate)).fit(*rows(50, 0))
    assert count_traces() == 1


def test_lbfgs_is_traced_once() -> None:
    for i, n in enumerate((20, 50, 230)):
        clf = MLPClassifier((7,), solver="lbfgs", alpha=10.0**-i, max_iter=5, random_state=i).fit(*rows(n, i))
    assert objective(clf._architecture, "binary").traces == 1


def test_longer_data_may_change_the_compiler_and_nothing_else() -> None:
    # the rule looks at the work to do: past its border XLA takes over, for every longer fit
    for n in (150, 1900, 9000, 15_000):
        X, y = rows(n, 0)
        MLPClassifier((7,), random_state=0, tol=10.0, n_iter_no_change=1).fit(X, y)
    assert sorted(p.compiler for p in module._PROGRAMS.values()) == ["graph", "xla"]
    assert count_traces() == 2
