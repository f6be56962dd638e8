"""Oracle: tables small enough to describe by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from strates.exceptions import TargetError
from strates.inspection import DataSummary, summarize_data

FRAME = pd.DataFrame(
    {
        "mass": [3.5, 4.25, np.nan, 10.0],
        "count": [1, 2, 2, 7],
        "town": ["Lyon", "Pau", None, "Lyon"],
        "smokes": [True, False, True, True],
        "maybe": [True, None, False, True],
        "day": pd.to_datetime(["2024-01-01", "2024-03-01", None, "2024-02-01"]),
        "same": ["x", "x", "x", "x"],
        "empty": [np.nan] * 4,
        "grade": pd.Categorical(["low", "high", "low", None], categories=["low", "high", "never"]),
        "species": ["a", "b", None, "a"],
    }
)


def test_each_kind_of_column() -> None:
    found = {one.name: one for one in summarize_data(FRAME, "species").columns}
    assert {name: one.kind for name, one in found.items()} == {
        "mass": "number",
        "count": "number",
        "town": "category",
        "smokes": "boolean",
        "maybe": "boolean",
        "day": "date",
        "same": "constant",
        "empty": "empty",
        "grade": "category",
    }
    assert found["mass"].summary == "3.5 to 10, median 4.25"
    assert found["town"].summary == "Lyon (2), Pau (1)"
    assert found["smokes"].summary == "True (3), False (1)"
    assert found["day"].summary == "2024-01-01 to 2024-03-01"
    assert found["same"].summary == "always x"
    assert found["empty"].summary == "no value"
    assert found["grade"].summary == "low (2), high (1)"
    assert [found[name].n_missing for name in ("mass", "town", "count", "empty")] == [1, 1, 0, 4]
    assert [found[name].n_distinct for name in ("mass", "town", "empty")] == [3, 2, 0]


def test_target_and_rows() -> None:
    found = summarize_data(FRAME, "species")
    assert (found.n_rows, found.target, found.classes, found.counts) == (4, "species", ("a", "b"), (2, 1))
    assert (found.n_missing_target, found.n_complete, found.n_duplicates) == (1, 0, 0)
    assert summarize_data(pd.concat([FRAME, FRAME]), "species").n_duplicates == 4


def test_many_strings_are_text() -> None:
    frame = pd.DataFrame({"name": [f"n{i}" for i in range(41)], "kind": [f"k{i % 40}" for i in range(41)], "y": 0})
    kinds = {one.name: (one.kind, one.n_distinct) for one in summarize_data(frame, "y").columns}
    assert kinds == {"name": ("text", 41), "kind": ("category", 40)}
    assert summarize_data(frame, "y").columns[1].summary == "k0 (2), k1 (1), k2 (1) and 37 more"


def test_values_that_cannot_be_counted_and_twins() -> None:
    frame = pd.DataFrame([[[1], {"a": 1}, 0], [[1], None, 1]], columns=["list", "list", "y"])
    found = summarize_data(frame, "y")
    assert [(one.name, one.kind, one.n_missing) for one in found.columns] == [
        ("list", "constant", 0),
        ("list", "constant", 1),
    ]


def test_round_trip_through_json() -> None:
    found = summarize_data(FRAME, "species")
    assert DataSummary.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found


def test_fingerprint_changes_with_a_value_and_not_with_the_index() -> None:
    one = summarize_data(FRAME, "species").fingerprint
    assert summarize_data(FRAME.set_axis(list("abcd")), "species").fingerprint == one
    assert summarize_data(FRAME.assign(count=[1, 2, 2, 8]), "species").fingerprint != one
    assert summarize_data(FRAME.iloc[::-1], "species").fingerprint != one


def test_missing_target_names_the_nearest() -> None:
    with pytest.raises(TargetError, match=r"no column 'specis'. Did you mean 'species'\? Known: mass"):
        summarize_data(FRAME, "specis")


def test_target_that_is_there_twice() -> None:
    with pytest.raises(TargetError, match=r"2 columns are named 'y'; the target must be one. Rename the others"):
        summarize_data(pd.DataFrame([[1, 2]], columns=["y", "y"]), "y")
