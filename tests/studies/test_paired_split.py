"""Splits: stratified, of the sizes asked, a function of the seed and the labels alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from strates.exceptions import ParameterError, TargetError
from strates.studies import paired_split

LABELS = np.repeat(["a", "b", "c"], [60, 30, 10])


def test_each_class_is_split_in_proportion() -> None:
    train, test = paired_split(LABELS, 0, test_size=0.3)
    assert sorted([*train, *test]) == list(range(100))
    assert pd.Series(LABELS[test]).value_counts().to_dict() == {"a": 18, "b": 9, "c": 3}


def test_a_part_of_the_rows_can_be_left_out() -> None:
    train, test = paired_split(LABELS, 0, test_size=20, train_size=0.1)
    assert (len(train), len(test)) == (10, 20)
    assert not set(train) & set(test)
    assert pd.Series(LABELS[train]).value_counts().to_dict() == {"a": 6, "b": 3, "c": 1}


def test_the_seed_decides() -> None:
    splits = [tuple(paired_split(LABELS, seed)[1]) for seed in range(20)]
    assert len(set(splits)) == 20
    assert tuple(paired_split(pd.Series(LABELS), 7)[1]) == splits[7]


def test_neighbouring_seeds_are_independent() -> None:
    # of 25 test rows of 100, two independent splits share 6.25 on average; the mean of 190 pairs is within 1 of it
    chosen = [set(paired_split(LABELS, seed)[1]) for seed in range(20)]
    shared = [len(a & b) for i, a in enumerate(chosen) for b in chosen[:i]]
    assert np.mean(shared) == pytest.approx(6.25, abs=1.0)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a"] * 8, "y holds 1 classes; class 'a' has 8 row.* A study needs two classes"),
        (["a"] * 8 + ["b"], "y holds 2 classes; class 'b' has 1 row.* two rows of each"),
        ([], "y holds 0 classes. A study needs two classes"),
        ([[0, 1]] * 8, r"y has shape \(8, 2\); a study expects one label a row"),
        (["a", "b", None, "a", "b"], "y holds 1 missing labels among 5. Drop those rows first"),
    ],
    ids=["one class", "one row", "none", "two columns", "missing"],
)
def test_labels_that_cannot_be_split(y: Any, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        paired_split(y, 0)


@pytest.mark.parametrize(
    "sizes", [{"test_size": 0.0}, {"test_size": 2}, {"test_size": 0.5, "train_size": 0.6}], ids=str
)
def test_sizes_that_cannot_be(sizes: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match=r"test_size=.* do not split 100 rows of 3 classes: .*Give shares such as"):
        paired_split(LABELS, 0, **sizes)
