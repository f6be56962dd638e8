"""What ails a classifier, in the page."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from sklearn.dummy import DummyClassifier

from strates.cli.settings import parse_settings
from strates.inspection import Finding, evaluate
from strates.report import ReportContent, render_report
from strates.report.command_options import command_options
from strates.report.sections.diagnosis import diagnosis_section

GRAVE = Finding("leakage", "critical", 1.0, "none", "The column <b> tells.", "clf.fit(X.drop(columns=['<b>']), y)")
WARNING = Finding(
    "dead-units",
    "warning",
    0.75,
    "less than 40 %",
    "12 of 16.",
    "clf.set_params(alpha=0.1)",
    "hidden_1",
    {"alpha": 0.1},
)


@pytest.fixture(scope="module")
def bare() -> ReportContent:
    clf = DummyClassifier().fit([[0], [1], [2]], ["a", "b", "a"])
    return ReportContent(title="t", evaluation=evaluate(clf, [[0], [1]], ["a", "b"], n_bootstrap=10))


def content(bare: ReportContent, *findings: Finding, command: str = "") -> ReportContent:
    return dataclasses.replace(bare, findings=findings, command=command)


def test_nobody_looked(bare: ReportContent) -> None:
    assert diagnosis_section(bare) is None
    assert "Diagnosis" not in render_report(bare)


def test_healthy(bare: ReportContent) -> None:
    page = render_report(content(bare))
    assert "were looked over: nothing speaks against this fit." in page
    assert '<div class="finding' not in page


def test_findings_on_the_page(bare: ReportContent) -> None:
    page = render_report(content(bare, GRAVE, WARNING, command="strates fit t.csv"))
    assert "and 2 things stood out, 1 of them critical: see to it first." in page
    assert page.count('<div class="finding critical">') == page.count('<div class="finding warning">') == 1
    assert "The column &lt;b&gt; tells." in page
    assert "columns=[&#39;&lt;b&gt;&#39;]" in page
    assert "the same command with <code>--set alpha=0.1</code>" in page
    assert "clf.set_params(alpha=0.1)" not in page
    assert "layer hidden_1" in page
    assert "Measured: 0.75. Normal: less than 40 %." in page
    # without a command line, the remedy is Python
    assert "clf.set_params(alpha=0.1)" in render_report(content(bare, WARNING))


def test_round_trip_and_files_of_an_older_version(bare: ReportContent) -> None:
    full = content(bare, GRAVE, WARNING)
    stored = json.loads(json.dumps(full.to_dict(), allow_nan=False))
    again = ReportContent.from_dict(stored)
    assert again.findings == (GRAVE, WARNING)
    assert render_report(again) == render_report(full)
    assert ReportContent.from_dict(content(bare).to_dict()).findings == ()
    del stored["findings"]
    assert ReportContent.from_dict(stored).findings is None


@pytest.mark.parametrize(
    "settings",
    [
        {"alpha": 0.01, "early_stopping": True},
        {"activation": "leaky_relu", "learning_rate_init": 3e-05},
        {"dropout": (0.1, 0.2), "class_weight": "balanced", "max_norm": None},
    ],
)
def test_options_are_read_as_they_were_meant(settings: dict[str, Any]) -> None:
    import shlex

    words = shlex.split(command_options(settings))
    assert words[::2] == ["--set"] * len(settings)
    assert parse_settings(words[1::2]) == settings
