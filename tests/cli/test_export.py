"""``strates export``: what is written answers as the model does, and the lines say how to run it."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import tensorflow as tf

from strates import load
from strates.exceptions import StratesError
from strates.export import check_keras_script, to_keras_script


@pytest.fixture(scope="module")
def wanted(fitted: Any) -> Any:
    return load(fitted.model).predict_proba(fitted.frame.drop(columns="kind"))


def test_numpy(fitted: Any, strates: Any, wanted: Any) -> None:
    done = strates("export", fitted.model, "--to", "numpy", "--gradient")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("trees_numpy.py and trees_numpy.npz: a module of NumPy, ")
    assert lines[1].startswith("checked: run on 100 random rows, its answers are the model's, to ")
    assert [line.strip() for line in lines[2:]] == [
        "to run it:",
        "from trees_numpy import predict_proba",
        "predict_proba(table)",
    ]
    module = runpy.run_path("trees_numpy.py")
    assert np.abs(module["predict_proba"](fitted.frame) - wanted).max() < 1e-6
    loss, _ = module["loss_and_gradient"](fitted.frame, fitted.frame["kind"])
    own = wanted[np.arange(len(wanted)), np.searchsorted(["oak", "pine", "yew"], fitted.frame["kind"])]
    assert loss == pytest.approx(-np.log(own).mean(), rel=1e-4)


def test_onnx_as_json(fitted: Any, strates: Any, wanted: Any) -> None:
    done = strates("export", fitted.model, "--to", "onnx", "--output", "trees.onnx", "--json")
    answer = json.loads(done.stdout)
    assert done.stderr == ""
    assert {name: answer[name] for name in ("path", "format", "rows", "notes", "size")} == {
        "path": "trees.onnx",
        "format": "onnx",
        "rows": 100,
        "notes": [],
        "size": Path("trees.onnx").stat().st_size,
    }
    assert answer["max_difference"] < 1e-6
    session = onnxruntime.InferenceSession("trees.onnx")
    inputs = {}
    for one in session.get_inputs():
        column = fitted.frame[[one.name]]
        text = one.type == "tensor(string)"
        inputs[one.name] = column.fillna("").to_numpy(object) if text else column.to_numpy(float)
    assert np.abs(session.run(["probabilities"], inputs)[0] - wanted).max() < 1e-6


def test_the_network_alone(fitted: Any, strates: Any, wanted: Any) -> None:
    inputs = np.asarray(load(fitted.model)[:-1].transform(fitted.frame.drop(columns="kind")), np.float32)
    done = strates("export", fitted.model, "--to", "savedmodel")
    assert done.exit_code == 0
    assert "takes the network's own inputs, after the preprocessing of the table" in " ".join(done.stderr.split())
    loaded = tf.saved_model.load("trees_savedmodel")
    assert np.abs(np.asarray(loaded.serve(inputs)) - wanted).max() < 1e-6
    strates("export", fitted.model, "--to", "onnx", "--network-only")
    [p] = onnxruntime.InferenceSession("trees.onnx").run(["probabilities"], {"X": inputs})
    assert np.abs(p - wanted).max() < 1e-6


def test_tflite_and_force(fitted: Any, strates: Any) -> None:
    Path("small.tflite").write_bytes(b"mine")
    done = strates("export", fitted.model, "--to", "tflite", "-o", "small.tflite")
    assert done.exit_code == 2
    assert "small.tflite exists already. Add --force to replace it" in done.stderr
    assert Path("small.tflite").read_bytes() == b"mine"
    done = strates("export", fitted.model, "--to", "tflite", "-o", "small", "--force")
    assert done.exit_code == 0
    assert done.stdout.startswith("small.tflite: a TFLite file, ")
    assert Path("small.tflite").stat().st_size > 500


def test_keras(fitted: Any, strates: Any) -> None:
    done = strates("export", fitted.model, "--to", "keras", "--loop", "tape", "--language", "fr")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("trees_keras.py and trees_keras.npz: a Keras script, ")
    assert lines[1].startswith("checked: run on 100 random rows, its answers are the model's, to ")
    assert lines[-1].strip() == "python trees_keras.py"
    script = Path("trees_keras.py").read_text(encoding="utf-8")
    assert "GradientTape" in script
    assert "trees.csv" in script
    compile(script, "trees_keras.py", "exec")


def test_keras_that_trains_anew(fitted: Any, strates: Any) -> None:
    done = strates("export", fitted.model, "--to", "keras", "--weights", "retrain")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "not checked: its preprocessing learns from the rows that it is given" in " ".join(done.stdout.split())
    assert "TRAIN = True" in Path("trees_keras.py").read_text(encoding="utf-8")


def test_a_script_that_answers_otherwise_is_told(fitted: Any, strates: Any) -> None:
    est = load(fitted.model)
    script = to_keras_script(est, "other.py", data="trees.csv", target="kind")
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace('activation="softmax"', 'activation="sigmoid"'), "utf-8")
    with pytest.raises(
        StratesError, match=r"Keras file was not written: run on 100 rows, its outputs differ .* by up to"
    ):
        check_keras_script(est, script, data="trees.csv", target="kind")
    script.write_text(text.replace("probabilities = model", "probabilities = modell"), "utf-8")
    with pytest.raises(StratesError, match=r"other.py fails when it is run: NameError: name 'modell' is not defined"):
        check_keras_script(est, script, data="trees.csv", target="kind")


def test_text_that_onnx_cannot_encode(strates: Any, trees: Any) -> None:
    frame = trees(120).assign(note=[f"seen on day {i}" for i in range(120)])
    frame.to_csv("notes.csv", index=False)
    strates("fit", "notes.csv", "-t", "kind", "--hidden", "4", "--epochs", "2", "--no-report")
    done = strates("export", "notes.strates", "--to", "onnx")
    assert done.exit_code == 2
    message = " ".join(done.stderr.split())
    assert "Step 'table' cannot be written out: column 'note' goes through StringEncoder" in message
    assert "with --network-only" in message
    assert not Path("notes.onnx").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--to", "onnx", "--gradient"), "--gradient is for --to numpy; this is --to onnx"),
        (("--to", "numpy", "--loop", "tape"), "--loop is for --to keras; this is --to numpy"),
        (("--to", "keras", "--network-only"), "--network-only is for --to onnx; this is --to keras"),
        (("--to", "pytorch"), "'pytorch' is not one of"),
        (("--to", "numpy", "-o", "x.txt"), "x.txt ends with '.txt'; expected '.py'"),
        ((), "Missing option '--to'"),
    ],
)
def test_wrong_usage(fitted: Any, strates: Any, words: tuple[str, ...], message: str) -> None:
    done = strates("export", fitted.model, *words)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert list(Path().iterdir()) == []


def test_linear_models(strates: Any, trees: Any) -> None:
    frame = trees(120)
    frame.to_csv("trees.csv", index=False)
    for model in ("logistic", "perceptron"):
        strates("fit", "trees.csv", "-t", "kind", "--model", model, "--no-report", "--out", f"{model}.strates")
        done = strates("export", f"{model}.strates", "--to", "numpy")
        assert done.exit_code == 0, done.stderr
        module = runpy.run_path(f"{model}_numpy.py")
        rows = pd.read_csv("trees.csv")
        assert (module["predict"](rows) == load(f"{model}.strates").predict(rows.drop(columns="kind"))).all()
