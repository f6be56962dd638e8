"""The table of coefficients, and the drawing of the network, in the page."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from strates.inspection import Evaluation, evaluate, graph_from_weights, network_graph
from strates.report import ReportContent, render_report
from strates.report.sections.coefficients import coefficients_section, p_text, ratio_text

TABLE = pd.DataFrame(
    {
        "class": ["yes"] * 3,
        "feature": ["(intercept)", "mass", "year"],
        "coefficient": [9.0, 0.642, -0.1],
        "odds_ratio": [np.exp(9.0), 1.9, 0.905],
        "z": [9.0, 3.1, -0.5],
        "p_value": [1e-9, 0.00194, 0.617],
        "odds_ratio_low": [np.exp(8.0), 1.27, 0.611],
        "odds_ratio_high": [np.inf, 2.85, 1.34],
    }
)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    X, y = load_breast_cancer(return_X_y=True)
    return evaluate(LogisticRegression(max_iter=5000).fit(X[:, :2], y), X[:, :2], y, n_bootstrap=10, importance=False)


def section(evaluation: Evaluation, **fields: Any) -> dict[str, Any]:
    found = coefficients_section(ReportContent(title="t", evaluation=evaluation, **fields))
    assert found is not None
    return found.values


def test_the_strongest_is_read_in_words(evaluation: Evaluation) -> None:
    values = section(evaluation, coefficients=TABLE, reference_class="no")
    assert values["facts"] == [
        "For example, an increase of 1 in “mass” multiplies the odds of “yes” against “no” by 1.90, the other columns "
        "being equal (95\u202f% interval 1.27 to 2.85)."
    ]
    assert values["heads"] == ["Coefficient", "Odds ratio", "z", "p"]
    assert not values["with_class"]
    assert [row["feature"] for row in values["rows"]] == ["(intercept)", "mass", "year"]
    assert values["rows"][1]["cells"] == [
        {"value": "0.642", "interval": ""},
        {"value": "1.90", "interval": "1.27 to 2.85"},
        {"value": "3.100", "interval": ""},
        {"value": "0.002", "interval": ""},
    ]
    assert values["rows"][0]["cells"][1]["interval"] == "2,980 to ∞"


def test_an_interval_that_holds_one_is_said_to(evaluation: Evaluation) -> None:
    (reading,) = section(evaluation, coefficients=TABLE.iloc[[2]])["facts"]
    assert reading.endswith(
        "(95\u202f% interval 0.611 to 1.34; the interval holds 1, so that it may have no influence at all)."
    )


def test_without_intervals_the_reason_stands_first_and_none_is_made_up(evaluation: Evaluation) -> None:
    why = "No intervals: the fit was penalised."
    values = section(
        evaluation,
        coefficients=TABLE[["class", "feature", "coefficient", "odds_ratio"]],
        coefficient_notes=(why,),
        coefficient_unit="1 on its scaled column",
    )
    assert values["facts"] == [
        why,
        "For example, an increase of 1 on its scaled column in “mass” multiplies the odds of “yes” by 1.90, the other "
        "columns being equal.",
    ]
    assert values["heads"] == ["Coefficient", "Odds ratio"]


def test_a_perceptron_has_neither_odds_nor_intervals(evaluation: Evaluation) -> None:
    values = section(evaluation, coefficients=TABLE[["class", "feature", "coefficient"]])
    assert values["heads"] == ["Coefficient"]
    assert values["facts"] == ["For example, an increase of “mass” speaks towards “yes”."]


def test_classes_are_told_where_there_are_several(evaluation: Evaluation) -> None:
    table = pd.concat([TABLE, TABLE.assign(**{"class": "maybe"})])
    values = section(evaluation, coefficients=table, reference_class="no")
    assert values["with_class"]
    assert values["facts"][0] == "Each class is told against “no”, the reference."
    assert {row["label"] for row in values["rows"]} == {"yes", "maybe"}


def test_long_tables_are_cut_with_a_count(evaluation: Evaluation) -> None:
    table = pd.concat([TABLE] * 30, ignore_index=True)
    content = ReportContent(title="t", evaluation=evaluation, coefficients=table)
    html = render_report(content)
    assert "and 30 more coefficients." in html
    assert html.count('<th scope="row">year</th>') == 20


def test_statistics_are_written_where_they_are_known(evaluation: Evaluation) -> None:
    found = {
        "deviance": 100.04,
        "null_deviance": 1234.5,
        "likelihood_ratio": 1134.46,
        "likelihood_ratio_p_value": 1e-200,
        "aic": float("nan"),
        "bic": None,
        "mcfadden_r2": 0.919,
        "n_parameters": 3,
    }
    assert section(evaluation, coefficients=TABLE, fit_statistics=found)["statistics"] == {
        "Deviance": "100.0 (knowing the classes' shares only: 1,234.5)",
        "Likelihood-ratio test": "1,134.5, p < 0.001",
        "McFadden's R²": "0.919",
        "Free parameters": "3 coefficients",
    }
    assert section(evaluation, coefficients=TABLE)["statistics"] == {}


def test_round_trip_and_files_of_an_older_version(evaluation: Evaluation) -> None:
    clf = LogisticRegression().fit([[0, 1], [1, 0]], ["a", "b"])
    content = ReportContent(
        title="t", evaluation=evaluation, coefficients=TABLE, drawing=network_graph(clf), fit_statistics={"aic": 2.0}
    )
    stored = json.loads(json.dumps(content.to_dict(), allow_nan=False))
    again = ReportContent.from_dict(stored)
    assert render_report(again) == render_report(content)
    assert again.drawing == content.drawing
    for name in (
        "coefficients",
        "drawing",
        "fit_statistics",
        "coefficient_notes",
        "coefficient_unit",
        "reference_class",
    ):
        del stored[name]
    older = ReportContent.from_dict(stored)
    assert older.coefficients is None
    assert older.drawing is None
    assert "The coefficients" not in render_report(older)


def test_network_is_drawn_and_scrolls_on_a_phone(evaluation: Evaluation) -> None:
    rng = np.random.default_rng(0)
    drawing = graph_from_weights([rng.normal(size=shape) for shape in ((30, 64), (64, 32), (32, 1))])
    content = ReportContent(
        title="t", evaluation=evaluation, network=[{"name": "dense", "type": "Dense"}], drawing=drawing
    )
    html = render_report(content)
    assert "+ 54 more" in html
    assert "Of larger layers 10 neurons are drawn" in html
    assert re.search(r'<figure class="drawing" style="--natural: \d{3}px">', html)
    small = dataclasses.replace(content, drawing=graph_from_weights([[[1.0], [2.0]]]))
    assert "Of larger layers" not in render_report(small)


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (0.0, "0.00"),
        (1.0, "1.00"),
        (0.9996, "1.00"),
        (9.996, "10.0"),
        (123.4, "123"),
        (2.5e9, "2.50 × 10⁹"),
        (np.inf, "∞"),
    ],
)
def test_ratios_have_three_digits(ratio: float, text: str) -> None:
    assert ratio_text(ratio) == text


def test_p_values_are_never_zero() -> None:
    assert [p_text(p) for p in (0.0, 0.0004999, 0.0006, 0.05, 1.0)] == ["< 0.001", "< 0.001", "0.001", "0.050", "1.000"]
