"""Scripts are run, and compared with the estimators that wrote them: estimators x options x loops."""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, StandardScaler

from strates import (
    Autoencoder,
    CNNClassifier,
    LogisticRegression,
    MLPClassifier,
    NetworkClassifier,
    Perceptron,
    StackedAutoencoder,
    TransferClassifier,
    tabular_pipeline,
)
from strates.attacks import BIM, FGSM, PGD
from strates.exceptions import ParameterError
from strates.export import to_keras_script

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
X, Y = X[::2], Y[::2]
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
DIGITS, NUMBERS = (part[:80] for part in load_digits(return_X_y=True))
MANY_X, MANY_Y = make_multilabel_classification(60, 5, n_classes=3, random_state=0)
UNIT = (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))
TWO = Y < 2
ACTIVATIONS = [
    "identity", "logistic", "tanh", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign",
]  # fmt: skip
ENDS, BOX = (X.min(), X.max()), (X.min(axis=0), X.max(axis=0))


def mlp(**options: Any) -> MLPClassifier:
    given = {"hidden_layer_sizes": (5,), "batch_size": 32, "max_iter": 4, "random_state": 0}
    return MLPClassifier(**(given | options))


def chain(shape: tuple[int, ...], n: int) -> keras.Model:
    layers = keras.layers
    hidden = layers.Dense(6, activation="tanh", kernel_regularizer=keras.regularizers.L2(0.01))
    return keras.Sequential([keras.Input(shape), hidden, layers.LayerNormalization(), layers.Dense(n)])


def graph(shape: tuple[int, ...], n: int) -> keras.Model:
    layers, inputs = keras.layers, keras.Input(shape)
    shared = layers.Dense(4, name="shared")
    a, b = layers.Dense(6, activation="relu")(inputs), layers.Dense(6, activation="elu")(inputs)
    x = layers.Concatenate()([shared(a), shared(b)])
    x = layers.Add()([x * 2.0, layers.Dense(8)(inputs)])
    inner = keras.Sequential([keras.Input((8,)), layers.Dense(5, activation=layers.LeakyReLU(0.2))], name="inner")
    return keras.Model(inputs, layers.Dense(n, activation="softmax")(inner(x)))


def adapted() -> keras.Model:
    layers = keras.layers
    scale = layers.Normalization()
    scale.adapt(X.astype(np.float32))
    return keras.Sequential([keras.Input((4,)), scale, layers.Reshape((4, 1)), layers.LSTM(3), layers.Dense(3)])


