"""Records come back from JSON as they went."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

from strates.exceptions import DataError
from strates.inspection.record import Record, to_plain


@dataclass(frozen=True)
class Inner(Record):
    x: float
    name: str | None = None


@dataclass(frozen=True)
class Outer(Record):
    numbers: tuple[float, ...]
    inner: Inner
    many: tuple[Inner, ...] = ()
    named: dict[str, Inner | None] | None = None
    table: tuple[tuple[int, ...], ...] = ()


def test_nested_records_come_back_equal() -> None:
    one = Outer((1.0, 2.0), Inner(1.0), (Inner(2.0, "a"),), {"a": Inner(3.0), "b": None}, ((1, 2), (3, 4)))
    assert Outer.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_numpy_becomes_plain_and_what_is_not_finite_becomes_none() -> None:
    assert to_plain({"a": np.float32(0.5), "b": np.array([1, 2]), "c": [np.inf, np.nan], 3: np.bool_(True)}) == {
        "a": 0.5,
        "b": [1, 2],
        "c": [None, None],
        "3": True,
    }


def test_unknown_fields_are_ignored_and_missing_ones_take_their_defaults() -> None:
    assert Inner.from_dict({"x": 1, "later": 2}) == Inner(1.0)


def test_missing_field_without_default() -> None:
    with pytest.raises(DataError, match=r"stored Inner lacks x; .* x, name. Store it again with to_dict"):
        Inner.from_dict({"name": "a"})
