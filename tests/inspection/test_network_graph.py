"""Networks folded to what a picture shows: against the weights they were made of."""

from __future__ import annotations

import itertools
import json
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import MLPClassifier
from strates.exceptions import DataError, ParameterError
from strates.inspection import NetworkGraph, graph_from_weights, network_graph

X, Y = load_iris(return_X_y=True, as_frame=True)
rng = np.random.default_rng(0)


def kernels(*widths: int) -> list[np.ndarray]:
    return [rng.normal(size=shape) for shape in itertools.pairwise(widths)]


def test_small_network_is_kept_whole() -> None:
    coefs, intercepts = kernels(3, 4, 2), [rng.normal(size=4), None]
    graph = graph_from_weights(coefs, intercepts)
    for kept, coef in zip(graph.weights, coefs, strict=True):
        assert np.array(kept) == pytest.approx(coef, rel=1e-4)
    assert graph.biases[0] == pytest.approx(intercepts[0], rel=1e-4)
    assert graph.biases[1] is None
    assert [column.shown for column in graph.columns] == [(0, 1, 2), (0, 1, 2, 3), (0, 1)]
    assert [column.labels for column in graph.columns] == [("x0", "x1", "x2"), (), ("y0", "y1")]
    assert graph.largest == pytest.approx(max(np.abs(coef).max() for coef in coefs), rel=1e-4)


def test_the_strongest_are_those_through_which_most_can_pass() -> None:
    first, second = np.full((20, 30), 0.01), np.full((30, 3), 0.01)
    first[[2, 7], :] = 1.0  # two inputs that are used
    first[:, 11] = 5.0  # a neuron that hears much
    second[11] = 0.0  # and says nothing
    second[25] = 2.0
    graph = graph_from_weights([first, second], max_neurons=2)
    assert [column.shown for column in graph.columns] == [(2, 7), (0, 25), (0, 1)]  # 0: the first of the equal ones
    assert graph.largest == 5.0  # of the whole network, shown or not
    kept = np.ix_(graph.columns[0].shown, graph.columns[1].shown)
    assert np.array(graph.weights[0]) == pytest.approx(first[kept])
    assert [column.n_neurons for column in graph.columns] == [20, 30, 3]


def test_the_first_ones_when_asked() -> None:
    graph = graph_from_weights(kernels(12, 15, 11), max_neurons=4, shown="first")
    assert [column.shown for column in graph.columns] == [(0, 1, 2, 3)] * 3


def test_deep_network_keeps_its_first_layers_and_its_last() -> None:
    coefs = kernels(*[3] * 12)
    graph = graph_from_weights(coefs)
    names = [column.name for column in graph.columns]
    assert names == ["inputs", "hidden 1", "hidden 2", "hidden 3", "hidden 10", "outputs"]
    assert [column.n_folded_after for column in graph.columns] == [0, 0, 0, 6, 0, 0]
    assert graph.weights[3] == ()
    assert np.array(graph.weights[4]) == pytest.approx(coefs[-1], rel=1e-4)


def test_json_round_trip_is_small() -> None:
    graph = graph_from_weights(kernels(50, 128, 64, 26), [rng.normal(size=128), None, rng.normal(size=26)])
    text = json.dumps(graph.to_dict(), allow_nan=False)
    assert NetworkGraph.from_dict(json.loads(text)) == graph
    assert len(text) < 6_000


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_our_network_gives_its_weights_names_and_layers() -> None:
    kind = Y.map({0: "setosa", 1: "versicolor", 2: "virginica"})
    clf = MLPClassifier((5, 4), dropout=(0.2, 0.0), activation="tanh", max_iter=2, random_state=0).fit(X, kind)
    graph = network_graph(clf)
    for kept, coef in zip(graph.weights, clf.coefs_, strict=True):
        assert np.array(kept) == pytest.approx(coef, rel=1e-4)
    for bias, intercept in zip(graph.biases, clf.intercepts_, strict=True):
        assert bias == pytest.approx(intercept, rel=1e-4)
    assert graph.columns[0].labels == tuple(X.columns)
    assert graph.columns[-1].labels == ("setosa", "versicolor", "virginica")
    assert [(c.name, c.activation, c.notes) for c in graph.columns] == [
        ("inputs", None, ()),
        ("hidden 1", "tanh", ("dropout 0.2",)),
        ("hidden 2", "tanh", ()),
        ("outputs", "softmax", ()),
    ]


@pytest.mark.parametrize(
    ("clf", "activation", "n_outputs"),
    [
        (LogisticRegression(max_iter=500), "softmax", 3),
        (Perceptron(), "argmax", 3),
        (SklearnMLP((3,), solver="lbfgs", max_iter=5000), "softmax", 3),
    ],
)
def test_scikit_learn_gives_its_weights(clf: Any, activation: str, n_outputs: int) -> None:
    clf.fit(StandardScaler().fit_transform(X), Y)
    graph = network_graph(clf)
    expected = clf.coefs_[-1] if hasattr(clf, "coefs_") else clf.coef_.T
    assert np.array(graph.weights[-1]) == pytest.approx(expected, rel=1e-4)
    assert (graph.columns[-1].activation, graph.columns[-1].n_neurons) == (activation, n_outputs)