#: name -> (estimator, X, y)
CASES: dict[str, Callable[[], tuple[Any, Any, Any]]] = {
    "mlp": lambda: (mlp(hidden_layer_sizes=(5, 4)), X, NAMES),
    "mlp without layers": lambda: (mlp(hidden_layer_sizes=()), X, Y),
    "mlp one batch": lambda: (mlp(batch_size="auto"), X, Y),
    "mlp binary": lambda: (mlp(), X[TWO], Y[TWO]),
    "mlp bool": lambda: (mlp(), X[TWO], Y[TWO] == 1),
    "mlp multilabel": lambda: (mlp(label_smoothing=0.1), MANY_X, MANY_Y),
    **{
        f"mlp {name}": lambda name=name: (mlp(activation=name, max_iter=2), X, Y)
        for name in ACTIVATIONS
    },
    **{
        f"mlp {name}": lambda name=name: (mlp(kernel_initializer=name, max_iter=2), X, Y)
        for name in ("zeros", "normal(0.1)", "lecun_uniform", "glorot_normal", "he", "orthogonal", "sparse(2)")
    },
    "mlp initializer": lambda: (mlp(kernel_initializer=keras.initializers.RandomUniform(-0.3, 0.3)), X, Y),
    "mlp pretrained": lambda: (mlp(pretrained=pretrained()), X, Y),
    "mlp sgd": lambda: (mlp(solver="sgd", momentum=0.5, nesterovs_momentum=False), X, Y),
    "mlp nesterov": lambda: (mlp(solver="sgd", learning_rate_init=0.05), X, Y),
    "mlp rmsprop": lambda: (mlp(solver=keras.optimizers.RMSprop(0.01)), X, Y),
    "mlp own schedule": lambda: (
        mlp(solver=keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9))), X, Y,
    ),
    "mlp betas": lambda: (mlp(beta_1=0.8, beta_2=0.99, epsilon=1e-6), X, Y),
    "mlp no penalty": lambda: (mlp(alpha=0.0), X, Y),
    "mlp auto": lambda: (mlp(alpha="auto"), X, Y),
    "mlp elastic net": lambda: (mlp(alpha=0.05, l1_ratio=0.6, max_iter=8), X, Y),
    "mlp lasso sgd": lambda: (mlp(alpha=0.05, l1_ratio=1.0, solver="sgd", learning_rate_init=0.05), X, Y),
    "mlp batch norm": lambda: (mlp(batch_norm=True), X, Y),
    "mlp max norm": lambda: (mlp(max_norm=0.8, learning_rate_init=0.05), X, Y),
    "mlp smoothing": lambda: (mlp(label_smoothing=0.2), X, Y),
    "mlp smoothing binary": lambda: (mlp(label_smoothing=0.2), X[TWO], Y[TWO]),
    "mlp invscaling": lambda: (mlp(learning_rate="invscaling", power_t=0.3, learning_rate_init=0.1), X, Y),
    "mlp cosine": lambda: (mlp(learning_rate="cosine"), X, Y),
    "mlp one cycle": lambda: (mlp(learning_rate="one_cycle", learning_rate_init=0.02), X, Y),
    "mlp adaptive": lambda: (mlp(learning_rate="adaptive", n_iter_no_change=1, tol=0.05, max_iter=40), X, Y),
    "mlp stalls": lambda: (mlp(n_iter_no_change=1, tol=0.05, max_iter=40), X, Y),
    "mlp in order": lambda: (mlp(shuffle=False), X, Y),
    "mlp balanced": lambda: (mlp(class_weight="balanced"), X[10:], Y[10:]),
    "mlp weights": lambda: (mlp(class_weight={"setosa": 3.0}, label_smoothing=0.1), X, NAMES),
    "mlp weights binary": lambda: (mlp(class_weight={0: 2.5}), X[TWO], Y[TWO]),
    "mlp early stopping": lambda: (
        mlp(early_stopping=True, validation_fraction=0.2, n_iter_no_change=2, max_iter=20, learning_rate_init=0.05),
        X, NAMES,
    ),
    "mlp early adaptive": lambda: (
        mlp(early_stopping=True, n_iter_no_change=1, max_iter=12, learning_rate="adaptive",
            class_weight={"setosa": 2.0}, label_smoothing=0.1), X, NAMES,
    ),
    "mlp early binary": lambda: (mlp(early_stopping=True, n_iter_no_change=np.inf), X[TWO], Y[TWO]),
    "mlp lbfgs": lambda: (mlp(solver="lbfgs", max_iter=25), X, Y),
    "mlp lbfgs lasso": lambda: (mlp(solver="lbfgs", alpha=0.02, l1_ratio=0.7, max_iter=25), X, Y),
    "mlp lbfgs weights": lambda: (
        mlp(solver="lbfgs", class_weight="balanced", alpha=0.0, label_smoothing=0.1, max_iter=15), X[10:], Y[10:],
    ),
    "mlp lbfgs multilabel": lambda: (mlp(solver="lbfgs", max_iter=15), MANY_X / 5, MANY_Y),
    "logistic": lambda: (LogisticRegression(max_iter=40), X[Y > 0], Y[Y > 0]),
    "logistic softmax ridge": lambda: (LogisticRegression(alpha=0.01), X, NAMES),
    "logistic lasso": lambda: (LogisticRegression(alpha=0.02, l1_ratio=1.0), X, Y),
    "logistic adam": lambda: (LogisticRegression(solver="adam", batch_size=16, max_iter=4, random_state=0), X, Y),
    "perceptron": lambda: (Perceptron(random_state=0), X[TWO], Y[TWO]),
    "perceptron one against the rest": lambda: (Perceptron(random_state=1, max_iter=3, fit_intercept=False), X, NAMES),
    "perceptron average": lambda: (
        Perceptron(average=True, shuffle=False, eta0=0.5, max_iter=3), X[Y > 0], Y[Y > 0],
    ),
    "perceptron average of three": lambda: (Perceptron(average=True, random_state=0, max_iter=3), X, Y),
    "cnn": lambda: (
        CNNClassifier((3, 4), hidden_layer_sizes=(6,), max_iter=2, batch_size=32, random_state=0), DIGITS, NUMBERS,
    ),
    "cnn bytes": lambda: (
        CNNClassifier((3,), padding="valid", kernel_size=(3, 2), pool_size=1, flatten=False, hidden_layer_sizes=(),
                      max_norm=1.0, l1_ratio=0.5, alpha=0.01, max_iter=2, batch_size=32, random_state=0),
        DIGITS.reshape(-1, 8, 8).astype(np.uint8), NUMBERS,
    ),
    "cnn batch norm": lambda: (
        CNNClassifier((3,), batch_norm=True, hidden_layer_sizes=(4,), max_iter=2, batch_size=32, random_state=0),
        DIGITS, NUMBERS,
    ),
    "cnn lbfgs": lambda: (
        CNNClassifier((2,), hidden_layer_sizes=(), solver="lbfgs", max_iter=6, random_state=0), DIGITS, NUMBERS,
    ),
    "autoencoder": lambda: (Autoencoder((3, 2), batch_size=32, max_iter=4, random_state=0), X, None),
    "autoencoder tied": lambda: (
        Autoencoder((3, 2), tied=True, alpha=0.02, l1_ratio=0.4, batch_size=32, max_iter=4, random_state=0), X, None,
    ),
    "autoencoder logistic": lambda: (
        Autoencoder((2,), out_activation="logistic", early_stopping=True, max_iter=4, random_state=0), UNIT, None,
    ),
    "autoencoder lbfgs tied": lambda: (
        Autoencoder((3, 2), tied=True, solver="lbfgs", activation="tanh", alpha=0.01, max_iter=12, random_state=0),
        X, None,
    ),
    "stack": lambda: (StackedAutoencoder((3, 2), batch_size=32, max_iter=3, random_state=0), X, None),
    "stack not tuned": lambda: (
        StackedAutoencoder((3, 2), fine_tune=False, shuffle=False, batch_size=32, max_iter=2, random_state=0), X, None,
    ),
    "stack watched": lambda: (
        StackedAutoencoder((3, 2), tied=True, alpha=0.01, out_activation="logistic", activation="tanh", batch_size=32,
                           early_stopping=True, learning_rate="cosine", max_iter=3, random_state=0), UNIT, None,
    ),
    "stack lbfgs": lambda: (
        StackedAutoencoder((3, 2), solver="lbfgs", alpha=0.01, l1_ratio=0.3, activation="tanh", max_iter=12,
                           random_state=0), X, None,
    ),
    "network": lambda: (network(chain, alpha=0.01), X, Y),
    "network graph": lambda: (network(graph, alpha=0.01, l1_ratio=0.5), X, NAMES),
    "network graph lbfgs": lambda: (network(graph, solver="lbfgs", max_iter=8), X, Y),
    "network adapted": lambda: (network(adapted(), alpha=0.01, max_norm=1.0), X, Y),
    "network default": lambda: (network(None), X, Y),
    "network loss": lambda: (
        network(graph, loss=keras.losses.CategoricalFocalCrossentropy(gamma=1.5), early_stopping=True,
                gradient_penalty=0.1), X, NAMES,
    ),
    "network attacked": lambda: (
        network(graph, adversarial=BIM(epsilon=0.1, steps=2, bounds=None), gradient_penalty=0.1, alpha=0.01), X, Y,
    ),
    "mlp fgsm": lambda: (mlp(adversarial=FGSM(epsilon=0.1, bounds=None)), X, NAMES),
    "mlp bim": lambda: (
        mlp(adversarial=BIM(epsilon=0.2, steps=3, bounds=ENDS), label_smoothing=0.1, class_weight={"setosa": 2.0}),
        X, NAMES,
    ),
    "mlp pgd": lambda: (
        mlp(adversarial=PGD(epsilon=0.2, steps=3, bounds=BOX), early_stopping=True, max_iter=6, n_iter_no_change=2),
        X, Y,
    ),
    "mlp pgd l2": lambda: (mlp(adversarial=PGD(epsilon=0.3, norm="l2", steps=3, bounds=ENDS)), X, Y),
    "mlp pgd l2 free": lambda: (
        mlp(adversarial=PGD(epsilon=0.3, norm="l2", steps=3, bounds=None)), X[TWO], Y[TWO],
    ),
    "mlp pgd l1": lambda: (mlp(adversarial=PGD(epsilon=0.3, norm="l1", steps=4, bounds=BOX)), X, Y),
    "mlp bim l1 free": lambda: (mlp(adversarial=BIM(epsilon=0.3, norm="l1", steps=4, bounds=None)), X, Y),
    "mlp pgd compiled": lambda: (
        mlp(adversarial=PGD(epsilon=0.2, steps=2, bounds=None), max_iter=400, batch_size=16, tol=1.0,
            n_iter_no_change=1), X, Y,
    ),
    "mlp pgd multilabel": lambda: (mlp(adversarial=PGD(epsilon=0.2, steps=2, bounds=None)), MANY_X, MANY_Y),
    "mlp slope": lambda: (mlp(gradient_penalty=0.3, label_smoothing=0.1), X, Y),
    "mlp slope binary": lambda: (mlp(gradient_penalty=0.3, class_weight={0: 2.5}), X[TWO], Y[TWO]),
    "mlp slope multilabel": lambda: (mlp(gradient_penalty=0.3, label_smoothing=0.1), MANY_X, MANY_Y),
    "cnn attacked": lambda: (
        CNNClassifier((3,), hidden_layer_sizes=(), max_iter=2, batch_size=32, random_state=0, gradient_penalty=0.1,
                      adversarial=PGD(epsilon=0.5, norm="l2", steps=2, bounds=(0, 16))), DIGITS, NUMBERS,
    ),
    "pipeline": lambda: (make_pipeline(SimpleImputer(), StandardScaler(), PCA(3), mlp()), gaps(), NAMES),
    "pipeline learned again": lambda: (
        make_pipeline(FunctionTransformer(np.arctan), QuantileTransformer(n_quantiles=20), mlp()), X, Y,
    ),
    "pipeline perceptron": lambda: (make_pipeline(StandardScaler(), Perceptron(random_state=0)), X[TWO], Y[TWO]),
}  # fmt: skip
#: These draw random numbers in training: their predictions are compared, their loss curves are not.
DRAWING: dict[str, Callable[[], tuple[Any, Any, Any]]] = {
    "mlp dropout": lambda: (mlp(dropout=0.3), X, Y),
    "mlp noise": lambda: (mlp(input_noise=0.1), X, Y),
    "cnn augmentation": lambda: (
        CNNClassifier((3,), hidden_layer_sizes=(4,), dropout=0.2, max_iter=1, batch_size=32, random_state=0,
                      augmentation=("flip", "rotation", "translation", "zoom", "contrast")), DIGITS, NUMBERS,
    ),
    "autoencoder denoising": lambda: (Autoencoder((3,), denoising=0.2, max_iter=2, random_state=0), X, None),
    "autoencoder masking": lambda: (
        Autoencoder((3,), denoising=0.2, corruption="masking", tied=True, max_iter=2, random_state=0), X, None,
    ),
}  # fmt: skip


