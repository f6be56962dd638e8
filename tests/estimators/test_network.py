"""Any Keras network, trained as Keras would train it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from strates import MLPClassifier, NetworkClassifier, Recorder
from strates.engine.backend import keras
from strates.exceptions import ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

L = keras.layers
optimizers = keras.optimizers


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Given models have weights of their own: the same ones in every run."""
    keras.utils.set_random_seed(0)


class Squared(L.Layer):
    """A layer of one's own, with a weight."""

    def __init__(self, power: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.power = power

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, x: Any) -> Any:
        return self.scale * keras.ops.abs(x) ** self.power

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power": self.power}


class Subclass(keras.Model):
    def __init__(self, units: int = 3, activation: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.activation = units, activation
        self.hidden = L.Dense(6, activation="tanh")
        self.out = L.Dense(units, activation=activation)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.out(self.hidden(x))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "activation": self.activation}


def sequential(units: int, activation: Any = None, **options: Any) -> Any:
    last = L.Dense(units, activation=activation, **options)
    return keras.Sequential([keras.Input((4,)), L.Dense(6, activation="tanh"), last])


def branches(units: int, activation: Any = None) -> Any:
    inputs = keras.Input((4,))
    a = L.Dense(5, activation="relu")(inputs)
    b = L.Dense(5, activation="tanh")(inputs)
    return keras.Model(inputs, L.Dense(units, activation=activation)(L.Concatenate()([a + b, L.Multiply()([a, b])])))


def built(model: Any) -> Any:
    model(np.zeros((1, 4), np.float32))
    return model


