"""Drawings of networks are judged by their circles and edges."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

import strates
from strates.displays import NetworkDisplay

BLUE, VERMILION = "#0072b2", "#d55e00"


def network(*widths: int, seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    shapes = list(itertools.pairwise(widths))
    return [rng.normal(size=shape) for shape in shapes], [rng.normal(size=width) for _, width in shapes]


def texts(display: NetworkDisplay) -> list[str]:
    return [text.get_text() for text in display.ax_.texts]


def test_every_neuron_is_a_circle_and_every_weight_an_edge() -> None:
    coefs, intercepts = network(4, 6, 3)
    display = NetworkDisplay.from_weights(coefs, intercepts).plot()
    assert [len(column) for column in display.circles_] == [4, 6, 3]
    for gap, (edges, coef) in enumerate(zip(display.edges_, coefs, strict=True)):
        assert edges is not None
        ends = [
            (left.get_center(), right.get_center())
            for left in display.circles_[gap]
            for right in display.circles_[gap + 1]
        ]
        assert [tuple(map(tuple, segment)) for segment in edges.get_segments()] == [
            (pytest.approx(start), pytest.approx(end)) for start, end in ends
        ]
        signs = [to_hex(colour, keep_alpha=False) for colour in np.atleast_2d(edges.get_colors())]
        assert signs == [BLUE if weight > 0 else VERMILION for weight in coef.ravel()]
        widths, opacity = np.asarray(edges.get_linewidths()), np.atleast_2d(edges.get_colors())[:, 3]
        order = np.argsort(np.abs(coef).ravel())
        assert (np.diff(widths[order]) > 0).all()
        assert (np.diff(opacity[order]) > 0).all()
    for edges, bias in zip(display.bias_edges_, intercepts, strict=True):
        assert edges is not None
        assert [to_hex(colour) for colour in np.atleast_2d(edges.get_colors())[:, :3]] == [
            BLUE if weight > 0 else VERMILION for weight in bias
        ]
    assert sum(circle is not None for circle in display.bias_circles_) == 2


def test_networks_without_biases_have_no_nodes_for_them() -> None:
    display = NetworkDisplay.from_weights(network(2, 2)[0]).plot()
    assert display.bias_circles_ == [None]
    assert display.bias_edges_ == [None]


def test_wide_layers_are_folded_with_a_count() -> None:
    display = NetworkDisplay.from_weights(*network(30, 64, 12, 2)).plot()
    assert [len(column) for column in display.circles_] == [10, 10, 10, 2]
    folds = [None if text is None else text.get_text() for text in display.fold_texts_]
    assert folds == ["+ 20 more", "+ 54 more", "+ 2 more", None]
    assert {"64 neurons", "30 columns", "2 neurons"} <= set(texts(display))
    assert [len(edges.get_segments()) for edges in display.edges_ if edges is not None] == [100, 100, 20]


def test_deep_networks_are_folded_with_a_count() -> None:
    display = NetworkDisplay.from_weights(*network(*[2] * 10)).plot()
    assert len(display.circles_) == 6
    assert display.edges_[3] is None
    assert "+ 4 layers" in texts(display)
    width, height = display.figure_size()
    assert width < 12
    assert height < 6


def test_few_weights_are_written_many_are_not() -> None:
    coefs, intercepts = network(2, 2, 1)
    display = NetworkDisplay.from_weights(coefs, intercepts, activations=["tanh", "logistic"]).plot()
    every = np.concatenate([part.ravel() for part in (*coefs, *intercepts)])
    written = [float(text.get_text().replace("\u2212", "-")) for text in display.weight_texts_]
    assert sorted(written) == pytest.approx(sorted(every), rel=0.06)
    places = np.array([text.get_position() for text in display.weight_texts_])
    gaps = [np.hypot(*(one - other) / (0.3, 0.12)) for one, other in itertools.combinations(places, 2)]
    assert min(gaps) > 1  # a number is about so large, in inches
    assert NetworkDisplay.from_weights(*network(4, 3, 2)).plot().weight_texts_ == []


def test_single_neuron_shows_sum_activation_and_output() -> None:
    display = NetworkDisplay.from_weights(*network(2, 1), activations=["logistic"], class_names=["no", "yes"]).plot()
    assert display.is_single_neuron
    assert {"x0", "x1", "1", "Σ", "z", "P(yes)", "inputs", "weighted sum", "logistic"} <= set(texts(display))
    (curve,) = display.ax_.lines
    assert (np.diff(np.asarray(curve.get_ydata())) > 0).all()  # the logistic function rises
    step = NetworkDisplay.from_weights(*network(2, 1), activations=["heaviside"], class_names=["no", "yes"]).plot()
    assert {"yes", "heaviside"} <= set(texts(step))
    assert not NetworkDisplay.from_weights(*network(2, 2)).is_single_neuron


def test_names_stand_beside_inputs_and_outputs() -> None:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    names = y.map({0: "malignant", 1: "benign"})
    clf = LogisticRegression().fit((X.iloc[:, :4] - X.iloc[:, :4].mean()) / X.iloc[:, :4].std(), names)
    display = NetworkDisplay.from_estimator(clf).plot()
    assert {"mean radius", "mean texture", "P(malignant)"} <= set(texts(display))
    words = display.describe()
    largest = np.abs(clf.coef_[0]).argmax()
    assert words.startswith("A network of 4 inputs (mean radius, mean texture, mean perimeter, mean area) and 1 output")
    assert f"{clf.coef_[0, largest]:+.3g}, from {X.columns[largest]} to malignant" in words


def test_hostile_and_long_names_stay_on_the_page() -> None:
    names = ["a" * 80, "two\nlines", "<b>&", "$x_1$"]
    display = NetworkDisplay.from_weights(*network(4, 2), feature_names=names, class_names=["yes", "no"]).plot()
    assert max(len(text) for text in texts(display)) <= 22
    assert "two lines" in texts(display)
    assert "<b>" not in display.to_svg()


def test_everything_lies_within_the_figure() -> None:
    for widths in ((2, 1), (30, 64, 32, 3), (3, 3), (12, 1), (1, 1, 1)):
        display = NetworkDisplay.from_weights(*network(*widths), activations=["leaky_relu"] * (len(widths) - 1)).plot()
        display.figure_.draw_without_rendering()
        frame = display.figure_.bbox
        for text in display.ax_.texts:
            box = text.get_window_extent()
            assert frame.x0 - 1 <= box.x0
            assert box.x1 <= frame.x1 + 1
            assert frame.y0 - 1 <= box.y0
            assert box.y1 <= frame.y1 + 1


def test_all_zero_weights_and_given_axes() -> None:
    ax = Figure().subplots()
    display = NetworkDisplay.from_weights([np.zeros((2, 2))], [np.zeros(2)])
    assert display.plot(ax) is display
    assert display.ax_ is ax
    assert display.graph.largest == 0


@pytest.mark.parametrize("kind", ["exotic", None])
def test_activations_that_have_no_curve(kind: Any) -> None:
    display = NetworkDisplay.from_weights(*network(2, 1), activations=[kind]).plot()
    assert "role=" in display.to_svg()


def test_our_linear_models_are_single_neurons() -> None:
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1], [1, 1], [0, 0]], ["no", "no", "no", "yes", "no", "yes"]
    with pytest.warns(UserWarning, match="perceptron"):
        perceptron = strates.Perceptron(max_iter=3, random_state=0).fit(X, y)
    for clf, output in ((perceptron, "yes"), (strates.LogisticRegression().fit(X, y), "P(yes)")):
        display = NetworkDisplay.from_estimator(clf).plot()
        assert display.is_single_neuron
        assert output in texts(display)
        assert pytest.approx(clf.coef_, rel=1e-3) == np.array(display.graph.weights[0]).T
