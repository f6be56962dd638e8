"""The learned representation and its probes in the page."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from strates.inspection import Evaluation, Representation, StraightBoundary, evaluate
from strates.report import ReportContent, render_report
from strates.report.sections.representation import representation_section

RNG = np.random.default_rng(0)
CODES = tuple((np.arange(40) % 2).tolist())
BOUNDARY = StraightBoundary(np.array([[0.0, 1.0], [0.0, 0.5]]), np.array([0.0, 0.2]))


def space(name: str, width: int, boundary: StraightBoundary | None = None) -> Representation:
    ratio = np.array([0.5, 0.5 if width <= 2 else 0.25])
    return Representation(name, width, RNG.normal(size=(40, 2)), ratio, ("PC 1", "PC 2"), boundary)


def probes(before: float, after: float, pca: float | None = None) -> pd.DataFrame:
    rows = [("input", "logistic", 9, before, before - 0.05, before + 0.05), ("input", "knn", 9, 0.7, 0.6, 0.8)]
    if pca is not None:
        rows.append(("PCA (3)", "logistic", 3, pca, pca - 0.05, pca + 0.05))
    rows.append(("hidden_1", "logistic", 3, after, after - 0.05, after + 0.05))
    return pd.DataFrame(rows, columns=["space", "probe", "width", "accuracy", "low", "high"])


@pytest.fixture(scope="module")
def bare() -> ReportContent:
    X = RNG.normal(size=(40, 2))
    clf = LogisticRegression().fit(X, np.array(["no", "<yes>"])[list(CODES)])
    evaluation: Evaluation = evaluate(clf, X, clf.predict(X), n_bootstrap=10, importance=False)
    return ReportContent(title="t", evaluation=evaluation)


def values(bare: ReportContent, **fields: Any) -> dict[str, Any]:
    fields = {"representations": (space("input", 9), space("hidden_1", 3, BOUNDARY)), **fields}
    found = representation_section(dataclasses.replace(bare, representation_codes=CODES, **fields))
    assert found is not None
    return found.values


def test_a_network_without_hidden_layers_has_no_section(bare: ReportContent) -> None:
    assert representation_section(bare) is None
    assert "What the network learned" not in render_report(bare)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (0.5, 0.9, "The layers make the classes easier to part linearly."),
        (0.9, 0.5, "The layers have lost something that the input tells."),
        (
            0.8,
            0.85,
            "The intervals overlap: by these rows, the last layer is neither clearly better than the input nor",
        ),
    ],
)
def test_the_verdict_asks_the_intervals(bare: ReportContent, before: float, after: float, verdict: str) -> None:
    facts = values(bare, probes=probes(before, after))["facts"]
    assert facts[1] == (
        f"A logistic regression gets {100 * before:.1f}\u202f% of held-out rows right on the input, and "
        f"{100 * after:.1f}\u202f% on the last hidden layer, 3 units wide."
    )
    assert facts[2].startswith(verdict)


def test_components_are_named_where_they_were_probed(bare: ReportContent) -> None:
    found = values(bare, probes=probes(0.8, 0.9, pca=0.6))
    assert "on the input, 60.0\u202f% on its first 3 principal components, and 90.0" in found["facts"][1]
    assert "PCA stands for" in found["probes"].caption
    assert "PCA stands for" not in values(bare, probes=probes(0.8, 0.9))["probes"].caption
    assert [row["space"] for row in found["rows"]] == ["input", "PCA (3)", "hidden_1"]
    assert found["rows"][0]["cells"][1] == {"value": "70.0\u202f%", "interval": "60.0\u202f% to 80.0\u202f%"}
    assert found["rows"][1]["cells"][1] == {"value": "\u2013", "interval": ""}


def test_the_caption_tells_lines_from_cuts(bare: ReportContent) -> None:
    assert "decides by hyperplanes: the lines are where they cut this plane" in values(bare)["spaces"].caption
    exact = (space("input", 9), space("hidden_1", 2, BOUNDARY))
    caption = values(bare, representations=exact)["spaces"].caption
    assert caption.startswith("40 held-out rows in each space")
    assert caption.endswith("(a space of two units as it is). In the last space the network decides by straight lines.")
    without = values(bare, representations=(space("input", 9), space("hidden_1", 3)))["spaces"].caption
    assert without.endswith("principal components.")


def test_page_round_trip_and_files_of_an_older_version(bare: ReportContent) -> None:
    spaces = (space("input", 9), space("<script>", 3, BOUNDARY))
    content = dataclasses.replace(
        bare, representations=spaces, representation_codes=CODES, probes=probes(0.5, 0.9, pca=0.6)
    )
    page = render_report(content)
    assert "What the network learned" in page
    assert page.count("<script>") == render_report(bare).count("<script>")
    stored = json.loads(json.dumps(content.to_dict(), allow_nan=False))
    again = ReportContent.from_dict(stored)
    assert again.to_dict() == stored
    assert render_report(again) == render_report(ReportContent.from_dict(again.to_dict()))
    assert again.representations[1].boundary is not None
    for name in ("representations", "representation_codes", "probes"):
        del stored[name]
    older = ReportContent.from_dict(stored)
    assert older.representations == ()
    assert older.probes is None
    assert "What the network learned" not in render_report(older)


def test_without_probes_the_spaces_stand_alone(bare: ReportContent) -> None:
    found = values(bare)
    assert (found["probes"], found["rows"], len(found["facts"])) == (None, [], 1)
