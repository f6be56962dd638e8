"""From a user's rows and labels to the numbers that a network on the blackboard takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import LogisticRegression, MLPClassifier
from strates.backprop import network_rows, network_targets, rebuild
from strates.backprop.rows import tensorflow_gradients
from strates.engine.backend import keras
from strates.exceptions import DataError, TargetError

QUICK = {"learning_rate": "cosine", "max_iter": 2, "random_state": 0}
NAMES = ["a", "b", "c", "d"]


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return pd.DataFrame(X, columns=NAMES), np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture(scope="module")
def named(iris):
    return LogisticRegression(alpha=0.1).fit(*iris)


@pytest.fixture(scope="module")
def plain(iris):
    return LogisticRegression(alpha=0.1).fit(iris[0].to_numpy(), iris[1])


# --- rows ----------------------------------------------------------------------------------------


def test_the_other_steps_of_a_pipeline_are_applied_first(iris):
    X, y = iris
    wanted = (X - X.mean()) / X.std(ddof=0)
    for table in (X, X.to_numpy()):
        pipeline = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.1)).fit(table, y)
        np.testing.assert_allclose(network_rows(pipeline, table), wanted, rtol=1e-12, atol=1e-12)


def test_rows_keep_the_digits_that_float32_would_lose(plain):
    row = np.array([[0.1, 0.2, 1 / 3, 1e-9]])
    np.testing.assert_array_equal(network_rows(plain, row), row)


@pytest.mark.parametrize("form", [np.asarray, csr_matrix, pd.DataFrame, lambda X: np.asarray(X).tolist()])
def test_every_form_of_rows(form, plain, iris):
    rows = iris[0].to_numpy()[:3]
    np.testing.assert_array_equal(network_rows(plain, form(rows)), rows)


def test_a_pipeline_of_one_step_and_tables_that_a_step_returns(iris):
    X, y = iris
    alone = Pipeline([("clf", LogisticRegression(alpha=0.1))]).fit(X, y)
    np.testing.assert_array_equal(network_rows(alone, X), X)
    tables = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.1)).set_output(transform="pandas").fit(X, y)
    np.testing.assert_allclose(network_rows(tables, X).std(axis=0), 1, rtol=1e-12)


def test_images_pass_as_they_are(trained):
    clf, X, _ = trained("convolutions")
    assert network_rows(clf, X).shape == (5, 6, 6, 2)
    with pytest.raises(
        DataError, match=r"X has shape \(6, 6, 2\); expected \(n_rows, 6, 6, 2\). One row alone is X\[\[i\]\]"
    ):
        network_rows(clf, X[0])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((2, 3)), r"X has shape \(2, 3\); expected \(n_rows, 4\)\.$"),
        (
            np.zeros(4),
            r"X has shape \(4,\); expected \(n_rows, 4\). One row alone is X\[\[i\]\], or row.reshape\(1, -1\)",
        ),
        (np.zeros((0, 4)), "X has no rows; expected at least one"),
        ([["a", "b", "c", "d"]], "X cannot be read as numbers .*Give the rows as the classifier takes them"),
        (
            [[0, 0, 0, 0], [0, 0, np.nan, 0]],
            "X holds nan in row 1, column 2. Fill missing values first.*tabular_pipeline",
        ),
        ([[0, np.inf, 0, 0]], "X holds inf in row 0, column 1"),
    ],
)
def test_rows_that_cannot_be_used_are_refused(rows, message, plain):
    with pytest.raises(DataError, match=message):
        network_rows(plain, rows)


def test_a_missing_value_is_named_by_its_column(named, iris):
    rows = iris[0].head(3).copy()
    rows.loc[2, "b"] = np.nan
    with pytest.raises(DataError, match="X holds nan in row 2, column 'b'"):
        network_rows(named, rows)


def test_columns_in_another_order_are_refused_as_predict_does(named, iris):
    rows = iris[0].head(3)
    with pytest.raises(ValueError, match="feature names"):
        named.predict(rows[NAMES[::-1]])
    with pytest.raises(
        DataError, match=r"the columns of the fit in another order; expected 'a', 'b', 'c', 'd'. X\[list"
    ):
        network_rows(named, rows[NAMES[::-1]])
    with pytest.raises(DataError, match="X has the columns 'q', 'b', 'c', 'd'; expected 'a', 'b', 'c', 'd'"):
        network_rows(named, rows.rename(columns={"a": "q"}))
    np.testing.assert_array_equal(network_rows(named, rows.to_numpy()), rows)  # without names, in the fit's order


def test_an_unfitted_pipeline_says_so(iris):
    with pytest.raises(NotFittedError, match="not fitted"):
        network_rows(make_pipeline(StandardScaler(), MLPClassifier()), iris[0])


# --- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", [list, np.array, pd.Series, pd.Categorical, lambda y: np.array(y)[:, None], pd.DataFrame]
)
def test_labels_become_class_numbers(form, named):
    codes = network_targets(named, form(["virginica", "setosa", "virginica"]), rebuild(named), 3)
    assert codes.tolist() == [2, 0, 2]
    assert codes.dtype.kind == "i"


def test_one_logistic_unit_takes_zeros_and_ones(trained):
    clf, _, y = trained("one sigmoid")
    targets = network_targets(clf, y, rebuild(clf), len(y))
    np.testing.assert_array_equal(targets, (y == "virginica").astype(float)[:, None])
    two = trained("two softmax").clf
    np.testing.assert_array_equal(network_targets(two, y, rebuild(two), len(y)), (y == "virginica").astype(int))


def test_labels_may_be_booleans_and_scalars(iris):
    clf = LogisticRegression(alpha=0.1).fit(iris[0].to_numpy(), iris[1] == "setosa")
    network = rebuild(clf)
    for label in (True, np.True_, [True], pd.Series([True], index=[7])):
        np.testing.assert_array_equal(network_targets(clf, label, network, 1), [[1.0]])


def test_a_matrix_of_labels_passes(trained):
    clf, _, y = trained("mlp, multilabel")
    targets = network_targets(clf, pd.DataFrame(y), rebuild(clf), len(y))
    np.testing.assert_array_equal(targets, y)
    assert targets.dtype == np.float64


@pytest.mark.parametrize(
    ("labels", "n_rows", "message"),
    [
        (
            ["setosa", "tulip"],
            2,
            "y holds the label 'tulip', which is not among the classes 'setosa', 'versicolor', 'virginica'",
        ),
        ([np.nan], 1, "y holds the label nan, which is not among the classes"),
        ([None], 1, "y holds the label None, which is not among the classes"),
        (["setosa"], 3, "X has 3 rows, y has 1 labels. Give one label for each row"),
        ([["setosa", "setosa"]], 1, r"y has shape \(1, 2\); expected \(1,\), one label for each row"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(labels, n_rows, message, named):
    with pytest.raises(TargetError, match=message):
        network_targets(named, labels, rebuild(named), n_rows)


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ([[1, 0]], r"\(1, 2\) and holds 0, 1"),
        ([1], r"\(1,\) and holds 1"),
        ([[1, 0, 2]], "0, 1, 2"),
        ([["a", "b", "c"]], "'a'"),
    ],
)
def test_matrices_of_labels_that_cannot_be_used_are_refused(labels, shown, trained):
    clf = trained("mlp, multilabel").clf
    with pytest.raises(TargetError, match=rf"y has shape .*{shown}.*; expected 0 and 1 in shape \(n_rows, 3\)"):
        network_targets(clf, labels, rebuild(clf), 1)


# --- TensorFlow's gradients ----------------------------------------------------------------------


def test_tensorflows_gradients_are_the_textbooks(named, iris):
    X, y = iris
    rows = network_rows(named, X)
    W, b = (w.astype(float) for w in named.network_.get_weights())
    z = rows @ W + b
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    residual = (p - (y[:, None] == named.classes_)) / len(y)
    found = tensorflow_gradients(named, rows, y, rebuild(named), penalty=False, training=False)
    np.testing.assert_allclose(found["outputs/kernel"], rows.T @ residual, atol=1e-12)
    np.testing.assert_allclose(found["outputs/bias"], residual.sum(axis=0), atol=1e-12)
    more = tensorflow_gradients(named, rows, y, rebuild(named), penalty=True, training=False)
    np.testing.assert_allclose(more["outputs/kernel"] - found["outputs/kernel"], 0.1 * W, atol=1e-12)


def test_tensorflow_cannot_leave_out_a_networks_own_regularizers(trained):
    clf, X, y = trained("convolutions")  # L2 of 1e-2 on the convolution, L1 of 1e-3 on the dense layer
    rows, network = network_rows(clf, X), rebuild(clf)
    off, on = (tensorflow_gradients(clf, rows, y, network, penalty=p, training=False) for p in (False, True))
    assert set(on) == set(network.parameters)
    assert set(on) - set(off) == set(network.penalties) == {"filters/kernel", "scores/kernel"}
    alone = network.without_penalty()
    gradients = alone.backward(alone.forward(rows, network_targets(clf, y, network, len(rows)))).parameters
    W = {name: network.parameters[name] for name in network.penalties}
    for name, added in (
        ("filters/kernel", 2e-2 * W["filters/kernel"]),
        ("scores/kernel", 1e-3 * np.sign(W["scores/kernel"])),
    ):
        np.testing.assert_allclose(on[name] - gradients[name], added, atol=1e-8)


def test_names_are_those_of_the_network_that_is_asked(chain_of, rows_network):
    # both have one architecture, and share one compiled function
    for name in ("one", "two"):
        clf, X, y = rows_network(chain_of(lambda n, name=name: keras.layers.Dense(n, name=name)))
        found = clf.loss_gradient(X, y)
        assert list(found.parameters) == list(rebuild(clf).parameters) == [f"{name}/kernel", f"{name}/bias"]
        assert list(found.deltas) == list(found.activations) == [name, "probabilities"]


def test_a_classifier_that_cannot_tell_is_no_witness(named, iris):
    class Other:
        network_, classes_ = named.network_, named.classes_

    assert tensorflow_gradients(Other(), iris[0], iris[1], rebuild(named), penalty=False, training=False) == {}
