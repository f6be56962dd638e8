"""The parts that a page is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from strates.displays.display import Display


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading of its own.

    Attributes
    ----------
    anchor : str
        Where the table of contents points: letters and hyphens, unique on the page.
    title : str
        Heading.
    template : str
        File in ``templates/`` that lays it out.
    values : dict
        What the template shows. Text is escaped; only :class:`PageFigure` carries markup.
    """

    anchor: str
    title: str
    template: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PageFigure:
    """A figure on the page.

    Attributes
    ----------
    svg : str
        The drawing, with its title and description: markup, whose texts an XML writer has escaped.
    caption : str
        What is below it.
    wide : bool
        Whether it takes the whole width.
    natural : int or None
        Its own width in CSS pixels, for a figure that scrolls on a narrow screen rather than become too small to read.
    """

    svg: str
    caption: str
    wide: bool = False
    natural: int | None = None


def page_figure(display: Display, caption: str, *, wide: bool = False, scrolls: bool = False) -> PageFigure:
    """Draw a display for the page.

    Parameters
    ----------
    display : Display
        What to draw.
    caption : str
        What to say below it.
    wide : bool, default=False
        Whether it takes the whole width.
    scrolls : bool, default=False
        Whether it keeps its own width, and scrolls on a narrow screen.

    Returns
    -------
    PageFigure
    """
    natural = round(96 * display.figure_size()[0]) if scrolls else None  # inches to CSS pixels
    return PageFigure(display.to_svg(), caption, wide, natural)
