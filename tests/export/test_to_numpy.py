"""A module of NumPy answers what the estimator answers, and its gradient is TensorFlow's."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from strates import (
    Autoencoder,
    CNNClassifier,
    LogisticRegression,
    MLPClassifier,
    NetworkClassifier,
    Perceptron,
    TransferClassifier,
    tabular_pipeline,
)
from strates.engine.architecture import ACTIVATIONS
from strates.exceptions import ParameterError, StratesWarning
from strates.export import to_numpy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
CODES = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int) + (X[:, 2] > 0.3)
NAMES = np.array(["ash", 'b"eech\\', "cédar"])
IMAGES = RNG.uniform(0, 16, (60, 6, 5, 2)).astype(np.float32)
QUICK: dict[str, Any] = {
    "learning_rate": "cosine",
    "learning_rate_init": 0.02,
    "max_iter": 3,
    "batch_size": 30,
    "random_state": 0,
}
LABELS = {
    "binary": np.where(CODES > 0, "yes", "no"),
    "categorical": NAMES[CODES],
    "multilabel": np.column_stack([CODES > 0, CODES > 1]).astype(int),
}


def quick(**choices: Any) -> MLPClassifier:
    return MLPClassifier((6, 5), **{**QUICK, **choices})


def cnn(**choices: Any) -> CNNClassifier:
    return CNNClassifier(**{"filters": (3, 4), "hidden_layer_sizes": (7,), **QUICK, **choices})


def own(_: Any, n_classes: int) -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 5, 2)),
            layers.Conv2D(3, (3, 2), strides=(2, 1), padding="same"),
            layers.LayerNormalization(),
            layers.LeakyReLU(negative_slope=0.1),
            layers.AveragePooling2D(2, padding="same"),
            layers.Conv2D(3, 2, dilation_rate=(1, 2), padding="same", use_bias=False),
            layers.BatchNormalization(scale=False),
            layers.Dense(4, activation="silu"),
            layers.Reshape((-1,)) if n_classes < 0 else layers.Flatten(),
            layers.Dense(n_classes),
        ]
    )


def written(est: Any, folder: Path, **choices: Any) -> dict[str, Any]:
    result = to_numpy(est, folder / "module", **choices)
    assert result.path == folder / "module.py"
    assert result.size == result.path.stat().st_size + (folder / "module.npz").stat().st_size
    return runpy.run_path(str(result.path))


def drawn(est: Any, rows: Any, labels: Any) -> Any:
    """Return the estimator with weights drawn at random, statistics of normalisations too: quicker than a fit."""
    est = est.initialized(rows, labels)
    weights = [RNG.normal(scale=0.6, size=w.shape) for w in est.network_.get_weights()]
    names = [w.name for w in est.network_.weights]
    est.network_.set_weights([np.abs(w) if "variance" in n else w for w, n in zip(weights, names, strict=True)])
    return est


def check_slopes(module: dict[str, Any], rows: Any, labels: Any) -> None:
    """Compare the gradient with centred differences of the loss, in a few entries of each weight."""
    loss = module["loss_and_gradient"]
    _, gradient = loss(rows, labels)
    h = 1e-5
    trained = {name: module["P"][name] for name in gradient if name != "X"}
    assert len(trained) >= 2
    for name, kept in trained.items():
        for flat in RNG.choice(kept.size, min(3, kept.size), replace=False):
            where = np.unravel_index(flat, kept.shape)
            ends = []
            for step in (h, -h):
                module["P"][name] = kept.astype(float)
                module["P"][name][where] += step
                ends.append(loss(rows, labels)[0])
            module["P"][name] = kept
            assert gradient[name][where] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-4, abs=1e-7), name


def check_gradient(module: dict[str, Any], est: Any, rows: Any, labels: Any) -> None:
    loss, gradient = module["loss_and_gradient"](rows, labels)
    wanted = est.loss_gradient(rows, labels)
    # TensorFlow rounds the constants of gelu and leaky_relu to float32
    near = {"rtol": 1e-6, "atol": 1e-7}
    np.testing.assert_allclose(loss, wanted.loss, **near)
    np.testing.assert_allclose(gradient.pop("X"), wanted.inputs, **near)
    assert len(gradient) == len(wanted.parameters)
    for own_name, theirs in named(module).items():
        np.testing.assert_allclose(gradient[own_name], wanted.parameters[theirs], **near, err_msg=own_name)


def named(module: dict[str, Any]) -> dict[str, str]:
    """Read off the docstring which weight is which."""
    text = " ".join(module["loss_and_gradient"].__doc__.split())
    told = text.partition("name of the weight: ")[2].partition("; and X")[0]
    return dict(pair.split(" of ") for pair in told.split(", "))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation: str, tmp_path: Path) -> None:
    est = drawn(quick(activation=activation), X, NAMES[CODES])
    module = written(est, tmp_path, gradient=True)
    assert np.abs(module["predict_proba"](X) - est.predict_proba(X)).max() < 1e-6
    check_slopes(module, X[:20], NAMES[CODES[:20]])


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_kinds_of_problems(smoothing: float, kind: str, tmp_path: Path) -> None:
    labels = LABELS[kind]
    est = drawn(quick(batch_norm=True, dropout=0.2, label_smoothing=smoothing, max_norm=2.0), X, labels)
    module = written(est, tmp_path, gradient=True)
    assert np.abs(module["predict_proba"](X) - est.predict_proba(X)).max() < 1e-6
    assert (module["predict"](X) == est.predict(X)).all()
    check_slopes(module, X[:20], labels[:20])
    check_gradient(module, est, X[:20], labels[:20])


@pytest.mark.parametrize("kind", ["binary", "categorical"])
def test_fitted_linear_models(kind: str, tmp_path: Path) -> None:
    for est in (LogisticRegression(), MLPClassifier((), solver="lbfgs", random_state=0)):
        est.fit(X, LABELS[kind])
        module = written(est, tmp_path, overwrite=True)
        assert np.abs(module["predict_proba"](X) - est.predict_proba(X)).max() < 1e-6
        assert (module["predict"](X) == est.predict(X)).all()


IMAGE_NETWORKS: dict[str, Callable[[], Any]] = {
    "same": lambda: cnn(),
    "valid": lambda: cnn(
        filters=(3,), padding="valid", kernel_size=2, batch_norm=True, activation="tanh", dropout=0.1, pool_size=(2, 1)
    ),
    "average": lambda: cnn(flatten=False, augmentation="flip", pool_size=3),
    "own": lambda: NetworkClassifier(own, **QUICK),
}


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_networks_of_images(name: str, tmp_path: Path) -> None:
    y = NAMES[CODES[:60]]
    est = drawn(IMAGE_NETWORKS[name](), IMAGES, y)
    module = written(est, tmp_path, gradient=True)
    assert np.abs(module["predict_proba"](IMAGES) - est.predict_proba(IMAGES)).max() < 1e-6
    assert (module["predict"](IMAGES) == est.predict(IMAGES)).all()
    check_slopes(module, IMAGES[:8].astype(float), y[:8])
    if name in ("same", "own"):
        check_gradient(module, est, IMAGES[:8], y[:8])


@pytest.mark.parametrize("kind", ["binary", "categorical"])
def test_perceptron(kind: str, tmp_path: Path) -> None:
    codes = CODES if kind == "categorical" else np.minimum(CODES, 1)
    rows = X + 20 * np.eye(4)[codes]  # far apart: planes separate them
    est = Perceptron(random_state=0).fit(rows, NAMES[codes])
    module = written(est, tmp_path)
    for some in (rows, 10 * X):
        assert (module["predict"](some) == est.predict(some)).all()
    assert "predict_proba" not in module
    with pytest.raises(ParameterError, match=r"Perceptron ends in a step.*take LogisticRegression"):
        to_numpy(est, tmp_path / "other", gradient=True)


def table() -> pd.DataFrame:
    frame = pd.DataFrame(X[:, :3], columns=["mass", "a 'col\"umn'", "age"])
    frame.loc[[3, 5], "mass"] = np.nan
    frame["soil"] = np.array(["clay", "sand", None], object)[CODES]
    frame["legs"] = np.array([2, 4, 6])[::-1][CODES]
    frame["wet"] = CODES > 1
    frame["constant"] = 1
    return frame


PIPELINES: dict[str, tuple[Any, Any]] = {
    "standard": (make_pipeline(StandardScaler(), quick()), X),
    "several": (make_pipeline(MinMaxScaler(clip=True), VarianceThreshold(), PCA(3, whiten=True), quick()), X),
    "named": (make_pipeline(MaxAbsScaler(), StandardScaler(with_mean=False), quick()), table()[["age", "legs"]]),
    "imputed": (make_pipeline(SimpleImputer(add_indicator=True), RobustScaler(), quick()), table()[["mass", "age"]]),
    "one_hot": (make_pipeline(OneHotEncoder(drop="first"), quick()), table()[["soil", "legs"]]),
    "columns": (
        make_pipeline(
            make_column_transformer(
                (make_pipeline(SimpleImputer(), StandardScaler()), ["mass", "age"]),
                (make_pipeline(SimpleImputer(strategy="constant", fill_value="sand"), OneHotEncoder()), ["soil"]),
                ("passthrough", ["legs"]),
            ),
            quick(),
        ),
        table().assign(soil=lambda t: t["soil"].astype(object).where(t["soil"].notna(), np.nan)),
    ),
    "tabular": (tabular_pipeline(quick()), table()),
    "array": (make_pipeline(make_column_transformer((OneHotEncoder(), [1]), (StandardScaler(), [0])), quick()),
              np.column_stack([X[:, 0], CODES % 2])),
}  # fmt: skip


@pytest.mark.parametrize("name", PIPELINES)
def test_preprocessing_is_written_out(name: str, tmp_path: Path) -> None:
    pipeline, rows = PIPELINES[name]
    fit_quickly(pipeline, rows)
    result = to_numpy(pipeline, tmp_path / "module", gradient=True)  # compared on random rows
    assert result.whole
    assert result.rows == 100
    assert result.max_difference < 1e-6
    module = runpy.run_path(str(result.path))
    np.testing.assert_allclose(module["predict_proba"](rows), pipeline.predict_proba(rows), atol=1e-6)
    np.testing.assert_allclose(
        module["preprocess"](rows), as_array(pipeline[:-1].transform(rows)), rtol=1e-6, atol=1e-6
    )
    loss, _ = module["loss_and_gradient"](rows, NAMES[CODES])
    given = pipeline.predict_proba(rows)[np.arange(len(rows)), CODES]
    assert loss == pytest.approx(-np.log(given).mean(), rel=1e-5)


def fit_quickly(pipeline: Any, rows: Any) -> Any:
    """Fit what comes before the network, and draw the network's weights."""
    inputs = pipeline[:-1].fit_transform(rows, CODES)
    pipeline.steps[-1] = (pipeline.steps[-1][0], drawn(quick(), as_array(inputs), NAMES[CODES]))
    return pipeline


