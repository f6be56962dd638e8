"""A carried plane, judged by the network's own transform, by differences, and by networks whose folds are known."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import LogisticRegression, MLPClassifier, NetworkClassifier
from strates.datasets import moons, spiral
from strates.exceptions import ParameterError
from strates.inspection import Warp, warp

X, Y = moons(80, noise=0.1)
SMALL: dict[str, Any] = {"n_lines": 5, "n_points": 9, "resolution": 21}


def fitted(*hidden: int, activation: str = "tanh", **choices: Any) -> Any:
    clf = MLPClassifier(hidden, activation=activation, solver="lbfgs", max_iter=60, tol=1.0, random_state=0, **choices)
    return clf.fit(X, Y)


@pytest.fixture(scope="module")
def tanh() -> Any:
    return fitted(2, 2)


@pytest.fixture(scope="module")
def carried(tanh: Any) -> Warp:
    return warp(tanh, X, **SMALL)


def test_lines_and_rows_go_where_the_network_sends_them(tanh: Any, carried: Warp) -> None:
    plane, *layers = carried.spaces
    assert [one.name for one in carried.spaces] == ["input", "hidden_1", "hidden_2"]
    np.testing.assert_array_equal(plane.points, X)
    for number, space in enumerate(layers):
        np.testing.assert_allclose(space.points, tanh.transform(X, layer=number), atol=2e-6)
        flat = plane.lines.reshape(-1, 2)
        np.testing.assert_allclose(space.lines.reshape(-1, 2), tanh.transform(flat, layer=number), atol=2e-6)
        np.testing.assert_array_equal(carried.carry(plane.lines)[number + 1], space.lines)


def test_the_grid_covers_the_rows_with_a_margin(carried: Warp) -> None:
    left, right, bottom, top = carried.box
    low, high = X.min(axis=0), X.max(axis=0)
    np.testing.assert_allclose([low[0] - left, right - high[0]], 0.1 * (high - low)[0])
    np.testing.assert_allclose([low[1] - bottom, top - high[1]], 0.1 * (high - low)[1])
    lines = carried.spaces[0].lines
    assert lines.shape == (10, 9, 2)
    assert np.ptp(lines[:5, :, 0], axis=1).max() == 0  # upright
    assert np.ptp(lines[5:, :, 1], axis=1).max() == 0  # level
    np.testing.assert_allclose(lines[:5, 0, 0], np.linspace(left, right, 5))


def test_bounds_may_be_given(tanh: Any) -> None:
    found = warp(tanh, X, bounds=(-3, 3, -2, 2), **SMALL)
    assert found.box == (-3, 3, -2, 2)
    assert found.mesh[0, 0].tolist() == [-3, -2]
    assert found.mesh[-1, -1].tolist() == [3, 2]


def test_areas_are_those_of_small_squares(tanh: Any, carried: Warp) -> None:
    h = 1e-4
    corners = carried.mesh[..., None, :] + h * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    for space, places in zip(carried.spaces, carried.carry(corners), strict=True):
        right, up = places[..., 1, :] - places[..., 0, :], places[..., 2, :] - places[..., 0, :]
        expected = (right[..., 0] * up[..., 1] - right[..., 1] * up[..., 0]) / h**2
        np.testing.assert_allclose(space.areas, expected, atol=2e-3 * np.abs(expected).max())


def test_tanh_neither_flattens_nor_folds_a_plane(tanh: Any, carried: Warp) -> None:
    for space, kernel in zip(carried.spaces[1:], tanh.coefs_, strict=False):
        a, b, c, d = kernel.astype(float).ravel()
        assert space.determinant == pytest.approx(a * d - b * c)
        assert space.condition == pytest.approx(np.linalg.cond(kernel.astype(float)), rel=1e-6)
        assert (space.share_flattened, space.share_folded) == (0, 0)


def test_relu_flattens_where_a_unit_is_off() -> None:
    clf = fitted(2, activation="relu")
    found = warp(clf, X, **SMALL)
    z = found.mesh @ clf.coefs_[0].astype(float) + clf.intercepts_[0]
    assert found.spaces[1].share_flattened == (z <= 0).any(axis=-1).mean() > 0
    assert found.spaces[1].share_folded == 0
    np.testing.assert_array_equal(found.spaces[1].areas == 0, (z <= 0).any(axis=-1))


def with_weights(build: Any, weights: list[Any], **choices: Any) -> Any:
    clf = NetworkClassifier(build, max_iter=1, random_state=0, **choices)
    with pytest.warns(ConvergenceWarning):
        clf.fit(X, Y)
    clf.network_.set_weights([np.asarray(one, dtype=float) for one in weights])
    return clf


def test_a_plane_folded_along_a_line_is_half_turned_over() -> None:
    def build(shape: Any, n: int) -> Any:
        dense = keras.layers.Dense
        return keras.Sequential([keras.Input(shape), dense(3, "relu"), dense(2), dense(n)])

    # (x, y) -> (relu(x), relu(-x), relu(y + 9)) -> (|x|, y + 9)
    first, second = [[1, -1, 0], [0, 0, 1]], [[1, 0], [1, 0], [0, 1]]
    clf = with_weights(build, [first, [0, 0, 9], second, [0, 0], [[1], [1]], [0]])
    found = warp(clf, X, bounds=(-1, 3, -1, 1), n_lines=3, n_points=5, resolution=40)
    _, lifted, folded = found.spaces
    assert (lifted.width, lifted.determinant, lifted.share_folded) == (3, None, None)
    assert lifted.share_flattened == 0
    assert folded.share_folded == pytest.approx(0.25)  # the quarter of the box left of x = 0
    np.testing.assert_allclose(np.abs(folded.areas), 1)
    places = found.carry([[-0.5, 0.0], [0.5, 0.0]])[2]
    np.testing.assert_allclose(places[0], places[1])


def test_a_singular_matrix_flattens_all() -> None:
    def build(shape: Any, n: int) -> Any:
        return keras.Sequential([keras.Input(shape), keras.layers.Dense(2, "tanh"), keras.layers.Dense(n)])

    clf = with_weights(build, [[[1, 1], [2, 2]], [0, 0.5], [[1], [1]], [0]])
    space = warp(clf, X, **SMALL).spaces[1]
    assert space.determinant == 0
    assert space.condition > 1e15
    assert space.share_flattened == 1
    assert space.share_folded == 0


def test_three_units_are_seen_by_components_and_say_so() -> None:
    clf = fitted(3)
    space = warp(clf, X, **SMALL).spaces[1]
    assert (space.width, space.axis_names) == (3, ("PC 1", "PC 2"))
    hidden = clf.transform(warp(clf, X, **SMALL).mesh.reshape(-1, 2)).astype(float)
    sizes = np.linalg.svd(hidden - hidden.mean(axis=0), compute_uv=False) ** 2
    assert space.share_shown == pytest.approx(sizes[:2].sum() / sizes.sum(), abs=1e-5)


def test_batch_normalisation_is_part_of_the_weights() -> None:
    clf = MLPClassifier((2,), batch_norm=True, dropout=0.1, activation="tanh", max_iter=5, random_state=0)
    with pytest.warns(ConvergenceWarning):
        clf.fit(X, Y)
    found = warp(clf, X, **SMALL)
    np.testing.assert_allclose(found.spaces[1].points, clf.transform(X), atol=2e-6)


def test_the_boundary_is_the_networks(tanh: Any, carried: Warp) -> None:
    last = carried.spaces[-1]
    assert carried.spaces[0].boundary is None
    assert last.boundary is not None
    assert (last.boundary.scores(last.points).argmax(axis=1) == tanh.predict(X)).all()


def test_through_a_pipeline_and_without_hidden_layers() -> None:
    clf = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.01)).fit(X, Y)
    (space,) = warp(clf, X, **SMALL).spaces
    np.testing.assert_allclose(space.points, StandardScaler().fit_transform(X))
    assert space.boundary is not None


def test_what_cannot_be_drawn_names_the_layer(tanh: Any) -> None:
    with pytest.raises(
        ParameterError, match=r"Layer 'hidden_2' has 8 units, too wide .* Fit hidden_layer_sizes=\(2, 2\)"
    ):
        warp(fitted(2, 8), X)
    with pytest.raises(ParameterError, match="Layer 'hidden_1' has 1 unit, too narrow"):
        warp(fitted(1), X)
    rows, labels = load_iris(return_X_y=True)
    clf = LogisticRegression(alpha=0.01).fit(rows, labels)
    with pytest.raises(ParameterError, match="4 columns reach the network; a plane of inputs has 2"):
        warp(clf, rows)
    with pytest.raises(ParameterError, match=r"bounds=\(1, 0, 0, 1\) is no box"):
        warp(tanh, X, bounds=(1, 0, 0, 1))


def test_layers_that_are_not_dense_are_named() -> None:
    def build(shape: Any, n: int) -> Any:
        layers = keras.layers
        return keras.Sequential(
            [keras.Input(shape), layers.Dense(2), layers.LayerNormalization(name="norm"), layers.Dense(n)]
        )

    clf = NetworkClassifier(build, max_iter=1, random_state=0)
    with pytest.warns(ConvergenceWarning):
        clf.fit(X, Y)
    with pytest.raises(ParameterError, match=r"a LayerNormalization layer \('norm'\) here; expected a chain of Dense"):
        warp(clf, X)


def test_several_classes() -> None:
    rows, labels = spiral(20)
    clf = MLPClassifier((2,), activation="tanh", solver="lbfgs", max_iter=30, tol=1.0, random_state=0).fit(rows, labels)
    last = warp(clf, rows, **SMALL).spaces[-1]
    assert last.boundary is not None
    assert (last.boundary.scores(last.points).argmax(axis=1) == clf.predict(rows)).all()
