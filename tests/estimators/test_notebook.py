"""What a notebook shows of a fitted network, read by parsers."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import keras
import numpy as np
import pytest
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning

from strates import LogisticRegression, MLPClassifier, NetworkClassifier, Perceptron, tabular_pipeline
from strates.datasets import moons
from strates.estimators._notebook import network_html

X, Y = moons(80, noise=0.1)
LABELS = np.where(Y == 1, "<b>up</b>", "down & out")
VOID = {"input", "path", "polyline", "circle", "br", "meta", "img"}


class Page(HTMLParser):
    """All text, and the tags that were opened and not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def html_of(clf: Any) -> str:
    html: str = clf._repr_mimebundle_()["text/html"]
    return html


def section_of(clf: Any) -> str:
    """Return the piece that is about the network."""
    html = html_of(clf)
    start = html.index("<summary>Network</summary>")
    return html[start : html.index("Fitted attributes", start)]


def curves_of(clf: Any) -> ElementTree.Element:
    found = re.search(r"<svg role=\"img\".*?</svg>", section_of(clf), re.DOTALL)
    assert found is not None
    return ElementTree.fromstring(found[0])


def points(line: ElementTree.Element) -> np.ndarray:
    return np.array([[float(n) for n in pair.split(",")] for pair in line.get("points", "").split()])


@pytest.fixture(scope="module")
def clf() -> Any:
    model = MLPClassifier((5, 3), dropout=0.1, early_stopping=True, max_iter=40, n_iter_no_change=99, random_state=0)
    with pytest.warns(ConvergenceWarning):
        return model.fit(X, LABELS)


def test_layers_stand_in_a_table(clf: Any) -> None:
    cells = re.findall(r"<td[^>]*>(.*?)</td>", section_of(clf))
    assert cells[:8] == ["hidden_1", "Dense", "5", "15", "dropout_1", "Dropout", "5", "0"]
    assert cells[-6:] == ["outputs", "Dense", "1", "4", "Parameters in all", "37"]


def test_curves_go_through_the_epochs(clf: Any) -> None:
    picture = curves_of(clf)
    training, validation = (points(one) for one in picture.iter("polyline"))
    assert len(training) == len(validation) == clf.n_iter_
    losses = np.array([clf.loss_curve_, clf.validation_loss_curve_])
    heights = np.array([training[:, 1], validation[:, 1]])
    # the picture's height is an affine function of the loss, falling: y grows downwards
    slope, offset = np.polyfit(losses.ravel(), heights.ravel(), 1)
    assert slope < 0
    np.testing.assert_allclose(heights, slope * losses + offset, atol=0.1)
    assert np.allclose(np.diff(training[:, 0]), np.diff(training[:, 0])[0], atol=0.11)
    title = picture.findtext("title")
    assert title is not None
    assert f"Loss from {clf.loss_curve_[0]:.4g} to {clf.loss_curve_[-1]:.4g} in {clf.n_iter_} epochs" in title
    assert "loss by epoch; validation dashed" in [text.text for text in picture.iter("text")]


def test_facts_follow(clf: Any) -> None:
    text = " ".join(Page(html_of(clf)).text)
    assert f"{clf.n_iter_} epochs · loss {clf.loss_:.4g}" in text
    assert f"best validation score {clf.best_validation_score_:.4g}" in text
    assert "classes <b>up</b>, down & out" in text  # as text


def test_labels_and_names_are_escaped_and_tags_balanced(clf: Any) -> None:
    html = html_of(clf)
    assert "<b>up" not in html
    assert Page(network_html(clf)).open == []
    layer = keras.layers.Dense(2, name="a>b")  # Keras refuses the other letters of HTML
    with pytest.warns(ConvergenceWarning):
        hostile = NetworkClassifier(
            lambda shape, n: keras.Sequential([keras.Input(shape), layer, keras.layers.Dense(n)]), max_iter=1
        ).fit(X, Y)
    assert ">a&gt;b<" in section_of(hostile)


def test_inside_a_pipeline(clf: Any) -> None:
    pipeline = tabular_pipeline(LogisticRegression(alpha=0.1)).fit(X, LABELS)
    html = html_of(pipeline)
    assert html.count("<summary>Network</summary>") == 1
    assert html.count("Parameters in all") == 1


def test_before_the_fit_there_is_no_network_and_text_stays_text(clf: Any) -> None:
    assert "<summary>Network</summary>" not in html_of(MLPClassifier())
    with config_context(display="text"):
        assert set(clf._repr_mimebundle_()) == {"text/plain"}
    assert repr(clf).startswith("MLPClassifier(")


def test_a_perceptron_shows_its_mistakes() -> None:
    with pytest.warns(ConvergenceWarning):
        perceptron = Perceptron(max_iter=12, random_state=0).fit(X, Y)
    (line,) = curves_of(perceptron).iter("polyline")
    heights = points(line)[:, 1]
    assert np.corrcoef(heights, perceptron.mistakes_curve_)[0, 1] == pytest.approx(-1, abs=1e-3)
    assert f"mistakes {perceptron.n_mistakes_}" in section_of(perceptron)


def test_one_epoch_is_a_dot_and_long_curves_are_thinned() -> None:
    once = MLPClassifier((2,), random_state=0).partial_fit(X, Y, classes=[0, 1])
    assert [one.tag for one in curves_of(once) if one.tag in ("circle", "polyline")] == ["circle"]
    with pytest.warns(ConvergenceWarning):
        long = MLPClassifier((2,), max_iter=600, n_iter_no_change=999, tol=0, random_state=0).fit(X, Y)
    (line,) = curves_of(long).iter("polyline")
    assert len(points(line)) == 240


def test_steep_curves_have_a_logarithmic_scale() -> None:
    steep = MLPClassifier((16,), activation="tanh", solver="lbfgs", alpha=0.0, max_iter=200, random_state=0).fit(X, Y)
    assert steep.loss_curve_[0] > 100 * steep.loss_curve_[-1] > 0
    (line,) = curves_of(steep).iter("polyline")
    heights = points(line)[:, 1]
    assert np.corrcoef(heights, np.log(steep.loss_curve_))[0, 1] == pytest.approx(-1, abs=1e-3)


def test_several_labels_and_many_classes() -> None:
    labels = np.c_[Y, 1 - Y, Y]
    with pytest.warns(ConvergenceWarning):
        several = MLPClassifier((2,), max_iter=2, random_state=0).fit(X, labels)
    assert "Parameters in all" in section_of(several)
    with pytest.warns(ConvergenceWarning):
        many = MLPClassifier((2,), max_iter=2, random_state=0).fit(X, np.arange(80) % 20)
    assert "classes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … (20 in all)" in section_of(many)