NETWORKS = {
    "sequential": sequential,
    "branches": branches,
    "subclass": lambda units, activation=None: built(Subclass(units, activation)),
    "own layer": lambda units, activation=None: keras.Sequential(
        [keras.Input((4,)), Squared(), L.Dense(units, activation=activation)]
    ),
    "nested": lambda units, activation=None: keras.Sequential(
        [keras.Input((4,)), keras.Sequential([keras.Input((4,)), L.Dense(5)]), L.Dense(units, activation=activation)]
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("activation", [None, "softmax"], ids=["logits", "probabilities"])
class TestKinds:
    def test_a_given_model(self, iris: Any, name: str, activation: Any) -> None:
        X, y = iris
        model = NETWORKS[name](3, activation)
        before = model.get_weights()
        clf = NetworkClassifier(model, max_iter=60, learning_rate_init=0.05, random_state=0).fit(X, y)
        assert clf.score(X, y) > 0.8
        p = clf.predict_proba(X)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(clf.network_(X.astype(np.float32)), p, atol=1e-6)
        for a, b in zip(model.get_weights(), before, strict=True):  # the given model is as it was
            np.testing.assert_array_equal(a, b)
        assert clf.network is model

    def test_a_function(self, iris: Any, name: str, activation: Any, assert_same: Any) -> None:
        X, y = iris
        asked = []

        def build(input_shape: tuple[int, ...], n_classes: int) -> Any:
            asked.append((input_shape, n_classes))
            return NETWORKS[name](n_classes, activation)

        fits = [NetworkClassifier(build, max_iter=2, random_state=s).fit(X, y) for s in (0, 0, 1)]
        assert set(asked) == {((4,), 3)}
        assert_same(fits[0], fits[1])
        assert (fits[0].predict_proba(X) != fits[2].predict_proba(X)).any()


class TestProblems:
    @pytest.mark.parametrize(("units", "activation"), [(1, None), (1, "sigmoid"), (2, None), (2, "softmax")])
    def test_binary(self, binary: Any, units: int, activation: Any) -> None:
        X, y = binary
        labels = np.array(["no", "yes"])[y]
        clf = NetworkClassifier(sequential(units, activation), max_iter=40, learning_rate_init=0.05, random_state=0)
        clf.fit(X, labels)
        p = clf.predict_proba(X)
        assert p.shape == (60, 2)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
        assert clf.score(X, labels) > 0.8
        answer = clf.network_.predict(X, verbose=0)
        np.testing.assert_allclose(answer[:, -1], p[:, 1], atol=1e-6)
        expected = -np.log(p[np.arange(60), y].astype(np.float64)).mean()
        watched = NetworkClassifier(clf.network_, max_iter=1, learning_rate_init=1e-12).fit(X, labels)
        assert watched.loss_ == pytest.approx(expected, rel=1e-4)  # one logistic unit or two of a softmax

    @pytest.mark.parametrize("activation", [None, "sigmoid"])
    def test_multilabel(self, iris: Any, activation: Any) -> None:
        X, _ = iris
        labels = (X[:, :3] > 0).astype(int)
        clf = NetworkClassifier(sequential(3, activation), max_iter=40, learning_rate_init=0.05).fit(X, labels)
        assert clf.predict_proba(X).shape == (150, 3)
        assert (clf.predict(X) == labels).mean() > 0.8

    def test_without_a_network_is_one_hidden_layer_of_64(self, binary: Any, assert_same: Any) -> None:
        clf = NetworkClassifier(max_iter=3, random_state=0).fit(*binary)
        keras_epsilon = 1e-7  # MLPClassifier has scikit-learn's
        same = MLPClassifier((64,), alpha=0.0, epsilon=keras_epsilon, max_iter=3, random_state=0)
        assert_same(clf, same.fit(*binary))


class TestErrors:
    @pytest.mark.parametrize(
        ("network", "message"),
        [
            (lambda: sequential(4), r"output has shape \(None, 4\), but this problem needs \(None, 3\).*Dense\(3\)"),
            (lambda: sequential(1), r"output has shape \(None, 1\), but this problem needs \(None, 3\)"),
            (lambda: sequential(3, "sigmoid"), "ends in 'sigmoid', but this problem needs 'softmax', or no activation"),
            (lambda: built(Subclass(4)), r"output has shape \(None, 4\)"),
            (
                lambda: keras.Sequential([keras.Input((5,)), L.Dense(3)]),
                r"takes rows of shape \(5,\), but X has rows of shape \(4,\)\. Begin it with keras\.Input\(\(4,\)\)",
            ),
            (lambda: keras.Sequential([keras.Input((2, 2)), L.Flatten(), L.Dense(3)]), r"takes rows of shape \(2, 2\)"),
            (lambda: lambda shape, n: "a network", "gives a str; expected a keras.Model, or a function"),
            (lambda: lambda shape, n: None, "gives a NoneType; expected a keras.Model"),
            (lambda: "mlp", "network='mlp' gives a str; expected a keras.Model, or a function"),
            (lambda: lambda shape, n: sequential(n + 1), r"output has shape \(None, 4\)"),
        ],
    )
    def test_networks_that_do_not_fit(self, iris: Any, network: Any, message: str) -> None:
        with pytest.raises(ParameterError, match=message):
            NetworkClassifier(network()).fit(*iris)

    def test_a_subclass_of_another_width(self, iris: Any) -> None:
        model = Subclass(3)
        model(np.zeros((1, 7), np.float32))
        with pytest.raises(ParameterError, match=r"\(4,\)"):
            NetworkClassifier(model).fit(*iris)

    def test_a_model_without_an_input_is_built_for_the_rows(self, iris: Any) -> None:
        model = keras.Sequential([L.Dense(5, activation="relu"), L.Dense(3)])
        clf = NetworkClassifier(model, max_iter=2, random_state=0).fit(*iris)
        assert clf.predict_proba(iris[0]).shape == (150, 3)

    def test_lbfgs_refuses_randomness(self, iris: Any) -> None:
        for layer in (L.Dropout(0.1), L.BatchNormalization(), L.GaussianNoise(0.1)):
            model = keras.Sequential([keras.Input((4,)), L.Dense(5), layer, L.Dense(3)])
            with pytest.raises(ParameterError, match=r"solver='lbfgs' needs.*no dropout.*Use solver='adam' or 'sgd'"):
                NetworkClassifier(model, solver="lbfgs").fit(*iris)


OPTIMIZERS = {
    "adam": lambda: optimizers.Adam(0.02),
    "nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "weight decay": lambda: optimizers.AdamW(0.02, weight_decay=0.1),
    "clipnorm": lambda: optimizers.Adam(0.02, clipnorm=0.01),
    "schedule": lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.2, 3, 0.7)),
    "averaged": lambda: optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9),
}


