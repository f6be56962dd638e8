"""Networks and losses of somebody's own: subclasses without a configuration, custom layers, files, losses."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from strates import CNNClassifier, NetworkClassifier, load, save
from strates.datasets import moons
from strates.displays import DecisionBoundaryDisplay
from strates.exceptions import ModelFileError, ParameterError, UnsafeModelFileError
from strates.export import to_onnx, to_saved_model, to_tflite
from strates.inspection import diagnose, evaluate

L = keras.layers
X, Y = moons(n_samples=160, noise=0.15, random_state=0)
QUICK: dict[str, Any] = {
    "max_iter": 12,
    "learning_rate": "cosine",
    "learning_rate_init": 0.05,
    "batch_size": 32,
    "random_state": 0,
}


class Closed(keras.Model):
    """A subclass as a student writes it: no get_config, an argument, a dropout."""

    def __init__(self, n_units: int, last: Any = None) -> None:
        super().__init__()
        self.hidden = L.Dense(12, activation="tanh")
        self.drop = L.Dropout(0.1)
        self.out = L.Dense(n_units, activation=last)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.out(self.drop(self.hidden(x), training=training))


class Widen(L.Layer):
    """A layer whose only way to be made again is the function that made it."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], 9), name="kernel")

    def call(self, x: Any) -> Any:
        return self.function(x @ self.kernel)


def logits(_: Any, n: int) -> keras.Model:
    return Closed(n)


def probabilities(_: Any, n: int) -> keras.Model:
    return Closed(n, "sigmoid")


def widened(shape: Any, n: int) -> keras.Model:
    return keras.Sequential([keras.Input(shape), Widen(keras.ops.tanh), L.Dense(n)])


def other(_: Any, n: int) -> keras.Model:
    return keras.Sequential([Widen(keras.ops.tanh), L.Dense(n)])


BUILDERS = {"logits": logits, "probabilities": probabilities, "layer": widened}


@pytest.fixture(scope="module", params=BUILDERS)
def fitted(request: pytest.FixtureRequest) -> Any:
    return NetworkClassifier(BUILDERS[request.param], **QUICK).fit(X, Y)


