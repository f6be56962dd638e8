"""Pictures of decision boundaries are judged by their pixels, lines and markers."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from strates.displays import DecisionBoundaryDisplay
from strates.displays.boundary_areas import name_places
from strates.displays.boundary_labels import legend_columns
from strates.displays.boundary_shades import MARKERS, class_colours, leads
from strates.exceptions import DataError, ParameterError
from strates.inspection import DecisionBoundary, decision_boundary

IRIS, SPECIES = load_iris(return_X_y=True, as_frame=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
OKABE_ITO = [to_rgb(colour) for colour in ("#0072B2", "#D55E00", "#009E73")]


def stripes(n: int = 21, **changes: Any) -> DecisionBoundary:
    """Three classes side by side on [0, 3] x [0, 3], certain in their middles and tied at x = 1 and x = 2."""
    x = np.linspace(0, 3, n)
    peaks = np.maximum(0, 1 - np.abs(x[:, None] - [0.5, 1.5, 2.5]))
    peaks[x < 0.5, 0] = peaks[x > 2.5, 2] = 1
    probabilities = np.broadcast_to(peaks / peaks.sum(axis=1, keepdims=True), (n, n, 3)).astype(np.float32)
    rows = np.array([[0.5, 0.2], [1.4, 1.0], [1.6, 2.0], [2.5, 1.0], [2.9, 0.5]])
    values: dict[str, Any] = {
        "kind": "pca",
        "axis_names": (
            "PC1: 60\u202f% of variance; a +0.80, b \u22120.60",
            "PC2: 20\u202f% of variance; b +0.90, c +0.10, …",
        ),
        "x": x,
        "y": x,
        "probabilities": probabilities,
        "classes": ("left", "middle", "right"),
        "points": rows,
        "distances": np.array([0.0, 1.0, 2.0, 3.0, 4.0]),
        "labels": np.array([0, 1, 0, 2, 2]),
        "predicted": np.array([0, 1, 1, 2, 0]),
        "background": np.array([0, 1, 1, 2, 2]),
        "explained_variance": 0.8,
        "mean_distance": 2.0,
        "max_distance": 4.0,
        "spread": 3.0,
        "disagreement": 0.2,
        "n_rows": 5,
        "n_left_out": 1,
        "note": "The axes are made of 3 columns of numbers.",
    }
    return DecisionBoundary(**{**values, **changes})


def test_pixels_are_white_at_ties_and_deep_where_sure() -> None:
    boundary = stripes(25)
    display = DecisionBoundaryDisplay.from_boundary(boundary).plot()
    assert display.image_ is not None
    pixels = np.asarray(display.image_.get_array())
    first, second = np.sort(boundary.probabilities, axis=-1)[..., [-1, -2]].transpose(2, 0, 1)
    colours = np.array(OKABE_ITO)[boundary.probabilities.argmax(axis=-1)]
    assert pixels == pytest.approx(1 - 0.62 * (first - second)[..., None] * (1 - colours), abs=1e-6)
    assert pixels[3, 8] == pytest.approx(1, abs=1e-6)  # x = 1: two classes are tied
    left, right, bottom, top = display.image_.get_extent()
    assert (left, right) == pytest.approx((-1 / 16, 3 + 1 / 16))  # the first pixel's centre is the first point
    assert (bottom, top) == pytest.approx((-1 / 16, 3 + 1 / 16))
    assert display.ax_.get_xlim() == pytest.approx((0, 3))


def test_line_runs_where_two_classes_are_tied() -> None:
    display = DecisionBoundaryDisplay(stripes(40)).plot()
    corners = np.concatenate(display.line_.get_segments())
    assert np.abs(corners[:, 0, None] - [1, 2]).min(axis=1) == pytest.approx(np.zeros(len(corners)), abs=3 / 39)
    assert {round(x) for x in corners[:, 0]} == {1, 2}
    assert (corners[:, 1].min(), corners[:, 1].max()) == pytest.approx((0, 3))


def test_line_of_a_linear_classifier_is_straight_and_fine() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = (X @ [1.0, 0.5] + 0.3 * rng.normal(size=100) > 0).astype(int)
    clf = LogisticRegression().fit(X, y)
    display = DecisionBoundaryDisplay.from_estimator(clf, X, y).plot()
    corners = np.concatenate(display.line_.get_segments())
    off = (corners @ clf.coef_[0] + clf.intercept_[0]) / np.linalg.norm(clf.coef_[0])
    spacing = display.boundary.x[1] - display.boundary.x[0]
    assert np.abs(off).max() < 0.1 * spacing
    assert len(corners) > 150  # at every line of the grid, not thinned


def test_rows_bear_their_class_and_are_hollow_or_ringed() -> None:
    display = DecisionBoundaryDisplay(stripes()).plot()
    assert [np.asarray(one.get_offsets()).tolist() for one in display.points_] == [
        [[0.5, 0.2], [1.6, 2.0]],
        [[1.4, 1.0]],
        [[2.5, 1.0], [2.9, 0.5]],
    ]
    faces = [np.asarray(one.get_facecolor())[:, :3] for one in display.points_]
    assert faces[0] == pytest.approx(np.array([OKABE_ITO[0]] * 2))
    assert faces[2] == pytest.approx(
        np.array([OKABE_ITO[2], (1, 1, 1)])
    )  # the last row's answer is not the background's
    assert np.asarray(display.points_[2].get_edgecolor())[1, :3] == pytest.approx(OKABE_ITO[2])
    outlines = {one.get_paths()[0].vertices.tobytes() for one in display.points_}
    assert len(outlines) == 3  # told apart without colour, too
    assert display.rings_ is not None
    assert np.asarray(display.rings_.get_offsets()).tolist() == [[1.6, 2.0], [2.9, 0.5]]
    assert [text.get_text() for text in display.legend_.get_texts()].count("mistake") == 1
    assert {text.get_text() for text in display.legend_.get_texts()} == {
        "left", "middle", "right", "mistake", "other answer",
    }  # fmt: skip


def test_without_labels_rows_bear_what_they_are_given() -> None:
    display = DecisionBoundaryDisplay(stripes(labels=None)).plot()
    assert [len(one.get_offsets()) for one in display.points_] == [2, 2, 1]
    assert display.rings_ is None
    assert "mistake" not in {text.get_text() for text in display.legend_.get_texts()}


def test_signs_that_nobody_bears_have_no_key() -> None:
    plain = stripes(predicted=np.array([0, 1, 1, 2, 2]), labels=np.array([0, 1, 1, 2, 2]), disagreement=0.0)
    display = DecisionBoundaryDisplay(plain).plot()
    assert [text.get_text() for text in display.legend_.get_texts()] == ["left", "middle", "right"]
    assert "ollow" not in display.describe()


def test_names_stand_in_their_areas_off_the_rows() -> None:
    clf = GaussianNB().fit(IRIS, NAMES)
    display = DecisionBoundaryDisplay.from_estimator(clf, IRIS, NAMES, plane="pca").plot()
    assert display.boundary.plane is not None
    for k, name in enumerate(display.names_):
        assert name is not None
        assert name.get_text() == display.boundary.classes[k]
        row = display.boundary.plane.rows([name.xy])
        assert clf.predict(row).tolist() == [name.get_text()]
        nearest = np.linalg.norm(display.boundary.points - name.xy, axis=1).min()
        assert nearest > 0.02 * np.ptp(display.boundary.y)
    everywhere = np.zeros((30, 30, 2))
    everywhere[..., 0] = 1
    x = np.linspace(0, 1, 30)
    places = name_places(x, x, leads(everywhere), np.zeros((0, 2)))
    assert places[0] == pytest.approx((0.5, 0.5), abs=0.05)
    assert places[1] is None


def test_axes_say_share_and_loadings_and_have_one_scale_where_they_have_one_unit() -> None:
    ax = DecisionBoundaryDisplay(stripes()).plot().ax_
    assert ax.get_xlabel() == "PC1: 60\u202f% of variance\na +0.80, b \u22120.60".replace("\u202f", " ")
    assert ax.get_aspect() == 1
    display = DecisionBoundaryDisplay(stripes(kind="features", axis_names=("height", "a name " * 12))).plot()
    assert (display.ax_.get_xlabel(), display.ax_.get_aspect()) == ("height", "auto")
    assert "a name a name" in display.ax_.get_ylabel()


def test_caption_and_words_tell_what_is_hidden() -> None:
    display = DecisionBoundaryDisplay(stripes(), max_points=4).plot()
    assert display.caption_ is not None
    caption = display.caption_.get_text().replace("\n", " ")
    assert caption == (
        "This plane shows 80\u202f% of the variance; the rows lie 2.0 standard deviations off it on average, 4.0 at "
        "most (3.0 off their centre). Hollow points (20\u202f%): the classifier gives these rows another class than "
        "the background. 4 of 5 rows are drawn. 1 row lacks a number and is left out."
    )
    words = DecisionBoundaryDisplay(stripes()).describe()
    for piece in (
        "Plane of PC1: 60\u202f% of variance",
        "Areas: left 33\u202f%, middle 33\u202f%, right 33\u202f%.",
        "20\u202f% of the rows lie over a background of another class than the classifier gives the row itself.",
        "2 of 5 rows are mistakes.",
        "The axes are made of 3 columns of numbers.",
    ):
        assert piece in words
    whole = stripes(max_distance=0.0, mean_distance=0.0, explained_variance=1.0, disagreement=0.0, n_left_out=0)
    assert DecisionBoundaryDisplay(whole).plot().caption_.get_text() == (  # type: ignore[union-attr]
        "All rows lie on this plane: it hides nothing of them."
    )
    assert DecisionBoundaryDisplay(stripes(), caption=False).plot().caption_ is None
    held = stripes(kind="features", note="The other columns are held: town at Pau.")
    assert "The other columns are held: town at Pau." in " ".join(
        DecisionBoundaryDisplay(held).plot().caption_.get_text().split()  # type: ignore[union-attr]
    )


def test_nothing_covers_anything_at_any_width() -> None:
    clf = GaussianNB().fit(IRIS, NAMES)
    digits, targets = load_digits(return_X_y=True)
    many = GaussianNB(var_smoothing=1e-2).fit(digits, targets)
    for boundary, width in itertools.product(
        (
            decision_boundary(clf, IRIS, NAMES, plane="discriminant", resolution=40),
            decision_boundary(clf, IRIS, NAMES, features=(0, 1), resolution=40),
            decision_boundary(many, digits, targets, plane="pca", resolution=40),
        ),
        (3.4, 5.2, 9.0),
    ):
        display = DecisionBoundaryDisplay(boundary, width=width, max_points=50).plot()
        figure, ax = display.figure_, display.ax_
        assert figure.get_size_inches()[0] == width
        figure.draw_without_rendering()
        assert display.caption_ is not None
        axes, legend, caption = ax.bbox, display.legend_.get_window_extent(), display.caption_.get_window_extent()
        label = ax.xaxis.label.get_window_extent()
        assert legend.y0 >= axes.y1 - 1
        assert label.y1 <= axes.y0
        assert caption.y1 <= label.y0
        for box in (legend, caption, label, ax.yaxis.label.get_window_extent()):
            assert (box.x0 > -4, box.y0 > -4, box.x1 < figure.bbox.x1 + 4, box.y1 < figure.bbox.y1 + 4) == (True,) * 4
        assert axes.width > 0.5 * figure.bbox.width


def test_rows_are_sampled_and_every_class_keeps_one() -> None:
    digits, targets = load_digits(return_X_y=True)
    clf = GaussianNB(var_smoothing=1e-2).fit(digits, targets)
    boundary = decision_boundary(clf, digits, targets, plane="pca", resolution=20)
    display = DecisionBoundaryDisplay(boundary, max_points=100).plot()
    assert sum(len(one.get_offsets()) for one in display.points_) == len(display.shown) == 100
    assert "100 of 1,797 rows are drawn." in display.describe()
    assert sum(len(one.get_offsets()) for one in DecisionBoundaryDisplay(boundary, max_points=0).plot().points_) == 0


def test_another_frame_changes_picture_line_names_rings_and_fills() -> None:
    boundary = stripes()
    display = DecisionBoundaryDisplay(boundary).plot()
    turned = boundary.probabilities[..., ::-1]
    assert [name is not None and name.get_visible() for name in display.names_] == [True] * 3
    display.set_probabilities(turned)
    expected = DecisionBoundaryDisplay(dataclasses.replace(boundary, probabilities=turned)).plot()
    assert display.image_ is not None
    assert expected.image_ is not None
    assert np.asarray(display.image_.get_array()) == pytest.approx(np.asarray(expected.image_.get_array()))
    for one, other in zip(display.line_.get_segments(), expected.line_.get_segments(), strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other))
    assert [name is not None and name.get_visible() for name in display.names_] == [False, True, False]
    assert display.rings_ is not None
    assert len(display.rings_.get_offsets()) == 2
    display.set_probabilities(turned, predicted=[2, 1, 1, 0, 0])
    assert np.asarray(display.rings_.get_offsets()).tolist() == boundary.points[[0, 2, 3, 4]].tolist()
    for one, colour in zip(display.points_, OKABE_ITO, strict=True):  # all are what the background says: full
        faces = np.asarray(one.get_facecolor())[:, :3]
        assert faces == pytest.approx(np.array([colour] * len(faces)))
    with pytest.raises(DataError, match=r"have shape \(2, 2, 3\); expected \(21, 21, 3\)"):
        display.set_probabilities(np.zeros((2, 2, 3)))
    with pytest.raises(DataError, match=r"predicted has shape \(2,\); expected \(5,\)"):
        display.set_probabilities(turned, predicted=[0, 1])
    with pytest.raises(ParameterError, match=r"no picture to change\. Call plot\(\) first"):
        DecisionBoundaryDisplay(boundary).set_probabilities(turned)


def test_page_gets_shapes_that_agree_with_the_pixels() -> None:
    display = DecisionBoundaryDisplay(stripes())
    svg = display.to_svg()
    assert "<image" not in svg
    assert 'role="img"' in svg
    assert display.to_svg() == svg
    assert "Areas: left 33" in svg
    drawn = DecisionBoundaryDisplay(stripes(61))
    drawn._as_shapes = True
    drawn.plot()
    assert drawn.image_ is None
    figure = Figure(figsize=(3, 3), dpi=100)
    ax = figure.add_axes((0, 0, 1, 1))
    drawn.plot(ax)
    for artist in [*drawn.points_, drawn.line_, drawn.rings_, *drawn.names_, drawn.legend_, drawn.caption_]:
        if artist is not None:
            artist.set_visible(False)
    ax.set_axis_off()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[150, :, :3] / 255
    for x in (0.3, 0.8, 1.2, 1.5, 1.9, 2.2, 2.7):
        share = np.maximum(0, 1 - np.abs(x - np.array([0.5, 1.5, 2.5])))
        share[0] = 1 if x < 0.5 else share[0]
        share[2] = 1 if x > 2.5 else share[2]
        first, second = np.sort(share / share.sum())[[-1, -2]]
        exact = 1 - 0.62 * (first - second) * (1 - np.array(OKABE_ITO[int(share.argmax())]))
        assert pixels[int(x * 100)] == pytest.approx(exact, abs=0.08)  # within a step of depth


def test_rows_that_define_the_plane_are_named() -> None:
    clf = GaussianNB().fit(IRIS, NAMES)
    display = DecisionBoundaryDisplay.from_estimator(clf, IRIS, NAMES, rows=(0, 60, 120), resolution=30).plot()
    assert [mark.get_text() for mark in display.marks_] == ["row 0", "row 60", "row 120"]
    assert np.array([mark.xy for mark in display.marks_]) == pytest.approx(display.boundary.points[[0, 60, 120]])


def test_merged_classes_are_grey() -> None:
    clf = GaussianNB().fit(IRIS, NAMES)
    display = DecisionBoundaryDisplay.from_estimator(
        clf, IRIS, NAMES, plane="pca", classes=["setosa"], resolution=20
    ).plot()
    assert display.boundary.classes == ("setosa", "2 others")
    assert np.ptp(display.colours[1]) == 0
    assert display.colours[0] == pytest.approx(OKABE_ITO[0])


def test_axes_that_were_given_can_hold_more() -> None:
    figure = Figure(figsize=(10, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    display = DecisionBoundaryDisplay(stripes()).plot(right)
    assert display.ax_ is right
    (path,) = right.plot([0.5, 2.5], [1, 1], color="k", zorder=7)
    assert not left.collections
    figure.draw_without_rendering()
    assert path.get_window_extent().x0 > left.bbox.x1


def test_every_class_up_to_twenty_has_its_own_colour_or_marker() -> None:
    colours = class_colours(20)
    assert len({(*colour, MARKERS[k % len(MARKERS)]) for k, colour in enumerate(colours.tolist())}) == 20
    assert len({tuple(colour) for colour in colours[:12].tolist()}) == 12


def test_keys_fill_the_width_they_have() -> None:
    assert legend_columns(["a", "b", "c"], 4.0) == 3
    assert legend_columns(["a" * 18] * 4, 4.0) == 2
    assert legend_columns(["a" * 18] * 4, 1.0) == 1


def test_odd_names_are_drawn() -> None:
    frame = pd.DataFrame(IRIS.to_numpy(), columns=["$x$", "_under", "tab\there", "long " * 30])
    classes = np.array(["_a", "$b$", "c\n"])[SPECIES]
    clf = GaussianNB().fit(frame, classes)
    display = DecisionBoundaryDisplay.from_estimator(clf, frame, classes, plane="pca", resolution=20)
    assert "$b$" in display.to_svg()
    assert len(display.plot().legend_.get_texts()) >= 3


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"max_points": -1}, "max_points=-1 cannot be used; expected 0 points or more"),
        ({"width": 0.5}, r"width=0\.5 cannot be used; expected 2 to 40 inches"),
    ],
)
def test_choices_that_cannot_be_drawn(choice: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        DecisionBoundaryDisplay(stripes(), **choice)