def network(model: Any, **options: Any) -> NetworkClassifier:
    return NetworkClassifier(model, **({"batch_size": 32, "max_iter": 3, "random_state": 0} | options))


def pretrained() -> Autoencoder:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Autoencoder((5,), code_activation="relu", max_iter=2, random_state=0).fit(X)


def gaps() -> Any:
    table = X.copy()
    table[::7, 1] = np.nan
    return table


def fitted(case: Callable[[], tuple[Any, Any, Any]]) -> tuple[Any, Any, Any]:
    est, rows, y = case()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits cut short
        return est.fit(rows) if y is None else est.fit(rows, y), rows, y


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder, and put Keras's precision back after."""
    before, floatx, policy = Path.cwd(), keras.config.floatx(), keras.config.dtype_policy()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def run(script: Path) -> dict[str, Any]:
    with inside(script.parent), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="keras")
        return runpy.run_path(str(script))


def write_data(folder: Path, rows: Any, y: Any) -> None:
    if hasattr(rows, "columns"):
        rows.assign(target=y).to_csv(folder / "data.csv", index=False)
    else:
        np.savez(folder / "data.npz", **({"X": rows} if y is None else {"X": rows, "y": y}))


def assert_same_answers(written: dict[str, Any], est: Any, rows: Any, y: Any) -> None:
    if y is None:
        np.testing.assert_allclose(written["reconstruction"], est.reconstruct(rows), rtol=0, atol=1e-6)
        np.testing.assert_allclose(written["codes"], est.transform(rows), rtol=0, atol=1e-6)
    else:
        np.testing.assert_allclose(written["probabilities"], est.predict_proba(rows), rtol=0, atol=1e-6)
        np.testing.assert_array_equal(written["predicted"], est.predict(rows))


