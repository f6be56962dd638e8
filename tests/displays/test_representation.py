"""Spaces of a network, judged by where their points, lines and words are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.datasets import load_digits, load_iris

from strates import LogisticRegression, MLPClassifier, tabular_pipeline
from strates.datasets import blobs, spiral
from strates.displays import LinearProbesDisplay, RepresentationDisplay
from strates.exceptions import DataError, ParameterError, TargetError
from strates.inspection import linear_probes, representations

X, Y = spiral(40)
WORDS = np.array(["left", "right", "<b>"])


def fitted(*hidden: int, rows: Any = X, labels: Any = Y, **choices: Any) -> Any:
    settings = {"activation": "tanh", "max_iter": 60, "tol": 1.0, "random_state": 0} | choices
    return MLPClassifier(hidden, solver="lbfgs", **settings).fit(rows, labels)


@pytest.fixture(scope="module")
def clf() -> Any:
    return fitted(6, 2, labels=WORDS[Y])


@pytest.fixture(scope="module")
def display(clf: Any) -> RepresentationDisplay:
    return RepresentationDisplay.from_estimator(clf, X, WORDS[Y]).plot()


def test_points_are_the_projections_class_by_class(clf: Any, display: RepresentationDisplay) -> None:
    spaces = representations(clf, X)
    assert [one.get_title() for one in display.axes_] == ["input", "hidden_1", "hidden_2"]
    codes = np.searchsorted(clf.classes_, WORDS[Y])
    for space, drawn in zip(spaces, display.points_, strict=True):
        for k, points in enumerate(drawn):
            np.testing.assert_allclose(np.asarray(points.get_offsets()), space.projection[codes == k], atol=1e-6)
    markers = {tuple(one.get_paths()[0].vertices.ravel().round(3)) for one in display.points_[0]}
    assert len(markers) == 3  # told by more than colour


def test_all_points_lie_within_their_panel_and_a_step_is_as_long_on_both_axes(display: RepresentationDisplay) -> None:
    for ax, drawn in zip(display.axes_, display.points_, strict=True):
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        assert right - left == pytest.approx(top - bottom)
        assert ax.get_aspect() == 1
        for points in drawn:
            offsets = np.asarray(points.get_offsets())
            assert ((offsets > [left, bottom]) & (offsets < [right, top])).all()


def test_on_the_last_spaces_lines_two_classes_tie(clf: Any, display: RepresentationDisplay) -> None:
    assert len(display.boundary_lines_) >= 2
    for line in display.boundary_lines_:
        assert line.axes is display.axes_[-1]
        middle = line.get_xydata().mean(axis=0)
        scores = np.sort(middle @ clf.coefs_[-1] + clf.intercepts_[-1])
        assert scores[-1] == pytest.approx(scores[-2], abs=1e-4)
    assert display.regions_ is not None
    assert display.note_ is None


def test_of_a_wide_last_layer_the_picture_says_that_it_is_a_cut() -> None:
    wide = RepresentationDisplay.from_estimator(fitted(5), X, Y, probes=False).plot()
    assert wide.note_ is not None
    assert wide.note_.get_text() == "the boundary, cut by this plane"
    assert "hyperplane; the straight line is where it cuts the plane through the mean" in wide.describe()
    share = 100 * representations(fitted(5), X)[1].share_shown
    assert any(f"5 units, {share:.0f} % of variance" in text.get_text() for text in wide.axes_[1].texts)


def test_probes_stand_below_their_space(clf: Any, display: RepresentationDisplay) -> None:
    table = linear_probes(clf, X, WORDS[Y]).set_index(["space", "probe"])["accuracy"]
    for ax in display.axes_:
        name = ax.get_title()
        said = f"logistic {100 * table[name, 'logistic']:.1f} % · k-NN {100 * table[name, 'knn']:.1f} %"
        assert ax.get_xlabel().endswith(said)
    words = display.describe()
    assert f"input (2 columns, accuracy of logistic {table['input', 'logistic']:.3f}" in words
    assert words.endswith("In hidden_2 the network's boundary is straight.")


def test_names_of_classes_are_text(display: RepresentationDisplay) -> None:
    assert display.legend_ is not None
    assert [text.get_text() for text in display.legend_.get_texts()] == ["<b>", "left", "right"]
    assert "<b>" not in display.to_svg()


def test_one_unit_has_a_lane_for_each_class() -> None:
    clf = fitted(1)
    drawn = RepresentationDisplay.from_estimator(clf, X, Y, layers=-1, probes=False).plot()
    hidden = clf.transform(X)[:, 0]
    heights = []
    for k, points in enumerate(drawn.points_[0]):
        offsets = np.asarray(points.get_offsets())
        np.testing.assert_allclose(np.sort(offsets[:, 0]), np.sort(hidden[k == Y]), atol=1e-6)
        heights.append((offsets[:, 1].min(), offsets[:, 1].max()))
    assert heights[0][1] < heights[1][0] < heights[1][1] < heights[2][0]
    for line in drawn.boundary_lines_:
        assert np.ptp(line.get_xdata()) == pytest.approx(0, abs=1e-9)  # upright


def test_without_hidden_layers_the_input_alone() -> None:
    rows, labels = load_iris(return_X_y=True, as_frame=True)
    clf = tabular_pipeline(LogisticRegression(alpha=0.01)).fit(rows, labels)
    drawn = RepresentationDisplay.from_estimator(clf, rows, labels, probes=False).plot()
    assert len(drawn.axes_) == 1
    assert len(drawn.boundary_lines_) in (2, 3)  # three regions in a row, or around a point


def test_a_single_row_and_no_probes() -> None:
    drawn = RepresentationDisplay.from_estimator(fitted(4, 2), X[:1], Y[:1]).plot()
    assert drawn.probes is None
    assert [sum(len(one.get_offsets()) for one in space) for space in drawn.points_] == [1, 1, 1]
    assert drawn.describe().startswith("1 row of 3 classes")
    assert drawn.to_svg()


def test_many_classes_are_named_amid_their_rows_and_the_legend_is_cut() -> None:
    rows, labels = blobs(250, centers=25, n_features=3, noise=0.5)
    clf = fitted(3, rows=rows, labels=labels, max_iter=5, tol=10.0)
    drawn = RepresentationDisplay.from_estimator(clf, rows, labels, layers="input", probes=False).plot()
    assert [text.get_text() for text in drawn.names_] == [str(k) for k in range(25)]
    for k, text in enumerate(drawn.names_):
        expected = np.median(drawn.spaces[0].projection[drawn.codes == k], axis=0)
        np.testing.assert_allclose(text.get_position(), expected)
    assert drawn.legend_ is not None
    assert drawn.legend_.get_texts()[-1].get_text() == "+ 5 more"


def test_deep_networks_show_six_spaces_and_say_so() -> None:
    drawn = RepresentationDisplay.from_estimator(fitted(*[2] * 8, max_iter=5, tol=10.0), X, Y, probes=False).plot()
    names = [one.get_title() for one in drawn.axes_]
    assert len(names) == 6
    assert (names[0], names[-1]) == ("input", "hidden_8")
    assert drawn.describe().endswith("3 spaces between are not drawn.")


def test_words_stay_within_the_figure() -> None:
    rows, labels = load_digits(return_X_y=True)
    clf = fitted(8, rows=rows / 16, labels=labels, max_iter=20, tol=10.0)
    names = {k: f"a class with a long name {k}" for k in range(10)}
    for drawn in (
        RepresentationDisplay.from_estimator(clf, rows[:200] / 16, labels[:200]),
        RepresentationDisplay(representations(clf, rows[:50] / 16, layers="input"), labels[:50], list(names.values())),
        RepresentationDisplay.from_estimator(fitted(6, 2), X, Y),
    ):
        drawn.plot().figure_.draw_without_rendering()
        frame = drawn.figure_.bbox
        assert drawn.legend_ is not None
        for part in (drawn.legend_, *(text for ax in drawn.axes_ for text in (ax.title, ax.xaxis.label, *ax.texts))):
            box = part.get_window_extent()
            assert box.x0 >= frame.x0 - 2
            assert box.x1 <= frame.x1 + 2
            assert box.y0 >= frame.y0 - 2
            assert box.y1 <= frame.y1 + 2


def test_given_axes_are_used(clf: Any) -> None:
    figure = Figure(figsize=(8, 4))
    ax = figure.subplots()
    drawn = RepresentationDisplay.from_estimator(clf, X, WORDS[Y], probes=False)
    assert drawn.plot(ax) is drawn
    assert drawn.figure_ is figure
    assert drawn.ax_ is ax


def test_what_cannot_be_drawn(clf: Any) -> None:
    with pytest.raises(ParameterError, match=r"no layer 'hidden_7'.*Known: input, hidden_1, hidden_2"):
        RepresentationDisplay.from_estimator(clf, X, WORDS[Y], layers="hidden_7")
    with pytest.raises(DataError, match="X has 120 rows and y has 3 labels"):
        RepresentationDisplay.from_estimator(clf, X, WORDS)
    with pytest.raises(TargetError, match="never learned: 0"):
        RepresentationDisplay.from_estimator(clf, X, Y)


# --- probes ---------------------------------------------------------------------------------------

COLUMNS = ["space", "probe", "width", "accuracy", "low", "high"]
TABLE = pd.DataFrame(
    [
        ("input", "logistic", 2, 0.5, 0.4, 0.6),
        ("input", "knn", 2, 0.98, 0.9, 1.0),
        ("PCA (1)", "logistic", 1, 0.4, 0.3, 0.5),
        ("PCA (1)", "knn", 1, 0.45, 0.3, 0.5),
        ("hidden_1", "logistic", 1, 0.9, 0.8, 0.95),
        ("hidden_1", "knn", 1, 0.95, 0.9, 0.97),
    ],
    columns=COLUMNS,
)


def test_dots_and_intervals_are_the_tables() -> None:
    drawn = LinearProbesDisplay(TABLE).plot()
    assert [tick.get_text() for tick in drawn.ax_.get_yticklabels()] == [
        "input, 2 columns",
        "PCA, 1 component",
        "hidden_1, 1 unit",
    ]
    for kind in ("logistic", "knn"):
        table = TABLE[TABLE["probe"] == kind]
        dots, _, (bars,) = drawn.errorbars_[kind]
        np.testing.assert_allclose(dots.get_xdata(), table["accuracy"])
        np.testing.assert_allclose([bar[:, 0] for bar in bars.get_segments()], table[["low", "high"]])
        np.testing.assert_array_equal(np.round(np.asarray(dots.get_ydata(), dtype=float)), [0, 1, 2])  # from the top
    assert drawn.ax_.get_ylim()[0] > drawn.ax_.get_ylim()[1]
    assert "nearest neighbours: input 0.980 (0.900 to 1.000)" in drawn.describe()


def test_probes_of_an_estimator(clf: Any) -> None:
    drawn = LinearProbesDisplay.from_estimator(clf, X, WORDS[Y], layers=("input", -1), probes=("knn",))
    pd.testing.assert_frame_equal(drawn.probes, linear_probes(clf, X, WORDS[Y], layers=("input", -1), probes=("knn",)))
    assert list(drawn.plot().errorbars_) == ["knn"]


def test_a_table_that_lacks_columns() -> None:
    with pytest.raises(DataError, match=r"lacks low, high; expected what strates\.inspection\.linear_probes returns"):
        LinearProbesDisplay(TABLE[["space", "probe", "width", "accuracy"]])
    with pytest.raises(DataError, match="lacks rows"):
        LinearProbesDisplay(TABLE[:0])
