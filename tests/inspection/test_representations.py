"""Representations, judged by a forward pass in NumPy, by scikit-learn's PCA, and by the scores on the lines."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import (
    Autoencoder,
    CNNClassifier,
    LogisticRegression,
    MLPClassifier,
    NetworkClassifier,
    Perceptron,
    tabular_pipeline,
)
from strates.datasets import moons, spiral
from strates.exceptions import DataError, ParameterError
from strates.inspection import Representation, StraightBoundary, linear_probes, memory_and_flops, representations
from strates.inspection.representations import principal_plane

X, Y = spiral(60)
BOX = (-1.5, 1.5, -1.5, 1.5)


@pytest.fixture(scope="module")
def deep() -> Any:
    return MLPClassifier(
        (6, 2), activation="tanh", solver="lbfgs", alpha=1e-3, tol=5e-3, max_iter=2000, random_state=2
    ).fit(X, Y)


@pytest.fixture(scope="module")
def wide() -> Any:
    return MLPClassifier((5,), activation="relu", solver="lbfgs", max_iter=100, tol=0.1, random_state=0).fit(X, Y)


def test_each_space_is_the_forward_pass(deep: Any) -> None:
    spaces = representations(deep, X)
    assert [(one.name, one.width) for one in spaces] == [("input", 2), ("hidden_1", 6), ("hidden_2", 2)]
    value = X
    for space, kernel, bias in zip(spaces[1:], deep.coefs_, deep.intercepts_, strict=False):
        value = np.tanh(value @ kernel + bias)
        np.testing.assert_allclose(space.activations, value, atol=2e-6)
    np.testing.assert_array_equal(spaces[0].projection, X)
    np.testing.assert_array_equal(spaces[2].projection, spaces[2].activations)
    assert spaces[2].axis_names == ("unit 1", "unit 2")
    assert spaces[2].share_shown == 1
    np.testing.assert_allclose(
        spaces[2].explained_variance_ratio, value.var(axis=0) / value.var(axis=0).sum(), rtol=1e-4
    )


def test_wide_spaces_are_seen_as_scikit_learns_pca_sees_them(deep: Any) -> None:
    space = representations(deep, X, layers="hidden_1")[0]
    pca = PCA(2).fit(space.activations)
    np.testing.assert_allclose(np.abs(space.axes.T), np.abs(pca.components_), atol=1e-9)
    np.testing.assert_allclose(np.abs(space.projection), np.abs(pca.transform(space.activations)), atol=1e-9)
    np.testing.assert_allclose(space.explained_variance_ratio, pca.explained_variance_ratio_, atol=1e-12)
    assert (space.axes[np.abs(space.axes).argmax(axis=0), [0, 1]] > 0).all()  # the sign is settled
    assert space.axis_names == ("PC 1", "PC 2")


def test_of_very_wide_spaces_two_directions_are_found_without_the_others() -> None:
    """As a layer of a convolutional network has: the planted plane is the one that a full decomposition gives."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 3000)) + np.outer(rng.normal(size=200), rng.normal(size=3000))
    values += 3 * np.outer(rng.normal(size=200), rng.normal(size=3000)) + 5
    _, axes, ratio = principal_plane(values)
    _, sizes, directions = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(axes.T), np.abs(directions[:2]), atol=1e-9)
    np.testing.assert_allclose(ratio, sizes[:2] ** 2 / (sizes**2).sum(), rtol=1e-9)
    line = np.outer(rng.normal(size=200), rng.normal(size=3000))  # no second direction: any at right angles
    _, axes, ratio = principal_plane(line)
    np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(ratio, [1, 0], atol=1e-9)