def test_two_classes_make_one_output_that_bears_the_second_name() -> None:
    clf = LogisticRegression().fit(X[:100], Y[:100].map({0: "no", 1: "yes"}))
    graph = network_graph(clf)
    assert (graph.columns[1].labels, graph.columns[1].activation) == (("yes",), "logistic")
    assert network_graph(Perceptron().fit(X[:100], Y[:100])).columns[1].activation == "heaviside"


def test_pipeline_gives_the_names_of_the_columns_that_reach_its_last_step() -> None:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    assert network_graph(pipeline).columns[0].labels == tuple(X.columns)


class Holder:
    def __init__(self, network: keras.Model) -> None:
        self.network_ = network


def test_layers_that_only_pass_are_noted() -> None:
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((3,)),
            layers.GaussianNoise(0.1),
            layers.Dense(4, name="first"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.Dense(2, use_bias=False),
            layers.Activation("softmax"),
        ]
    )
    graph = network_graph(Holder(network))
    assert [column.activation for column in graph.columns] == [None, "relu", "softmax"]
    assert [column.notes for column in graph.columns] == [("Gaussian noise",), ("batch norm", "dropout 0.5"), ()]
    assert graph.biases[1] is None


@pytest.mark.parametrize(("n_outputs", "activation"), [(1, "heaviside"), (3, "argmax")])
def test_a_step_behind_the_scores_makes_threshold_units(n_outputs: int, activation: str) -> None:
    inputs = keras.Input((2,))
    dense = keras.layers.Dense(n_outputs)
    scores = dense(inputs)
    if n_outputs == 1:
        answer = keras.ops.cast(keras.ops.greater(scores, 0.0), "float32")
    else:
        answer = keras.ops.one_hot(keras.ops.argmax(scores, axis=-1), n_outputs)
    graph = network_graph(Holder(keras.Model(inputs, answer)))
    assert graph.columns[1].activation == activation
    assert np.array(graph.weights[0]) == pytest.approx(dense.get_weights()[0], rel=1e-4)


def test_what_is_no_chain_of_dense_layers_is_refused() -> None:
    layers = keras.layers
    convolution = keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(2, 2, name="edges"), layers.Flatten()])
    with pytest.raises(ParameterError, match=r"a Conv2D layer \('edges'\); expected a chain of Dense layers"):
        network_graph(Holder(convolution))
    inputs = keras.Input((3,))
    one, two = layers.Dense(2)(inputs), layers.Dense(2)(inputs)
    with pytest.raises(ParameterError, match=r"has a Add layer \('add"):
        network_graph(Holder(keras.Model(inputs, layers.Add()([one, two]))))
    branches = keras.Model(inputs, [one, two])
    with pytest.raises(ParameterError, match="is no chain of Dense layers: it has 2 of them, and branches"):
        network_graph(Holder(branches))
    with pytest.raises(ParameterError, match="has no Dense layer"):
        network_graph(Holder(keras.Sequential([keras.Input((3,)), layers.Dropout(0.1)])))
    with pytest.raises(ParameterError, match="object has neither network_, nor coefs_, nor coef_"):
        network_graph(object())


@pytest.mark.parametrize(
    ("coefs", "settings", "message"),
    [
        ([], {}, r"shapes \[\], which make no chain"),
        ([np.ones((2, 3)), np.ones((2, 1))], {}, r"\[\(2, 3\), \(2, 1\)\], which make no chain of dense layers"),
        ([np.ones(3)], {}, "make no chain"),
        ([np.ones((2, 1))], {"intercepts": [np.ones(2)]}, "Layer 0 has 2 biases for 1 neurons"),
        ([np.ones((2, 1))], {"activations": []}, "activations has 0 entries; expected 1, one a layer"),
        ([np.ones((2, 1))], {"feature_names": ["a"]}, "feature_names has 1 entries; expected 2, one a neuron"),
        ([np.ones((2, 3))], {"class_names": ["a"]}, "class_names has 1 entries; expected 3"),
        ([np.ones((2, 1))], {"shown": "strong"}, "Did you mean 'strongest'"),
        ([np.ones((2, 1))], {"max_neurons": 0}, "max_neurons=0 cannot be used"),
    ],
)
def test_weights_that_make_no_network(coefs: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        graph_from_weights(coefs, **settings)


def test_weights_that_are_not_finite() -> None:
    with pytest.raises(DataError, match=r"The weights are not all finite: .* lower learning rate"):
        graph_from_weights([[[np.nan]]])
    with pytest.raises(DataError, match="The biases are not all finite"):
        graph_from_weights([[[1.0]]], [[np.inf]])