def curve(est: Any) -> Any:
    last = est[-1] if hasattr(est, "steps") else est
    return getattr(last, "mistakes_curve_", None) or last.loss_curve_


@pytest.mark.parametrize("name", CASES)
def test_script_gives_predictions_and_loss_curve(name: str, tmp_path: Path) -> None:
    est, rows, y = fitted(CASES[name])
    write_data(tmp_path, rows, y)
    assert_same_answers(run(to_keras_script(est, tmp_path / "carried")), est, rows, y)
    for loop in ("fit", "tape"):
        written = run(to_keras_script(est, tmp_path / loop, loop=loop, weights="retrain"))  # type: ignore[arg-type]
        for found, one in zip(written.get("layer_losses", []), getattr(est, "autoencoders_", []), strict=True):
            np.testing.assert_allclose(found, one.loss_curve_, rtol=0, atol=1e-4)
        found, wanted = written.get("losses", written.get("mistakes_curve", [])), curve(est)
        if name.startswith("logistic") and name != "logistic adam":
            assert len(wanted) - 1 <= len(found) <= len(wanted)  # Newton's steps are the last point
        else:
            assert len(found) == len(wanted)
        np.testing.assert_allclose(found, wanted[: len(found)], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", DRAWING)
def test_script_of_a_training_that_draws(name: str, tmp_path: Path) -> None:
    est, rows, y = fitted(DRAWING[name])
    write_data(tmp_path, rows, y)
    assert_same_answers(run(to_keras_script(est, tmp_path / "carried")), est, rows, y)
    for loop in ("fit", "tape"):
        script = to_keras_script(est, tmp_path / loop, loop=loop, weights="retrain")  # type: ignore[arg-type]
        assert len(run(script)["losses"]) == len(est.loss_curve_)
        assert "Keras draws other random numbers" in script.read_text()


@pytest.mark.parametrize("strategy", ["features", "fine_tune"])
def test_transferred_network_predicts(strategy: str, tmp_path: Path) -> None:
    low, _, _ = fitted(CASES["mlp"])
    est, rows, y = fitted(
        lambda: (TransferClassifier(low, strategy=strategy, fine_tune_max_iter=1, random_state=0), X, Y)
    )
    write_data(tmp_path, rows, y)
    assert_same_answers(run(to_keras_script(est, tmp_path / "carried")), est, rows, y)
    with pytest.raises(ParameterError, match=r'training of this TransferClassifier is not written.*weights="carry"'):
        to_keras_script(est, tmp_path / "again", weights="retrain")


def a_table() -> tuple[pd.DataFrame, Any]:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "length": gaps()[:, 1],
            "island": rng.choice(["Dream", "Biscoe", "Torgersen"], len(X)),
            "note": [f"seen {i} times by group {i % 7}" for i in range(len(X))],
            "day": pd.date_range("2021-03-01", periods=len(X)).astype(str),
        }
    ), NAMES


