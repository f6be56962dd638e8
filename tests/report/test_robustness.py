"""How easily a network is fooled, in the page."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from strates.attacks import TabularAttack, TabularAttackResult
from strates.inspection import evaluate
from strates.report import ReportContent, render_report
from strates.report.robustness import TableRobustness
from strates.report.sections.robustness import robustness_section

X, Y = load_iris(return_X_y=True, as_frame=True)
CURVE = pd.DataFrame(
    {"epsilon": [0.0, 0.1], "accuracy": [0.9, 0.25], "low": [0.8, 0.2], "high": [0.95, 0.3], "n_rows": [40, 40]}
)


@pytest.fixture(scope="module")
def clf() -> Any:
    return LogisticRegression(max_iter=1000).fit(X, Y)


@pytest.fixture(scope="module")
def result(clf: Any) -> TabularAttackResult:
    return TabularAttack(max_changes=2).perturb(clf, X[50::2], Y[50::2], reference=X)


@pytest.fixture(scope="module")
def bare(clf: Any) -> ReportContent:
    return ReportContent(title="t", evaluation=evaluate(clf, X[::10], Y[::10], n_bootstrap=10, importance=False))


def test_what_is_counted(result: TabularAttackResult) -> None:
    found = TableRobustness.from_result(result, max_changes=2)
    assert (found.n_rows, found.n_attacked) == (50, int((~result.already_wrong).sum()))
    assert found.n_attacked < 50
    assert found.n_flipped == result.success.sum()
    assert found.n_small == np.sum(result.cost <= 1)
    assert found.median_cost == np.nanmedian(result.cost)
    assert found.columns[0].column == result.changes["column"].value_counts().index[0]
    assert sum(one.n_rows for one in found.columns) == len(result.changes)
    assert len(found.sentences) == 5
    assert found.sentences[0] == result.sentences()[0]
    assert found.sentences[-1] == result.sentences()[-1]
    assert TableRobustness.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_the_page_says_it(bare: ReportContent, result: TabularAttackResult) -> None:
    found = TableRobustness.from_result(result, max_changes=2)
    page = render_report(dataclasses.replace(bare, robustness=found))
    assert "How easily the network is fooled" in page
    assert f"Of 50 held-out rows, the {found.n_attacked} that the network has right" in page
    assert f"{found.n_flipped} of them were flipped" in page
    assert f"at a median cost of {found.median_cost:.2f}" in page
    assert found.sentences[0][4:].replace("->", "→").split(" flip")[0] in page
    assert found.columns[0].column in page


def test_the_curve_is_drawn_and_stored(bare: ReportContent) -> None:
    content = dataclasses.replace(bare, robustness_curve=CURVE, robustness_units="grey levels")
    again = ReportContent.from_dict(json.loads(json.dumps(content.to_dict())))
    pd.testing.assert_frame_equal(again.robustness_curve, CURVE)
    assert render_report(again) == render_report(content)
    section = robustness_section(again)
    assert section is not None
    assert "90.0\u202f% of 40 held-out rows are predicted right as they are. 25.0\u202f%" in section.values["facts"][1]
    assert "Accuracy under attack: 90.0 % at epsilon 0, 25.0 % at 0.1" in section.values["figure"].svg
    assert section.values["sentences"] == []


def test_no_section_where_nobody_tried(bare: ReportContent, result: TabularAttackResult) -> None:
    assert robustness_section(bare) is None
    assert "fooled" not in render_report(bare)
    nobody = dataclasses.replace(TableRobustness.from_result(result, max_changes=2), n_attacked=0)
    assert robustness_section(dataclasses.replace(bare, robustness=nobody)) is None


def test_nothing_flipped(bare: ReportContent, clf: Any) -> None:
    still = TabularAttack(immutable=list(X.columns[1:]), ranges={X.columns[0]: (4.3, 4.4)}, max_changes=1)
    found = TableRobustness.from_result(still.perturb(clf, X[:10], Y[:10], reference=X), max_changes=1)
    assert (found.n_flipped, found.median_cost, found.columns, found.sentences) == (0, None, (), ())
    section = robustness_section(dataclasses.replace(bare, robustness=found))
    assert section is not None
    assert section.values["facts"][-1] == "None was flipped by any change that was tried."
    assert "up to 1 column changed" in section.values["facts"][0]
