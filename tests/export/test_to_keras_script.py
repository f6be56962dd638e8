"""Scripts are run, and compared with the estimators that wrote them: estimators x options x loops."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
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
    load,
    save,
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
INITIALIZERS = [
    "zeros", "normal(0.1)", "lecun_uniform", "glorot_normal", "he", "orthogonal", "sparse(2)", "auto", "auto", "auto",
]  # fmt: skip
ENDS, BOX = (X.min(), X.max()), (X.min(axis=0), X.max(axis=0))


def mlp(**options: Any) -> MLPClassifier:
    given = {"hidden_layer_sizes": (5,), "batch_size": 40, "max_iter": 3, "random_state": 0}
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
        f"mlp {name}, {first}": lambda name=name, first=first: (
            mlp(activation=name, kernel_initializer=first, max_iter=2), X, Y,
        )
        for name, first in zip(ACTIVATIONS, INITIALIZERS, strict=True)
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
    "transfer": lambda: (transfer(low(), class_weight="balanced"), X[TWO], NAMES[TWO]),
    "transfer head": lambda: (
        transfer(low(), hidden_layer_sizes=(4,), max_iter=3, alpha=0.01, l1_ratio=0.2, label_smoothing=0.1), X, NAMES,
    ),
    "transfer watched": lambda: (
        transfer(low(), strategy="fine_tune", unfreeze=2, early_stopping=True, max_iter=4, fine_tune_max_iter=3,
                 fine_tune_learning_rate=0.01, class_weight={"setosa": 2.0}), X, NAMES,
    ),
    "transfer multilabel": lambda: (
        transfer(fitted("mlp multilabel")[0], strategy="fine_tune", unfreeze=1, max_iter=3), MANY_X, MANY_Y,
    ),
    "transfer unfreezes": lambda: (
        transfer(images(), strategy="fine_tune", unfreeze="all", max_iter=3, fine_tune_learning_rate=0.01),
        DIGITS.reshape(-1, 8, 8, 1), NUMBERS,
    ),
    "transfer batch norm": lambda: (
        transfer(images(), strategy="fine_tune", unfreeze="all", max_iter=3, solver="sgd", freeze_batch_norm=False,
                 fine_tune_learning_rate=0.01), DIGITS, NUMBERS,
    ),
    "transfer from scratch": lambda: (transfer(images(), strategy="scratch", max_iter=2), DIGITS, NUMBERS),
    "table": lambda: (tabular_pipeline(mlp(learning_rate="cosine")), a_table()[["length", "island"]], NAMES),
    "table of texts": lambda: (tabular_pipeline(mlp(learning_rate="cosine", alpha="auto")), a_table(), NAMES),
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


def transfer(backbone: Any, **options: Any) -> TransferClassifier:
    given = {"batch_size": 32, "max_iter": 20, "fine_tune_max_iter": 2, "random_state": 0}
    return TransferClassifier(backbone, **(given | options))


def low() -> MLPClassifier:
    return fitted("mlp")[0]


@functools.cache
def images() -> keras.Model:
    layers = keras.layers
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(3, 3, name="low"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="bend"),
            layers.Conv2D(4, 3, activation="relu", name="high"),
            layers.GlobalAveragePooling2D(name="mean"),
            layers.Dense(3, activation="softmax"),
        ]
    )


@functools.cache
def pretrained() -> Autoencoder:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Autoencoder((5,), code_activation="relu", max_iter=2, random_state=0).fit(X)


def gaps() -> Any:
    table = X.copy()
    table[::7, 1] = np.nan
    return table


def a_table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "length": gaps()[:, 1],
            "island": rng.choice(["Dream", "Biscoe", "Torgersen"], len(X)),
            "note": [f"seen {i} times by group {i % 7}" for i in range(len(X))],
            "day": pd.date_range("2021-03-01", periods=len(X)).astype(str),
        }
    )


@functools.cache
def fitted(name: str) -> tuple[Any, Any, Any]:
    est, rows, y = (CASES | DRAWING)[name]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits cut short
        return est.fit(rows) if y is None else est.fit(rows, y), rows, y


# --- every script is run in one process that has no strates ------------------------------------------------

#: Run as they stand; the functions of the others are not traced, which takes longer than so few steps of them.
TRACED = ("mlp", "mlp pgd", "mlp pgd compiled", "cnn", "autoencoder", "transfer unfreezes", "table")
#: ... and those whose functions are given arrays, of which a tape watches none.
TRACED_KINDS = ("fgsm", "bim", "slope", "attacked", "network loss")
PROGRAM = Path(__file__).with_name("run_scripts.py")


def write_data(folder: Path, rows: Any, y: Any) -> None:
    if hasattr(rows, "columns"):
        rows.assign(target=y).to_csv(folder / "data.csv", index=False)
    else:
        np.savez(folder / "data.npz", **({"X": rows} if y is None else {"X": rows, "y": y}))


@pytest.fixture(scope="module")
def folder_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Write the scripts of the cases that are tested, run them, and return where a case's files are."""
    home = tmp_path_factory.mktemp("scripts")
    names = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}
    folders: dict[str, Path] = {}
    for number, name in enumerate([*CASES, *DRAWING]):
        if name not in names:
            continue
        est, rows, y = fitted(name)
        folder = folders[name] = home / f"case_{number}"
        folder.mkdir()
        write_data(folder, rows, y)
        language = "fr" if number % 2 else "en"
        to_keras_script(est, folder / "carried", language=language)  # type: ignore[arg-type]
        for loop in loops(name):
            to_keras_script(est, folder / loop, loop=loop, weights="retrain", language=language)  # type: ignore[arg-type]
    run_scripts(
        home,
        [
            (folder / f"{one}.py", is_traced(name))
            for name, folder in folders.items()
            for one in ("carried", *loops(name))
        ],
    )
    return folders.__getitem__