@pytest.mark.parametrize("columns", [["length", "island"], ["length", "island", "note", "day"]])
def test_pipeline_of_a_table(columns: list[str], tmp_path: Path) -> None:
    table, y = a_table()
    table = table[columns]
    est = tabular_pipeline(mlp(learning_rate="cosine", alpha="auto")).fit(table, y)
    write_data(tmp_path, table, y)
    script = to_keras_script(est, tmp_path / "carried", language="fr")
    # texts and dates learn again; numbers and categories come with what they learned
    assert ("TableVectorizer(" in script.read_text()) == ("note" in columns)
    assert_same_answers(run(script), est, table, y)
    again = to_keras_script(est, tmp_path / "again", weights="retrain")
    assert "SquashingScaler(max_absolute_value=5.0)" in again.read_text()
    np.testing.assert_allclose(run(again)["losses"], est[-1].loss_curve_, rtol=0, atol=1e-4)


def test_what_a_pipeline_learned_serves_for_other_rows(tmp_path: Path) -> None:
    table, y = a_table()
    table = table[["length", "island"]]
    est = tabular_pipeline(mlp(learning_rate="cosine")).fit(table[:50], y[:50])
    write_data(tmp_path, table[50:], y[50:])
    assert_same_answers(run(to_keras_script(est, tmp_path / "new")), est, table[50:], y[50:])


