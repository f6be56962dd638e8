"""``random_state`` makes two fits equal bit for bit, in one process and in two."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from strates import MLPClassifier, NetworkClassifier
from strates.engine.backend import keras

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS: dict[str, dict[str, Any]] = {
    "graph": {"dropout": 0.3, "batch_norm": True, "max_iter": 4, "batch_size": 16},
    "xla": {"dropout": 0.3, "batch_norm": True, "max_iter": 700, "batch_size": 16, "tol": 10.0, "n_iter_no_change": 3},
    "early stopping": {"early_stopping": True, "max_iter": 8, "batch_size": 16, "dropout": 0.1},
    "lbfgs": {"solver": "lbfgs", "max_iter": 10},
}

SCRIPT = """
import hashlib, sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from strates import MLPClassifier
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
y = (np.abs(X[:, 0]) + X[:, 1] > 0.7).astype(int)
for settings in {settings!r}:
    clf = MLPClassifier((8, 6), random_state=5, **settings).fit(X, y)
    print(hashlib.sha256(b"".join(w.tobytes() for w in clf.network_.get_weights())).hexdigest())
"""


def digest(clf: Any) -> str:
    return hashlib.sha256(b"".join(w.tobytes() for w in clf.network_.get_weights())).hexdigest()


@pytest.mark.parametrize("name", SETTINGS)
def test_two_fits_in_one_process(binary: Any, name: str) -> None:
    clf = MLPClassifier((8, 6), random_state=5, **SETTINGS[name])
    first = digest(clf.fit(*binary))
    assert digest(clone(clf).fit(*binary)) == first
    assert digest(clf.fit(*binary)) == first  # again, by the same object
    assert digest(clf.set_params(random_state=6).fit(*binary)) != first


def test_two_fits_in_two_processes(binary: Any) -> None:
    here = [digest(MLPClassifier((8, 6), random_state=5, **s).fit(*binary)) for s in SETTINGS.values()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "77"}
    code = SCRIPT.format(settings=list(SETTINGS.values()))
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.split() == here


def test_a_fit_does_not_depend_on_those_before_it(binary: Any) -> None:
    clf = MLPClassifier((8,), dropout=0.2, max_iter=5, random_state=1)
    alone = digest(clone(clf).fit(*binary))
    X, y = binary
    for other in (MLPClassifier((8,), dropout=0.7, max_iter=3, random_state=9), MLPClassifier((8,), solver="lbfgs")):
        other.fit(X[:30], y[:30])
    np.random.seed(0)  # noqa: NPY002
    keras.utils.set_random_seed(1)
    assert digest(clf.fit(*binary)) == alone


@pytest.mark.parametrize("make", [lambda: MLPClassifier((8,), max_iter=2), lambda: NetworkClassifier(max_iter=2)])
def test_without_a_seed_each_fit_differs(binary: Any, make: Any) -> None:
    assert len({digest(make().fit(*binary)) for _ in range(3)}) == 3
    clf = make()
    assert digest(clf.fit(*binary)) != digest(clf.fit(*binary))


def test_a_random_state_object_moves_on(binary: Any) -> None:
    generator = np.random.RandomState(3)
    first, second = (digest(MLPClassifier((8,), max_iter=2, random_state=generator).fit(*binary)) for _ in range(2))
    assert first != second
    assert digest(MLPClassifier((8,), max_iter=2, random_state=np.random.RandomState(3)).fit(*binary)) == first


def test_the_streams_are_separate(binary: Any) -> None:
    """Dropout, shuffling and the validation split leave the initial weights alone."""
    learned = {"max_iter": 1, "learning_rate_init": 1e-12, "random_state": 4}
    kernels = [
        MLPClassifier((8,), **learned, **changes).fit(*binary).coefs_[0]
        for changes in ({}, {"dropout": 0.5}, {"shuffle": False}, {"early_stopping": True}, {"batch_size": 7})
    ]
    for kernel in kernels[1:]:
        np.testing.assert_allclose(kernel, kernels[0], atol=1e-9)


def test_the_global_generators_are_not_drawn_from(binary: Any) -> None:
    np.random.seed(1)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    MLPClassifier((8,), dropout=0.1, max_iter=2).fit(*binary)
    assert np.random.random() == expected  # noqa: NPY002


def test_callables_draw_their_weights_by_the_seed(binary: Any) -> None:
    def build(input_shape: tuple[int, ...], n_classes: int) -> Any:
        layers = [keras.Input(input_shape), keras.layers.Dense(8, "tanh"), keras.layers.Dropout(0.3)]
        return keras.Sequential([*layers, keras.layers.GaussianNoise(0.1), keras.layers.Dense(n_classes)])

    def fit(seed: int | None) -> str:
        return digest(NetworkClassifier(build, max_iter=4, random_state=seed).fit(*binary))

    assert fit(1) == fit(1)
    assert len({fit(1), fit(2), fit(None), fit(None)}) == 4
