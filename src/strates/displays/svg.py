"""A figure as SVG that can stand inside an HTML page, beside others."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from xml.etree import ElementTree

from matplotlib.figure import Figure

from strates.displays.style import style

_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT = re.compile(r"'DejaVu Sans'(, sans-serif)?")
# what XML cannot hold, and surrogates, which no file can
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HREF = "{http://www.w3.org/1999/xlink}href"


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1]


def _shorten(text: str) -> str:
    """Keep two decimals: a hundredth of a point is less than any screen or printer shows."""
    return _NUMBER.sub(lambda match: f"{float(match[0]):.2f}", text)


def _plain(element: ElementTree.Element, prefix: str) -> None:
    """Drop namespaces, prefix identifiers, shorten numbers, and let the page choose the font."""
    for node in element.iter():
        node.tag = _local(node.tag)
        attributes = dict(node.attrib)
        node.attrib.clear()
        for name, value in attributes.items():
            if name == "id":
                value = prefix + value
            elif name in (_HREF, "href"):  # an image is part of the page: its bytes are its address
                inside = value.startswith("data:")
                name, value = "href", "".join(value.split()) if inside else f"#{prefix}{value[1:]}"
            elif name in ("d", "x", "y", "transform", "points"):
                value = _shorten(value)
            value = _REFERENCE.sub(rf"url(#{prefix}\1)", value)
            node.set(_local(name), _FONT.sub("inherit", value) if name == "style" else value)


def figure_to_svg(figure: Figure, *, title: str, description: str) -> str:
    """Return a figure as an ``<svg>`` element for an HTML page.

    The text stays text, in the page's font; identifiers are unique to the title and description; the same figure gives
    the same string; there is no address, no date and no style that could leak into the page.

    Parameters
    ----------
    figure : Figure
        What to render.
    title : str
        Short name, read by screen readers and shown when the pointer rests on it.
    description : str
        What the figure says, in words and numbers, for those who cannot see it.

    Returns
    -------
    str
        ``<svg role="img" ...>`` with ``<title>`` and ``<desc>``.

    Examples
    --------
    >>> svg = figure_to_svg(Figure(), title="Nothing", description="An empty figure.")
    >>> svg[:4], "Nothing" in svg
    ('<svg', True)
    """
    buffer = io.BytesIO()
    with style(), warnings.catch_warnings():
        # the page's font may have the letters that the measuring font lacks
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(buffer.getvalue())  # our own output of a moment ago
    prefix = "s" + hashlib.sha256(f"{title}\n{description}".encode("utf-8", "replace")).hexdigest()[:8] + "-"
    _plain(root, prefix)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in ("metadata", "style"):
                parent.remove(child)
    width, height = (float(number) for number in root.get("viewBox", "0 0 1 1").split()[2:])
    view_box = f"0 0 {width:g} {height:g}"
    root.attrib.clear()
    root.attrib.update(
        {
            "role": "img",
            "aria-labelledby": f"{prefix}title {prefix}desc",
            "viewBox": view_box,
            "width": f"{width * 4 / 3:.0f}",  # points to CSS pixels
            "height": f"{height * 4 / 3:.0f}",
            "style": "stroke-linejoin:round;stroke-linecap:butt",
        }
    )
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        child = ElementTree.Element(tag, {"id": f"{prefix}{tag}"})
        child.text = _UNWRITABLE.sub(" ", text)
        root.insert(position, child)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
