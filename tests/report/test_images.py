"""A report about images."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from strates.displays.thumbnail import thumbnail
from strates.inspection import evaluate, fit_baselines
from strates.inspection.image_summary import ImageSummary
from strates.report import ReportContent, render_report
from strates.report.wording import with_noun


@pytest.fixture(scope="module")
def content() -> ReportContent:
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (30, 6, 8), dtype=np.uint8), np.array(["<b>cat</b>", "dog", "dog"] * 10)
    clf = DummyClassifier().fit(X.reshape(30, -1), y)
    evaluation = evaluate(clf, X.reshape(30, -1), y, importance=False, n_bootstrap=20)
    wrong = [int(one.row) for one in evaluation.mistakes]
    return ReportContent(
        title="Images of pets",
        evaluation=evaluation,
        baselines=fit_baselines(X, y, X, y, n_bootstrap=20),
        images=ImageSummary(("dog", "<b>cat</b>"), (40, 20), (20, 10), 6, 8, 1, (6, 9, 12), (8, 8, 90), 3, "f" * 64),
        example_pictures=tuple(thumbnail(X[i], label=str(y[i]), name=f"{i} & co.png") for i in (0, 3, 1)),
        mistake_pictures=tuple(thumbnail(X[i], label=str(y[i]), name=f"{i}.png") for i in wrong),
        n_training_rows=60,
        network=[{"name": "conv_1", "type": "Conv2D", "output_shape": (6, 8, 4), "parameters": 40}],
    )


def test_page_counts_images_and_shows_them(content: ReportContent) -> None:
    page = render_report(content)
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "On 30 images it never saw, the network is right" in text
    assert "90 images of 2 classes: the network learned from 60; 30 were held out and judge it." in text
    assert (
        "In their files they are 6 to 12 pixels high and 8 to 90 wide; the network takes 6 × 8 pixels in grey" in text
    )
    assert "3 files could not be read and were left out." in text
    assert "20 of 30 images are predicted right, 10 wrong." in text
    assert "All 10 mistakes, the surest first." in text
    body = re.sub(r"<svg.*?</svg>|<[^>]+>|Rows are true classes", " ", page.partition("<body>")[2], flags=re.DOTALL)
    assert not re.search(r"\brows?\b", body, re.IGNORECASE)
    sources = re.findall(r'<img src="([^"]+)" alt="([^"]*)"', page)
    assert [alt for _, alt in sources[:3]] == [
        "0 &amp; co.png, of class &lt;b&gt;cat&lt;/b&gt;",
        "3 &amp; co.png, of class &lt;b&gt;cat&lt;/b&gt;",
        "1 &amp; co.png, of class dog",
    ]
    assert len(sources) == 3 + 10
    assert all(source.startswith("data:image/png;base64,") for source, _ in sources)
    assert page.count("taken for dog, ") == 10
    assert "<b>cat" not in page


def test_content_goes_to_json_and_back(content: ReportContent) -> None:
    again = ReportContent.from_dict(json.loads(json.dumps(content.to_dict())))
    assert render_report(again) == render_report(content)
    assert again.images == content.images
    assert again.mistake_pictures == content.mistake_pictures


def test_pictures_are_allowed_only_where_there_are_some(content: ReportContent) -> None:
    bare = dataclasses.replace(content, example_pictures=(), mistake_pictures=())
    assert "img-src data:" in render_report(content)
    assert "img-src" not in render_report(bare)
    assert "Some images to learn from" not in render_report(bare)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"heights": (6, 6, 6), "widths": (8, 8, 8)}, "Each is 6 × 8 pixels in grey (height × width)."),
        ({"heights": (60, 60, 60), "widths": (80, 80, 80), "channels": 3}, "In its file each is 60 × 80; the network"),
    ],
)
def test_sizes_in_words(content: ReportContent, changes: dict[str, Any], sentence: str) -> None:
    assert content.images is not None
    images = dataclasses.replace(content.images, **changes)
    assert sentence in render_report(dataclasses.replace(content, images=images))


def test_nouns() -> None:
    assert with_noun("a row of 2 rows, arrows and rowing", "image") == "an image of 2 images, arrows and rowing"
    assert with_noun("3 rows", "row") == "3 rows"
