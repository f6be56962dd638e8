"""``--model mynet.py:build``: the user's own file is run, said so, and its errors are told by their line."""

from __future__ import annotations

import importlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from strates import load
from strates.cli.own_file import OwnFile, find_own_file, own_classes, run_own_file
from strates.exceptions import ParameterError

MYNET = """\
import keras
from keras import layers

import beside

COUNT = beside.WIDTH


class Net(keras.Model):
    def __init__(self, n):
        super().__init__()
        self.hidden = layers.Dense(COUNT, activation="tanh")
        self.out = layers.Dense(n)

    def call(self, x):
        return self.out(self.hidden(x))


class Crooked(Net):
    def call(self, x):
        return self.out(self.nowhere(x))


def build(input_shape, n_classes):
    return Net(n_classes)


def plain(input_shape, n_classes):
    return keras.Sequential([keras.Input(input_shape), layers.Dense(8), layers.Dense(n_classes)])


def crooked(input_shape, n_classes):
    return Crooked(n_classes)


def text(input_shape, n_classes):
    return "a network"


def nothing(input_shape, n_classes):
    keras.Sequential([keras.Input(input_shape), layers.Dense(n_classes)])


def wide(input_shape, n_classes):
    return keras.Sequential([keras.Input(input_shape), layers.Dense(n_classes + 2)])


def wrong(input_shape, n_classes):
    return keras.Sequential([keras.Input(input_shape), layers.Dense(unknown)])


def alone():
    return None
"""