def test_an_autoencoders_spaces_go_down_to_its_code() -> None:
    rows = np.random.default_rng(0).normal(size=(80, 5))
    auto = Autoencoder((4, 2), activation="tanh", max_iter=3, random_state=0)
    spaces = representations(make_pipeline(StandardScaler(), auto).fit(rows), rows)
    assert [(one.name, one.width, one.boundary) for one in spaces] == [
        ("input", 5, None), ("encoder_1", 4, None), ("encoder_2", 2, None),
    ]  # fmt: skip
    scaled = StandardScaler().fit_transform(rows)
    kernel, bias = auto.encoder_.layers[1].get_weights()
    np.testing.assert_allclose(spaces[1].activations, np.tanh(scaled @ kernel + bias), atol=1e-5)
    np.testing.assert_allclose(spaces[2].projection, auto.transform(scaled), atol=1e-5)
    outwards = representations(auto, scaled, layers="decoder_1")
    assert outwards[0].width == 4
    table = linear_probes(auto, scaled, np.where(rows[:, 0] > 0, "up", "down"))
    assert table["space"].unique().tolist() == ["input", "PCA (4)", "PCA (2)", "encoder_1", "encoder_2"]
    assert table.loc[0, "accuracy"] > 0.9  # the sign of an input is in the input


def test_augmentation_is_no_space() -> None:
    """Its layers hand on the images as they are: a space of theirs would be the input again."""
    images = np.random.default_rng(0).integers(0, 255, (20, 6, 6), dtype=np.uint8)
    clf = CNNClassifier((2,), hidden_layer_sizes=(3,), augmentation=("flip", "zoom"), max_iter=1, random_state=0)
    with pytest.warns(UserWarning, match="converged"):
        clf.fit(images, np.arange(20) % 2)
    assert [one.name for one in representations(clf, images)] == ["input", "flatten", "hidden_1"]
    table = memory_and_flops(clf).set_index("layer")
    assert table.loc[["augmentation_1", "augmentation_2"], "activations"].tolist() == [0, 0]


def test_in_two_units_the_boundary_is_the_networks(deep: Any) -> None:
    *before, last = representations(deep, X)
    assert [one.boundary for one in before] == [None, None]
    assert last.boundary is not None
    assert last.is_exact
    kernel, bias = deep.coefs_[-1], deep.intercepts_[-1]
    lines = last.boundary.lines(BOX)
    assert len(lines) >= 2
    for first, second, ends in lines:
        for share in (0.1, 0.5, 0.9):  # along the piece, two classes tie and lead
            scores = ((1 - share) * ends[0] + share * ends[1]) @ kernel + bias
            assert scores[first] == pytest.approx(scores[second], abs=1e-4)
            assert scores[first] == pytest.approx(scores.max(), abs=1e-4)
    assert (last.boundary.scores(last.projection).argmax(axis=1) == deep.predict(X)).mean() == 1


def test_of_a_wider_layer_the_boundary_is_cut_by_the_plane_through_the_mean(wide: Any) -> None:
    last = representations(wide, X)[-1]
    assert last.boundary is not None
    assert not last.is_exact
    points = np.random.default_rng(0).normal(size=(20, 2))
    inside = last.activations.mean(axis=0) + points @ last.axes.T  # where these points are among the five units
    np.testing.assert_allclose(last.boundary.scores(points), inside @ wide.coefs_[-1] + wide.intercepts_[-1], atol=1e-5)


def test_one_output_is_the_second_class_against_a_score_of_zero() -> None:
    rows, labels = moons(80)
    clf = MLPClassifier((2,), activation="tanh", solver="lbfgs", max_iter=50, tol=0.1, random_state=0).fit(rows, labels)
    last = representations(clf, rows)[-1]
    assert last.boundary is not None
    scores = last.boundary.scores(last.projection)
    p = clf.predict_proba(rows)[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(scores[:, 0] - scores[:, 1])), p, atol=1e-5)
    ((first, second, ends),) = last.boundary.lines(BOX)
    assert (first, second) == (0, 1)
    np.testing.assert_allclose(ends @ clf.coefs_[-1] + clf.intercepts_[-1], 0, atol=1e-5)


