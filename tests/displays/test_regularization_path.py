"""Paths are judged by their curves, and by what a known solution does."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.datasets import load_iris

import strates
from strates.displays import RegularizationPathDisplay
from strates.displays.regularization_path import _spread
from strates.exceptions import ParameterError

ALPHAS = np.geomspace(1.0, 1e-3, 13)
LIMITS = np.array([3.0, -2.0, 1.0, 0.5, 0.0])


def lasso(limits: np.ndarray = LIMITS) -> np.ndarray:
    """Return the path of orthogonal features: soft thresholds."""
    values = np.sign(limits) * np.maximum(np.abs(limits) - 3 * ALPHAS[:, None], 0)
    return values[:, None, :]


def test_curves_are_the_coefficients() -> None:
    display = RegularizationPathDisplay.from_arrays(ALPHAS, lasso()).plot()
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.xaxis_inverted()  # the strongest penalty at the left
    (lines,) = display.lines_
    for j, line in enumerate(lines):
        assert np.asarray(line.get_xdata()) == pytest.approx(np.sort(ALPHAS))
        assert np.asarray(line.get_ydata()) == pytest.approx(lasso()[::-1, 0, j])
    assert display.n_nonzero.tolist() == sorted(np.count_nonzero(lasso(), axis=(1, 2)), reverse=True)


def test_the_strongest_are_named_at_their_ends_and_others_are_grey() -> None:
    limits = np.arange(12, 0, -1.0)
    names = [f"feature {i}" for i in range(12)]
    display = RegularizationPathDisplay.from_arrays(ALPHAS, lasso(limits), feature_names=names).plot()
    (labels,) = display.labels_
    assert [label.get_text() for label in labels] == names[:7]
    colours = [str(line.get_color()) for line in display.lines_[0]]
    styles = {(line.get_color(), line.get_linestyle()) for line in display.lines_[0][:7]}
    assert len(styles) == 7
    assert set(colours[7:]) == {"#6b6b6b"}
    display.figure_.draw_without_rendering()
    boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.y0)
    assert all(lower.y1 <= upper.y0 + 1 for lower, upper in itertools.pairwise(boxes))
    assert all(box.x1 <= display.figure_.bbox.x1 + 1 for box in boxes)


def test_counts_stand_on_top() -> None:
    display = RegularizationPathDisplay.from_arrays(ALPHAS, lasso()).plot()
    by_alpha = {round(float(text.get_position()[0]), 9): int(text.get_text()) for text in display.count_texts_}
    expected = {round(float(a), 9): int(n) for a, n in zip(display.alphas, display.n_nonzero, strict=True)}
    assert len(by_alpha) >= 4
    assert by_alpha.items() <= expected.items()


def test_each_class_has_a_panel_with_its_own_counts() -> None:
    coefs = np.concatenate([lasso(), lasso(-LIMITS), np.zeros_like(lasso())], axis=1)
    display = RegularizationPathDisplay.from_arrays(ALPHAS, coefs, classes=["oak", "pine", "yew"]).plot()
    assert [ax.get_title(loc="left") for ax in display.axes_] == ["oak", "pine", "yew"]
    for k, lines in enumerate(display.lines_):
        assert np.asarray(lines[1].get_ydata()) == pytest.approx(coefs[::-1, k, 1])
    assert len({ax.get_ylim() for ax in display.axes_}) == 1
    assert display.count_texts_[0].get_text() == "4"
    assert display.count_texts_[-1].get_text() == "0"


def test_many_classes_are_cut_to_nine_panels() -> None:
    coefs = np.repeat(lasso(), 26, axis=1)
    display = RegularizationPathDisplay.from_arrays(ALPHAS, coefs).plot()
    assert len(display.axes_) == 9
    assert "(25)" in RegularizationPathDisplay.from_arrays(ALPHAS, coefs * np.arange(1, 27)[:, None]).describe()


def test_a_path_of_the_estimator_gives_its_own_numbers() -> None:
    path: Any = SimpleNamespace(
        alphas=ALPHAS,
        l1_ratio=1.0,
        coefs=lasso(),
        intercepts=np.zeros((13, 1)),
        n_nonzero=np.count_nonzero(lasso(), axis=(1, 2)),
        losses=np.zeros(13),
        classes=np.array(["yes"]),
        feature_names=("a", "b", "c", "d", "e"),
    )
    display = RegularizationPathDisplay.from_path(path)
    assert display.coefs == pytest.approx(lasso()[::-1])
    assert display.classes == ["yes"]
    assert display.describe() == (
        "Coefficients for alpha from 0.001 to 1: 4 of 5 are not zero at the smallest, 0 at the largest. "
        "At the smallest: a +3, b -2, c +0.997, d +0.497."
    )


def test_zero_has_no_place_on_the_axis_and_one_alpha_is_a_point() -> None:
    display = RegularizationPathDisplay.from_arrays([0.0, 0.1], np.ones((2, 1, 2))).plot(Figure().subplots())
    assert display.alphas.tolist() == [0.1]
    assert display.lines_[0][0].get_marker() == "o"
    assert "role=" in display.to_svg()


def test_a_path_of_zeros_names_nothing() -> None:
    display = RegularizationPathDisplay.from_arrays(ALPHAS, np.zeros((13, 1, 3))).plot()
    assert display.labels_ == [[]]
    assert display.describe().endswith("0 of 3 are not zero at the smallest, 0 at the largest.")


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [1.0, 0.99, 0.2], [0.0, 1.0], [0.5], []])
def test_names_move_apart_in_their_order(values: list[float]) -> None:
    given = np.array(values)
    places = _spread(given, 0.2, 0.0, 1.0)
    order = np.argsort(given, kind="stable")
    assert (np.diff(places[order]) > 0.2 - 0.01).all()
    assert ((places >= -0.01) & (places <= 1.01)).all()


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (([1.0], np.ones((1, 2))), {}, r"coefs \(1, 2\); expected .* coefs\[:, None, :\]"),
        (([1.0, 2.0], np.ones((1, 1, 2))), {}, r"alphas has shape \(2,\)"),
        (([0.0], np.ones((1, 1, 2))), {}, "No alpha is positive; a path needs penalties"),
        (([1.0], np.ones((1, 1, 2)), [1, 2]), {}, r"n_nonzero has shape \(2,\); expected \(1,\)"),
        (([1.0], np.ones((1, 1, 2))), {"feature_names": ["a"]}, "feature_names has 1 entries; expected 2"),
        (([1.0], np.ones((1, 1, 2))), {"classes": ["a", "b"]}, "classes has 2 entries; expected 1"),
    ],
)
def test_arrays_that_make_no_path(arguments: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        RegularizationPathDisplay.from_arrays(*arguments, **settings)


def test_a_lasso_path_that_was_fitted() -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    path = strates.LogisticRegression(l1_ratio=1.0).regularization_path(X, y, [1.0, 0.1, 0.01])
    display = RegularizationPathDisplay.from_path(path).plot()
    assert display.alphas.tolist() == [0.01, 0.1, 1.0]
    assert display.classes == ["0", "1", "2"]
    assert display.feature_names == list(X.columns)
    for k, lines in enumerate(display.lines_):
        assert [line.get_ydata()[-1] for line in lines] == pytest.approx(path.coefs[0, k].tolist())
