"""The built-in data sets, listed or written."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from strates import datasets
from strates.cli.outputs import check_output
from strates.cli.prediction_writer import open_writer
from strates.cli.screen import Screen


def list_all(screen: Screen) -> None:
    """Show every built-in set."""
    found = datasets.list_datasets().to_dict("records")
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for heading, justify in (("name", "left"), ("rows", "right"), ("features", "right"), ("classes", "right")):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("target")
    table.add_column("description")
    for one in found:
        table.add_row(
            Text(one["name"], style="bold"),
            f"{one['rows']:,}",
            str(one["features"]),
            str(one["classes"]),
            one["target"],
            one["description"],
        )
    screen.show(table, "Train on one of them: strates fit iris")
    screen.show_json({"datasets": found})


def write_one(name: str, out: Path, screen: Screen) -> None:
    """Write one set as a table, its target last."""
    dataset = datasets.load(name)
    out = check_output(out, "--out", suffixes=(".csv", ".parquet"))
    with open_writer(out, list(dataset.frame.columns)) as write:
        write(dataset.frame)
    rows, columns = dataset.frame.shape
    screen.show(f"{out}: {rows:,} rows, {columns} columns; the column to predict is {dataset.target!r}")
    screen.show_json({"file": str(out), "rows": rows, "columns": columns, "target": dataset.target})