def as_array(rows: Any) -> Any:
    return rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows)


def test_a_step_that_cannot_be_written_out(tmp_path: Path) -> None:
    pipeline = make_pipeline(StandardScaler(), PowerTransformer(), quick()).fit(X, CODES)
    with pytest.warns(
        StratesWarning, match=r"takes the network's own inputs.*'powertransformer'.*PowerTransformer is none"
    ):
        result = to_numpy(pipeline, tmp_path / "module", X=X)
    assert not result.whole
    module = runpy.run_path(str(result.path))
    inputs = pipeline[:-1].transform(X)
    assert np.abs(module["predict_proba"](inputs) - pipeline.predict_proba(X)).max() < 1e-6


def test_text_of_many_values_goes_through_an_encoder_that_is_not_written(tmp_path: Path) -> None:
    frame = table().assign(note=[f"note {i}" for i in range(len(X))])
    pipeline = tabular_pipeline(quick()).fit(frame, CODES)
    with pytest.warns(StratesWarning, match=r"Step 'table'.*column 'note' goes through StringEncoder"):
        to_numpy(pipeline, tmp_path / "module")


def test_a_search_is_its_best_estimator(tmp_path: Path) -> None:
    search = GridSearchCV(make_pipeline(StandardScaler(), quick()), {"mlpclassifier__alpha": [0.0, 0.1]}, cv=2)
    search.fit(X, CODES)
    assert to_numpy(search, tmp_path / "module").whole
    module = runpy.run_path(str(tmp_path / "module.py"))
    assert np.abs(module["predict_proba"](X) - search.predict_proba(X)).max() < 1e-6