class TestAgainstKeras:
    """The same weights, the same rows in the same order: Keras's own fit is the oracle."""

    @staticmethod
    def compare(model: Any, optimizer: Any, data: Any, **settings: Any) -> tuple[Any, Any]:
        X, y = data
        X = X.astype(np.float32)
        settings = {"batch_size": 32, "max_iter": 3, "shuffle": False, "tol": 0.0, **settings}
        clf = NetworkClassifier(model, solver=type(optimizer).from_config(optimizer.get_config()), **settings).fit(X, y)
        model.compile(optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        history = model.fit(X, y, batch_size=32, epochs=3, shuffle=False, verbose=0)
        for a, b in zip(clf.network_.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=2e-5)
        return clf, history.history["loss"]

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_optimizers(self, iris: Any, name: str) -> None:
        clf, losses = self.compare(sequential(3), OPTIMIZERS[name](), iris)
        np.testing.assert_allclose(clf.loss_curve_, losses, rtol=1e-4)

    def test_regularizers_and_constraints_of_layers(self, iris: Any) -> None:
        model = keras.Sequential(
            [
                keras.Input((4,)),
                L.Dense(6, activation="tanh", kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02), name="a"),
                L.Dense(5, activity_regularizer=keras.regularizers.L2(0.01), kernel_constraint="unit_norm"),
                L.Dense(3, bias_regularizer=keras.regularizers.L2(0.1)),
            ]
        )
        clf, losses = self.compare(model, optimizers.SGD(0.1), iris)
        np.testing.assert_allclose(clf.loss_curve_, losses, rtol=1e-4)

    def test_layers_that_are_frozen(self, iris: Any) -> None:
        model = sequential(3)
        model.layers[0].trainable = False
        before = model.get_weights()
        clf, _ = self.compare(model, optimizers.Adam(0.05), iris)
        np.testing.assert_array_equal(clf.network_.get_weights()[0], before[0])
        assert (clf.network_.get_weights()[2] != before[2]).any()

    def test_batch_normalisation(self, iris: Any) -> None:
        hidden = L.Dense(6, use_bias=False)  # a bias here has no gradient but rounding, which Adam would blow up
        model = keras.Sequential([keras.Input((4,)), hidden, L.BatchNormalization(), L.ReLU(), L.Dense(3)])
        self.compare(model, optimizers.Adam(0.02), iris)

    def test_adapted_normalisation(self, iris: Any) -> None:
        X, y = iris
        normalization = L.Normalization()
        normalization.adapt(X * 20 + 7)
        model = keras.Sequential([keras.Input((4,)), normalization, L.Dense(3)])
        self.compare(model, optimizers.SGD(0.1), (X * 20 + 7, y))
        other = L.Normalization()
        other.adapt(X * 3 - 2)  # the same configuration with other statistics is another network
        self.compare(keras.Sequential([keras.Input((4,)), other, L.Dense(3)]), optimizers.SGD(0.1), (X * 3 - 2, y))

    def test_convolutions(self, digits: Any) -> None:
        X, y = digits[3]
        layers = [L.Reshape((8, 8, 1)), L.Conv2D(4, 3, activation="relu"), L.MaxPooling2D(), L.Flatten(), L.Dense(3)]
        model = keras.Sequential([keras.Input((64,)), *layers])
        clf, _ = self.compare(model, optimizers.Adam(0.01), (X, y), batch_size=32)
        assert clf.transform(X).shape == (200, 36)


class TestOptimizerObjects:
    def test_bring_their_own_rate(self, iris: Any) -> None:
        clf = NetworkClassifier(max_iter=2, solver=optimizers.Adam(0.07), learning_rate_init=9.0).fit(*iris)
        assert clf.learning_rate_curve_ == pytest.approx([0.07, 0.07])

    def test_schedules_are_told_as_they_are(self, iris: Any) -> None:
        decay = optimizers.schedules.ExponentialDecay(0.2, 5, 0.5)
        clf = NetworkClassifier(max_iter=3, solver=optimizers.SGD(decay), batch_size=50).fit(*iris)
        # three steps an epoch; the last step of epoch e is number 3 e - 1
        np.testing.assert_allclose(clf.learning_rate_curve_, [float(decay(s)) for s in (2, 5, 8)], rtol=1e-5)

    def test_are_not_changed(self, iris: Any) -> None:
        optimizer = optimizers.Adam(0.02)
        for _ in range(2):
            NetworkClassifier(max_iter=2, solver=optimizer, random_state=0).fit(*iris)
        assert not optimizer.built
        assert int(optimizer.iterations) == 0

    def test_follow_our_schedules_and_penalties(self, iris: Any) -> None:
        clf = MLPClassifier((6,), solver=optimizers.SGD(0.1), learning_rate="cosine", max_iter=4, alpha=0.1)
        clf.fit(*iris)
        np.testing.assert_allclose(clf.learning_rate_curve_, [0.1 * (1 + np.cos(np.pi * e / 4)) / 2 for e in range(4)])
        assert (clf.history_["penalty"] > 0).all()


