"""The search for the smallest separating network, on sets of which topology says what is possible."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strates import MLPClassifier
from strates.datasets import circles, disc_and_ring, xor
from strates.exceptions import DataError, ParameterError, TargetError
from strates.inspection import Untangling, untangle


@pytest.fixture(scope="module")
def disc() -> tuple[Any, Any]:
    return disc_and_ring(400)


@pytest.fixture(scope="module")
def wide(disc: tuple[Any, Any]) -> Untangling:
    return untangle(*disc, max_width=3, max_depth=1, n_starts=6)


def test_no_layers_of_two_units_part_a_disc_from_a_ring(disc: tuple[Any, Any]) -> None:
    found = untangle(*disc, max_width=2, max_depth=2, n_starts=4)
    assert found.hidden_layer_sizes is None
    assert not found.tried["separated"].any()
    assert set(found.tried["hidden_layer_sizes"]) == {(), (1,), (2,), (1, 1), (1, 2), (2, 1), (2, 2)}
    assert 0.85 < found.accuracy < 1
    assert found.accuracy == found.tried["best_accuracy"].max() == found.estimator.score(*disc)


def test_one_layer_of_three_does(disc: tuple[Any, Any], wide: Untangling) -> None:
    assert wide.hidden_layer_sizes == (3,)
    assert wide.accuracy == 1
    assert isinstance(wide.estimator, MLPClassifier)
    assert (wide.estimator.predict(disc[0]) == disc[1]).all()
    assert wide.estimator.transform(disc[0]).shape == (400, 3)


def test_the_table_tells_what_was_tried_from_the_smallest_on(wide: Untangling) -> None:
    tried = wide.tried
    assert tried["hidden_layer_sizes"].tolist() == [(), (1,), (2,), (3,)]
    assert tried["n_parameters"].tolist() == [3, 5, 9, 13]  # 2 + 1; 3 w + w + 1
    assert tried["n_starts"].tolist()[:3] == [1, 6, 6]
    assert 1 <= tried["n_starts"].iloc[-1] <= 6
    assert tried["separated"].tolist() == [False, False, False, True]
    assert tried["best_accuracy"].is_monotonic_increasing


def test_on_a_line_one_unit_gets_three_quarters_and_two_get_all() -> None:
    found = untangle(*disc_and_ring(200, dimension=1), max_width=2, max_depth=1, n_starts=5)
    best = dict(zip(found.tried["hidden_layer_sizes"], found.tried["best_accuracy"], strict=True))
    assert best[(1,)] == pytest.approx(0.75)
    assert best[(2,)] == 1
    assert found.hidden_layer_sizes == (2,)


def test_linear_units_are_no_better_than_chance_on_circles() -> None:
    found = untangle(*circles(200), max_width=3, max_depth=1, activation="identity", n_starts=2)
    assert found.hidden_layer_sizes is None
    assert found.tried["best_accuracy"].between(0.48, 0.56).all()


def test_the_product_alone_needs_no_hidden_layer() -> None:
    X, y = xor(200)
    product = untangle(X[:, :1] * X[:, 1:], y, max_width=2, max_depth=1)
    assert product.hidden_layer_sizes == ()
    assert product.tried["n_starts"].tolist() == [1]
    assert untangle(X, y, max_width=0).hidden_layer_sizes is None  # not so of the two features themselves


def test_the_same_search_again(wide: Untangling, disc: tuple[Any, Any]) -> None:
    again = untangle(*disc, max_width=3, max_depth=1, n_starts=6)
    assert again.tried.equals(wide.tried)
    for one, other in zip(again.estimator.coefs_, wide.estimator.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"max_width": -1}, "max_width is -1; it has to be an integer of at least 0"),
        ({"n_starts": 0}, "n_starts is 0; it has to be an integer of at least 1"),
        ({"max_depth": 1.5}, r"max_depth is 1\.5"),
        ({"max_width": 10, "max_depth": 4}, "make 11,111 architectures; at most 400 are searched"),
        ({"activation": "tan"}, "activation='tan' is not known"),
    ],
)
def test_choices_that_cannot_be(choices: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        untangle([[0.0], [1.0]], [0, 1], **choices)


def test_rows_that_cannot_be() -> None:
    with pytest.raises(DataError, match=r"X has shape \(2,\) and y 2 labels; expected \(n_rows, n_features\)"):
        untangle([0.0, 1.0], [0, 1])
    with pytest.raises(TargetError, match="1 class"):
        untangle([[0.0], [1.0]], [1, 1])
