"""Probes, judged by scikit-learn's own cross-validation and SciPy's interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression as Reference
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates import LogisticRegression, MLPClassifier
from strates.datasets import blobs, spiral
from strates.exceptions import DataError, ParameterError, StratesWarning, TargetError
from strates.inspection import linear_probes

X, Y = spiral(60)
NEW_X, NEW_Y = spiral(60, random_state=1)
WORDS = np.array(["a", "b", "c"])


@pytest.fixture(scope="module")
def clf() -> Any:
    model = MLPClassifier(
        (8, 2), activation="tanh", solver="lbfgs", alpha=1e-3, tol=5e-3, max_iter=2000, random_state=0
    )
    return model.fit(X, WORDS[Y])


@pytest.fixture(scope="module")
def table(clf: Any) -> pd.DataFrame:
    return linear_probes(clf, NEW_X, WORDS[NEW_Y])


def test_the_table_has_a_row_a_space_and_probe(table: pd.DataFrame) -> None:
    assert list(table) == ["space", "probe", "width", "accuracy", "low", "high"]
    assert table["space"].tolist() == ["input", "input", "hidden_1", "hidden_1", "hidden_2", "hidden_2"]
    assert table["probe"].tolist() == ["logistic", "knn"] * 3
    assert table["width"].tolist() == [2, 2, 8, 8, 2, 2]


def test_accuracies_are_scikit_learns(clf: Any, table: pd.DataFrame) -> None:
    spaces = {"input": NEW_X, "hidden_1": clf.transform(NEW_X, layer=0), "hidden_2": clf.transform(NEW_X)}
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for row in table.itertuples():
        probe = Reference(max_iter=2000, tol=1e-3) if row.probe == "logistic" else KNeighborsClassifier(5)
        found = cross_val_predict(make_pipeline(StandardScaler(), probe), spaces[row.space], NEW_Y, cv=folds)
        hits = int((found == NEW_Y).sum())
        assert row.accuracy == hits / len(NEW_Y)
        bounds = binomtest(hits, len(NEW_Y)).proportion_ci(method="wilson")
        assert (row.low, row.high) == pytest.approx((bounds.low, bounds.high), abs=1e-9)


def test_of_wide_spaces_too(clf: Any) -> None:
    """As layers of convolutional networks have: more units than rows, where the rows' products are enough."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    rows = rng.normal(size=(60, 400))
    rows[:, :25] += 0.8 * labels[:, None]
    wide = MLPClassifier((2,), solver="lbfgs", tol=0.1, random_state=0).fit(rows, labels)
    table = linear_probes(wide, rows, labels, layers="input")
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for row in table.itertuples():
        probe = Reference(max_iter=2000, tol=1e-3) if row.probe == "logistic" else KNeighborsClassifier(5)
        found = cross_val_predict(make_pipeline(StandardScaler(), probe), rows, labels, cv=folds)
        assert 0.4 < row.accuracy == (found == labels).mean() < 0.95


def test_a_representation_then_a_linear_classifier(table: pd.DataFrame) -> None:
    linear = table[table["probe"] == "logistic"].set_index("space")["accuracy"]
    assert linear["input"] < 0.6  # the case study: a linear classifier gets about half of the spiral
    assert linear["hidden_2"] > 0.9


def test_components_of_equal_width_stand_beside_the_layers() -> None:
    rows, labels = blobs(150, n_features=12, centers=4, noise=6.0)
    net = MLPClassifier((5, 5, 20), solver="lbfgs", max_iter=30, tol=1.0, random_state=0).fit(rows, labels)
    found = linear_probes(net, rows, labels, probes=("logistic",), cv=3)
    assert found["space"].tolist() == ["input", "PCA (5)", "hidden_1", "hidden_2", "hidden_3"]  # 20 > 12: no PCA (20)
    assert found["width"].tolist() == [12, 5, 5, 5, 20]
    steps = make_pipeline(StandardScaler(), PCA(5), StandardScaler(), Reference(max_iter=2000, tol=1e-3))
    expected = cross_val_predict(steps, rows, labels, cv=StratifiedKFold(3, shuffle=True, random_state=0))
    assert found["accuracy"][1] == (expected == labels).mean()


def test_the_same_numbers_again_and_other_rows_with_another_seed(clf: Any) -> None:
    choices: dict[str, Any] = {"layers": "input", "probes": ("knn",), "max_rows": 90}
    first, again = (linear_probes(clf, NEW_X, WORDS[NEW_Y], **choices) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert first["high"][0] - first["low"][0] > 0.05  # 90 rows
    values = {linear_probes(clf, NEW_X, WORDS[NEW_Y], random_state=s, **choices)["accuracy"][0] for s in range(4)}
    assert len(values) > 1


def test_without_hidden_layers_there_is_the_input() -> None:
    rows, labels = blobs(60, noise=0.3)
    found = linear_probes(LogisticRegression(alpha=0.01).fit(rows, labels), rows, labels)
    assert found["space"].tolist() == ["input", "input"]
    assert found["accuracy"].min() > 0.9  # clouds that a linear model parts


def test_rare_classes_lessen_the_folds(clf: Any) -> None:
    rows = np.r_[0:20, 60:80, 120:123]  # 3 rows of class c
    with pytest.warns(StratesWarning, match="'c' has 3 rows, fewer than the 5 folds asked; 3 folds"):
        found = linear_probes(clf, NEW_X[rows], WORDS[NEW_Y[rows]], layers="input", probes=("logistic",))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("rows", "choices", "error", "message"),
    [
        ([0], {}, TargetError, "y holds 1 class; a probe needs two at least"),
        ([0, 1, 60], {}, TargetError, "Class 'b' has one row; a probe needs two of each class"),
        ([0, 1, 60, 61], {"cv": 1}, ParameterError, "cv is 1; a cross-validation needs 2 folds"),
        (
            [0, 1, 60, 61],
            {"probes": ("svm",)},
            ParameterError,
            r"probes=\('svm',\); expected one or more of 'logistic'",
        ),
        ([0, 1, 60, 61], {"layers": "hidden_7"}, ParameterError, "no layer 'hidden_7'.*Known: input, hidden_1"),
        ([], {}, DataError, "X has no rows"),
    ],
)
def test_what_cannot_be_probed(clf: Any, rows: list[int], choices: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        linear_probes(clf, NEW_X[rows], WORDS[NEW_Y[rows]], **{"cv": 2, **choices})


def test_labels_have_to_be_as_many_and_known(clf: Any) -> None:
    with pytest.raises(DataError, match="X has 180 rows and y has 3 labels"):
        linear_probes(clf, NEW_X, WORDS)
    with pytest.raises(TargetError, match="never learned: 'd'"):
        linear_probes(clf, NEW_X[:3], ["a", "d", "a"])


def test_fewer_directions_than_components() -> None:
    """Wide rows that all lie in a plane: of their PCA, two components are all there is."""
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(24, 2))
    X, y = plane @ rng.normal(size=(2, 60)), (plane[:, 0] > 0).astype(int)
    clf = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
    table = linear_probes(clf, X, y, probes=("logistic",), random_state=0).set_index("space")["accuracy"]
    steps = StandardScaler(), PCA(2, random_state=0), StandardScaler(), Reference(max_iter=2_000, tol=1e-3)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    assert table["PCA (4)"] == (cross_val_predict(make_pipeline(*steps), X, y, cv=folds) == y).mean()
