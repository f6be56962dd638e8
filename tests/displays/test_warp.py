"""A bent grid, judged by its lines and by the probabilities along its boundary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strates import LogisticRegression, MLPClassifier
from strates.datasets import moons, spiral
from strates.displays import WarpDisplay
from strates.exceptions import DataError, ParameterError
from strates.inspection import warp

X, Y = moons(80, noise=0.1)
SMALL: dict[str, Any] = {"n_lines": 5, "n_points": 21, "resolution": 21}


def fitted(*hidden: int, rows: Any = X, labels: Any = Y, activation: str = "tanh") -> Any:
    clf = MLPClassifier(hidden, activation=activation, solver="lbfgs", max_iter=60, tol=1.0, random_state=0)
    return clf.fit(rows, labels)


@pytest.fixture(scope="module")
def clf() -> Any:
    return fitted(2, 2)


@pytest.fixture(scope="module")
def display(clf: Any) -> WarpDisplay:
    return WarpDisplay.from_estimator(clf, X, Y, **SMALL).plot()


def test_lines_and_points_are_those_carried(clf: Any, display: WarpDisplay) -> None:
    found = warp(clf, X, **SMALL)
    assert len(display.axes_) == 3
    for space, grid, drawn, ax in zip(found.spaces, display.grids_, display.points_, display.axes_, strict=True):
        np.testing.assert_allclose(grid.get_segments(), space.lines)
        assert len({tuple(colour) for colour in grid.get_colors()[:5]}) == 1
        assert tuple(grid.get_colors()[0]) != tuple(grid.get_colors()[5])
        for k in (0, 1):
            np.testing.assert_allclose(np.asarray(drawn[k].get_offsets()), space.points[k == Y])
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        flat = space.lines.reshape(-1, 2)
        assert ((flat > [left, bottom]) & (flat < [right, top])).all()
        assert ax.get_aspect() == 1


def test_the_boundary_is_straight_at_the_end_and_half_likely_at_the_start(clf: Any, display: WarpDisplay) -> None:
    (line,) = display.boundaries_[-1]
    ends = line.get_xydata()
    np.testing.assert_allclose(ends @ clf.coefs_[-1] + clf.intercepts_[-1], 0, atol=1e-4)
    for curve in display.boundaries_[0]:
        np.testing.assert_allclose(clf.predict_proba(curve.get_xydata())[:, 1], 0.5, atol=0.02)
    assert len(display.boundaries_[0]) == len(display.boundaries_[1]) >= 1
    assert display.regions_ is not None


def test_each_pair_of_classes_has_its_boundary() -> None:
    rows, labels = spiral(30)
    clf = fitted(2, rows=rows, labels=labels)
    drawn = WarpDisplay.from_estimator(clf, rows, labels, **SMALL).plot()
    for curve in drawn.boundaries_[0]:
        p = np.sort(clf.predict_proba(curve.get_xydata()), axis=1)
        np.testing.assert_allclose(p[:, 2] - p[:, 1], 0, atol=0.05)


def test_words_tell_determinant_condition_and_what_is_lost(clf: Any, display: WarpDisplay) -> None:
    kernel = clf.coefs_[0].astype(float)
    determinant, condition = np.linalg.det(kernel), np.linalg.cond(kernel)
    words = display.describe()
    assert f"hidden_1 (tanh, 2 units, determinant {determinant:.3g}, condition {condition:.3g}, 0.0 % of the" in words
    assert "0 % flattened, 0 % folded" in display.axes_[1].get_xlabel()
    assert display.axes_[1].get_title() == "hidden_1 (tanh)"
    relu = WarpDisplay.from_estimator(fitted(2, activation="relu"), X, Y, **SMALL).plot()
    share = relu.warp.spaces[1].share_flattened
    assert f"{100 * share:.0f} % flattened" in relu.axes_[1].get_xlabel()


def test_three_units_say_how_much_is_shown() -> None:
    drawn = WarpDisplay.from_estimator(fitted(3), X, Y, **SMALL).plot()
    assert f"{100 * drawn.warp.spaces[1].share_shown:.0f} % of variance" in drawn.axes_[1].get_xlabel()
    assert drawn.boundaries_[-1] == []  # a plane in space has no line here
    assert drawn.axes_[1].get_xlabel().startswith("PC 1")


def test_without_hidden_layers_and_without_classes() -> None:
    clf = LogisticRegression(alpha=0.01).fit(X, Y)
    drawn = WarpDisplay.from_estimator(clf, X, Y, **SMALL).plot()
    assert drawn.describe() == "The plane of inputs; the network has no hidden layer."
    assert len(drawn.boundaries_[0]) == 1
    plain = WarpDisplay(warp(clf, X, **SMALL)).plot()
    assert len(plain.points_[0]) == 1
    assert plain.to_svg()


def test_what_cannot_be_drawn(clf: Any) -> None:
    with pytest.raises(ParameterError, match="Layer 'hidden_1' has 7 units, too wide"):
        WarpDisplay.from_estimator(fitted(7), X, Y)
    with pytest.raises(DataError, match="X has 80 rows and y has 2 labels"):
        WarpDisplay.from_estimator(clf, X, [0, 1])