class TestPenalties:
    def test_alpha_acts_on_kernels(self, iris: Any) -> None:
        X, y = iris
        model = keras.Sequential([keras.Input((4,)), L.Dense(3)])
        clf = NetworkClassifier(model, solver="lbfgs", alpha=0.05, tol=1e-8, max_iter=2000).fit(X, y)
        expected = LogisticRegression(C=1 / (0.05 * 150), tol=1e-10, max_iter=10_000).fit(X, y)
        np.testing.assert_allclose(clf.predict_proba(X), expected.predict_proba(X), atol=1e-4)

    @pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
    def test_regularizers_of_layers_do_the_same(self, iris: Any, solver: str) -> None:
        X, y = iris
        regularizer = keras.regularizers.L2(0.025)  # Keras leaves out the half
        model = keras.Sequential([keras.Input((4,)), L.Dense(3, kernel_regularizer=regularizer)])
        clf = NetworkClassifier(
            model, solver=solver, tol=1e-8, max_iter=2000, learning_rate_init=0.5, n_iter_no_change=20
        ).fit(X, y)
        expected = LogisticRegression(C=1 / (0.05 * 150), tol=1e-10, max_iter=10_000).fit(X, y)
        np.testing.assert_allclose(clf.predict_proba(X), expected.predict_proba(X), atol=2e-3)


class TestUses:
    def test_transform_and_layer_names(self, iris: Any) -> None:
        X, y = iris
        clf = NetworkClassifier(sequential(3), max_iter=2).fit(X, y)
        hidden = next(layer for layer in clf.network_.layers if isinstance(layer, L.Dense))
        first = keras.Model(clf.network_.inputs[0], hidden.output)
        np.testing.assert_allclose(clf.transform(X), first.predict(X, verbose=0), atol=1e-6)
        assert clf.get_feature_names_out().tolist() == [f"networkclassifier{i}" for i in range(6)]
        np.testing.assert_array_equal(clf.transform(X, layer=hidden.name), clf.transform(X, layer=0))
        with pytest.raises(ParameterError, match="layer=1 does not exist"):
            clf.transform(X, layer=1)

    @pytest.mark.parametrize("activation", [None, "softmax"])
    def test_the_layers_of_a_subclass_cannot_be_seen(self, iris: Any, activation: Any) -> None:
        X, y = iris
        clf = NetworkClassifier(NETWORKS["subclass"](3, activation), max_iter=2).fit(X, y)
        for arguments in ({}, {"layer": 0}, {"layer": "dense"}):
            with pytest.raises(ParameterError, match="layer"):
                clf.transform(X, **arguments)

    def test_grid_search_over_networks(self, iris: Any) -> None:
        def narrow(shape: Any, n: int) -> Any:
            return keras.Sequential([keras.Input(shape), L.Dense(1), L.Dense(n)])

        def wide(shape: Any, n: int) -> Any:
            return keras.Sequential([keras.Input(shape), L.Dense(20, activation="relu"), L.Dense(n)])

        grid = {"network": [narrow, wide], "learning_rate_init": [0.05]}
        search = GridSearchCV(NetworkClassifier(max_iter=30, random_state=0), grid, cv=3).fit(*iris)
        assert search.best_params_["network"] is wide
        assert search.best_score_ > 0.85

    def test_fits_start_from_the_given_weights_each_time(self, iris: Any) -> None:
        model = sequential(3)
        clf = NetworkClassifier(model, max_iter=3, random_state=0).set_callbacks(Recorder(1))
        for _ in range(2):
            clf.fit(*iris)
            start = clf.recording_[0].estimator.network_.get_weights()
            for a, b in zip(start, model.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b)

    def test_early_stopping_and_weights(self, iris: Any) -> None:
        X, y = iris
        clf = NetworkClassifier(
            sequential(3), early_stopping=True, class_weight="balanced", learning_rate_init=0.05, random_state=0
        ).fit(X, y, sample_weight=np.ones(150))
        assert clf.best_epoch_ <= clf.n_iter_
        assert clf.score(X, y) > 0.8
