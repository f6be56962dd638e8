"""The section on the decision boundary says what the picture hides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB

from strates.inspection import DecisionBoundary, Evaluation, decision_boundary, evaluate
from strates.report import ReportContent, render_report
from strates.report.sections.boundary import boundary_section

IRIS, SPECIES = load_iris(return_X_y=True, as_frame=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(GaussianNB().fit(IRIS, NAMES), IRIS, NAMES, n_bootstrap=10, importance=False)


def said(evaluation: Evaluation, boundary: DecisionBoundary | None) -> tuple[str, Any]:
    section = boundary_section(ReportContent(title="Iris", evaluation=evaluation, boundary=boundary))
    assert section is not None
    (figure,) = section.values["figures"]
    return " ".join(section.values["facts"]), figure


def test_no_boundary_no_section(evaluation: Evaluation) -> None:
    assert boundary_section(ReportContent(title="Iris", evaluation=evaluation)) is None


def test_it_tells_variance_distance_and_disagreement(evaluation: Evaluation) -> None:
    clf = GaussianNB().fit(IRIS, NAMES)
    gaps = IRIS.copy()
    gaps.iloc[0, 0] = np.nan
    boundary = decision_boundary(clf, gaps, NAMES, plane="discriminant", resolution=20)
    text, figure = said(evaluation, boundary.compact(40))
    assert "the plane on which the classes lie farthest apart, by linear discriminant analysis" in text
    assert f"It shows {100 * boundary.explained_variance:.1f}\u202f% of the variance. The 149 held-out rows lie" in text
    assert f"{boundary.mean_distance:.2g} standard deviations off it on average" in text
    assert f"{100 * boundary.disagreement:.1f}\u202f% of the rows, drawn hollow" in text
    assert "1 row that lacks a number cannot be placed." in text
    assert "of 149 rows are drawn" in figure.caption
    assert "mistakes are ringed" in figure.caption
    assert "<svg" in figure.svg
    assert "This plane shows" in figure.svg  # in its description, for those who cannot see it


def test_two_columns_hide_nothing(evaluation: Evaluation) -> None:
    clf = GaussianNB().fit(IRIS.iloc[:, 2:], NAMES)
    text, _ = said(evaluation, decision_boundary(clf, IRIS.iloc[:, 2:], NAMES, resolution=20).compact())
    assert "the plane of petal length (cm) and petal width (cm), in their own units" in text
    assert "The 150 held-out rows lie on this plane: it hides nothing of them." in text
    assert "Every row is drawn over the class that the network gives the row itself." in text


def test_a_picture_that_misleads_is_called_so(evaluation: Evaluation) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 8))
    y = (X[:, 7] > 0.05).astype(int)
    boundary = decision_boundary(
        GaussianNB().fit(X, y), X, y, features=(0, 1), at=int(np.argmin(X[:, 7])), resolution=10
    )
    text, _ = said(evaluation, boundary)
    assert ("Little can be read from this picture." in text) == (boundary.disagreement > 0.5)
    told, _ = said(evaluation, decision_boundary(GaussianNB().fit(X, y), X, y, features=(0, 7), resolution=10))
    assert "Little can be read" not in told


def test_names_are_escaped_and_the_page_loads_nothing(evaluation: Evaluation) -> None:
    attack = "<script>alert(1)</script>"
    frame = pd.DataFrame(IRIS.to_numpy(), columns=[attack, "b", "c", "d"])
    labels = np.array([attack, "two", "three"])[SPECIES]
    clf = GaussianNB().fit(frame, labels)
    for choice in ({"plane": "pca"}, {"features": (0, 1)}, {"features": (1, 2)}):
        boundary = decision_boundary(clf, frame, labels, resolution=15, **choice)  # type: ignore[arg-type]
        html = render_report(ReportContent(title="Iris", evaluation=evaluation, boundary=boundary.compact()))
        assert "<script" not in html
        assert "<image" not in html
        assert "Where the network decides" in html
