"""Gradient flow against back-propagation in NumPy, against the steps that a solver made, and by planted faults."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy.special import softmax
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as ScikitLearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import MLPClassifier, NetworkClassifier, Perceptron, Recorder
from strates.engine.gradients import count_gradient_traces
from strates.exceptions import DataError, ParameterError
from strates.inspection import gradient_flow
from strates.inspection.layer_signals import BLOCK_ROWS

SHORT: dict[str, Any] = {"learning_rate": "cosine", "random_state": 0}  # runs to max_iter without a warning
SLOPES: dict[str, Any] = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "logistic": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
}


@pytest.fixture(scope="module")
def iris() -> tuple[Any, Any]:
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X).astype(np.float32), y


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    X, y = load_digits(return_X_y=True)
    return StandardScaler().fit_transform(X).astype(np.float32), y


def by_hand(clf: Any, X: Any, y: Any) -> pd.DataFrame:
    """Back-propagate each row's own loss through a dense network, and average the weights' gradients."""
    function, slope = SLOPES[clf.activation]
    kernels = [w.astype(np.float64) for w in clf.coefs_]
    biases = [b.astype(np.float64) for b in clf.intercepts_]
    sums, outputs = [], [X.astype(np.float64)]
    for i, (w, b) in enumerate(zip(kernels, biases, strict=True)):
        sums.append(outputs[-1] @ w + b)
        outputs.append(sums[-1] if i == len(kernels) - 1 else function(sums[-1]))
    delta = softmax(outputs[-1], axis=1) - np.eye(outputs[-1].shape[1])[y]
    rows: list[dict[str, Any]] = []
    for i in reversed(range(len(kernels))):
        a = outputs[i + 1]
        before = delta if i == len(kernels) - 1 else delta * slope(sums[i])
        gradient = outputs[i].T @ before / len(X)
        rows.insert(
            0,
            {
                "units": a.shape[1],
                "activation_mean": a.mean(),
                "activation_std": a.std(),
                "activation_norm": np.sqrt((a**2).mean()),
                "delta_norm": np.sqrt((delta**2).mean()),
                "gradient_norm": np.linalg.norm(gradient),
                "weight_norm": np.linalg.norm(kernels[i]),
                "update_ratio": clf.learning_rate_init * np.linalg.norm(gradient) / np.linalg.norm(kernels[i]),
            },
        )
        delta = before @ kernels[i].T
    return pd.DataFrame(rows)


@pytest.mark.parametrize("activation", SLOPES)
def test_every_number_is_back_propagations(iris: tuple[Any, Any], activation: str) -> None:
    X, y = iris
    clf = MLPClassifier((7, 5), activation, solver="sgd", learning_rate_init=0.2, max_iter=20, **SHORT).fit(X, y)
    found, wanted = gradient_flow(clf, X, y), by_hand(clf, X, y)
    assert found["layer"].tolist() == ["hidden_1", "hidden_2", "outputs"]
    pd.testing.assert_frame_equal(found[wanted.columns.tolist()], wanted, rtol=1e-9)
    hidden = [clf.transform(X, layer=i).astype(float) for i in range(2)]
    dead = [(a == 0).all(axis=0).mean() for a in hidden]
    low, high = {"tanh": (-0.98, 0.98), "logistic": (0.01, 0.99)}.get(activation, (np.nan, np.nan))
    saturated = [((a < low) | (a > high)).mean() for a in hidden]
    if activation == "relu":
        assert found["dead"][:2].tolist() == pytest.approx(dead)
        assert found["saturated"].isna().all()
    else:
        assert found["saturated"][:2].tolist() == pytest.approx(saturated)
        assert found["dead"].isna().all()
    assert found[["dead", "saturated"]].iloc[2].isna().all()  # logits


def test_blocks_of_rows_are_one_table(iris: tuple[Any, Any]) -> None:
    X, y = iris
    clf = MLPClassifier((7, 5), max_iter=5, **SHORT).fit(X, y)
    many = np.tile(X, (BLOCK_ROWS // 100, 1))
    assert len(many) > BLOCK_ROWS
    found = gradient_flow(clf, many, np.tile(y, BLOCK_ROWS // 100))
    pd.testing.assert_frame_equal(found, gradient_flow(clf, X, y), rtol=1e-9)


def test_the_penalty_and_another_learning_rate(iris: tuple[Any, Any]) -> None:
    X, y = iris
    clf = MLPClassifier((7,), solver="sgd", alpha=0.3, max_iter=5, **SHORT).fit(X, y)
    plain, full = gradient_flow(clf, X, y), gradient_flow(clf, X, y, penalty=True, learning_rate=0.5)
    gradient = clf.loss_gradient(X, y).parameters["hidden_1/kernel"] + 0.3 * clf.coefs_[0].astype(np.float64)
    assert full["gradient_norm"][0] == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
    assert full["update_ratio"][0] == pytest.approx(0.5 * np.linalg.norm(gradient) / np.linalg.norm(clf.coefs_[0]))
    assert plain["update_ratio"][0] == pytest.approx(1e-3 * plain["gradient_norm"][0] / plain["weight_norm"][0])


def test_the_learning_rate_is_the_solvers(iris: tuple[Any, Any]) -> None:
    X, y = iris
    own = MLPClassifier((7,), solver=keras.optimizers.SGD(0.25), max_iter=2, **SHORT)
    found = gradient_flow(own.fit(X, y), X, y)
    np.testing.assert_allclose(found["update_ratio"], 0.25 * found["gradient_norm"] / found["weight_norm"])
    without = MLPClassifier((7,), solver="lbfgs", alpha=1.0, max_iter=500, random_state=0).fit(X, y)
    assert gradient_flow(without, X, y)["update_ratio"].isna().all()


# --- over training --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def descent(iris: tuple[Any, Any]) -> Any:
    """Plain gradient descent on all rows: its steps are known."""
    settings: dict[str, Any] = {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False, "alpha": 0.0}
    clf = MLPClassifier((7, 5), learning_rate_init=0.1, batch_size=150, max_iter=40, tol=0.0, n_iter_no_change=99,
                        random_state=0, **settings)  # fmt: skip
    with pytest.warns(ConvergenceWarning, match="Maximum number of epochs"):
        return clf.set_callbacks(Recorder(frames=30)).fit(*iris)


def test_updates_are_the_steps_that_the_solver_made(iris: tuple[Any, Any], descent: Any) -> None:
    film = gradient_flow(descent, *iris, over="training")
    steps = [frame.step for frame in descent.recording_]
    assert film["step"].tolist() == [step for step in steps for _ in range(3)]
    assert film["epoch"].tolist() == film["step"].tolist()  # one step an epoch
    one_apart = np.diff(steps) == 1
    assert one_apart.sum() >= 8
    for i in np.flatnonzero(one_apart):
        still = gradient_flow(descent.recording_[int(i)].estimator, *iris)  # imagines the step that then came
        np.testing.assert_allclose(film["update_ratio"][3 * i : 3 * i + 3], still["update_ratio"], rtol=2e-4)
    last = film[film["step"] == steps[-1]].reset_index(drop=True)
    assert last["update_ratio"].isna().all()
    columns = [name for name in last if name not in ("step", "epoch", "update_ratio")]
    pd.testing.assert_frame_equal(last[columns], gradient_flow(descent, *iris)[columns])


def test_far_frames_are_joined_by_a_straight_line(iris: tuple[Any, Any], descent: Any) -> None:
    film = gradient_flow(descent, *iris, over="training")
    a, b = descent.recording_[-2:]
    assert b.step - a.step > 1
    moved = np.linalg.norm(b.estimator.coefs_[1].astype(float) - a.estimator.coefs_[1]) / (b.step - a.step)
    row = film[(film["step"] == a.step) & (film["layer"] == "hidden_2")]
    assert row["update_ratio"].item() == pytest.approx(moved / np.linalg.norm(a.estimator.coefs_[1]), rel=1e-6)


def test_frames_share_one_function_and_keep_no_network(iris: tuple[Any, Any], descent: Any) -> None:
    gradient_flow(descent, *iris)
    before = count_gradient_traces()
    gradient_flow(descent, *iris, over="training")
    assert count_gradient_traces() == before
    assert "network" not in descent.recording_[-2].estimator._cache  # sixty Keras models would stay in memory


def test_a_good_rate_moves_the_weights_by_a_thousandth(digits: tuple[Any, Any]) -> None:
    """Published rule of thumb: updates about 1e-3 of the weights, for each parameter block."""
    clf = MLPClassifier((64, 64), max_iter=40, **SHORT).set_callbacks(Recorder(frames=12)).fit(*digits)
    assert clf.score(*digits) > 0.97
    some = digits[0][:200], digits[1][:200]
    film = gradient_flow(clf, *some, over="training")
    working = film[film["step"] < clf.recording_[-1].step // 2]
    typical = working.groupby("layer")["update_ratio"].median()
    assert typical.between(1e-4, 1e-2).all(), typical
    wild = MLPClassifier((64, 64), learning_rate_init=1.0, max_iter=1, **SHORT).set_callbacks(Recorder(frames=4))
    film = gradient_flow(wild.fit(*digits), *some, over="training")
    assert (film.groupby("layer")["update_ratio"].median() > 1e-2).all()  # the witness: the rule tells a bad rate


# --- planted faults -------------------------------------------------------------------------------


def test_dead_units_are_counted(iris: tuple[Any, Any]) -> None:
    X, y = iris
    clf = MLPClassifier((8, 6), max_iter=2, **SHORT).fit(X, y)
    kernel, bias = clf.network_.get_layer("hidden_1").get_weights()
    bias[:3] = -1000.0
    clf.network_.get_layer("hidden_1").set_weights([kernel, bias])
    alive = (clf.transform(X, layer=0) > 0).any(axis=0)
    assert not alive[:3].any()
    found = gradient_flow(clf, X, y)
    assert found["dead"][0] == 1 - alive.mean()
    bias[:] = -1000.0
    clf.network_.get_layer("hidden_1").set_weights([kernel, bias])
    found = gradient_flow(clf, X, y)
    assert found["dead"][0] == 1
    assert found[["activation_norm", "gradient_norm", "update_ratio"]].iloc[0].tolist() == [0, 0, 0]
    assert found["gradient_norm"][1] == 0  # nothing to multiply the delta with


def test_small_weights_let_the_error_vanish_and_large_ones_saturate(digits: tuple[Any, Any]) -> None:
    X, y = digits[0][:300], digits[1][:300]

    def first_frame(scheme: str) -> pd.DataFrame:
        clf = MLPClassifier((100,) * 5, "tanh", kernel_initializer=scheme, max_iter=1, **SHORT)
        return gradient_flow(clf.set_callbacks(Recorder(frames=1)).fit(X, y).recording_[0].estimator, X, y)

    small, large = first_frame("normal(0.01)"), first_frame("normal(1)")
    # tanh is the identity there: a layer of 100 multiplies by 0.01 * sqrt(100) = 0.1, forwards and backwards
    forward = small["activation_norm"].to_numpy()[1:5] / small["activation_norm"].to_numpy()[:4]
    backward = small["delta_norm"].to_numpy()[:4] / small["delta_norm"].to_numpy()[1:5]
    np.testing.assert_allclose(forward, 0.1, rtol=0.15)
    np.testing.assert_allclose(backward, 0.1, rtol=0.15)
    assert (small["saturated"][:5] == 0).all()
    assert (large["saturated"][1:5] > 0.7).all()


def test_weights_of_zero_have_no_ratio(iris: tuple[Any, Any]) -> None:
    clf = MLPClassifier((4,), kernel_initializer="zeros", max_iter=1, **SHORT).set_callbacks(Recorder(frames=1))
    found = gradient_flow(clf.fit(*iris).recording_[0].estimator, *iris)
    assert found["weight_norm"].tolist() == [0, 0]
    assert found["update_ratio"].isna().all()


# --- networks of other kinds ----------------------------------------------------------------------


def convolutional(input_shape: tuple[int, ...], n_classes: int) -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(5, 3, use_bias=False, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="rectified"),
            layers.MaxPooling2D(),
            layers.Conv2D(4, 2, activation="relu", name="second"),
            layers.Flatten(),
            layers.Dense(6, name="third"),
            layers.Activation("tanh", name="bent"),
            layers.Dropout(0.5),
            layers.Dense(n_classes, name="last"),
        ]
    )


@pytest.fixture(scope="module")
def images(digits: tuple[Any, Any]) -> tuple[Any, Any, Any]:
    X, y = digits[0][:200].reshape(-1, 8, 8, 1), digits[1][:200]
    return X, y, NetworkClassifier(convolutional, max_iter=3, **SHORT).fit(X, y)


def test_convolutions_with_their_normalisation_and_activation(images: tuple[Any, Any, Any]) -> None:
    X, y, clf = images
    found = gradient_flow(clf, X, y, training=False).set_index("layer")
    assert found.index.tolist() == ["first", "second", "third", "last"]
    assert found["units"].tolist() == [5, 4, 6, 10]
    names = {"first": "rectified", "second": "second", "third": "bent"}
    network = clf.network_
    seen = keras.Model(network.inputs[0], [network.get_layer(name).output for name in names.values()] + network.outputs)
    with tf.GradientTape() as tape:  # a second witness, in float32 and without strates
        *outputs, probabilities = seen(X, training=False)
        losses = keras.losses.sparse_categorical_crossentropy(y, probabilities)
    kernels = [network.get_layer(name).kernel.value for name in (*names, "last")]
    deltas, gradients = tape.gradient(losses, [outputs, kernels])
    for name, gradient in zip((*names, "last"), gradients, strict=True):  # of the rows' sum
        assert found["gradient_norm"][name] == pytest.approx(np.linalg.norm(gradient) / len(X), rel=1e-4)
    for name, output, delta in zip(names, outputs, deltas, strict=True):
        a = np.asarray(output, np.float64)
        assert found["delta_norm"][name] == pytest.approx(np.sqrt(np.square(delta).mean()), rel=1e-4)
        assert found["activation_mean"][name] == pytest.approx(a.mean(), rel=1e-4, abs=1e-6)
        assert found["activation_std"][name] == pytest.approx(a.std(), rel=1e-4)
    dead = (np.asarray(outputs[0]) == 0).all(axis=(0, 1, 2)).mean()
    assert found["dead"][["first", "third"]].tolist() == pytest.approx([dead, np.nan], nan_ok=True)
    saturated = (np.abs(np.asarray(outputs[2])) > 0.98).mean()
    assert found["saturated"][["second", "third"]].tolist() == pytest.approx([np.nan, saturated], nan_ok=True)


def test_batch_statistics_are_a_training_steps(images: tuple[Any, Any, Any]) -> None:
    X, y, clf = images
    inner = np.asarray(keras.Model(clf.network_.inputs[0], clf.network_.get_layer("first").output)(X), np.float64)
    gamma, beta, *_ = clf.network_.get_layer("norm").get_weights()
    centred = inner - inner.mean(axis=(0, 1, 2))
    a = np.maximum(gamma * centred / np.sqrt(inner.var(axis=(0, 1, 2)) + 1e-3) + beta, 0)
    found = gradient_flow(clf, X, y)
    assert found["activation_norm"][0] == pytest.approx(np.sqrt((a**2).mean()), rel=1e-5)
    assert found["activation_norm"][0] != gradient_flow(clf, X, y, training=False)["activation_norm"][0]


def test_where_paths_part_a_layer_ends(iris: tuple[Any, Any]) -> None:
    def forked(input_shape: tuple[int, ...], n_classes: int) -> keras.Model:
        layers = keras.layers
        inputs = keras.Input(input_shape)
        stem = layers.Dense(4, name="stem")(inputs)
        bent = layers.Activation("relu", name="bent")(stem)
        both = layers.Add(name="sum")([layers.Dense(4, activation="relu", name="branch")(bent), stem])
        inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="inside")], name="nested")
        return keras.Model(inputs, layers.Dense(n_classes, name="last")(inner(both)))

    X, y = iris
    found = gradient_flow(NetworkClassifier(forked, max_iter=1, **SHORT).fit(X, y), X, y).set_index("layer")
    assert found.index.tolist() == ["stem", "branch", "nested", "last"]
    assert found["dead"].notna().tolist() == [False, True, False, False]
    assert (found["gradient_norm"] > 0).all()


def test_frozen_weights_have_no_gradient(iris: tuple[Any, Any]) -> None:
    def frozen(input_shape: tuple[int, ...], n_classes: int) -> keras.Model:
        first = keras.layers.Dense(5, activation="relu", name="first", trainable=False)
        return keras.Sequential([keras.Input(input_shape), first, keras.layers.Dense(n_classes, name="last")])

    clf = NetworkClassifier(frozen, max_iter=2, **SHORT).set_callbacks(Recorder(frames=2)).fit(*iris)
    film = gradient_flow(clf, *iris, over="training").set_index(["step", "layer"])
    assert np.isnan(film["gradient_norm"][0, "first"])
    assert film["update_ratio"][0, "first"] == 0
    assert film["update_ratio"][0, "last"] > 0
    assert film["delta_norm"][0, "first"] > 0


def test_a_pipeline_takes_its_rows_raw() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    pipe = make_pipeline(StandardScaler(), MLPClassifier((5,), max_iter=3, **SHORT).set_callbacks(Recorder(frames=3)))
    pipe.fit(X, y)
    rows = StandardScaler().fit_transform(X)
    for over in ("end", "training"):
        found, wanted = (gradient_flow(clf, data, y, over=over) for clf, data in ((pipe, X), (pipe[-1], rows)))
        pd.testing.assert_frame_equal(found, wanted, rtol=1e-6)


def test_two_classes_have_one_output(iris: tuple[Any, Any]) -> None:
    X, y = iris[0][:100], np.array(["no", "yes"])[iris[1][:100]]
    clf = MLPClassifier((5,), max_iter=3, **SHORT).fit(X, y)
    p = clf.predict_proba(X)[:, 1].astype(float)
    found = gradient_flow(clf, X, y)
    assert found["units"].tolist() == [5, 1]
    assert found["delta_norm"][1] == pytest.approx(np.sqrt(((p - (y == "yes")) ** 2).mean()), rel=1e-5)


# --- what is refused ------------------------------------------------------------------------------


class Own(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(3)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def get_config(self) -> dict[str, Any]:
        return {}


def test_what_is_refused(iris: tuple[Any, Any]) -> None:
    X, y = iris
    clf = MLPClassifier((5,), max_iter=1, **SHORT).fit(X, y)
    with pytest.raises(ParameterError, match=r"over='trainig' cannot be used\. Did you mean 'training'\?"):
        gradient_flow(clf, X, y, over="trainig")
    with pytest.raises(
        ParameterError, match=r"MLPClassifier has no recording_.*set_callbacks\(strates\.Recorder\(\)\)"
    ):
        gradient_flow(clf, X, y, over="training")
    with pytest.raises(DataError, match=r"X has 150 rows, y has 149 labels. Give one label for each row"):
        gradient_flow(clf, X, y[1:])
    with pytest.raises(DataError, match="X has no rows"):
        gradient_flow(clf, X[:0], y[:0])
    with pytest.raises(ParameterError, match=r"MLPClassifier has no network_.*Give a fitted classifier of strates"):
        gradient_flow(ScikitLearnMLP((3,), solver="lbfgs", alpha=1.0, max_iter=500).fit(X, y), X, y)
    with pytest.raises(
        ParameterError, match=r"Perceptron has no loss_gradient. Give a classifier of strates that learns"
    ):
        gradient_flow(Perceptron().fit(X, y == 0), X, y)
    subclass = NetworkClassifier(lambda *_: Own(), max_iter=1, **SHORT).fit(X, y)
    with pytest.raises(
        ParameterError,
        match=r"layers of a Own, a subclass of keras\.Model, cannot be looked into\. Write the network as",
    ):
        gradient_flow(subclass, X, y)
