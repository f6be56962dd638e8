"""A model's card as a table, and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from strates.cli.fit_result import size_text
from strates.cli.model_card import ModelCard


def info_table(card: ModelCard, about: dict[str, Any], path: Path) -> Table:
    """Lay out what a model file says about itself.

    Parameters
    ----------
    card : ModelCard
    about : dict
        The file's metadata.
    path : pathlib.Path

    Returns
    -------
    rich.table.Table
    """
    classes = [str(label) for label in about["classes"]]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    noun = "row" if card.images is None else "image"
    columns = ", ".join(f"{column.name} ({column.type})" for column in card.columns[:30])
    more = f" and {len(card.columns) - 30} more" if len(card.columns) > 30 else ""
    layers = card.report.get("network", [])
    parameters = sum(layer.get("parameters") or 0 for layer in layers)
    sizes = ["x".join(map(str, layer["output_shape"])) for layer in layers if layer["parameters"]]
    dense = " - ".join(sizes if len(sizes) <= 20 else [*sizes[:3], "...", *sizes[-3:]])
    rows = {
        "file": f"{path} ({size_text(path.stat().st_size)})",
        "predicts": f"{card.target}: {_listed(classes, 12)}",
        "from": f"{len(card.columns)} columns: {columns}{more}" if card.images is None else str(card.images),
        "network": f"{_kind(card)}, {parameters:,} parameters; units: {dense}",
        "accuracy": f"{_percent(card.metrics['accuracy'])} on {card.n_test:,} test {noun}s",
        "trained on": f"{card.n_train:,} {noun}s of {card.source} in {card.seconds:.1f} s, {card.created[:10]}",
        "with": ", ".join(f"{name} {number}" for name, number in card.versions.items()),
        "again": card.command,
    }
    for name, text in rows.items():
        table.add_row(name, text)
    return table


def info_as_json(card: ModelCard, about: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return what ``strates info --json`` prints: the card without the report's content."""
    values = card.to_dict()
    del values["report"]
    return {
        "model": str(path),
        "classes": about["classes"],
        "kind": card.model,
        **{k: v for k, v in values.items() if k != "model"},
    }


def _kind(card: ModelCard) -> str:
    """Return what the command line calls the network, with what it was transferred from."""
    if "backbone" not in card.settings:
        return card.model
    return f"{card.model} of {card.settings['backbone']}, {card.settings['strategy']}"


def _percent(metric: dict[str, float | None]) -> str:
    value, low, high = (metric[key] for key in ("value", "low", "high"))
    if value is None:
        return "unknown"
    text = f"{100 * value:.1f} %"
    return text if low is None or high is None else f"{text} ({100 * low:.1f} % to {100 * high:.1f} %)"


def _listed(names: list[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