def is_traced(name: str) -> bool:
    return name in TRACED or any(kind in name for kind in TRACED_KINDS)


def run_scripts(home: Path, jobs: list[tuple[Path, bool]]) -> None:
    """Run scripts in two processes, each every second one."""
    running = []
    for half in (0, 1):
        place = home / f"jobs_{half}.json"
        place.write_text(json.dumps([[str(script), traced] for script, traced in jobs[half::2]]))
        running.append(subprocess.Popen([sys.executable, str(PROGRAM), str(place)], stderr=subprocess.DEVNULL))
    assert [one.wait() for one in running] == [0, 0]


def loops(name: str) -> tuple[str, ...]:
    """Return the loops that scripts of a case have; L-BFGS is SciPy's in both."""
    return ("fit",) if "lbfgs" in name or (name.startswith("logistic") and "adam" not in name) else ("fit", "tape")


def found_by(folder: Path, script: str) -> Any:
    """Return what a script has found."""
    trouble = folder / f"{script}.error"
    assert not trouble.exists(), trouble.read_text()
    return np.load(folder / f"{script}.found.npz")


def assert_same_answers(written: Any, est: Any, rows: Any, y: Any) -> None:
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
def test_script_gives_predictions_and_loss_curve(name: str, folder_of: Callable[[str], Path]) -> None:
    est, rows, y = fitted(name)
    folder = folder_of(name)
    assert_same_answers(found_by(folder, "carried"), est, rows, y)
    for loop in loops(name):
        written = found_by(folder, loop)
        for i, one in enumerate(getattr(est, "autoencoders_", [])):
            np.testing.assert_allclose(written[f"layer_losses_{i}"], one.loss_curve_, rtol=0, atol=1e-4)
        found, wanted = written["curve"], curve(est)
        if name.startswith("logistic") and name != "logistic adam":
            assert len(wanted) - 1 <= len(found) <= len(wanted)  # Newton's steps are the last point
        else:
            assert len(found) == len(wanted)
        np.testing.assert_allclose(found, wanted[: len(found)], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", DRAWING)
def test_script_of_a_training_that_draws(name: str, folder_of: Callable[[str], Path]) -> None:
    est, rows, y = fitted(name)
    folder = folder_of(name)
    assert_same_answers(found_by(folder, "carried"), est, rows, y)
    for loop in ("fit", "tape"):
        assert len(found_by(folder, loop)["curve"]) == len(est.loss_curve_)
        said = " ".join((folder / f"{loop}.py").read_text().replace("\n# ", " ").split())
        assert "Keras draws other random numbers" in said or "Keras tire ici d'autres nombres" in said


@pytest.mark.parametrize("name", ["table", "table of texts"])
def test_pipeline_of_a_table(name: str, folder_of: Callable[[str], Path]) -> None:
    folder = folder_of(name)
    # texts and dates learn again; numbers and categories come with what they learned
    assert ("TableVectorizer(" in (folder / "carried.py").read_text()) == ("texts" in name)
    assert "SquashingScaler(max_absolute_value=5.0)" in (folder / "fit.py").read_text()


@pytest.mark.parametrize("strategy", ["fine_tune", "scratch"])
def test_training_that_a_file_does_not_keep(strategy: str, tmp_path: Path) -> None:
    name = {"fine_tune": "transfer batch norm", "scratch": "transfer from scratch"}[strategy]
    est, _, _ = fitted(name)
    save(est, tmp_path / "model.strates")
    read = load(tmp_path / "model.strates")
    with pytest.raises(ParameterError, match=r'TransferClassifier is not written.*read from a file.*weights="carry"'):
        to_keras_script(read, tmp_path / "again", weights="retrain")
    assert "if TRAIN" not in to_keras_script(read, tmp_path / "carried").read_text()


def test_head_of_a_file_trains_again(tmp_path: Path) -> None:
    est, _, _ = fitted("transfer")
    save(est, tmp_path / "model.strates")
    for one, path in ((est, "here"), (load(tmp_path / "model.strates"), "read")):
        to_keras_script(one, tmp_path / path, weights="retrain")
    here, read = (np.load(tmp_path / f"{path}.npz") for path in ("here", "read"))
    assert sorted(here) == sorted(read)
    for key in here:
        np.testing.assert_array_equal(here[key], read[key])
    assert (tmp_path / "here.py").read_text().replace("here.npz", "read.npz") == (tmp_path / "read.py").read_text()


@pytest.fixture(scope="module")
def every_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    for i, name in enumerate([*CASES, *DRAWING]):
        est, _, _ = fitted(name)
        # each case in both loops and both languages, and neighbours the other way round
        for loop, language in zip(("fit", "tape"), ("en", "fr") if i % 2 else ("fr", "en"), strict=True):
            to_keras_script(est, folder / f"script_{i}_{language}_{loop}", loop=loop, language=language)  # type: ignore[arg-type]
    to_keras_script(fitted("table")[0], folder / "table", language="fr", target="espèce")
    return folder


@pytest.mark.parametrize("name", [name for name in CASES if len(loops(name)) == 1])
def test_loops_of_lbfgs_are_one(name: str, tmp_path: Path) -> None:
    texts = []
    for loop in ("fit", "tape"):
        script = to_keras_script(fitted(name)[0], tmp_path / "same", loop=loop, overwrite=True)  # type: ignore[arg-type]
        texts.append(
            [line for line in script.read_text().splitlines() if line and "model.fit has no L-BFGS" not in line]
        )
    assert texts[0] == texts[1]


def test_fit_that_went_on_is_told(tmp_path: Path) -> None:
    est = mlp(learning_rate="cosine", warm_start=True).fit(X, Y)
    assert "several fits" not in to_keras_script(est, tmp_path / "once").read_text()
    script = to_keras_script(est.fit(X, Y), tmp_path / "twice").read_text()
    assert "# This estimator was trained by several fits; what follows is one" in script


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


def test_what_a_pipeline_learned_serves_for_other_rows(tmp_path: Path) -> None:
    est, _, _ = fitted("table")
    other = a_table()[["length", "island"]][50:].iloc[::-1]
    write_data(tmp_path, other, NAMES[50:])
    script = to_keras_script(est, tmp_path / "new")
    run_scripts(tmp_path, [(script, False)])
    np.testing.assert_allclose(found_by(tmp_path, "new")["probabilities"], est.predict_proba(other), rtol=0, atol=1e-6)


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
    est, _, _ = fitted("mlp without layers")
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
    est, _, _ = fitted("mlp without layers")
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
