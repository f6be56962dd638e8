from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from strates.datasets import list_datasets, load, spiral
from strates.exceptions import ParameterError


@pytest.mark.parametrize(
    ("name", "loader", "labels"),
    [
        ("iris", load_iris, ["setosa", "versicolor", "virginica"]),
        ("wine", load_wine, ["cultivar 1", "cultivar 2", "cultivar 3"]),
        ("breast_cancer", load_breast_cancer, ["malignant", "benign"]),
        ("digits", load_digits, list("0123456789")),
    ],
)
def test_bundled_sets_are_scikit_learns_with_readable_labels(name, loader, labels):
    X, y = loader(return_X_y=True)
    dataset = load(name)
    np.testing.assert_array_equal(dataset.X.to_numpy(), X)
    assert dataset.y.tolist() == [labels[code] for code in y]
    assert dataset.frame.columns[-1] == dataset.target == dataset.y.name
    assert dataset.y.dtype == "str"


def test_a_toy_set_is_a_table_too():
    X, y = spiral()
    dataset = load("spiral")
    np.testing.assert_array_equal(dataset.X[["x0", "x1"]].to_numpy(), X)
    assert dataset.y.tolist() == [f"arm {arm + 1}" for arm in y]


def test_the_list_tells_the_truth_about_every_set():
    listed = list_datasets()
    assert set(listed["name"]) >= {
        *("iris", "wine", "breast_cancer", "digits"),
        *("spiral", "moons", "circles", "xor", "blobs", "disc_and_ring"),
    }
    for row in listed.itertuples():
        frame = load(row.name).frame
        assert (len(frame), frame.shape[1] - 1) == (row.rows, row.features)
        assert len(set(frame[row.target])) == row.classes
        assert len(row.description) < 80


def test_each_load_is_a_copy_of_its_own():
    frame = load("iris").frame
    frame.iloc[0, 0] = -1.0
    assert load("iris").frame.iloc[0, 0] == 5.1
    assert isinstance(load("iris").y, pd.Series)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ParameterError, match=r"no built-in data set 'irsi'\. Did you mean 'iris'\? Known: iris, wine"):
        load("irsi")
