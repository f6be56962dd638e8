"""The page, judged by an HTML parser and by what a browser would load."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from skrub import tabular_pipeline

from strates.inspection import (
    cross_validate_metrics,
    decision_boundary,
    evaluate,
    fit_baselines,
    graph_from_weights,
    summarize_data,
)
from strates.report import ReportContent, render_report, write_report
from strates.report.page import _TEMPLATES
from strates.report.sections import SECTIONS

COEFFICIENTS = pd.DataFrame(
    {
        "class": ["barolo", "barolo", "barbera", "barbera"],
        "feature": ["(intercept)", "alcohol", "(intercept)", "alcohol"],
        "coefficient": [-2.0, 0.5, 1.0, -0.25],
        "odds_ratio": np.exp([-2.0, 0.5, 1.0, -0.25]),
        "std_error": [1.0, 0.1, 0.5, 0.2],
        "z": [-2.0, 5.0, 2.0, -1.25],
        "p_value": [0.0455, 5.7e-7, 0.0455, 0.211],
        "odds_ratio_low": np.exp([-3.96, 0.304, 0.02, -0.642]),
        "odds_ratio_high": np.exp([-0.04, 0.696, 1.98, 0.142]),
    }
)
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1], data.strip()))

    def said(self, tag: str) -> list[str]:
        return [text for where, text in self.texts if where == tag]


def wine_content(**changes: Any) -> ReportContent:
    X, y = load_wine(return_X_y=True, as_frame=True)
    X, y = X.iloc[:, :5], y.map({0: "barolo", 1: "grignolino", 2: "barbera"})
    train, test = np.arange(0, 178, 2), np.arange(1, 178, 2)
    clf = GaussianNB().fit(X.iloc[train], y.iloc[train])
    values: dict[str, Any] = {
        "title": "Wine",
        "evaluation": evaluate(clf, X.iloc[test], y.iloc[test], n_bootstrap=50, n_repeats=2),
        "baselines": fit_baselines(
            X.iloc[train], y.iloc[train], X.iloc[test], y.iloc[test], classifier=clf, n_bootstrap=50
        ),
        "cross_validation": cross_validate_metrics(GaussianNB(), X, y, 3),
        "data": summarize_data(X.assign(kind=y), "kind"),
        "network": [
            {"name": "input", "type": "InputLayer", "output_shape": (None, 5), "parameters": 0, "activation": None},
            {"name": "dense", "type": "Dense", "output_shape": (None, 3), "parameters": 18, "activation": "softmax"},
        ],
        "drawing": graph_from_weights([np.eye(5, 3)], [np.zeros(3)], feature_names=X.columns),
        "boundary": decision_boundary(clf, X.iloc[test], y.iloc[test], plane="pca", resolution=20).compact(),
        "coefficients": COEFFICIENTS,
        "reference_class": "grignolino",
        "fit_statistics": {"deviance": 70.25, "null_deviance": 190.5, "aic": 78.25, "mcfadden_r2": 0.631, "bic": None},
        "history": pd.DataFrame(
            {
                "epoch": [1, 2],
                "train_loss": [1.0, 0.5],
                "validation_loss": [1.1, np.nan],
                "validation_score": [0.5, 0.6],
            }
        ),
        "best_epoch": 2,
        "n_training_rows": len(train),
        "settings": {"hidden_layer_sizes": (64, 32), "solver": "adam", "max_norm": None},
        "command": "strates fit wine.csv --target kind --seed 0",
        "versions": {"strates": "0.1.0", "keras": "3.15.1"},
        "notes": ("A note of the caller.",),
        "seconds": 3.2,
    }
    return ReportContent(**{**values, **changes})


@pytest.fixture(scope="module")
def content() -> ReportContent:
    return wine_content()


@pytest.fixture(scope="module")
def page(content: ReportContent) -> Page:
    return Page(render_report(content))


def test_every_section_has_its_heading_and_its_line_of_contents(page: Page) -> None:
    headings = page.said("h2")
    assert headings == [
        "In short",
        "The data",
        "The network",
        "The coefficients",
        "Learning curves",
        "Metrics",
        "Class by class",
        "ROC and precision-recall",
        "Calibration",
        "What the network looks at",
        "Where the network decides",
        "Most confident mistakes",
        "How to do it again",
    ]
    assert page.said("a") == headings
    # diagnosis, representation, robustness, images, where it looks and the transfer plan have tests of their own
    assert len(SECTIONS) == len(headings) + 6
    assert page.tags["h1"] == 1


def test_page_is_well_formed_and_its_links_and_identifiers_hold(page: Page) -> None:
    assert page.open == []
    ids = Counter(value for _, name, value in page.attributes if name == "id")
    assert max(ids.values()) == 1
    references = [value[1:] for _, name, value in page.attributes if name == "href"]
    references += [part for _, name, value in page.attributes if name == "aria-labelledby" for part in value.split()]
    assert set(references) <= set(ids)


def test_page_loads_nothing(content: ReportContent) -> None:
    html = render_report(content)
    page = Page(html)
    assert not re.search(r"https?:|//\w+\.\w|@import|src=", html)
    assert {"script", "link", "img", "iframe", "image", "object"}.isdisjoint(page.tags)
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_every_figure_is_named_described_and_captioned(content: ReportContent, page: Page) -> None:
    assert page.tags["svg"] == page.tags["figure"] == page.tags["figcaption"] == 11
    assert page.tags["title"] == page.tags["svg"] + 1  # the page has one, too
    assert page.tags["desc"] == page.tags["svg"]
    assert sum(value == "img" for tag, name, value in page.attributes if (tag, name) == ("svg", "role")) == 11
    assert all(re.search(r"\d", text) for text in page.said("desc"))
    accuracy = content.evaluation.metric("accuracy").value
    assert any(f"this network {accuracy:.3f}" in text for text in page.said("desc"))


def test_headline_says_the_numbers(content: ReportContent, page: Page) -> None:
    sentence = next(text for text in page.said("p") if text.startswith("On 89 rows it never saw"))
    accuracy = content.evaluation.metric("accuracy")
    assert accuracy.value is not None
    assert f"the network is right {100 * accuracy.value:.1f}\u202f% of the time" in sentence
    assert "always answering “grignolino” would be right" in sentence


def test_metrics_stand_beside_the_baselines(content: ReportContent, page: Page) -> None:
    assert {"This network", "Logistic regression", "Majority class"} <= set(page.said("th"))
    for metrics in (content.evaluation.metrics, *content.baselines.values()):
        (loss,) = [one for one in metrics if one.name == "log_loss"]
        assert f"{loss.value:.3f}" in page.said("td")


def test_data_network_command_and_settings_are_there(content: ReportContent, page: Page) -> None:
    text = " ".join(text for _, text in page.texts)
    assert content.data is not None
    for piece in (
        "178 rows, 5 columns to learn from",
        "2 layers with 18 parameters, learned from 89 rows.",
        "2 epochs in 3.2 s; the weights kept are those of the last",
        "strates fit wine.csv --target kind --seed 0",
        "[64, 32]",
        "'adam'",
        content.data.fingerprint,
        "A note of the caller.",
        "3 networks were fitted",
    ):
        assert piece in text


def test_round_trip_through_json_gives_the_same_page(content: ReportContent) -> None:
    stored = json.dumps(content.to_dict(), allow_nan=False)
    again = ReportContent.from_dict(json.loads(stored))
    assert again.to_dict() == content.to_dict()
    assert render_report(again) == render_report(content)


def test_what_is_absent_is_left_out(content: ReportContent) -> None:
    bare = Page(render_report(ReportContent(title="Bare", evaluation=content.evaluation)))
    assert bare.said("h2") == [
        "In short",
        "Metrics",
        "Class by class",
        "ROC and precision-recall",
        "Calibration",
        "What the network looks at",
        "Most confident mistakes",
    ]
    assert "Logistic regression" not in " ".join(text for _, text in bare.texts)


def test_input_is_escaped_everywhere() -> None:
    attack = "<script>alert(1)</script>"
    rng = np.random.default_rng(0)
    y = np.where(rng.uniform(size=120) < 0.5, attack, 'x" onload="alert(2)')
    frame = pd.DataFrame({attack + "column": rng.normal(size=120), "town": rng.choice([attack + "town", "Pau"], 120)})
    frame.index = pd.Index([f"{attack}{i}" for i in range(120)])
    clf = tabular_pipeline(LogisticRegression()).fit(frame, y)
    html = render_report(
        ReportContent(
            title=attack,
            evaluation=evaluate(clf, frame, y, n_bootstrap=20),
            baselines=fit_baselines(frame, y, frame, y, classifier=clf, n_bootstrap=20),
            data=summarize_data(frame.assign(**{attack: y}), attack),
            network=[{"name": attack, attack: attack}],
            drawing=graph_from_weights([np.eye(2)], feature_names=[attack, "two"], layer_names=[attack]),
            coefficients=COEFFICIENTS.assign(**{"class": attack, "feature": attack}),
            coefficient_notes=(attack,),
            reference_class=attack,
            fit_statistics={attack: 1.0},
            settings={attack: attack},
            versions={attack: attack},
            command=f"strates fit {attack}",
            notes=(attack,),
        )
    )
    page = Page(html)
    assert "script" not in page.tags
    assert "<script" not in html
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
    assert page.said("h1") == [attack]
    assert f"{attack}column" in page.said("th")


def test_one_row_and_one_class() -> None:
    X, y = load_wine(return_X_y=True, as_frame=True)
    clf = GaussianNB().fit(X, y)
    page = Page(render_report(ReportContent(title="One", evaluation=evaluate(clf, X[:1], y[:1]))))
    assert "ROC and precision-recall" not in page.said("h2")
    assert any(text.startswith("On 1 row it never saw") for text in page.said("p"))
    assert "None of the held-out rows is predicted wrong." in page.said("p")


def test_many_classes_fit(content: ReportContent) -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([f"class number {i}" for i in range(40)], 6)
    X = rng.normal(size=(240, 3)) + np.repeat(rng.normal(size=(40, 3)) * 3, 6, axis=0)
    found = evaluate(GaussianNB().fit(X, y), X, y, n_bootstrap=20, n_repeats=1)
    html = render_report(dataclasses.replace(content, evaluation=found))
    assert len(html) < 1_500_000
    assert "15 others" in html


def test_write_report(tmp_path: Path, content: ReportContent) -> None:
    path = write_report(content, tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == render_report(content)
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_failure_leaves_the_old_file(tmp_path: Path, content: ReportContent, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_report(content, path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_folder_that_is_missing(tmp_path: Path, content: ReportContent) -> None:
    with pytest.raises(OSError, match=r"Cannot write report.html in .*nowhere"):
        write_report(content, tmp_path / "nowhere" / "report.html")


def test_every_template_is_used() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in _TEMPLATES.parent.rglob("*")
        if path.is_file() and path.suffix in {".py", ".jinja"}
    )
    assert [path.name for path in _TEMPLATES.iterdir() if f'"{path.name}"' not in sources] == []
