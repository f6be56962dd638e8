"""A trained network, copied to the blackboard: it must say what the original says."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as ScikitLearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import LogisticRegression, MLPClassifier, Perceptron
from strates.backprop import network_rows, network_targets, rebuild
from strates.backprop.layers import Dropout, LogisticLoss, Penalty, SoftmaxCrossEntropy
from strates.engine.backend import keras
from strates.exceptions import DataError, ParameterError

L = keras.layers
RNG = np.random.default_rng(0)
X3 = RNG.normal(size=(40, 3)).astype(np.float32)


def test_the_blackboard_predicts_what_the_classifier_predicts(network_name, trained):
    clf, X, y = trained(network_name)
    network, rows = rebuild(clf), network_rows(clf, X)
    p = network.forward(rows, network_targets(clf, y, network, len(rows))).loss_cache.p
    p = np.hstack([1 - p, p]) if p.shape[1] < len(clf.classes_) else p
    np.testing.assert_allclose(p, clf.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("name", ["tabular", "one logit", "convolutions"])
def test_the_loss_is_that_of_scikit_learn(name, trained):
    clf, X, y = trained(name)
    network, rows = rebuild(clf), network_rows(clf, X)
    loss = network.forward(rows, network_targets(clf, y, network, len(rows))).loss
    p = clf.predict_proba(X).astype(float)
    p /= p.sum(axis=1, keepdims=True)  # float32 leaves 1e-7
    assert loss == pytest.approx(log_loss(y, p, labels=clf.classes_), rel=1e-5)


@pytest.mark.parametrize(
    ("hidden", "y", "weights", "biases"),
    [
        ((4,), np.column_stack([np.arange(40) % 2, np.arange(40) % 3 > 0]).astype(int), 20, 6),  # 3-4-2
        ((4, 4), np.arange(40) % 2, 32, 9),  # 3-4-4-1
    ],
)
def test_the_notes_networks_have_their_numbers_of_parameters(hidden, y, weights, biases):
    clf = MLPClassifier(hidden, learning_rate="cosine", max_iter=1, random_state=0).fit(X3, y)
    parameters = rebuild(clf).parameters
    assert sum(p.size for name, p in parameters.items() if name.endswith("/kernel")) == weights
    assert sum(p.size for name, p in parameters.items() if name.endswith("/bias")) == biases
    assert weights + biases == clf.network_.count_params()


def test_layers_bear_the_names_of_keras_and_activations_stand_alone(trained):
    names = [layer.name for layer in rebuild(trained("nested").clf).layers]
    assert names == ["first", "first (tanh)", "inner", "bend", "last"]
    assert [layer.name for layer in rebuild(trained("mlp, relu").clf).layers] == [
        "hidden_1", "hidden_1 (relu)", "hidden_2", "hidden_2 (relu)", "outputs",
    ]  # fmt: skip


def test_the_last_activation_label_smoothing_and_classes_make_the_loss(trained):
    assert rebuild(trained("mlp, max_norm and smoothing").clf).loss == SoftmaxCrossEntropy(label_smoothing=0.2)
    assert rebuild(trained("mlp, multilabel").clf).loss == LogisticLoss(label_smoothing=0.1)
    assert rebuild(trained("two softmax").clf).loss == SoftmaxCrossEntropy()
    for name in ("one sigmoid", "one logit", "logistic, binary"):
        assert rebuild(trained(name).clf).loss == LogisticLoss()


def test_alpha_is_on_the_kernels_that_are_trained(trained):
    assert rebuild(trained("mlp, elastic net").clf).penalties == {
        f"{name}/kernel": Penalty(0.01, l1_ratio=0.3) for name in ("hidden_1", "hidden_2", "outputs")
    }
    lasso = trained("logistic, lasso")
    assert rebuild(lasso.clf).penalties == {"outputs/kernel": Penalty(0.05, l1_ratio=1.0)}
    assert rebuild(trained("mlp, relu").clf).penalties == {}


@pytest.mark.parametrize("name", ["convolutions", "regularized", "frozen"])
def test_a_networks_own_regularizers_cost_what_keras_says(name, trained):
    clf, X, y = trained(name)
    network, rows = rebuild(clf), network_rows(clf, X)
    there = network.forward(rows, network_targets(clf, y, network, len(rows)))
    assert there.penalty == pytest.approx(float(sum(clf.network_.losses)), rel=1e-6, abs=1e-12)
    assert there.penalty == 0 if name == "frozen" else there.penalty > 1e-3


def test_regularizers_and_alpha_together_are_refused(chain_of, rows_network):
    clf = rows_network(chain_of(lambda n: L.Dense(n, kernel_regularizer="l2")), alpha=0.1).clf
    with pytest.raises(
        ParameterError, match=r"own layers have regularizers, and the classifier has alpha.* Set alpha=0"
    ):
        rebuild(clf)


@pytest.mark.parametrize(("name", "moves"), [("mlp, batch_norm", True), ("frozen", False), ("convolutions", True)])
def test_training_takes_the_statistics_of_the_rows(name, moves, trained):
    clf, X, y = trained(name)
    rows = network_rows(clf, X)

    def probabilities(*, training: bool):
        network = rebuild(clf, training=training)
        return network.forward(rows, network_targets(clf, y, network, len(rows))).loss_cache.p

    model = keras.models.clone_model(  # without dropout, which draws
        clf.network_,
        clone_function=lambda a: type(a).from_config(
            {**a.get_config(), **({"rate": 0.0} if type(a) is L.Dropout else {})}
        ),
    )
    model.set_weights(clf.network_.get_weights())
    np.testing.assert_allclose(probabilities(training=True), model(rows.astype("float32"), training=True), atol=2e-6)
    assert (np.abs(probabilities(training=True) - probabilities(training=False)).max() > 1e-3) == moves


def test_dropout_passes_everything_on(trained):
    dropped = [
        layer for layer in rebuild(trained("mlp, dropout").clf, training=True).layers if isinstance(layer, Dropout)
    ]
    assert [layer.rate for layer in dropped] == [0.4, 0.4]
    assert all(layer.mask is None for layer in dropped)


def test_weights_set_in_the_keras_model_are_those_on_the_blackboard():
    clf = MLPClassifier((4,), learning_rate="cosine", max_iter=1, random_state=0).fit(X3, np.arange(40) % 2)
    new = RNG.normal(size=(3, 4)).astype(np.float32)
    clf.network_.get_layer("hidden_1").kernel.assign(new)
    np.testing.assert_array_equal(rebuild(clf).parameters["hidden_1/kernel"], new)


# --- what is no chain of known layers ------------------------------------------------------------


class Dense(L.Dense):
    """A class of one's own that has the name of one of Keras's."""

    def call(self, x, training=None):
        return 2 * super().call(x)


class Subclass(keras.Model):
    """A model whose layers cannot be read."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.only = L.Dense(3, activation="softmax")

    def call(self, x, training=None):
        return self.only(x)

    def get_config(self):
        return super().get_config()