class TestWithoutConfiguration:
    def test_is_trained_as_its_functional_twin(self) -> None:
        """Dropout aside, the same weights and batches: Keras's own layers in a row are the oracle."""

        def twin(shape: Any, n: int) -> keras.Model:
            return keras.Sequential([keras.Input(shape), L.Dense(12, activation="tanh"), L.Dense(n)])

        def closed(_: Any, n: int) -> keras.Model:
            model = Closed(n)
            model.drop = L.Identity()
            model.drop.call = lambda x, training=False: x
            return model

        ours, theirs = (NetworkClassifier(build, **QUICK).initialized(X, Y) for build in (closed, twin))
        weights = theirs.network_.get_weights()
        fits = []
        for build in (closed, twin):
            start = NetworkClassifier(build, **{**QUICK, "warm_start": True}, shuffle=False).initialized(X, Y)
            start.network_.set_weights(weights)
            fits.append(start.fit(X, Y))
        assert ours.network_.count_params() == theirs.network_.count_params()
        np.testing.assert_allclose(fits[0].loss_curve_, fits[1].loss_curve_, rtol=1e-4)
        np.testing.assert_allclose(fits[0].predict_proba(X), fits[1].predict_proba(X), atol=1e-4)

    def test_learns_and_repeats(self, fitted: Any) -> None:
        assert fitted.score(X, Y) > 0.8
        again = NetworkClassifier(fitted.network, **QUICK).fit(X, Y)
        np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))

    def test_copies_and_pickles(self, fitted: Any) -> None:
        wanted = fitted.predict_proba(X)
        for twin in (copy.copy(fitted), copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
            np.testing.assert_array_equal(twin.predict_proba(X), wanted)
            np.testing.assert_allclose(
                np.asarray(twin.network_(X.astype(np.float32), training=False)), wanted[:, 1:], atol=1e-6
            )
        assert cross_val_score(NetworkClassifier(fitted.network, **QUICK), X, Y, cv=2).min() > 0.7

    def test_views(self, fitted: Any) -> None:
        assert DecisionBoundaryDisplay.from_estimator(fitted, X, Y).plot() is not None
        assert evaluate(fitted, X, Y).n_rows == len(X)
        assert isinstance(diagnose(fitted, X, Y), list)
        gradient = fitted.loss_gradient(X, Y)
        assert len(gradient.parameters) == len(fitted.network_.trainable_variables)
        h, name = 1e-3, next(iter(gradient.parameters))
        variable = fitted.network_.trainable_variables[0]
        kept, ends = variable.numpy(), []
        for step in (h, -h):
            moved = kept.copy()
            moved[0, 0] += step
            variable.assign(moved)
            p = np.asarray(fitted.network_(X.astype(np.float32), training=False), np.float64)[:, 0]
            ends.append(-np.log(np.where(fitted.classes_[1] == Y, p, 1 - p)).mean())
        variable.assign(kept)
        assert gradient.parameters[name][0, 0] == pytest.approx((ends[0] - ends[1]) / (2 * h), abs=2e-4)

    def test_the_class_is_named_where_layers_are_looked_into(self) -> None:
        clf = NetworkClassifier(logits, **QUICK).initialized(X, Y)
        with pytest.raises(ParameterError, match=r"layers of a Closed, a subclass of keras\.Model, cannot be looked"):
            clf.transform(X)

    def test_a_layer_without_a_name_of_its_own_is_found(self) -> None:
        clf = NetworkClassifier(widened, **QUICK).initialized(X, Y)
        name = next(layer.name for layer in clf.network_.layers if isinstance(layer, Widen))
        wanted = np.tanh(X.astype(np.float32) @ clf.network_.get_weights()[0])
        np.testing.assert_allclose(clf.transform(X, layer=name), wanted, atol=1e-6)
        np.testing.assert_allclose(clf.transform(X), wanted, atol=1e-6)

    def test_a_model_itself_asks_for_a_function(self) -> None:
        model = Closed(1)
        model(np.zeros((1, 2), np.float32))
        with pytest.raises(
            ParameterError, match=r"a Closed, a subclass of keras.Model, that cannot be rebuilt.*function that builds"
        ):
            NetworkClassifier(model).fit(X, Y)


class TestFiles:
    def test_weights_go_to_the_file_and_code_does_not(self, fitted: Any, tmp_path: Path) -> None:
        path = save(fitted, tmp_path / "own")
        with pytest.raises(
            UnsafeModelFileError, match=r"function of your own builds, and never the code.*custom_objects"
        ):
            load(path)
        again = load(path, custom_objects={"network": fitted.network})
        np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
        twice = load(save(again, tmp_path / "twice"), custom_objects={"network": fitted.network})
        np.testing.assert_array_equal(twice.predict_proba(X), fitted.predict_proba(X))

    def test_another_function_is_refused(self, tmp_path: Path) -> None:
        path = save(NetworkClassifier(logits, **QUICK).initialized(X, Y), tmp_path / "own")
        with pytest.raises(ModelFileError, match="builds another network than the one that was saved"):
            load(path, custom_objects={"network": other})

    def test_keras_s_own_layers_need_nothing(self, tmp_path: Path) -> None:
        def build(shape: Any, n: int) -> keras.Model:
            return keras.Sequential([keras.Input(shape), L.Dense(3), L.Dense(n)])

        clf = NetworkClassifier(build, **QUICK).initialized(X, Y)
        again = load(save(clf, tmp_path / "own"))
        np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


class TestExport:
    def test_saved_model_and_tflite(self, fitted: Any, tmp_path: Path) -> None:
        for write in (to_saved_model, to_tflite):
            assert write(fitted, tmp_path / write.__name__).max_difference < 1e-6

    def test_onnx_names_the_class(self, fitted: Any, tmp_path: Path) -> None:
        with pytest.raises(ParameterError, match=r"Closed, a subclass|\(Widen of"):
            to_onnx(fitted, tmp_path / "own")


def brier(y_true: Any, y_pred: Any) -> Any:
    return keras.ops.sum((y_true - y_pred) ** 2, axis=-1)


THREE = np.where(X[:, 0] > 1.2, 2, Y)


def dense(shape: Any, n: int) -> keras.Model:
    return keras.Sequential([keras.Input(shape), L.Dense(8, activation="tanh"), L.Dense(n)])


class TestLoss:
    @pytest.mark.parametrize(
        ("labels", "cross_entropy"),
        [
            (Y, keras.losses.BinaryCrossentropy()),
            (THREE, keras.losses.CategoricalCrossentropy()),
            (THREE, keras.losses.SparseCategoricalCrossentropy()),
        ],
        ids=["binary", "categorical", "sparse"],
    )
    def test_keras_s_cross_entropy_is_the_default_s(self, labels: Any, cross_entropy: Any) -> None:
        weights = np.random.default_rng(0).uniform(0.2, 3, len(X))
        own = NetworkClassifier(dense, loss=cross_entropy, **QUICK).fit(X, labels, sample_weight=weights)
        default = NetworkClassifier(dense, **QUICK).fit(X, labels, sample_weight=weights)
        np.testing.assert_allclose(own.loss_curve_, default.loss_curve_, rtol=1e-4)
        np.testing.assert_allclose(own.predict_proba(X), default.predict_proba(X), atol=1e-4)

    @pytest.mark.parametrize("network", [dense, None, logits])
    def test_a_function_is_minimised(self, network: Any) -> None:
        clf = NetworkClassifier(network, loss=brier, **{**QUICK, "max_iter": 1}, shuffle=False)
        start = clf.initialized(X, THREE).predict_proba(X).astype(np.float64)
        clf.set_params(batch_size=len(X)).fit(X, THREE)
        if network is not logits:  # whose dropout acts in training
            assert clf.loss_curve_[0] == pytest.approx(((start - np.eye(3)[THREE]) ** 2).sum(axis=1).mean(), rel=1e-5)
        longer = clf.set_params(max_iter=30, batch_size=32).fit(X, THREE)
        assert longer.loss_curve_[-1] < 0.5 * longer.loss_curve_[0]
        # the score of the validation rows is the accuracy still, their loss is the loss
        longer.fit(X[:100], THREE[:100], validation_data=(X[100:], THREE[100:]))
        p = longer.predict_proba(X[100:]).astype(np.float64)
        assert longer.validation_loss_curve_[-1] == pytest.approx(
            ((p - np.eye(3)[THREE[100:]]) ** 2).sum(1).mean(), rel=1e-4
        )

    def test_a_row_of_weight_two_counts_twice(self) -> None:
        settings = {**QUICK, "batch_size": 1000, "max_iter": 3}
        twice = NetworkClassifier(dense, loss=brier, **settings).fit(np.vstack([X, X[:40]]), np.append(Y, Y[:40]))
        weights = np.where(np.arange(len(X)) < 40, 2.0, 1.0)
        weighted = NetworkClassifier(dense, loss=brier, **settings).fit(X, Y, sample_weight=weights)
        # the mean is over rows, of which there are more: only its gradient's length differs, which Adam does not see
        np.testing.assert_allclose(weighted.predict_proba(X), twice.predict_proba(X), atol=1e-3)

    def test_two_losses_do_not_share_a_program(self) -> None:
        one = NetworkClassifier(dense, loss=brier, **QUICK).fit(X, Y)
        two = NetworkClassifier(dense, loss=lambda t, p: 10 * brier(t, p), **QUICK).fit(X, Y)
        assert two.loss_curve_[0] == pytest.approx(10 * one.loss_curve_[0], rel=0.05)

    def test_a_keras_loss_is_in_the_file_and_a_function_is_not(self, tmp_path: Path) -> None:
        focal = NetworkClassifier(dense, loss=keras.losses.BinaryFocalCrossentropy(gamma=3.0), **QUICK).initialized(
            X, Y
        )
        assert load(save(focal, tmp_path / "focal")).loss.get_config()["gamma"] == 3.0
        assert load(save(NetworkClassifier(dense, loss=brier).initialized(X, Y), tmp_path / "own")).loss is None

    @pytest.mark.parametrize(
        ("choices", "message"),
        [
            ({"loss": "mse"}, r"loss='mse' is no loss\. Give a keras\.losses\.Loss"),
            ({"loss": keras.losses.MeanSquaredError}, r"is no loss\. Give a keras\.losses\.Loss"),
            ({"loss": keras.losses.BinaryCrossentropy(from_logits=True)}, r"wants logits.*Leave from_logits out"),
            (
                {"loss": lambda t, p: keras.ops.mean((t - p) ** 2)},
                r"returns an array of shape \(\).*one number for each row",
            ),
            ({"loss": lambda t, p: t - p}, r"returns an array of shape \(4, 1\).*axis=-1"),
            ({"loss": lambda t: t}, r"fails on targets and probabilities of shape \(4, 1\): TypeError"),
            ({"loss": brier, "solver": "lbfgs"}, "solver='lbfgs' minimises the cross-entropy"),
            ({"loss": brier, "label_smoothing": 0.1}, "label_smoothing=0.1 belongs to the cross-entropy"),
        ],
    )
    def test_what_cannot_be_minimised(self, choices: dict[str, Any], message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            NetworkClassifier(dense, **choices).fit(X, Y)


def test_other_classifiers_export_as_before(tmp_path: Path) -> None:
    images = np.random.default_rng(0).uniform(0, 1, (20, 4, 4, 1))
    clf = CNNClassifier((2,), hidden_layer_sizes=()).initialized(images, np.arange(20) % 2)
    assert to_saved_model(clf, tmp_path / "cnn").max_difference < 1e-6
