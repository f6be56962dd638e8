"""Where the network decides, on a plane through the data."""

from __future__ import annotations

from strates.displays.decision_boundary import DecisionBoundaryDisplay
from strates.inspection.boundary import DecisionBoundary
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure
from strates.report.wording import count, percent

_WIDTH = 3.9  # inches: legible on a phone, where it shrinks by a sixth
_WHOLE = 1e-9
_MISLEADING = 0.5  # share of the rows
_PLANES = {
    "pca": "the plane of the first two principal components of the columns of numbers",
    "discriminant": "the plane on which the classes lie farthest apart, by linear discriminant analysis",
    "rows": "the plane through three rows",
}


def _plane(boundary: DecisionBoundary) -> str:
    if boundary.kind == "features":
        across, aside = boundary.axis_names
        return f"the plane of {across} and {aside}, in their own units"
    return _PLANES[boundary.kind]


def _hidden(boundary: DecisionBoundary) -> str:
    rows = count(boundary.n_rows, "held-out row")
    if boundary.max_distance < _WHOLE:
        return f"The {rows} lie on this plane: it hides nothing of them."
    return (
        f"It shows {percent(boundary.explained_variance)} of the variance. The {rows} lie {boundary.mean_distance:.2g} "
        f"standard deviations off it on average, {boundary.max_distance:.2g} at most; from their centre they lie "
        f"{boundary.spread:.2g}."
    )


def _belied(boundary: DecisionBoundary) -> str:
    if not boundary.disagreement:
        return "Every row is drawn over the class that the network gives the row itself."
    told = (
        f"{percent(boundary.disagreement)} of the rows, drawn hollow, are given another class than the background "
        "where they are drawn: what decides about them lies off the plane."
    )
    return told + (" Little can be read from this picture." if boundary.disagreement > _MISLEADING else "")


def boundary_section(content: ReportContent) -> Section | None:
    """Return the picture of a plane divided among the classes, and how much it hides; None when there is none."""
    boundary = content.boundary
    if boundary is None:
        return None
    facts = [
        f"This is a cut through the network's answers: {_plane(boundary)}. The deeper the colour, the surer the "
        "network; on the black line two classes are tied.",
        _hidden(boundary),
        _belied(boundary),
        *([boundary.note] if boundary.note else []),
    ]
    if boundary.n_left_out:
        verb = "lacks" if boundary.n_left_out == 1 else "lack"
        facts.append(f"{count(boundary.n_left_out, 'row')} that {verb} a number cannot be placed.")
    drawn = len(boundary.points)
    caption = "Each row has the marker of its true class"
    caption += "; mistakes are ringed." if boundary.mistakes is not None and boundary.mistakes.any() else "."
    if drawn < boundary.n_rows:
        caption += f" {drawn:,} of {count(boundary.n_rows, 'row')} are drawn."
    display = DecisionBoundaryDisplay(boundary, max_points=drawn, caption=False, width=_WIDTH)
    return Section(
        "boundary",
        "Where the network decides",
        "figures.html.jinja",
        {"facts": facts, "figures": [page_figure(display, caption)]},
    )
