"""Bisection of many rows at once, against thresholds that are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strates._types import AnyArray, FloatArray
from strates.attacks.certificates.largest_radius import largest_radius

CURVES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "straight": lambda t: 1 - t,
    "falls ever faster": lambda t: 1 - t**6,
    "a cliff": lambda t: np.where(t <= 1, 1e-3, -1e9 * t),
    "a long slope after a cliff": lambda t: np.where(t <= 0.5, 1e6, 1 - t),
    "flattens": lambda t: 1 / (t + 1e-9) - 1,
}


@pytest.mark.parametrize("curve", CURVES)
@given(
    secret=st.lists(st.floats(1e-4, 1e4), min_size=1, max_size=8),
    start=st.floats(0.1, 10),
    tol=st.sampled_from([0.1, 1e-3, 1e-6]),
)
def test_zeros_are_found_from_below(curve: str, secret: list[float], start: float, tol: float) -> None:
    known, calls = np.array(secret), []

    def margins(rows: AnyArray, radii: FloatArray) -> FloatArray:
        calls.append(len(rows))
        return CURVES[curve](radii / known[rows])

    found = largest_radius(margins, np.full(len(known), start), np.full(len(known), np.inf), tol=tol)
    assert (found <= known * (1 + 1e-12)).all()
    assert (found * (1 + tol) * (1 + 1e-12) >= known).all()
    assert len(calls) < 120


def test_straight_margins_take_few_calls() -> None:
    calls = []

    def margins(rows: AnyArray, radii: FloatArray) -> FloatArray:
        calls.append(len(rows))
        return np.array([0.3, 2.0, 7.0])[rows] - radii

    found = largest_radius(margins, np.ones(3), np.full(3, np.inf), tol=1e-3)
    assert found == pytest.approx([0.3, 2, 7], rel=1e-3)
    assert len(calls) <= 8  # bisection takes 15


def test_rows_that_never_pass_or_always_do() -> None:
    asked: list[FloatArray] = []
    zeros = np.array([-1.0, 9.0, 9.0, 3.0])

    def margins(rows: AnyArray, radii: FloatArray) -> FloatArray:
        asked.append(radii)
        return zeros[rows] - radii

    cap = np.array([4.0, 4.0, np.inf, 4.0])
    found = largest_radius(margins, np.full(4, 0.5), cap, tol=1e-4)
    assert found[:2].tolist() == [0, np.inf]
    assert found[2:] == pytest.approx([9, 3], rel=1e-4)
    always = largest_radius(lambda rows, r: np.ones(len(rows)), np.ones(2), np.full(2, np.inf), tol=0.1)
    assert always.min() > 1e30
    barely = largest_radius(lambda rows, r: 1e-12 - r, np.ones(2), np.full(2, np.inf), tol=0.1)
    assert barely.tolist() == [0, 0]
    assert largest_radius(margins, np.zeros(0), np.zeros(0), tol=0.1).shape == (0,)