def test_with_batch_normalisation_the_activation_is_the_space() -> None:
    clf = MLPClassifier((4, 3), batch_norm=True, dropout=0.2, max_iter=3, n_iter_no_change=99, random_state=0)
    with pytest.warns(UserWarning, match="converged"):
        clf.fit(X, Y)
    spaces = representations(clf, X)
    assert [one.name for one in spaces] == ["input", "activation_1", "activation_2"]
    assert spaces[1].activations.min() == 0  # after the rectifier
    before = representations(clf, X, layers=["hidden_1", "batch_norm_1"])  # any layer may be asked for
    assert [one.name for one in before] == ["hidden_1", "batch_norm_1"]
    np.testing.assert_allclose(np.maximum(before[1].activations, 0), spaces[1].activations, atol=1e-6)


def test_a_keras_network_shows_one_space_a_block() -> None:
    layers = keras.layers

    def build(shape: Any, n: int) -> Any:
        return keras.Sequential(
            [
                keras.Input(shape),
                layers.Conv2D(3, 3),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dropout(0.1),
                layers.Dense(4, "relu"),
                layers.Dense(n),
            ]
        )

    images = np.random.default_rng(0).normal(size=(30, 6, 6, 1))
    clf = NetworkClassifier(build, max_iter=1, random_state=0)
    with pytest.warns(UserWarning, match="converged"):
        clf.fit(images, np.arange(30) % 3)
    spaces = representations(clf, images)
    assert [one.width for one in spaces] == [36, 12, 4]
    assert spaces[1].name.startswith("flatten")
    scores = spaces[-1].boundary
    assert scores is not None
    logits = np.log(clf.predict_proba(images))
    inside = spaces[-1].activations @ np.asarray(clf.network_.layers[-2].kernel) + np.asarray(
        clf.network_.layers[-2].bias
    )
    np.testing.assert_allclose(inside - inside[:, :1], logits - logits[:, :1], atol=1e-4)


def test_without_hidden_layers_there_is_the_input_and_its_boundary() -> None:
    rows, labels = load_iris(return_X_y=True, as_frame=True)
    rows = rows.iloc[:, 2:]
    clf = LogisticRegression(alpha=0.01).fit(rows, labels)
    (space,) = representations(clf, rows)
    assert (space.name, space.axis_names) == ("input", ("petal length (cm)", "petal width (cm)"))
    assert space.boundary is not None
    scores = space.boundary.scores(rows.to_numpy())
    expected = clf.decision_function(rows)
    np.testing.assert_allclose(scores - scores[:, :1], expected - expected[:, :1], atol=1e-5)
    perceptron = Perceptron(random_state=0).fit(rows[labels != 2], labels[labels != 2])
    (space,) = representations(perceptron, rows)
    assert space.boundary is not None
    decided = perceptron.predict(rows) == 1
    np.testing.assert_array_equal(space.boundary.scores(rows.to_numpy()).argmax(axis=1) == 1, decided)


def test_the_input_is_what_reaches_the_network() -> None:
    rows, labels = load_iris(return_X_y=True, as_frame=True)
    clf = make_pipeline(StandardScaler(), MLPClassifier((3,), solver="lbfgs", max_iter=20, tol=0.5, random_state=0))
    clf.fit(rows, labels)
    space = representations(clf, rows)[0]
    np.testing.assert_allclose(space.activations, StandardScaler().fit_transform(rows), atol=1e-12)
    table = rows.assign(colour=np.where(labels == 0, "red", "blue"))
    pipeline = tabular_pipeline(MLPClassifier((2,), solver="lbfgs", max_iter=20, tol=0.5, random_state=0))
    spaces = representations(pipeline.fit(table, labels), table)
    assert [one.width for one in spaces] == [pipeline[:-1].transform(table).shape[1], 2]


def test_a_single_row_and_a_space_without_variance(deep: Any) -> None:
    spaces = representations(deep, X[:1])
    assert [one.projection.shape for one in spaces] == [(1, 2)] * 3
    assert spaces[1].projection.tolist() == [[0.0, 0.0]]
    np.testing.assert_allclose(spaces[1].axes.T @ spaces[1].axes, np.eye(2), atol=1e-12)
    assert spaces[1].share_shown == 1
    assert spaces[2].boundary is not None


