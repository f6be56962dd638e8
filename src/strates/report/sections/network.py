"""The network."""

from __future__ import annotations

from typing import Any

from strates.report.content import ReportContent
from strates.report.section import Section
from strates.report.wording import count

_MAX_LAYERS = 60


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return " × ".join(str(part) for part in value if part is not None)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def network_section(content: ReportContent) -> Section | None:
    """Return the layers, one a row of a table."""
    if not content.network:
        return None
    keys = list(dict.fromkeys(key for layer in content.network for key in layer))
    rows = [[_cell(layer.get(key)) for key in keys] for layer in content.network[:_MAX_LAYERS]]
    numeric = [all(isinstance(layer.get(key), (int, type(None))) for layer in content.network) for key in keys]
    parameters = sum(layer.get("parameters") or 0 for layer in content.network)
    fact = f"{count(len(content.network), 'layer')}"
    if parameters:
        fact += f" with {count(parameters, 'parameter')}"
    if parameters and content.n_training_rows:
        fact += f", learned from {count(content.n_training_rows, 'row')}"
    return Section(
        "network",
        "The network",
        "network.html.jinja",
        {
            "fact": f"{fact}.",
            "heads": [key.replace("_", " ") for key in keys],
            "rows": rows,
            "numeric": numeric,
            "n_left_out": len(content.network) - len(rows),
        },
    )
