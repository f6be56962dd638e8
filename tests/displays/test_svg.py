"""Figures for a page, judged by an XML parser."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from strates.displays import ClassBalanceDisplay, ConfusionMatrixDisplay, RocCurveDisplay, figure_to_svg
from strates.inspection import Curve

HOSTILE = [
    "<script>alert(1)</script>",
    "price $a$ and $b",
    "_private",
    "l'été & co",
    "日本語",
    "tab\tnull\x00",
    "half\udc80",
    "x" * 300,
]


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def test_title_and_description_are_the_first_things_inside() -> None:
    root = parse(ClassBalanceDisplay(["a", "b"], [3, 1]).to_svg())
    title, description = root[0], root[1]
    assert (title.tag, title.text) == ("title", "Rows of each class")
    assert (description.tag, description.text) == ("desc", "a 3 rows (75.0 %), b 1 row (25.0 %).")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


def test_every_reference_is_to_an_identifier_of_its_own() -> None:
    svgs = [ClassBalanceDisplay(["a", "b"], [3, n]).to_svg() for n in (1, 2)]
    owned = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in svgs]
    assert owned[0].isdisjoint(owned[1])
    for svg, names in zip(svgs, owned, strict=True):
        references = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
        assert references
        assert references <= names


def test_no_address_no_style_no_date() -> None:
    svg = ConfusionMatrixDisplay([[5, 1], [0, 4]], ["a", "b"]).to_svg()
    assert "http" not in svg
    assert {"style", "metadata", "image", "script"}.isdisjoint({node.tag for node in parse(svg).iter()})


def test_an_image_is_part_of_the_page() -> None:
    pixels = np.array([[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])
    figure = Figure(figsize=(1, 1))
    figure.figimage(pixels)
    svg = figure_to_svg(figure, title="Two pixels", description="Red, blue.")
    (address,) = [node.get("href", "") for node in parse(svg).iter("image")]
    kind, bytes_ = address.split(",")
    assert kind == "data:image/png;base64"
    found = matplotlib.image.imread(io.BytesIO(base64.b64decode(bytes_, validate=True)))
    assert found[..., :3].tolist() == pixels.tolist()


def test_same_figure_same_string() -> None:
    curve = Curve("a", (0.0, 0.2, 1.0), (0.0, 0.9, 1.0), 0.85, 0.5)
    assert RocCurveDisplay([curve]).to_svg() == RocCurveDisplay([curve]).to_svg()


def test_text_stays_text_in_the_pages_font() -> None:
    root = parse(ClassBalanceDisplay(["Adélie", "Gentoo"], [3, 1]).to_svg())
    texts = list(root.iter("text"))
    assert {"Adélie", "Gentoo", "rows"} <= {node.text for node in texts}
    assert all("DejaVu" not in node.get("style", "") for node in texts)


@pytest.mark.parametrize("label", HOSTILE)
def test_hostile_labels_are_text_and_warn_of_nothing(label: str) -> None:
    curve = Curve(label, (0.0, 0.2, 1.0), (0.0, 0.9, 1.0), 0.85, 0.5)
    for display in (
        ClassBalanceDisplay([label, "b"], [3, 1]),
        ConfusionMatrixDisplay([[5, 1], [0, 4]], [label, "b"]),
        RocCurveDisplay([curve]),
    ):
        root = parse(display.to_svg())
        assert {"script"}.isdisjoint({node.tag for node in root.iter()})
        start = label.strip("_").split()[0][:4]
        assert any(start in (node.text or "") for node in root.iter("text"))


def test_title_is_escaped() -> None:
    figure = ClassBalanceDisplay(["a"], [1]).plot().figure_
    assert parse(figure_to_svg(figure, title="<b>", description='"&'))[0].text == "<b>"