@pytest.fixture(autouse=True)
def search_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the folders of the files that ran: later tests must not import from them."""
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.fixture
def typed(strates: Any, trees: Any) -> Any:
    """Return a function that runs a command beside a table and a file of networks."""
    trees(120).to_csv("trees.csv", index=False)
    Path("mynet.py").write_text(MYNET)
    Path("beside.py").write_text("WIDTH = 9\n")
    return strates


def fit(typed: Any, model: str, *more: str) -> Any:
    return typed("fit", "trees.csv", "-t", "kind", "--model", model, "--epochs", "3", "--no-report", *more)


def test_a_network_of_keras_s_layers_needs_its_file_once(typed: Any) -> None:
    done = fit(typed, "mynet.py:plain", "--json")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert "--model mynet.py:plain runs the code in mynet.py." in answer["notes"]
    Path("mynet.py").unlink()
    done = typed("predict", "trees.strates", "trees.csv", "--proba")
    assert (done.exit_code, done.stderr) == (0, "")
    found = pd.read_csv(io.StringIO(done.stdout)).filter(regex="^p_").to_numpy()
    pipeline = load("trees.strates")
    np.testing.assert_allclose(found, pipeline.predict_proba(pd.read_csv("trees.csv").drop(columns="kind")), atol=1e-6)
    assert [layer.units for layer in pipeline[-1].network_.layers if hasattr(layer, "units")] == [8, 3]


def test_a_subclass_needs_its_file_again(typed: Any) -> None:
    done = fit(typed, "mynet.py:build", "--cv", "2")
    assert done.exit_code == 0, done.stderr
    assert "note: --model mynet.py:build runs the code in mynet.py." in " ".join(done.stderr.split())
    done = typed("predict", "trees.strates", "trees.csv")
    assert done.exit_code == 2
    message = " ".join(done.stderr.split())
    assert (
        "a function of your own builds, and never the code. Nothing was loaded. Name that function: --code" in message
    )
    code = ("--code", "mynet.py:build")
    done = typed("predict", "trees.strates", "trees.csv", *code)
    assert done.exit_code == 0
    assert "--code mynet.py:build runs the code in mynet.py." in " ".join(done.stderr.split())
    network = own_classes(OwnFile(Path("mynet.py"), "build"))["network"]
    pipeline = load("trees.strates", custom_objects={"network": network})
    wanted = pipeline.predict(pd.read_csv("trees.csv").drop(columns="kind"))
    assert pd.read_csv(io.StringIO(done.stdout))["prediction"].tolist() == wanted.tolist()
    for words in (
        ("evaluate", "trees.strates", "trees.csv"),
        ("diagnose", "trees.strates", "trees.csv"),
        ("export", "trees.strates", "--to", "savedmodel"),
    ):
        done = typed(*words, "--code", "mynet.py")  # the function is called build
        assert done.exit_code == 0, done.stderr
    # these load it, and need layers that can be read
    unread = "The blackboard does not know layer 'net_"
    for words, message in (
        (("explain", "trees.strates", "trees.csv", "--row", "1"), unread),
        (("check-gradients", "trees.strates", "trees.csv"), unread),
        (("film", "trees.strates", "--frames", "2", "--out", "film.html"), "no dense or convolutional layer among its"),
    ):
        done = typed(*words, *code)
        assert done.exit_code == 2
        assert message in " ".join(done.stderr.split())
    done = typed("predict", "trees.strates", "trees.csv", "--code", "mynet.py:plain")
    assert done.exit_code == 2
    assert "builds another network than the one that was saved" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("mynet.py:text", "mynet.py:text returned a str; expected a keras.Model."),
        ("mynet.py:nothing", "mynet.py:nothing returned None; expected a keras.Model. It has no return, perhaps."),
        ("mynet.py:wide", "output has shape (None, 5), but this problem needs (None, 3): one unit for each class."),
        (
            "mynet.py:wrong",
            "mynet.py, line 49, in wrong: NameError: name 'unknown' is not defined. The line is: return",
        ),
        ("mynet.py:crooked", "mynet.py, line 21, in call: AttributeError: "),
        ("mynet.py:alone", "mynet.py:alone takes (), which does not fit"),
        ("mynet.py:buidl", "mynet.py has no function 'buidl'. Did you mean 'build'?"),
        ("mynet.py:COUNT", "mynet.py:COUNT is a int; expected a function (input_shape, n_classes)"),
        ("mynet.py", "names no function. Say mynet.py:NAME, a function (input_shape, n_classes)"),
        ("mynt.py:build", "there is no file mynt.py. Did you mean 'mynet.py'?"),
        (
            "mynet",
            "'mynet' is not one of 'mlp', 'network', 'logistic', 'perceptron', 'cnn', 'transfer'; nor does it name",
        ),
        ("broken.py:build", "broken.py, line 2: this is no Python ('(' was never closed)."),
        ("missing.py:build", "missing.py, line 1: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("leaves.py:build", "leaves.py, line 2: SystemExit: 3. The line is: sys.exit(3)"),
    ],
)
def test_what_is_wrong_with_the_file(typed: Any, model: str, message: str) -> None:
    Path("broken.py").write_text("def build(shape, n):\n    return (\n")
    Path("missing.py").write_text("import nowhere_at_all\ndef build(shape, n): ...\n")
    Path("leaves.py").write_text("import sys\nsys.exit(3)\ndef build(shape, n): ...\n")
    done = fit(typed, model)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not Path("trees.strates").exists()


def test_settings_and_other_options(typed: Any) -> None:
    done = fit(typed, "mynet.py:plain", "--hidden", "4")
    assert "--hidden describes an MLP, and --model mynet.py:plain is none" in " ".join(done.stderr.split())
    done = fit(typed, "mynet.py:plain", "--set", "dropout=0.1")
    assert "there is no such setting of --model mynet.py:plain" in " ".join(done.stderr.split())
    done = fit(typed, "mlp", "--set", "network=x")
    assert done.exit_code == 2
    done = fit(typed, "network", "--set", "network=x")
    assert "--model mynet.py:build takes the function that builds it" in " ".join(done.stderr.split())


def test_a_file_is_read_before_it_is_run(tmp_path: Path) -> None:
    path = tmp_path / "loud.py"
    path.write_text("raise RuntimeError('run')\ndef build(s, n): ...\n")
    own = find_own_file(f"{path}:build", "--model")
    assert own == OwnFile(path, "build")
    with pytest.raises(ParameterError, match=r"loud\.py, line 1: RuntimeError: run\. The line is: raise"):
        run_own_file(own)


def test_a_file_may_be_called_like_a_package(tmp_path: Path) -> None:
    (tmp_path / "wave.py").write_text("def build(s, n):\n    return s\n")  # a module that nothing here has imported
    sys.modules.pop("wave", None)
    module = run_own_file(OwnFile(tmp_path / "wave.py", "build"))
    assert module.build(1, 2) == 1
    standard = importlib.import_module("wave")
    assert standard is not module
    assert hasattr(standard, "Wave_read")
