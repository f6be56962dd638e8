"""The page about an attack, and its numbers."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_iris

from strates import LogisticRegression
from strates.attacks import FGSM, DeepFool
from strates.displays.change_thumbnail import change_thumbnail
from strates.displays.style import BLUE, VERMILION
from strates.inspection import Picture, evaluate
from strates.inspection.attacked_picture import AttackedPicture
from strates.report import ReportContent, render_report
from strates.report.attack_page import AttackContent, AttackExample, render_attack_page
from strates.report.attack_summary import AttackSummary

X, Y = load_iris(return_X_y=True)
PICTURE = Picture("data:image/png;base64,AA==", 8, 8, "ant", "ants/1.png")
CARD = AttackedPicture(PICTURE, PICTURE, PICTURE, 12.5, "ant", "bee", 0.9, 0.55, "linf 0.03")


@pytest.fixture(scope="module")
def clf() -> Any:
    return LogisticRegression(alpha=0.01).fit(X, Y)


@pytest.fixture(scope="module")
def summary(clf: Any) -> AttackSummary:
    result = FGSM(epsilon=0.5, bounds=None).perturb(clf, X, Y)
    return AttackSummary.from_result(result, epsilon=0.5, norm="linf")


def test_counts_and_distances(clf: Any, summary: AttackSummary) -> None:
    moved = FGSM(epsilon=0.5, bounds=None).perturb(clf, X, Y).adversarial
    right, after = clf.predict(X) == Y, clf.predict(moved) == Y
    assert (summary.n_rows, summary.n_wrong, summary.n_attacked) == (150, (~right).sum(), right.sum())
    assert (summary.n_changed, summary.n_right) == ((right & ~after).sum(), (right & after).sum())
    assert summary.accuracy.value == pytest.approx(clf.score(X, Y))
    lengths = np.linalg.norm(moved - X, axis=1)[right & ~after]
    found = {one.name: (one.least, one.median, one.most) for one in summary.distances}
    assert found["l2"] == pytest.approx((lengths.min(), np.median(lengths), lengths.max()), rel=1e-4)
    assert AttackSummary.from_dict(json.loads(json.dumps(summary.to_dict()))) == summary
    bytes_ = AttackSummary.from_result(FGSM(epsilon=0.5, bounds=None).perturb(clf, X, Y), scale=255)
    assert bytes_.distances[0].most == pytest.approx(0.5 / 255, rel=1e-4)
    assert bytes_.distances[3].most == 4  # numbers are counted, not measured


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, r"^\d+ of 146 rows that the model has right change class within epsilon 0\.5 \(linf\)\.$"),
        ({"n_changed": 0}, r"^None of 146 rows that the model has right changes class within epsilon 0\.5 \(linf\)\.$"),
        ({"n_changed": 1}, r"^1 of 146 rows that the model has right changes class within"),
        ({"n_rows": 5, "n_wrong": 4, "n_changed": 1}, r"^The one row that the model has right changes class within"),
        ({"n_rows": 5, "n_wrong": 4, "n_changed": 0}, r"^The one row that the model has right keeps its class within"),
        (
            {"n_rows": 4, "n_changed": 0},
            r"^The model has none of the 4 rows looked at right, so that there was nothing",
        ),
        (
            {"n_changed": 9, "target": "bee", "noun": "image"},
            r"^9 of 146 images that the model has right become bee wit",
        ),
        ({"n_changed": 9, "universal": True}, r"change class when one and the same perturbation within epsilon 0\.5"),
        ({"n_changed": 9, "epsilon": None, "norm": None, "max_changes": 1}, r"change class when one column changes\.$"),
        ({"n_changed": 9, "epsilon": None, "norm": None, "max_changes": 3}, r"when up to 3 columns change\.$"),
        ({"n_changed": 9, "epsilon": None}, r"change class, at a distance of 0\.5 in the median \(linf\)\.$"),
    ],
)
def test_headline(summary: AttackSummary, changes: dict[str, Any], sentence: str) -> None:
    assert re.search(sentence, dataclasses.replace(summary, **changes).headline())


def test_what_was_wrong_is_counted_apart(summary: AttackSummary) -> None:
    assert summary.counted_apart() == "4 of 150 rows are wrong without an attack: counted apart, and not attacked."
    one = dataclasses.replace(summary, n_wrong=1)
    assert one.counted_apart() == "1 of 150 rows is wrong without an attack: counted apart, and not attacked."
    assert dataclasses.replace(summary, n_wrong=0).counted_apart().startswith("None of the 150 rows is wrong")


def test_page_escapes_what_a_table_holds(summary: AttackSummary) -> None:
    evil = "<script>alert(1)</script>"
    example = AttackExample(evil, evil, evil, (evil,), 3)
    content = AttackContent(
        title=evil, summary=dataclasses.replace(summary, target=evil), sentences=(evil,), examples=(example,),
        columns=((evil, 3, 0.5),), universal=example, notes=(evil,), command=evil, pictures=(CARD,),
    )  # fmt: skip
    page = render_attack_page(content)
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") >= 9
    assert "and 3 more" in page
    assert re.findall(r'<section id="(\w+)"', page) == ["summary", "perturbation", "examples", "distances", "redo"]
    assert "change × 12, linf 0.03" in page
    assert re.search(r"<strong>ant</strong>, 90\.0.% → <strong>bee</strong>, 55\.0.%", page)


def test_page_of_what_fooled_nobody(clf: Any) -> None:
    result = DeepFool(bounds=None).perturb(clf, X[:1], [2])
    page = render_attack_page(AttackContent(title="t", summary=AttackSummary.from_result(result)))
    assert "The model has the one row looked at wrong, so that" in page
    assert re.findall(r'<section id="(\w+)"', page) == ["summary"]


def test_report_of_a_fit_shows_attacked_images(clf: Any) -> None:
    bare = ReportContent(title="t", evaluation=evaluate(clf, X[::10], Y[::10], n_bootstrap=10, importance=False))
    curve = pd.DataFrame({"epsilon": [0.0, 0.1], "accuracy": [1.0, 0.1], "low": [0.9, 0.0], "high": [1.0, 0.2]})
    content = dataclasses.replace(bare, robustness_curve=curve, attacked_pictures=(CARD, CARD))
    again = ReportContent.from_dict(json.loads(json.dumps(content.to_dict())))
    assert again.attacked_pictures == (CARD, CARD)
    page = render_report(again)
    assert page == render_report(content)
    assert page.count("<strong>ant</strong>, 90.0") == 2
    assert "Images that the attack brought to another class" in page
    assert "Images that the attack" not in render_report(dataclasses.replace(content, attacked_pictures=()))


def test_change_is_blue_where_lighter_and_magnified_to_half_the_range(monkeypatch: Any) -> None:
    drawn: list[Any] = []
    real = Image.fromarray
    monkeypatch.setattr(Image, "fromarray", lambda pixels: (drawn.append(pixels), real(pixels))[1])
    change = np.zeros((4, 4, 1))
    change[0, 0], change[1, 1] = 25.5, -25.5
    _, factor = change_thumbnail(change)
    assert factor == pytest.approx(5)  # from 25.5 to 127.5
    corner, other, rest = (tuple(drawn[-1][place].tolist()) for place in ((0, 0), (1, 1), (2, 2)))
    assert [f"#{''.join(f'{one:02X}' for one in colour)}" for colour in (corner, other)] == [BLUE, VERMILION]
    assert min(rest) >= 254
    colour = np.zeros((4, 4, 3))
    colour[0, 0] = [10, -10, 0]
    change_thumbnail(colour)
    assert drawn[-1][0, 0].tolist() == [255, 0, 128]
    change_thumbnail(np.where(np.indices((200, 200)).sum(axis=0) % 2, 1.0, -1.0), most_side=100)
    assert drawn[-1].shape == (100, 100, 3)
    assert len(np.unique(drawn[-1].reshape(-1, 3), axis=0)) == 1  # not averaged into white
    assert min(drawn[-1][0, 0].tolist()) < 10