@pytest.fixture(scope="module")
def every_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scripts")
    for i, case in enumerate([*CASES.values(), *DRAWING.values()]):
        est, _, _ = fitted(case)
        for language in ("en", "fr"):
            for loop in ("fit", "tape"):
                path = folder / f"script_{i}_{language}_{loop}"
                to_keras_script(est, path, loop=loop, language=language)  # type: ignore[arg-type]
    table, y = a_table()
    est = tabular_pipeline(mlp(learning_rate="cosine")).fit(table, y)
    to_keras_script(est, folder / "table", language="fr", target="espèce")
    return folder


RUFF = Path(sys.executable).with_name("ruff")
RULES = "E,F,W,I,B,UP,C4,SIM,PIE,NPY"


@pytest.mark.skipif(not RUFF.exists(), reason="ruff is not installed")
@pytest.mark.parametrize("arguments", [["format", "--check", "--diff"], ["check", "--select", RULES]])
def test_scripts_are_clean(every_script: Path, arguments: list[str]) -> None:
    command = [str(RUFF), *arguments, "--isolated", "--no-cache", "--target-version=py311", str(every_script)]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-3000:]


def test_scripts_import_no_strates(every_script: Path) -> None:
    for script in every_script.glob("*.py"):
        assert "strates" not in script.read_text().replace("comme strates", "").replace("than strates", "").replace(
            "as strates", ""
        ).replace("que strates", "").replace("strates ends", "").replace("strates finit", "")


def test_script_runs_where_there_is_no_strates(tmp_path: Path) -> None:
    est, rows, y = fitted(CASES["mlp"])
    write_data(tmp_path, rows, y)
    script = to_keras_script(est, tmp_path / "alone", loop="tape", weights="retrain")
    program = (
        "import sys, runpy, numpy as np\n"
        "sys.modules['strates'] = None\n"  # importing it raises
        f"found = runpy.run_path({str(script)!r})\n"
        "np.savez('found.npz', losses=found['losses'], probabilities=found['probabilities'])\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    found = np.load(tmp_path / "found.npz")
    np.testing.assert_allclose(found["losses"], est.loss_curve_, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found["probabilities"], est.predict_proba(rows), rtol=0, atol=1e-4)


# --- bad input --------------------------------------------------------------------------------------------


class Double(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return 2 * x

    def get_config(self) -> dict[str, Any]:
        return super().get_config()


class Twice(BaseEstimator):
    def fit(self, X: Any, y: Any = None) -> Twice:
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:
        return 2 * X


def test_file_in_the_way(tmp_path: Path) -> None:
    est, _, _ = fitted(CASES["mlp without layers"])
    (tmp_path / "mine.py").write_text("precious")
    with pytest.raises(ParameterError, match=r"exists already.*overwrite=True"):
        to_keras_script(est, tmp_path / "mine.py")
    assert (tmp_path / "mine.py").read_text() == "precious"
    to_keras_script(est, tmp_path / "mine.py", overwrite=True)
    assert "keras.Sequential" in (tmp_path / "mine.py").read_text()


def test_unfitted(tmp_path: Path) -> None:
    with pytest.raises((NotFittedError, ParameterError), match="fitted"):
        to_keras_script(MLPClassifier(), tmp_path / "a.py")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loop": "tap"}, "loop='tap' is not known. Did you mean 'tape'"),
        ({"weights": "carried"}, "weights='carried' is not known. Did you mean 'carry'"),
        ({"language": "de"}, "language='de' is not known.*French"),
    ],
)
def test_unknown_choice(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    est, _, _ = fitted(CASES["mlp without layers"])
    with pytest.raises(ParameterError, match=message):
        to_keras_script(est, tmp_path / "a.py", **options)
    assert not list(tmp_path.iterdir())


def test_own_layer_is_named(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), Double(name="my_layer"), keras.layers.Dense(3)])
    est = NetworkClassifier(model, max_iter=1, learning_rate="cosine").fit(X, Y)
    with pytest.raises(ParameterError, match=r"Double named 'my_layer' is not a part of Keras"):
        to_keras_script(est, tmp_path / "a.py")
    assert not list(tmp_path.iterdir())


def test_own_step_is_named(tmp_path: Path) -> None:
    est = make_pipeline(Twice(), mlp(learning_rate="cosine")).fit(X, Y)
    with pytest.raises(ParameterError, match=r"Twice.*pipeline\[-1\]"):
        to_keras_script(est, tmp_path / "a.py")
