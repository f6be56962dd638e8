"""Starting Keras: quietly, and with a word of advice where it cannot be started."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HIDE_TENSORFLOW = """
import importlib.abc, importlib.machinery, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            return None
        return importlib.machinery.PathFinder.find_spec(name, path, target)

sys.meta_path[:] = [f for f in sys.meta_path if f is not importlib.machinery.PathFinder] + [Absent()]
"""

SHOW_THE_ERROR = """
from strates.exceptions import BackendError
try:
    {action}
except BackendError as error:
    assert isinstance(error, ImportError)
    print(error)
"""


def python(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL")}
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **variables}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize("action", ["from strates import MLPClassifier", "import strates.engine.backend"])
def test_keras_configured_for_another_backend(action: str) -> None:
    done = python(SHOW_THE_ERROR.format(action=action), KERAS_BACKEND="jax")
    assert "configured for the backend 'jax', but strates compiles its training loop with TensorFlow" in done.stdout
    assert "KERAS_BACKEND=tensorflow before Python starts" in done.stdout
    assert done.returncode == 0
    assert done.stderr == ""


def test_keras_already_started_on_another_backend() -> None:
    # stand-ins: the other backends are not installed
    started = """
import importlib.machinery, sys, types
for name in ("keras", "tensorflow"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__spec__ = importlib.machinery.ModuleSpec(name, None)
sys.modules["keras"].backend = types.SimpleNamespace(backend=lambda: "torch")
"""
    done = python(started + SHOW_THE_ERROR.format(action="from strates import MLPClassifier"), KERAS_BACKEND="torch")
    assert "configured for the backend 'torch'" in done.stdout, done.stderr
    assert "KERAS_BACKEND=tensorflow before Python starts" in done.stdout
    assert "keras.json" in done.stdout


@pytest.mark.parametrize("action", ["from strates import MLPClassifier", "import strates.engine.backend"])
def test_tensorflow_missing(action: str) -> None:
    done = python(HIDE_TENSORFLOW + SHOW_THE_ERROR.format(action=action))
    assert "trains with TensorFlow, which is not installed here. Install it with `pip install" in done.stdout
    assert done.returncode == 0, done.stderr


def test_what_needs_no_network_works_without_tensorflow() -> None:
    done = python(HIDE_TENSORFLOW + "import strates, strates.datasets; print(len(strates.datasets.spiral()[0]))")
    assert done.stdout == "300\n", done.stderr


def test_a_fit_writes_nothing_on_the_screen() -> None:
    code = """
import warnings; warnings.simplefilter("error")
from strates import MLPClassifier
from strates.datasets import blobs
X, y = blobs(60)
clf = MLPClassifier((4,), max_iter=500, tol=0.5).fit(X, y)  # stops by itself: no warning either
clf.predict(X)
"""
    done = python(code)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