def test_layers_by_number_and_name_in_the_networks_order(deep: Any) -> None:
    assert [one.name for one in representations(deep, X, layers=(-1, "input"))] == ["input", "hidden_2"]
    assert representations(deep, X, layers=0)[0].name == "hidden_1"


def test_looking_leaves_the_estimator_as_it_was(wide: Any) -> None:
    wide.transform(X)
    names = wide.get_feature_names_out().tolist()
    representations(wide, X, layers="input")
    representations(wide, X)
    assert wide.get_feature_names_out().tolist() == names


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("hidden_9", r"no layer 'hidden_9'.*Did you mean 'hidden_2'.*Known: input, hidden_1, hidden_2"),
        (5, r"no layer 5: the network has hidden layers 0 to 1\. Known: input, hidden_1, hidden_2"),
        ("outputs", "no layer 'outputs'"),
        ([], "layers is empty"),
    ],
)
def test_a_layer_that_does_not_exist(deep: Any, layers: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        representations(deep, X, layers=layers)


class Subclass(keras.Model):
    def __init__(self, n: int = 1) -> None:
        super().__init__()
        self.n = n
        self.dense = keras.layers.Dense(n)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def get_config(self) -> dict[str, Any]:
        return {"n": self.n}


def test_what_cannot_be_looked_into(deep: Any) -> None:
    with pytest.raises(ParameterError, match=r"StandardScaler has no network_ and transform"):
        representations(StandardScaler().fit(X), X)
    with pytest.raises(DataError, match="X has no rows"):
        representations(deep, X[:0])
    clf = NetworkClassifier(lambda _, n: Subclass(n), max_iter=1, random_state=0)
    with pytest.warns(UserWarning, match="converged"):
        clf.fit(X, Y)
    with pytest.raises(ParameterError, match=r"subclass of keras\.Model, cannot be looked into"):
        representations(clf, X)


def test_json_and_back(deep: Any) -> None:
    for space in representations(deep, X):
        stored = json.loads(json.dumps(space.take(np.arange(10)).to_dict(), allow_nan=False))
        again = Representation.from_dict(stored)
        np.testing.assert_allclose(again.projection, space.projection[:10], rtol=1e-3)
        assert (again.name, again.width, again.axis_names) == (space.name, space.width, space.axis_names)
        assert again.activations is None
        assert (again.boundary is None) == (space.boundary is None)
        if space.boundary is not None and again.boundary is not None:
            np.testing.assert_array_equal(again.boundary.slopes, space.boundary.slopes)
        assert again.to_dict() == stored


# --- straight lines -------------------------------------------------------------------------------


def area(corners: np.ndarray) -> float:
    x, y = corners.T
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


@pytest.mark.parametrize("n_classes", [2, 3, 7, 25])
def test_regions_fill_the_box_and_lie_where_their_class_leads(n_classes: int) -> None:
    rng = np.random.default_rng(n_classes)
    boundary = StraightBoundary(rng.normal(size=(2, n_classes)), rng.normal(size=n_classes))
    regions = boundary.regions(BOX)
    assert sum(area(corners) for _, corners in regions) == pytest.approx(9.0)
    grid = rng.uniform(-1.5, 1.5, size=(4000, 2))
    winners = np.bincount((grid @ boundary.slopes + boundary.offsets).argmax(axis=1), minlength=n_classes) / 4000
    for k, corners in regions:
        assert (grid_scores := corners.mean(axis=0) @ boundary.slopes + boundary.offsets).argmax() == k, grid_scores
        assert area(corners) / 9 == pytest.approx(winners[k], abs=0.04)
    for first, second, ends in boundary.lines(BOX):
        scores = ends.mean(axis=0) @ boundary.slopes + boundary.offsets
        assert scores[first] == pytest.approx(scores[second])
        assert scores.max() == pytest.approx(scores[first])


def test_where_one_class_leads_everywhere_there_is_no_line() -> None:
    boundary = StraightBoundary(np.zeros((2, 3)), np.array([0.0, 1.0, 0.0]))
    assert boundary.lines(BOX) == []
    assert [k for k, _ in boundary.regions(BOX)] == [1]
