"""Planes against scikit-learn's PCA and LDA, planted ranks, and distances written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.preprocessing import StandardScaler

from strates.exceptions import DataError, ParameterError
from strates.inspection.numeric_columns import as_rows, held_row
from strates.inspection.plane_choice import choose_plane

IRIS, SPECIES = load_iris(return_X_y=True)
STANDARD = StandardScaler().fit_transform(IRIS)
MIXED = pd.DataFrame(
    {
        "town": pd.Categorical(["Pau", "Lyon", "Pau", "Pau", "Lyon", "Pau"]),
        "height": [1.0, 2.0, 4.0, 3.0, 5.0, 2.0],
        "warm": [True, False, True, True, False, True],
        "rooms": [3, 1, 2, 2, 5, 4],
        "colour": ["red", "blue", "red", None, "red", "blue"],
        "area": [10.0, 30.0, 20.0, 60.0, 40.0, 50.0],
        "always": 7.0,
    }
)


def test_principal_plane_is_scikit_learns() -> None:
    plane = choose_plane(IRIS, None, "pca")
    known = PCA().fit(STANDARD)
    assert plane.explained_variance(IRIS) == pytest.approx(known.explained_variance_ratio_[:2].sum(), abs=1e-12)
    assert np.abs(plane.project(IRIS)) == pytest.approx(np.abs(known.transform(STANDARD)[:, :2]), abs=1e-10)
    # what the other two components hold is what the plane hides
    hidden = np.linalg.norm(known.transform(STANDARD)[:, 2:], axis=1)
    assert plane.distances(IRIS) == pytest.approx(hidden, abs=1e-10)
    assert plane.axis_names[0].startswith(f"PC1: {100 * known.explained_variance_ratio_[0]:.0f}\u202f% of variance; ")
    assert f"x2 +{np.abs(known.components_[0]).max():.2f}" in plane.axis_names[0]
    assert plane.spread(IRIS) == pytest.approx(np.linalg.norm(STANDARD, axis=1).mean())


def test_rows_of_rank_two_lie_on_their_plane() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2)) @ rng.normal(size=(2, 5)) * [1, 10, 100, 0.1, 5] + [3, -2, 50, 0, 9]
    for plane in (choose_plane(X, None, "pca"), choose_plane(X, None, "rows", rows=(3, 8, 30))):
        assert plane.explained_variance(X) == pytest.approx(1, abs=1e-12)
        assert plane.distances(X) == pytest.approx(np.zeros(40), abs=1e-7)
        assert plane.rows(plane.project(X)) == pytest.approx(X, abs=1e-6)


def test_plane_of_two_columns_keeps_their_units() -> None:
    plane = choose_plane(IRIS, None, "features", features=(2, 0))
    assert plane.project(IRIS) == pytest.approx(IRIS[:, [2, 0]], rel=1e-14)
    assert plane.axis_names == ("x2", "x0")
    rows = plane.rows([[4.0, 5.5], [1.0, 6.0]])
    medians = np.median(IRIS, axis=0)
    assert rows.tolist() == [[5.5, medians[1], 4.0, medians[3]], [6.0, medians[1], 1.0, medians[3]]]
    off = (IRIS - medians)[:, [1, 3]] / IRIS.std(axis=0)[[1, 3]]
    assert plane.distances(IRIS) == pytest.approx(np.linalg.norm(off, axis=1))
    assert plane.explained_variance(IRIS) == pytest.approx(0.5)  # two of four columns of variance 1
    assert plane.note == f"The other columns are held: x1 at {medians[1]:g}, x3 at {medians[3]:g}."


@pytest.mark.parametrize(
    ("at", "held"),
    [
        ("mean", IRIS.mean(axis=0)),
        (17, IRIS[17]),
        (-1, IRIS[-1]),
        ({"x1": 9.5}, np.where(np.arange(4) == 1, 9.5, np.median(IRIS, axis=0))),
        ({3: 2}, np.where(np.arange(4) == 3, 2, np.median(IRIS, axis=0))),
    ],
)
def test_where_the_other_columns_are_held(at: Any, held: np.ndarray) -> None:
    plane = choose_plane(IRIS, None, "features", features=("x0", "x2"), at=at)
    assert plane.rows([[1.0, 2.0]])[0] == pytest.approx([1.0, held[1], 2.0, held[3]])


def test_plane_through_three_rows_holds_them() -> None:
    chosen = [4, 70, 140]
    plane = choose_plane(IRIS, None, "rows", rows=chosen)
    points = plane.project(IRIS[chosen])
    assert plane.distances(IRIS[chosen]) == pytest.approx(np.zeros(3), abs=1e-12)
    assert plane.rows(points) == pytest.approx(IRIS[chosen])
    apart = np.linalg.norm(STANDARD[70] - STANDARD[4])
    assert points[:2] == pytest.approx(np.array([[0, 0], [apart, 0]]), abs=1e-12)
    assert points[2, 1] > 0
    # the drawn point is the nearest: nowhere else on the plane is nearer to a row
    z, (a, b, c) = STANDARD[99], STANDARD[chosen]
    solution = np.linalg.lstsq(np.stack([b - a, c - a], axis=1), z - a)
    assert plane.distances(IRIS[99:100])[0] == pytest.approx(np.sqrt(solution[1][0]))


def test_discriminant_plane_is_scikit_learns_plot() -> None:
    X, y = load_wine(return_X_y=True)
    plane = choose_plane(X, y, "discriminant")
    known = LinearDiscriminantAnalysis().fit(StandardScaler().fit_transform(X), y)
    assert np.abs(plane.project(X)) == pytest.approx(np.abs(known.transform(StandardScaler().fit_transform(X))))
    within = sum((np.cov(plane.project(X[y == k]).T) * (np.sum(y == k) - 1) for k in range(3)), np.zeros((2, 2)))
    assert within / len(y) == pytest.approx(np.eye(2), abs=1e-9)
    # three classes lie in the plane of their means, which is the plane that is drawn
    means = np.stack([X[y == k].mean(axis=0) for k in range(3)])
    assert plane.distances(means) == pytest.approx(np.zeros(3), abs=1e-9)
    shares = known.explained_variance_ratio_
    for axis, share in zip(plane.axis_names, shares, strict=True):
        assert f"{100 * share:.0f}\u202f% of between-class variance" in axis


def test_two_classes_have_one_discriminant_and_a_component_of_the_rest() -> None:
    X, y = IRIS[50:], SPECIES[50:]
    plane = choose_plane(X, y, "discriminant")
    Z = StandardScaler().fit_transform(X)
    first = LinearDiscriminantAnalysis().fit(Z, y).transform(Z)[:, 0]
    points = plane.project(X)
    assert np.abs(points[:, 0]) == pytest.approx(np.abs(first))
    drawn = StandardScaler().fit(X).transform(plane.rows(points))
    # a second row of the same first coordinate differs along one direction only, that of the second
    left = Z - np.outer(points[:, 0], (plane.directions / plane.scale)[0])
    component = PCA(1).fit(left)
    assert np.abs(points[:, 1]) == pytest.approx(np.abs(component.transform(left)[:, 0]), abs=1e-9)
    assert np.linalg.norm(Z - drawn, axis=1) == pytest.approx(plane.distances(X))
    assert plane.axis_names[1].startswith("PC1 of the rest; ")


@pytest.mark.parametrize("kind", ["pca", "discriminant", "rows", "features"])
def test_points_come_back_from_their_rows(kind: str) -> None:
    rows = (0, 60, 120) if kind == "rows" else None
    plane = choose_plane(IRIS, SPECIES, kind, rows=rows, features=(1, 3) if kind == "features" else None)
    points = np.random.default_rng(0).normal(size=(20, 2)) * 5
    assert plane.project(plane.rows(points)) == pytest.approx(points)
    assert plane.distances(plane.rows(points)) == pytest.approx(np.zeros(20), abs=1e-9)


def test_auto_takes_two_columns_as_they_are_and_components_of_more() -> None:
    assert choose_plane(IRIS, None, "auto").kind == "pca"
    assert choose_plane(IRIS[:, :2], None, "auto").kind == "features"
    assert choose_plane(IRIS, None, "auto", features=(0, 1)).kind == "features"
    assert choose_plane(IRIS, None, "auto", rows=(0, 60, 120)).kind == "rows"
    constant = np.column_stack([IRIS[:, :2], np.ones(150)])
    assert choose_plane(constant, None, "auto").kind == "features"
    assert choose_plane(MIXED, None, "auto").kind == "pca"


def test_rows_of_a_mixed_table_have_its_form() -> None:
    plane = choose_plane(MIXED, None, "features", features=("area", "height"))
    rows = plane.rows([[33.0, 2.5], [12.0, 4.5]])
    assert rows.columns.tolist() == MIXED.columns.tolist()
    assert rows["town"].tolist() == ["Pau", "Pau"]
    assert rows["colour"].tolist() == ["red", "red"]
    assert rows["warm"].tolist() == [True, True]
    assert rows["rooms"].tolist() == [2.5, 2.5]
    assert rows["always"].tolist() == [7.0, 7.0]
    assert rows[["area", "height"]].to_numpy().tolist() == [[33.0, 2.5], [12.0, 4.5]]
    for name in ("town", "warm", "colour"):
        assert rows[name].dtype == MIXED[name].dtype
    assert "town at Pau, warm at True, rooms at 2.5, colour at red, always at 7" in plane.note


def test_combined_planes_hold_categories_and_count_numbers_only() -> None:
    plane = choose_plane(MIXED, None, "pca", at={"town": "Lyon"})
    numbers = MIXED[["height", "rooms", "area"]].to_numpy()
    ratio = PCA().fit(StandardScaler().fit_transform(numbers)).explained_variance_ratio_
    assert plane.explained_variance(MIXED) == pytest.approx(ratio[:2].sum())
    assert plane.columns.names == ("height", "rooms", "area")
    assert plane.rows([[0.0, 0.0]])[["height", "rooms", "area"]].to_numpy()[0] == pytest.approx(numbers.mean(axis=0))
    assert plane.rows([[1.0, 2.0]])["town"].tolist() == ["Lyon"]
    assert "count neither in the variance nor in the distances: town at Lyon, warm at True" in plane.note


def test_columns_of_one_name_and_columns_numbered() -> None:
    twins = pd.DataFrame(IRIS, columns=["a", "b", "a", "c"])
    plane = choose_plane(twins, None, "features", features=("b", 2))
    rows = plane.rows(plane.project(twins))
    assert rows.iloc[:, [1, 2]].to_numpy() == pytest.approx(IRIS[:, [1, 2]], rel=1e-14)
    assert rows.columns.tolist() == ["a", "b", "a", "c"]
    numbered = pd.DataFrame(IRIS, columns=[3, 2, 1, 0])
    points = choose_plane(numbered, None, "features", features=(3, 0)).project(numbered)
    assert points == pytest.approx(IRIS[:, [0, 3]], rel=1e-14)


def test_images_keep_their_shape() -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(12, 3, 4, 2))
    plane = choose_plane(as_rows(images), None, "pca")
    back = plane.rows(plane.project(images))
    assert back.shape == images.shape
    off = np.linalg.norm(((images - back) / images.std(axis=0)).reshape(12, -1), axis=1)
    assert plane.distances(images) == pytest.approx(off)


def test_rows_without_a_number_are_left_out_and_held_numbers_may_be_missing() -> None:
    gaps = pd.DataFrame(IRIS, columns=list("abcd"))
    gaps.loc[0, "a"] = np.nan
    gaps.loc[1, "d"] = np.inf
    plane = choose_plane(gaps, None, "pca")
    ratio = PCA().fit(StandardScaler().fit_transform(IRIS[2:])).explained_variance_ratio_
    assert plane.explained_variance(gaps.iloc[2:]) == pytest.approx(ratio[:2].sum())
    assert np.isnan(plane.project(gaps)).all(axis=1).tolist() == [True, True] + [False] * 148
    pair = choose_plane(gaps, None, "features", features=("a", "b"))
    assert np.isnan(pair.project(gaps))[:, 0].tolist() == [True] + [False] * 149
    # the missing d of row 1 counts as at the plane: c alone is off it
    scale = np.nanstd(IRIS[1:, 2])
    assert pair.distances(gaps)[1] == pytest.approx(abs(IRIS[1, 2] - np.median(IRIS[:, 2])) / scale)


def test_collinear_columns_and_few_rows_still_have_a_discriminant() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3)) + np.repeat(np.eye(3), 10, axis=0) * 4
    wide = np.column_stack([X, X @ [1, 2, 3], np.zeros(30)])
    y = np.repeat([0, 1, 2], 10)
    narrow, plane = choose_plane(X, y, "discriminant"), choose_plane(wide, y, "discriminant")
    assert np.abs(plane.project(wide)) == pytest.approx(np.abs(narrow.project(X)), abs=1e-6)
    few = rng.normal(size=(8, 40))
    assert np.isfinite(choose_plane(few, np.array([0, 1] * 4), "discriminant").project(few)).all()


@pytest.mark.parametrize(
    ("X", "choice", "message"),
    [
        (IRIS, {"kind": "pac"}, r"plane='pac' is not known. Did you mean 'pca'\?"),
        (IRIS[:1], {}, "X has one row; the extent of a picture .* Give more of them"),
        (IRIS, {"features": ("x9", "x1")}, r"X has no column 'x9'. Did you mean 'x\d'\? Known: x0, x1"),
        (IRIS, {"features": ("x1", "x1")}, "names one column twice. Choose two of x0, x1, x2, x3"),
        (IRIS, {"features": ("x1",)}, "expected the names or places of two columns"),
        (IRIS, {"features": "x1"}, "expected the names or places of two columns"),
        (IRIS, {"kind": "features"}, r"plane='features' needs the names of two columns, such as .*'x0', 'x1'"),
        (IRIS, {"kind": "pca", "features": (0, 1)}, "belongs to plane='features', not to plane='pca'. Drop one"),
        (IRIS, {"kind": "rows"}, r"needs the places of three rows, such as rows=\(0, 1, 2\)"),
        (IRIS, {"rows": (0, 1)}, "needs the places of three rows"),
        (IRIS, {"rows": (0, 1, 150)}, "rows=150 is no row of X; expected a place from 0 to 149"),
        (IRIS, {"rows": (0, 1, 0)}, "The three rows lie on one line.* Choose three that do not"),
        (IRIS, {"rows": (5, 5, 9)}, "The three rows lie on one line"),
        (IRIS, {"kind": "discriminant"}, "needs the classes of the rows. Give y, or take plane='pca'"),
        (MIXED, {"features": ("town", "area")}, "Column 'town' holds category values, .* height, rooms, area"),
        (MIXED, {"features": ("aera", "height")}, r"no column 'aera'. Did you mean 'area'\?"),
        (MIXED, {"features": ("always", "area")}, "'always' has one value in all rows.* Choose two of .*height"),
        (MIXED[["town", "area"]], {}, "needs two columns of numbers that vary, and X has 1 of them: area"),
        (IRIS, {"features": (0, 1), "at": "mode"}, "at='mode' cannot be used; expected 'median', 'mean', the place"),
        (IRIS, {"features": (0, 1), "at": 200}, "at=200 is no row of X; expected a place from 0 to 149"),
        (IRIS, {"features": (0, 1), "at": {"x5": 1}}, "X has no column 'x5'"),
        (IRIS, {"features": (0, 1), "at": {"x3": "wide"}}, "at gives 'wide' for column 'x3'.* expected a finite"),
    ],
)  # fmt: skip
def test_choices_that_do_not_suit(X: Any, choice: dict[str, Any], message: str) -> None:
    with pytest.raises((ParameterError, DataError), match=message):
        choose_plane(X, None, choice.pop("kind", "auto"), **choice)


def test_data_without_a_plane() -> None:
    line = np.outer(np.arange(9.0), [1, 2, -1])
    with pytest.raises(DataError, match=r"lie on one line.* Choose two columns"):
        choose_plane(line, None, "pca")
    with pytest.raises(DataError, match="20 rows of 1 classes have no discriminant; expected two"):
        choose_plane(IRIS[:20], SPECIES[:20], "discriminant")
    with pytest.raises(DataError, match="rows of a class do not differ"):
        choose_plane(np.repeat(IRIS[[0, 60, 120]], 3, axis=0), np.repeat([0, 1, 2], 3), "discriminant")
    gaps = IRIS.copy()
    gaps[1:, 2] = np.nan
    with pytest.raises(ParameterError, match="X has no column 'x4'"):
        choose_plane(gaps, None, "features", features=("x0", "x4"))
    gaps[0:2, 2] = [1, 2]
    gaps[0, 3] = np.nan
    with pytest.raises(DataError, match=r"1 of 150 rows have a number in each of the 4 columns.* 'x2' lacks 148"):
        choose_plane(gaps, None, "pca")
    with pytest.raises(DataError, match="X is a sparse matrix"):
        as_rows(csr_array(IRIS))
    with pytest.raises(DataError, match=r"X is an array that holds text or objects.* Give a DataFrame"):
        as_rows(np.array([["a", 1], ["b", 2]], dtype=object))
    with pytest.raises(DataError, match=r"X has shape \(3,\); expected rows by columns"):
        as_rows([1.0, 2.0, 3.0])


def test_rows_of_another_form_are_refused() -> None:
    plane = choose_plane(MIXED, None, "pca")
    with pytest.raises(DataError, match=r"with rows of shape .* Give rows of the same form"):
        plane.project(MIXED.iloc[:, :3])
    with pytest.raises(DataError, match="column 'height' out of place"):
        plane.project(MIXED[["height", "town", *MIXED.columns[2:]]])
    with pytest.raises(DataError, match=r"The points have shape \(3,\); expected two coordinates"):
        plane.rows([1.0, 2.0, 3.0])


def test_the_commonest_value_is_held_even_of_odd_columns() -> None:
    odd = pd.DataFrame(
        {
            "lists": pd.Series([[1], [2], [3]], dtype=object),
            "empty": pd.Series([None, None, None], dtype=object),
            "day": pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-01"]),
            "n": [1.0, 2.0, 4.0],
        }
    )
    row = held_row(odd, "median")
    assert row["lists"].tolist() == [[1]]
    assert row["day"].tolist() == [pd.Timestamp("2024-01-01")]
    assert row["n"].tolist() == [2.0]
    assert row["empty"].isna().all()
