"""Boundaries against analytic lines, rows built by hand, and classifiers whose hidden part is planted."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris, make_classification
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import strates
from strates.exceptions import DataError, ParameterError, TargetError
from strates.inspection import DecisionBoundary, decision_boundary

IRIS, SPECIES = load_iris(return_X_y=True, as_frame=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]


class Judge:
    """A fitted classifier written by hand: the class is a function of the rows."""

    def __init__(self, decide: Any, n_classes: int = 2) -> None:
        self.decide = decide
        self.classes_ = np.arange(n_classes)
        self.calls: list[int] = []

    def predict(self, X: Any) -> Any:
        return self.decide(np.asarray(X))

    def predict_proba(self, X: Any) -> Any:
        self.calls.append(len(X))
        return np.eye(len(self.classes_))[self.predict(X)]


def two_columns(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2)) * [3, 0.5] + [10, -2]
    return X, ((X[:, 0] - 10) / 3 + (X[:, 1] + 2) / 0.5 + rng.normal(size=n) > 0).astype(int)


@pytest.mark.parametrize("scaled", [False, True])
def test_boundary_of_a_linear_classifier_is_its_line_in_the_units_of_the_data(scaled: bool) -> None:
    X, y = two_columns()
    clf: Any = LogisticRegression().fit(X, y)
    weights, bias = clf.coef_[0], clf.intercept_[0]
    if scaled:  # the line of a pipeline, told in the units before its scaling
        clf = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        weights = clf[-1].coef_[0] / clf[0].scale_
        bias = clf[-1].intercept_[0] - weights @ clf[0].mean_
    found = decision_boundary(clf, X, y)
    lead = found.probabilities[..., 1] - 0.5
    crossed = 0
    for row, height in zip(lead, found.y, strict=True):
        expected = -(weights[1] * height + bias) / weights[0]
        if found.x[0] < expected < found.x[-1]:
            crossed += 1
            place = int(np.flatnonzero(np.diff(np.sign(row)))[0])
            assert found.x[place] - 1e-9 <= expected <= found.x[place + 1] + 1e-9
    assert crossed > 50
    assert found.axis_names == ("x0", "x1")
    assert (found.x[0], found.x[-1]) == pytest.approx((X[:, 0].min(), X[:, 0].max()), abs=0.051 * np.ptp(X[:, 0]))
    assert found.points == pytest.approx(X)


def test_grid_holds_the_probabilities_of_rows_built_by_hand() -> None:
    clf = GaussianNB().fit(IRIS, NAMES)
    found = decision_boundary(
        clf, IRIS, NAMES, features=("petal width (cm)", "sepal length (cm)"), at="mean", resolution=30, margin=0.2
    )
    middle = IRIS.mean()
    for i, j in [(0, 0), (3, 25), (29, 12)]:
        row = pd.DataFrame([[found.y[i], middle.iloc[1], middle.iloc[2], found.x[j]]], columns=IRIS.columns)
        assert found.probabilities[i, j] == pytest.approx(clf.predict_proba(row)[0], abs=1e-6)
    width, length = IRIS["petal width (cm)"], IRIS["sepal length (cm)"]
    assert (found.x[0], found.x[-1]) == pytest.approx((width.min() - 0.2 * 2.4, width.max() + 0.2 * 2.4))
    assert (found.y[0], found.y[-1]) == pytest.approx((length.min() - 0.2 * 3.6, length.max() + 0.2 * 3.6))
    assert found.classes == ("setosa", "versicolor", "virginica")


def test_combined_planes_ask_the_pipeline_in_raw_units() -> None:
    clf = make_pipeline(StandardScaler(), GaussianNB()).fit(IRIS, SPECIES)
    found = decision_boundary(clf, IRIS, SPECIES, plane="pca", resolution=25)
    assert found.plane is not None
    values = IRIS.to_numpy()
    _, _, axes = np.linalg.svd(StandardScaler().fit_transform(values), full_matrices=False)
    signs = np.sign(axes[:2][np.arange(2), np.abs(axes[:2]).argmax(axis=1)])
    for i, j in [(0, 0), (10, 20), (24, 3)]:
        standardized = found.x[j] * signs[0] * axes[0] + found.y[i] * signs[1] * axes[1]
        row = pd.DataFrame([values.mean(axis=0) + standardized * values.std(axis=0)], columns=IRIS.columns)
        assert found.probabilities[i, j] == pytest.approx(clf.predict_proba(row)[0], abs=1e-6)
    grid = found.plane.rows(found.grid())
    assert found.probabilities.reshape(-1, 3) == pytest.approx(clf.predict_proba(grid), abs=1e-6)


def test_the_class_of_a_row_is_its_own_and_not_that_of_its_shadow() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    hidden = Judge(lambda rows: (rows[:, 2] > 0.5).astype(int))
    y = (X[:, 0] > 0).astype(int)
    found = decision_boundary(hidden, X, y, features=(0, 1), resolution=10)
    own = (X[:, 2] > 0.5).astype(int)
    assert found.predicted.tolist() == own.tolist()
    assert found.background.tolist() == [0] * 400  # the third column is held at its median, below 0.5
    assert found.disagreement == pytest.approx(own.mean())
    assert found.labels is not None
    assert found.labels.tolist() == y.tolist()
    assert found.mistakes is not None
    assert found.mistakes.tolist() == (own != y).tolist()
    assert found.mean_distance == pytest.approx(np.abs((X[:, 2] - np.median(X[:, 2])) / X[:, 2].std()).mean())
    assert found.max_distance == pytest.approx(found.distances.max())
    assert found.explained_variance == pytest.approx(2 / 3)


def test_nothing_is_hidden_where_there_is_nothing_to_hide() -> None:
    X, y = two_columns()
    found = decision_boundary(LogisticRegression().fit(X, y), X, y, resolution=10)
    assert (found.explained_variance, found.disagreement) == (1.0, 0.0)
    assert found.max_distance == pytest.approx(0, abs=1e-12)
    # discriminant analysis of three classes decides by its two discriminants alone
    clf = LinearDiscriminantAnalysis().fit(IRIS, SPECIES)
    told = decision_boundary(clf, IRIS, SPECIES, plane="discriminant", resolution=10)
    assert told.disagreement == 0
    assert told.max_distance > 1


def test_grid_is_asked_in_one_call() -> None:
    X, y = two_columns()
    judge = Judge(lambda rows: (rows[:, 0] > 10).astype(int))
    decision_boundary(judge, X, y, resolution=50)
    assert sorted(judge.calls) == [200, 2500]


def test_marks_are_where_their_rows_are() -> None:
    clf = GaussianNB().fit(IRIS, SPECIES)
    frame = IRIS.set_axis([f"flower {i}" for i in range(150)])
    found = decision_boundary(clf, frame, SPECIES, rows=(0, 60, -1), resolution=10)
    assert list(found.marks) == ["row flower 0", "row flower 60", "row flower 149"]
    assert np.array(list(found.marks.values())) == pytest.approx(found.points[[0, 60, 149]])
    assert found.distances[[0, 60, 149]] == pytest.approx(np.zeros(3), abs=1e-12)
    assert found.axis_names[0].startswith("from row flower 0 to row flower 60: ")
    assert decision_boundary(clf, IRIS, plane="pca", resolution=10).marks == {}


def test_short_sides_are_widened_where_axes_have_one_unit() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) @ np.diag([1, 1, 1e-3]) @ np.array([[1, 1, 1], [1, -1, 0], [0, 1, -1]])
    clf = GaussianNB().fit(X, (X[:, 0] > 0).astype(int))
    found = decision_boundary(clf, X, rows=(0, 1, 2), resolution=10)
    assert np.ptp(found.y) >= 0.5 * np.ptp(found.x)
    assert found.x[0] < found.points[:, 0].min() < found.points[:, 0].max() < found.x[-1]
    assert found.y[0] < found.points[:, 1].min() < found.points[:, 1].max() < found.y[-1]


def test_chosen_classes_stand_out_and_the_rest_is_one() -> None:
    X, y = make_classification(
        600, 6, n_informative=5, n_redundant=0, n_classes=12, n_clusters_per_class=1, random_state=0
    )
    y = np.array([f"c{k:02d}" for k in range(12)])[y]
    clf = GaussianNB().fit(X, y)
    every = decision_boundary(clf, X, y, plane="pca", resolution=20)
    found = decision_boundary(clf, X, y, plane="pca", resolution=20, classes=["c07", "c02"])
    assert found.classes == ("c02", "c07", "10 others")
    assert found.n_merged == 10
    assert found.probabilities[..., :2] == pytest.approx(every.probabilities[..., [2, 7]])
    rest = np.delete(every.probabilities, [2, 7], axis=-1).max(axis=-1)
    assert found.probabilities[..., 2] == pytest.approx(rest)
    lookup = np.full(12, 2)
    lookup[[2, 7]] = [0, 1]
    assert found.probabilities.argmax(axis=-1).tolist() == lookup[every.probabilities.argmax(axis=-1)].tolist()
    assert found.predicted.tolist() == lookup[every.predicted].tolist()
    assert found.labels is not None
    assert found.labels.tolist() == [{"c02": 0, "c07": 1}.get(label, 2) for label in y]
    eleven = decision_boundary(clf, X, y, plane="pca", resolution=5, classes=sorted(set(y))[:11])
    assert (eleven.classes[-1], eleven.n_merged) == ("c11", 1)
    assert decision_boundary(clf, X, y, plane="pca", resolution=5, classes=sorted(set(y))).n_merged == 0


@pytest.fixture(scope="module")
def mixed() -> tuple[Pipeline, pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    n = 240
    table = pd.DataFrame(
        {
            "town": rng.choice(["Pau", "Lyon", "Brest"], n),
            "height": rng.normal(170, 10, n),
            "age": rng.integers(18, 80, n),
            "member": rng.random(n) < 0.5,
            "weight": rng.normal(70, 8, n),
        }
    )
    table.loc[::17, "weight"] = np.nan
    y = np.where((table["height"] > 170) ^ (table["town"] == "Pau"), "tall", "small")
    clf = strates.tabular_pipeline(strates.MLPClassifier((16,), max_iter=3, tol=0, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return clf.fit(table, y), table, y


@pytest.mark.parametrize("plane", ["pca", "discriminant", "features"])
def test_a_network_behind_a_table_of_all_kinds(mixed: tuple[Any, pd.DataFrame, np.ndarray], plane: str) -> None:
    clf, table, y = mixed
    features = ("weight", "height") if plane == "features" else None
    found = decision_boundary(clf, table, y, plane=plane, features=features, at={"town": "Pau"}, resolution=12)
    known = table["weight"].notna().to_numpy()
    assert found.n_left_out == int((~known).sum())
    assert found.n_rows == len(found.points) == int(known.sum())
    assert np.array(found.classes)[found.predicted].tolist() == clf.predict(table[known]).tolist()
    assert "town at Pau" in found.note
    assert found.plane is not None
    drawn = found.plane.rows(found.points)
    assert set(drawn["town"]) == {"Pau"}
    assert np.array(found.classes)[found.background].tolist() == clf.predict(drawn).tolist()
    expected = clf.predict_proba(found.plane.rows(found.grid())).reshape(12, 12, 2)
    assert found.probabilities == pytest.approx(expected, abs=1e-6)


def test_perceptrons_have_boundaries_too() -> None:
    X, y = two_columns()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf = strates.Perceptron(max_iter=5, random_state=0).fit(X, y)
    found = decision_boundary(clf, X, y, resolution=20)
    scores = (found.grid() @ clf.coef_[0] + clf.intercept_[0]).reshape(20, 20)
    assert found.probabilities[..., 1].tolist() == (scores > 0).tolist()


def test_frames_and_other_classifiers_on_the_same_grid() -> None:
    X, y = two_columns()
    first, second = LogisticRegression(C=1e-3).fit(X, y), LogisticRegression().fit(X, y)
    found = decision_boundary(first, X, y, resolution=15)
    direct = decision_boundary(second, X, y, plane=found.plane or "auto", resolution=15)
    assert found.probabilities_of(second) == pytest.approx(direct.probabilities)
    assert direct.plane is found.plane
    with pytest.raises(ParameterError, match=r"knows 3 classes, the boundary shows 2: 0, 1. Give one"):
        found.probabilities_of(GaussianNB().fit(X, np.arange(200) % 3))
    with pytest.raises(ParameterError, match=r"without its plane. Compute it anew"):
        found.compact().probabilities_of(second)
    with pytest.raises(ParameterError, match=r"a Plane was given. Drop one of them"):
        decision_boundary(first, X, plane=found.plane or "auto", features=(0, 1))


def test_test_rows_on_the_plane_of_training_rows() -> None:
    clf = GaussianNB().fit(IRIS[::2], SPECIES[::2])
    plane = decision_boundary(clf, IRIS[::2], plane="pca", resolution=5).plane
    assert plane is not None
    found = decision_boundary(clf, IRIS[1:2], plane=plane, resolution=5)  # one row suffices on a plane that is there
    assert found.points == pytest.approx(plane.project(IRIS[1:2]))
    assert np.isfinite(found.probabilities).all()


def test_json_and_back() -> None:
    clf = GaussianNB().fit(IRIS, NAMES)
    found = decision_boundary(clf, IRIS, NAMES, rows=(0, 60, 120), resolution=20).compact(50)
    text = json.dumps(found.to_dict(), allow_nan=False)
    again = DecisionBoundary.from_dict(json.loads(text))
    assert again.to_dict() == found.to_dict()
    assert again.probabilities.dtype == found.probabilities.dtype
    assert again.probabilities.tolist() == found.probabilities.tolist()
    assert again.marks == {name: tuple(point) for name, point in found.marks.items()}
    assert again.labels is not None
    assert again.labels.tolist() == np.asarray(found.labels).tolist()
    unlabelled = decision_boundary(clf, IRIS, plane="pca", resolution=5)
    back = DecisionBoundary.from_dict(json.loads(json.dumps(unlabelled.to_dict())))
    assert back.labels is back.mistakes is None
    assert back.x.tolist() == unlabelled.x.tolist()
    with pytest.raises(DataError, match=r"A stored array cannot be read .* Compute it again"):
        DecisionBoundary.from_dict({**unlabelled.to_dict(), "x": "<O8 3:abc"})


def test_compact_keeps_the_numbers_of_all_rows() -> None:
    clf = GaussianNB().fit(IRIS, SPECIES)
    found = decision_boundary(clf, IRIS, SPECIES, features=(0, 1), resolution=20)
    small = found.compact(30)
    assert 30 <= len(small.points) <= 33
    assert (small.n_rows, small.disagreement, small.mean_distance) == (150, found.disagreement, found.mean_distance)
    assert small.probabilities == pytest.approx(found.probabilities, abs=5e-4)
    assert small.labels is not None
    assert set(small.labels.tolist()) == {0, 1, 2}
    whole = np.column_stack([found.points.astype(np.float32), found.predicted]).tolist()
    assert all(row in whole for row in np.column_stack([small.points, small.predicted]).tolist())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"est": LinearSVC().fit(IRIS, SPECIES)}, ParameterError, "LinearSVC has no predict_proba.* Wrap it in"),
        ({"est": GaussianNB()}, NotFittedError, "not fitted yet"),
        ({"classes": [7]}, ParameterError, r"classes names 7, which the classifier does not know. .*Known: 0, 1, 2"),
        ({"classes": []}, ParameterError, "classes has 0 entries; expected 1 to 20"),
        ({"resolution": 1}, ParameterError, "resolution=1 cannot be used; expected 2 to 2000"),
        ({"resolution": 10.5}, ParameterError, "resolution=10.5 cannot be used"),
        ({"margin": -1}, ParameterError, "margin=-1 cannot be used; expected a share"),
        ({"y": SPECIES[:9]}, DataError, "X has 150 rows and y has 9 labels; they must be as many"),
        ({"y": SPECIES + 1}, TargetError, "y holds labels that the classifier never learned: 3"),
        ({"y": np.eye(150, 3)}, TargetError, "several labels a row.* Fit one classifier for each label"),
    ],
)  # fmt: skip
def test_what_cannot_be_done(change: dict[str, Any], error: type[Exception], message: str) -> None:
    values = {"est": GaussianNB().fit(IRIS, SPECIES), "X": IRIS, "y": SPECIES, **change}
    with pytest.raises(error, match=message):
        decision_boundary(**values)


def test_too_many_classes_need_a_choice() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 3)), np.arange(300) % 21
    clf = GaussianNB().fit(X, y)
    with pytest.raises(
        ParameterError, match=r"knows 21 classes, and a picture tells 20 apart.*classes=\['0', '1', '2'\]"
    ):
        decision_boundary(clf, X, y)
    assert decision_boundary(clf, X, y, classes=["0", "1"], resolution=5).classes == ("0", "1", "19 others")


def test_answers_that_cannot_be_drawn() -> None:
    two_labels = Judge(lambda rows: np.zeros((len(rows), 2), dtype=int))
    with pytest.raises(ParameterError, match=r"Judge gives 2 labels a row.* Fit one classifier for each label"):
        decision_boundary(two_labels, IRIS)
    diverged = Judge(lambda rows: np.zeros(len(rows), dtype=int))
    diverged.predict_proba = lambda X: np.full((len(X), 2), np.nan)  # type: ignore[method-assign]
    with pytest.raises(DataError, match=r"300 values on the plane that are not finite\. Fit again"):
        decision_boundary(diverged, IRIS)


def test_rows_without_place_only() -> None:
    plane = decision_boundary(GaussianNB().fit(IRIS, SPECIES), IRIS, resolution=5).plane
    assert plane is not None
    with pytest.raises(DataError, match="None of the 3 rows has every number that the plane needs"):
        decision_boundary(GaussianNB().fit(IRIS, SPECIES), IRIS[:3] * np.nan, plane=plane)