class OnlyNetwork(NamedTuple):
    """As much of a fitted classifier as the blackboard looks at."""

    network_: Any


def block(name):
    return keras.Sequential([L.Dense(4, name="d")], name=name)


def END(n_outputs):
    return L.Dense(n_outputs, activation="softmax", name="end")


def between(make):
    """A functional model with something between two dense layers."""

    def build(input_shape, n_outputs):
        inputs = keras.Input(input_shape)
        first = L.Dense(4, name="first")(inputs)
        return keras.Model(inputs, L.Dense(n_outputs)(make(first)))

    return build


def twice(x):
    again = L.Dense(4, name="again")
    return again(again(x))


def pairs(*layers):
    """Layers on iris's four columns as 2 x 2."""
    return [lambda n: L.Reshape((2, 2)), *layers, lambda n: L.Flatten(), END]


def images(*layers):
    return [lambda n: L.Reshape((2, 2, 1)), *layers, lambda n: L.Flatten(), END]


KNOWN = "It knows chains of Activation, AveragePooling2D, BatchNormalization, Conv2D, Dense, .* Softmax"
REFUSED = {
    "unknown layer": ([lambda n: L.UnitNormalization(name="unit"), END], rf"'unit' \(UnitNormalization\). {KNOWN}"),
    "unknown activation": (
        [lambda n: L.Dense(4, activation="mish", name="odd"), END],
        r"activation of layer 'odd' \(Dense\): activation='mish' is not known.* Known: identity, logistic, tanh, relu",
    ),
    "unknown activation layer": (
        [lambda n: L.Activation("mish", name="odd"), END],
        r"activation of layer 'odd' \(Activation\): activation='mish' is not known",
    ),
    "a layer as activation": (
        [lambda n: L.Dense(4, activation=L.LeakyReLU(0.3), name="odd"), END],
        r"activation of layer 'odd' \(Dense\): 'LeakyReLU' is no name of Keras's. Give it as a layer",
    ),
    "own class": ([lambda n: Dense(4, name="double"), END], rf"'double' \(Dense, a class of .*\). {KNOWN}"),
    "operation": (between(lambda x: keras.ops.sin(x)), rf"layer '.*sin.*' \(Sin\). {KNOWN}"),
    "arithmetic": (between(lambda x: 2 * x), rf"layer '.*' \(Multiply\). {KNOWN}"),
    "branch": (
        between(lambda x: L.Add(name="both")([x, L.Dense(4, name="second")(x)])),
        rf"no chain: layer 'both' \(Add\) is fed by 'first' and 'second', and comes after 'second'. {KNOWN}",
    ),
    "used twice": (between(twice), r"no chain: layer 'again' \(Dense\) is fed by 'again' and 'first'"),
    "subclass": (lambda input_shape, n: Subclass(), r"is a Subclass, .* Write it as keras.Sequential"),
    "same names": (
        [lambda n: block("a"), lambda n: block("b"), END],
        "Several layers are called 'd'. Give each a name of its own",
    ),
    "batch norm, axis": (
        pairs(lambda n: L.BatchNormalization(axis=1, name="bn")),
        r"'bn'.* has axis=1; .* knows axis=-1",
    ),
    "layer norm, axis": (
        pairs(lambda n: L.LayerNormalization(axis=1, name="ln")),
        r"'ln'.* has axis=.*1.*; .* knows axis=-1",
    ),
    "layer norm, axes": (pairs(lambda n: L.LayerNormalization(axis=[1, 2], name="ln")), r"'ln'.* has axis=\[1, 2\]"),
    "softmax, axis": (pairs(lambda n: L.Softmax(axis=1, name="sm")), r"'sm'.* has axis=1; .* knows axis=-1"),
    "normalization, axis": (
        pairs(lambda n: L.Normalization(axis=1, mean=[1.0, 2.0], variance=[1.0, 4.0], name="nm")),
        r"'nm'.* has axis=.*1.*; .* knows axis=-1",
    ),
    "normalization, inverse": (
        [lambda n: L.Normalization(mean=1.0, variance=4.0, invert=True, name="nm"), END],
        "'nm'.* has invert=True; the blackboard knows invert=False",
    ),
    "relu, bounded": ([lambda n: L.ReLU(max_value=6.0, name="six"), END], r"'six' \(ReLU\) has max_value=6.0"),
    "relu, leaking": ([lambda n: L.ReLU(negative_slope=0.1, name="leak"), END], "has negative_slope=0.1"),
    "convolution, groups": (
        images(lambda n: L.Conv2D(2, 1), lambda n: L.Conv2D(2, 1, groups=2, name="cv")),
        "'cv'.* has groups=2; the blackboard knows groups=1",
    ),
    "pooling, axes kept": (
        images(lambda n: L.GlobalAveragePooling2D(keepdims=True, name="gap")),
        "'gap'.* has keepdims=True; the blackboard knows keepdims=False",
    ),
    "penalty on outputs": (
        [lambda n: L.Dense(4, activity_regularizer="l2", name="lazy"), END],
        "the activity_regularizer 'L2' of layer 'lazy'. It knows L1, L2 and L1L2 of parameters",
    ),
    "orthogonal": (
        [lambda n: L.Dense(4, kernel_regularizer=keras.regularizers.OrthogonalRegularizer(), name="ortho"), END],
        "the kernel_regularizer 'OrthogonalRegularizer' of layer 'ortho'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_blackboard_would_compute_otherwise_is_refused(case, chain_of):
    network, message = REFUSED[case]
    build = network if callable(network) else chain_of(*network)
    with pytest.raises(ParameterError, match=message):
        rebuild(OnlyNetwork(build((4,), 3)))


def test_dense_layers_on_images_are_refused_when_they_are_reached(chain_of):
    network = rebuild(OnlyNetwork(chain_of(*images(lambda n: L.Dense(3, name="each")))((4,), 3)))
    with pytest.raises(
        DataError, match=r"Layer 'each' \(Dense\) got x of shape \(2, 2, 2, 1\); expected \(n_rows, 1\)"
    ):
        network.forward(np.ones((2, 4)), [0, 1])


def test_a_perceptron_has_nothing_to_propagate():
    corners = np.arange(40) % 3
    for y in (corners == 0, corners):
        clf = Perceptron(random_state=0).fit(X3 + 20 * np.eye(3)[corners], y)
        with pytest.raises(ParameterError, match=r"ends in a step.* nothing to propagate back.* LogisticRegression"):
            rebuild(clf)


def test_an_unfitted_classifier_says_so():
    for est in (MLPClassifier(), LogisticRegression(), make_pipeline(StandardScaler(), MLPClassifier())):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            rebuild(est)


@pytest.mark.parametrize(
    ("thing", "name"),
    [
        (ScikitLearnMLP(), "MLPClassifier of sklearn"),
        (make_pipeline(StandardScaler(), ScikitLearnMLP()), "MLPClassifier of sklearn"),
        (GridSearchCV(MLPClassifier(), {"alpha": [1, 2]}), "GridSearchCV of sklearn"),
        (MLPClassifier, "MLPClassifier of strates"),
        (keras.Sequential(), "Sequential of keras"),
        (None, "NoneType of builtins"),
    ],
)
def test_what_has_no_network_is_refused(thing, name):
    with pytest.raises(
        ParameterError, match=f"{name} has no network_. The blackboard takes a fitted classifier of strates"
    ):
        rebuild(thing)
