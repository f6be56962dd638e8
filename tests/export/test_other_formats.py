"""ONNX, SavedModel and TFLite files answer what the estimator answers, run by their own runtimes."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, PowerTransformer, RobustScaler, StandardScaler

from strates import Autoencoder, CNNClassifier, MLPClassifier, NetworkClassifier, Perceptron, tabular_pipeline
from strates.engine.architecture import ACTIVATIONS
from strates.exceptions import BackendError, ParameterError, StratesError, StratesWarning
from strates.export import onnx_packages, to_onnx, to_saved_model, to_tflite
from strates.export.compared_rows import largest_difference

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4)).astype(np.float32)
CODES = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int) + (X[:, 2] > 0.3)
NAMES = np.array(["ash", 'b"eech\\', "cédar"])
IMAGES = RNG.uniform(0, 16, (40, 6, 5, 2)).astype(np.float32)
LABELS: dict[str, Any] = {
    "binary": CODES > 0,
    "categorical": NAMES[CODES],
    "multilabel": np.column_stack([CODES > 0, CODES > 1]).astype(int),
}


def drawn(est: Any, rows: Any, labels: Any) -> Any:
    """Return the estimator with weights drawn at random, statistics of normalisations too: quicker than a fit."""
    est = est.initialized(rows, labels)
    weights = [RNG.normal(scale=0.6, size=w.shape) for w in est.network_.get_weights()]
    names = [w.name for w in est.network_.weights]
    est.network_.set_weights([np.abs(w) if "variance" in n else w for w, n in zip(weights, names, strict=True)])
    return est


def asked(path: Path, inputs: dict[str, Any], *outputs: str) -> Any:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(list(outputs), inputs)


def own(_: Any, n_classes: int) -> keras.Model:
    """Build a network of branches, with every layer of images that is written."""
    layers = keras.layers
    inputs = keras.Input((6, 5, 2))
    x = layers.Conv2D(4, (3, 2), strides=(2, 1), padding="same", activation="silu")(inputs)
    x = layers.BatchNormalization()(x)
    y = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=1)(x)
    x = layers.Add()([x, layers.LayerNormalization()(y)])
    x = layers.SeparableConv2D(3, 2, padding="same", activation="hard_sigmoid")(x)
    x = layers.ZeroPadding2D(((1, 0), (0, 2)))(x)
    a = layers.AveragePooling2D(2, padding="same")(x)
    b = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Concatenate()([a, b, layers.Conv2D(2, 2, strides=2, dilation_rate=1, padding="same")(x)])
    x = layers.Conv2D(4, 2, dilation_rate=2, padding="same", groups=2)(x)
    x = layers.LeakyReLU(negative_slope=0.1)(x)
    x = layers.Multiply()([x, layers.GlobalAveragePooling2D(keepdims=True)(x)])
    top = layers.GlobalMaxPooling2D()(x)
    x = layers.Concatenate()([layers.Reshape((-1,))(x), top])
    x = layers.ReLU(max_value=6.0, negative_slope=0.2)(layers.Dropout(0.5)(x))
    return keras.Model(inputs, layers.Dense(n_classes)(x))


# --- ONNX -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_onnx_of_activations(activation: str, tmp_path: Path) -> None:
    est = drawn(MLPClassifier((6, 5), activation=activation), X, NAMES[CODES])
    result = to_onnx(est, tmp_path / "net")
    [p] = asked(result.path, {"X": X}, "probabilities")
    assert np.abs(p - est.predict_proba(X)).max() < 1e-6


@pytest.mark.parametrize("kind", LABELS)
def test_onnx_of_kinds_of_problems(kind: str, tmp_path: Path) -> None:
    est = drawn(MLPClassifier((6,), batch_norm=True, dropout=0.2), X, LABELS[kind])
    result = to_onnx(est, tmp_path / "net.onnx", X=X)
    assert (result.rows, result.format, result.size) == (90, "ONNX", result.path.stat().st_size)
    label, p = asked(result.path, {"X": X}, "label", "probabilities")
    assert np.abs(p - est.predict_proba(X)).max() < 1e-6
    assert (label == est.predict(X)).all()
    onnx.checker.check_model(str(result.path), full_check=True)


@pytest.mark.parametrize("labels", [CODES > 0, NAMES[CODES]], ids=["binary", "categorical"])
def test_onnx_of_a_perceptron(labels: Any, tmp_path: Path) -> None:
    rows = X + 20 * np.eye(4, dtype=np.float32)[np.minimum(CODES, len(np.unique(labels)) - 1)]
    est = Perceptron(random_state=0).fit(rows, labels)
    result = to_onnx(est, tmp_path / "net")
    assert (asked(result.path, {"X": 10 * X}, "label")[0] == est.predict(10 * X)).all()


def test_onnx_of_an_autoencoder(tmp_path: Path) -> None:
    est = Autoencoder((3, 2), tied=True, max_iter=2, learning_rate="cosine", random_state=0).fit(X)
    result = to_onnx(est, tmp_path / "net")
    np.testing.assert_allclose(asked(result.path, {"X": X}, "reconstruction")[0], est.reconstruct(X), atol=1e-6)


@pytest.mark.parametrize("network", ["cnn", "own"])
def test_onnx_of_images(network: str, tmp_path: Path) -> None:
    choices = {"hidden_layer_sizes": (7,), "batch_norm": True, "augmentation": "flip"}
    clf = CNNClassifier((3,), **choices) if network == "cnn" else NetworkClassifier(own)
    est = drawn(clf, IMAGES, NAMES[CODES[:40]])
    result = to_onnx(est, tmp_path / "net")
    [p] = asked(result.path, {"X": IMAGES}, "probabilities")
    assert est.predict_proba(IMAGES).std(axis=0).max() > 1e-3
    assert np.abs(p - est.predict_proba(IMAGES)).max() < 1e-6


def table() -> pd.DataFrame:
    frame = pd.DataFrame(X[:, :2].astype(float), columns=["mass", "label"])
    frame.loc[[3, 5], "mass"] = np.nan
    frame["soil"] = np.array(["clay", "sand", None], object)[CODES]
    frame["legs"] = np.array([2, 4, 6])[::-1][CODES]
    frame["wet"] = CODES > 1
    return frame


def fitted(steps: list[Any], rows: Any) -> Any:
    pipeline = make_pipeline(*steps, MLPClassifier((5,)))
    inputs = pipeline[:-1].fit_transform(rows, CODES)
    inputs = inputs.toarray() if hasattr(inputs, "toarray") else np.asarray(inputs)
    pipeline.steps[-1] = ("clf", drawn(MLPClassifier((5,)), inputs, NAMES[CODES]))
    return pipeline


PIPELINES: dict[str, tuple[list[Any], Any]] = {
    "scaled": ([SimpleImputer(add_indicator=True), MinMaxScaler(clip=True), PCA(2)], table()[["mass", "legs"]]),
    "columns": (
        [make_column_transformer((RobustScaler(), ["label"]), (OneHotEncoder(drop="first"), ["soil", "legs"]))],
        table(),
    ),
    "tabular": ([step for _, step in tabular_pipeline().steps[:-1]], table()),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_onnx_of_whole_pipelines(name: str, tmp_path: Path) -> None:
    steps, rows = PIPELINES[name]
    pipeline = fitted(steps, rows)
    result = to_onnx(pipeline, tmp_path / "net")
    assert result.whole
    assert result.max_difference < 1e-6
    session = onnxruntime.InferenceSession(str(result.path), providers=["CPUExecutionProvider"])
    kinds = {one.name: one.type for one in session.get_inputs()}
    if name == "scaled":
        inputs = {"X": rows.to_numpy(float)}
    else:
        assert kinds["label_"] == "tensor(double)"  # "label" is what comes out
        columns = {key: rows[key.removesuffix("_")].to_numpy(object)[:, None] for key in kinds}
        inputs = {
            key: np.where(pd.isna(v), "", v) if kinds[key] == "tensor(string)" else v.astype(float)
            for key, v in columns.items()
        }
    label, p = session.run(["label", "probabilities"], inputs)
    assert np.abs(p - pipeline.predict_proba(rows)).max() < 1e-6
    assert (label == pipeline.predict(rows)).all()


def test_onnx_says_which_step_cannot(tmp_path: Path) -> None:
    pipeline = fitted([StandardScaler(), PowerTransformer()], X)
    message = r"Step 'powertransformer' cannot be written out.*Export the network alone, pipeline\[-1\]"
    with pytest.raises(ParameterError, match=message):
        to_onnx(pipeline, tmp_path / "net")
    assert list(tmp_path.iterdir()) == []
    assert to_onnx(pipeline[-1], tmp_path / "net").whole


def test_onnx_names_a_layer_that_it_does_not_know(tmp_path: Path) -> None:
    class Doubled(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return 2 * x

    def build(shape: Any, n: int) -> keras.Model:
        return keras.Sequential([keras.Input(shape), Doubled(name="twice"), keras.layers.Dense(n)])

    est = NetworkClassifier(build).initialized(X, CODES)
    with pytest.raises(
        ParameterError, match=r"Layer 'twice' \(Doubled of .*\) cannot be written in ONNX.*to_saved_model"
    ):
        to_onnx(est, tmp_path / "net")


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_onnx_without_its_packages(missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_packages, f"_{missing}", None)
    est = drawn(MLPClassifier((3,)), X, CODES)
    if missing == "onnx":
        with pytest.raises(BackendError, match=r"package onnx, which is not installed.*pip install 'strates\[onnx\]'"):
            to_onnx(est, tmp_path / "net")
        return
    with pytest.warns(StratesWarning, match=r"was not run, because onnxruntime is not installed.*pip install"):
        result = to_onnx(est, tmp_path / "net")
    assert result.rows == 0
    assert np.isnan(result.max_difference)


# --- SavedModel and TFLite --------------------------------------------------------------------------------------


def run_saved_model(path: Path, rows: Any) -> Any:
    loaded = tf.saved_model.load(str(path))
    return np.asarray(loaded.serve(tf.constant(rows)))


def run_tflite(path: Path, rows: Any) -> Any:
    with pytest.warns(UserWarning, match="LiteRT"):
        run = tf.lite.Interpreter(str(path)).get_signature_runner()
    [name] = run.get_input_details()
    [answer] = run(**{name: rows}).values()
    return answer


FORMATS: dict[str, tuple[Callable[..., Any], Callable[[Path, Any], Any]]] = {
    "saved_model": (to_saved_model, run_saved_model),
    "tflite": (to_tflite, run_tflite),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", LABELS)
def test_tensorflow_formats(kind: str, name: str, tmp_path: Path) -> None:
    write, run = FORMATS[name]
    est = drawn(MLPClassifier((6,), activation="gelu", batch_norm=True, dropout=0.3), X, LABELS[kind])
    result = write(est, tmp_path / "net")
    assert result.max_difference < 1e-6
    assert result.rows == 100
    files = [result.path] if name == "tflite" else [f for f in result.path.rglob("*") if f.is_file()]
    assert result.size == sum(f.stat().st_size for f in files)
    wanted = est.predict_proba(X)[:, 1:] if kind == "binary" else est.predict_proba(X)
    assert np.abs(run(result.path, X) - wanted).max() < 1e-6


@pytest.mark.parametrize("name", FORMATS)
def test_what_acts_in_training_alone_does_not_act(name: str, tmp_path: Path) -> None:
    write, run = FORMATS[name]
    clf = CNNClassifier((3,), hidden_layer_sizes=(7,), batch_norm=True, augmentation=("flip", "zoom"))
    est = drawn(clf, IMAGES, NAMES[CODES[:40]])
    result = write(est, tmp_path / "net", X=IMAGES)
    assert result.rows == 40
    assert np.abs(run(result.path, IMAGES) - est.predict_proba(IMAGES)).max() < 1e-6


@pytest.mark.parametrize("name", FORMATS)
def test_a_pipeline_leaves_its_steps_outside(name: str, tmp_path: Path) -> None:
    write, run = FORMATS[name]
    pipeline = fitted([StandardScaler()], X)
    with pytest.warns(StratesWarning, match=r"takes the network's own inputs.*'standardscaler' stay outside"):
        result = write(pipeline, tmp_path / "net", X=X)
    assert not result.whole
    rows = pipeline[:-1].transform(X).astype(np.float32)
    assert np.abs(run(result.path, rows) - pipeline.predict_proba(X)).max() < 1e-6


def test_tflite_names_what_it_has_not(tmp_path: Path) -> None:
    rows = X + 20 * np.eye(4, dtype=np.float32)[CODES]
    with pytest.raises(ParameterError, match=r"TFLite cannot express this network: it has no BitwiseAnd"):
        to_tflite(Perceptron(random_state=0).fit(rows, CODES), tmp_path / "net")


def test_what_is_there_stays(tmp_path: Path) -> None:
    est = drawn(MLPClassifier((3,)), X, CODES)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ParameterError, match="is a folder of something else, and is not replaced"):
        to_saved_model(est, tmp_path / "mine", overwrite=True)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ParameterError, match="is a file, where a folder is to be written"):
        to_saved_model(est, tmp_path / "file", overwrite=True)
    to_saved_model(est, tmp_path / "net")
    with pytest.raises(ParameterError, match=r"exists already\. Pass overwrite=True"):
        to_saved_model(est, tmp_path / "net")
    other = drawn(MLPClassifier((3,)), X, CODES)
    to_saved_model(other, tmp_path / "net", overwrite=True)
    assert np.abs(run_saved_model(tmp_path / "net", X) - other.predict_proba(X)).max() < 1e-6
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "mine", "net"]


def test_an_export_that_differs_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    est = drawn(MLPClassifier((3,)), X, CODES)
    real = est.predict_proba
    monkeypatch.setattr(est, "predict_proba", lambda rows: real(rows) + 1e-3)
    with pytest.raises(
        StratesError, match=r"The ONNX file was not written.*differ from the estimator's by up to 0\.001"
    ):
        to_onnx(est, tmp_path / "net")
    assert not (tmp_path / "net.onnx").exists()
    with pytest.raises(StratesError, match="differ from the estimator's by up to nan"):
        largest_difference("ONNX", np.array([[np.nan]]), np.array([[0.5]]))


def test_the_lines_of_use_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    est = drawn(MLPClassifier((3,)), X, CODES)
    pipeline = fitted([StandardScaler()], X)
    for write, one in ((to_saved_model, est), (to_tflite, est), (to_onnx, est), (to_onnx, pipeline)):
        lines = write(one, f"net_{write.__name__}_{one is est}").usage.splitlines()
        names = {"tf": tf, "onnxruntime": onnxruntime, "X": X}
        with pytest.warns(UserWarning, match="LiteRT") if write is to_tflite else pytest.MonkeyPatch.context():
            exec("\n".join(lines[:-1]), names)
        assert builtins.eval(lines[-1], names) is not None
