"""A self-contained page made of sections."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from strates.report.section import Section

_TEMPLATES = Path(__file__).parent / "templates"


def render_page(sections: Sequence[Section], *, title: str, kind: str) -> str:
    """Return one HTML page with its style and its figures inside: it needs no other file and no network.

    Parameters
    ----------
    sections : sequence of Section
        In their order; the table of contents lists them.
    title : str
        Heading of the page.
    kind : str
        What sort of page it is, said above the heading.

    Returns
    -------
    str

    Examples
    --------
    >>> "<h1>A page</h1>" in render_page([], title="A page", kind="Nothing yet")
    True
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    written = [
        {"anchor": one.anchor, "title": one.title, "body": environment.get_template(one.template).render(one.values)}
        for one in sections
    ]
    return environment.get_template("page.html.jinja").render(
        title=title,
        kind=kind,
        sections=written,
        has_pictures=any("<img " in one["body"] or "<image " in one["body"] for one in written),
    )
