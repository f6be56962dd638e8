from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from strates.datasets import check_table, load, split_target
from strates.exceptions import DataError, StratesWarning, TargetError


def table(labels, dtype=None):
    return pd.DataFrame({"size": np.arange(len(labels)) * 1.5, "kind": pd.Series(labels, dtype=dtype)})


def test_features_and_labels_are_apart():
    iris = load("iris")
    X, y = split_target(iris.frame, "species")
    pd.testing.assert_frame_equal(X, iris.frame.iloc[:, :4])
    pd.testing.assert_series_equal(y, iris.frame.iloc[:, 4])


@pytest.mark.parametrize(
    ("labels", "dtype", "expected", "expected_dtype"),
    [
        ([1.0, 2.0, 1.0, 2.0], "float64", [1, 2, 1, 2], "int64"),
        ([3, 1, 3, 1], "int8", [3, 1, 3, 1], "int64"),
        ([3, 1, 3, 1], "Int64", [3, 1, 3, 1], "int64"),
        ([True, False, True, False], "boolean", [True, False, True, False], "bool"),
        (["b", "a", "b", "a"], "category", ["b", "a", "b", "a"], "str"),
        ([2, 1, 2, 1], "category", [2, 1, 2, 1], "int64"),
        (["b", "a", "b", "a"], "object", ["b", "a", "b", "a"], "object"),
    ],
)
def test_labels_of_any_dtype(labels, dtype, expected, expected_dtype):
    _, y = split_target(table(labels, dtype), "kind")
    assert y.tolist() == expected
    assert y.dtype == expected_dtype


def test_rows_without_a_label_are_left_out_and_counted():
    frame = table([1.0, None, 2.0, 1.0, None, 2.0])
    frame.index = list("abcdef")
    with pytest.warns(
        StratesWarning, match=r"2 of 6 rows have no label in the target 'kind' .*read the file with missing=\(\)"
    ):
        X, y = split_target(frame, "kind")
    assert y.to_dict() == {"a": 1, "c": 2, "d": 1, "f": 2}
    assert X.index.tolist() == y.index.tolist()
    assert y.dtype == "int64"


def test_a_few_numbers_with_decimals_become_names():
    with pytest.warns(StratesWarning, match=r"taken as the names of classes: 0\.5, 1\.0, 1\.5"):
        _, y = split_target(table([0.5, 1.0, 1.5] * 4), "kind")
    assert y.tolist() == ["0.5", "1.0", "1.5"] * 4


def test_a_class_may_have_few_rows_but_not_one():
    labels = ["common"] * 20 + ["rare"] * 2
    assert len(split_target(table(labels), "kind")[1]) == 22
    message = (
        r"a class with a single row: 'alone'; expected at least two rows a class.*Remove that row, or merge the class"
    )
    with pytest.raises(TargetError, match=message):
        split_target(table([*labels, "alone"]), "kind")
    with pytest.raises(
        TargetError, match=r"classes with a single row: 7, 9; .*Remove those rows, or merge these classes"
    ):
        split_target(table([1, 1, 7, 9]), "kind")


def test_many_whole_numbers_are_classes_when_each_has_rows():
    assert split_target(table(list(range(100)) * 5), "kind")[1].nunique() == 100


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.linspace(0, 1, 50), "looks continuous: 50 distinct numbers in 50 rows.*regression library.*pandas.qcut"),
        (np.tile(np.linspace(0, 1, 21), 50), "looks continuous: 21 distinct numbers in 1050 rows"),
        ([0.1, 0.2, 0.3, 0.3], "looks continuous: 3 distinct numbers in 4 rows"),
        (np.arange(30), "looks continuous: 30 distinct whole numbers in 30 rows"),
        (np.arange(400) % 100, "looks continuous: 100 distinct whole numbers in 400 rows"),
        (
            [f"id{n}" for n in range(30)],
            "has 30 distinct labels in 30 rows, as an identifier has.*Choose another target",
        ),
        (["a"] * 5, "has one class only, 'a', in all 5 rows; expected at least two classes. Add rows of another class"),
        (["a"], "has 1 row with a label; expected at least two rows of each of two classes"),
        ([1.0, 2.0, np.inf], "'kind' holds infinite values; expected classes. Remove those rows"),
        (pd.to_datetime(["2024-01-01"] * 2), r"'kind' holds dates; expected classes.*dt\.day_name"),
    ],
)
def test_targets_that_are_no_classes(labels, message):
    with pytest.raises(TargetError, match=message):
        split_target(table(labels), "kind")


def test_no_label_at_all():
    frame = table([None, None], "float64")
    with (
        pytest.warns(StratesWarning, match="2 of 2 rows have no label"),
        pytest.raises(TargetError, match="has 0 rows with a label; expected at least two rows"),
    ):
        split_target(frame, "kind")


def test_labels_of_mixed_types():
    with pytest.raises(TargetError, match=r"labels of mixed types \(int, str\); expected one.*astype\(str\)"):
        split_target(table([1, "a", 1, "a"], "object"), "kind")


def test_a_target_that_is_not_there():
    with pytest.raises(TargetError, match=r"no column 'Kind' to predict\. Did you mean 'kind'\? Known: size, kind\."):
        split_target(table(["a", "a", "b", "b"]), "Kind")


def test_features_are_checked():
    frame = table(["a", "a", "b", "b"])
    with pytest.raises(DataError, match="no column besides the target 'kind'; expected at least one feature"):
        split_target(frame[["kind"]], "kind")
    with pytest.raises(DataError, match="Expected a pandas DataFrame, got ndarray"):
        split_target(frame.to_numpy(), "kind")
    frame.loc[2, "size"] = -np.inf
    with pytest.raises(
        DataError, match=r"Column 'size' holds an infinite value \(-inf\) in row 2 of the index; .*missing"
    ):
        split_target(frame, "kind")
    twice = pd.concat([frame, frame[["kind"]]], axis=1)
    with pytest.raises(TargetError, match="The target 'kind' names several columns"):
        split_target(twice, "kind")


def test_check_table_names_what_is_wrong():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [0.0, np.inf, np.inf], "c": ["inf", "x", "y"]}, index=["r", "s", "t"])
    with pytest.raises(
        DataError, match=r"Column 'b' holds an infinite value \(inf\) in row s of the index and in 1 other;"
    ):
        check_table(frame)
    check_table(frame[["a", "c"]])
    check_table(pd.DataFrame({"a": pd.array([1.0, None], "Float64")}))
    with pytest.raises(DataError, match="has 3 columns and no row; expected at least one"):
        check_table(frame.iloc[:0])
    with pytest.raises(DataError, match="has no column; expected at least one feature"):
        check_table(frame[[]])
    with pytest.raises(DataError, match=r"Duplicate column names: 'a'\. Give each column its own name"):
        check_table(frame[["a", "a"]])
    with pytest.raises(DataError, match="Expected a pandas DataFrame, got list"):
        check_table([[1, 2]])
