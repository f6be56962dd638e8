"""The network."""

from __future__ import annotations

from typing import Any

from strates.displays.network import NetworkDisplay
from strates.inspection.network_graph import NetworkGraph
from strates.report.content import ReportContent
from strates.report.section import PageFigure, Section, page_figure
from strates.report.wording import count

_MAX_LAYERS = 60
#: Of a network that has more, so many are shown of its beginning, and of its end.
_ENDS = 8


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return " × ".join(str(part) for part in value if part is not None)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _figure(drawing: NetworkGraph) -> PageFigure:
    caption = "Blue: positive weights; vermilion: negative ones. The wider and darker, the larger."
    widest = max(len(column.shown) for column in drawing.columns)
    if any(column.n_neurons > len(column.shown) for column in drawing.columns):
        caption += (
            f" Of larger layers {widest} neurons are drawn: those through which most can pass, by the size of the "
            "weights that come in and go out."
        )
    if any(not matrix for matrix in drawing.weights):
        caption += " Layers in the middle are left out."
    return page_figure(NetworkDisplay(drawing), caption, scrolls=True)


def network_section(content: ReportContent) -> Section | None:
    """Return the drawing of a dense network, and the layers, one a row of a table."""
    if not content.network:
        return None
    keys = list(dict.fromkeys(key for layer in content.network for key in layer))
    shown = content.network
    if len(shown) > _MAX_LAYERS:
        shown = [*shown[:_ENDS], {keys[0]: "…"}, *shown[-_ENDS:]]
    rows = [[_cell(layer.get(key)) for key in keys] for layer in shown]
    numeric = [all(isinstance(layer.get(key), (int, type(None))) for layer in content.network) for key in keys]
    parameters = sum(layer.get("parameters") or 0 for layer in content.network)
    fact = f"{count(len(content.network), 'layer')}"
    if parameters:
        fact += f" with {count(parameters, 'parameter')}"
    if parameters and content.n_training_rows and "backbone" not in content.settings:
        fact += f", learned from {count(content.n_training_rows, content.noun)}"
    return Section(
        "network",
        "The network",
        "network.html.jinja",
        {
            "fact": f"{fact}.",
            "figure": None if content.drawing is None else _figure(content.drawing),
            "heads": [key.replace("_", " ") for key in keys],
            "rows": rows,
            "numeric": numeric,
            "n_left_out": len(content.network) - 2 * _ENDS if len(content.network) > _MAX_LAYERS else 0,
        },
    )