def test_ruff_has_nothing_to_say(tmp_path: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("ruff is not installed")
    several = [
        drawn(quick(activation="gelu", batch_norm=True), X, NAMES[CODES]),
        drawn(quick(activation="selu", label_smoothing=0.1), X, LABELS["multilabel"]),
        drawn(NetworkClassifier(own, **QUICK), IMAGES, CODES[:60]),
        drawn(cnn(batch_norm=True, activation="leaky_relu"), IMAGES, CODES[:60] > 0),
        *(fit_quickly(pipeline, rows) for pipeline, rows in PIPELINES.values()),
    ]
    for i, est in enumerate(several):
        to_numpy(est, tmp_path / f"module_{i}", gradient=True)
    to_numpy(several[0], tmp_path / "short")
    assert len((tmp_path / "short.py").read_text().splitlines()) < 50
    for command in (["format", "--check", "--diff"], ["check", "--select", "E,F,W,I,B,UP,C4,SIM,PIE,NPY,RUF"]):
        found = subprocess.run([ruff, *command, "--isolated", tmp_path], capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout


def test_an_mlp_is_about_thirty_lines(tmp_path: Path) -> None:
    to_numpy(quick().fit(X, CODES), tmp_path / "mlp")
    code = [line for line in (tmp_path / "mlp.py").read_text().splitlines() if line.strip()]
    assert len(code) <= 30


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError, match="not fitted"):
        to_numpy(quick(), tmp_path / "module")
    with pytest.raises(ParameterError, match=r"StandardScaler has no network_.*Give a fitted estimator"):
        to_numpy(StandardScaler().fit(X), tmp_path / "module")
    with pytest.raises(ParameterError, match=r"to_numpy writes classifiers, and Autoencoder is none.*to_onnx"):
        to_numpy(Autoencoder((2,), max_iter=1, learning_rate="cosine").fit(X), tmp_path / "module")
    branches = keras.Input((4,))
    joined = keras.layers.add([keras.layers.Dense(4)(branches), branches])
    model = keras.Model(branches, keras.layers.Dense(3)(joined))
    with pytest.raises(ParameterError, match=r"cannot write this network\. The network is no chain: layer 'add"):
        to_numpy(NetworkClassifier(model, **QUICK).fit(X, CODES), tmp_path / "module")
    assert list(tmp_path.iterdir()) == []


def test_files_that_exist_stay(tmp_path: Path) -> None:
    est = quick().fit(X, CODES)
    (tmp_path / "module.npz").write_text("mine")
    with pytest.raises(ParameterError, match=r"module\.npz exists already\. Pass overwrite=True to replace it"):
        to_numpy(est, tmp_path / "module.py")
    assert (tmp_path / "module.npz").read_text() == "mine"
    assert not (tmp_path / "module.py").exists()
    to_numpy(est, tmp_path / "module.py", overwrite=True)
    with pytest.raises(ParameterError, match=r"ends with '\.txt'; expected '\.py'"):
        to_numpy(est, tmp_path / "module.txt")
    with pytest.raises(ParameterError, match="there is no folder"):
        to_numpy(est, tmp_path / "nowhere" / "module.py")


def test_a_transferred_network_of_known_layers(tmp_path: Path) -> None:
    source = cnn().fit(IMAGES, CODES[:60])
    est = TransferClassifier(source, **QUICK).fit(IMAGES, CODES[:60] > 0)
    module = written(est, tmp_path, gradient=True)
    assert np.abs(module["predict_proba"](IMAGES) - est.predict_proba(IMAGES)).max() < 1e-6
