"""The command ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import attacks, certificates, grid, imports, memory, mnist, predict, steps, stream
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.row import HEADINGS, Row

SECTIONS: dict[str, tuple[str, Callable[[Options], Iterator[Row]]]] = {
    "steps": (steps.TITLE, steps.run),
    "grid": (grid.TITLE, grid.run),
    "predict": (predict.TITLE, predict.run),
    "import": (imports.TITLE, imports.run),
    "memory": (memory.TITLE, memory.run),
    "stream": (stream.TITLE, stream.run),
    "mnist": (mnist.TITLE, mnist.run),
    "attacks": (attacks.TITLE, attacks.run),
    "certificates": (certificates.TITLE, certificates.run),
}


def main() -> None:
    """Measure the sections asked for, and print a table for each as it is done."""
    arguments = _parser().parse_args()
    unknown = [name for name in arguments.sections if name not in SECTIONS]
    if unknown:
        _parser().error(f"unknown section {unknown[0]!r}; there are: {', '.join(SECTIONS)}")
    options = Options(quick=arguments.quick, large=arguments.large, mnist=arguments.mnist)
    machine = describe()
    console = Console(width=None if Console().is_terminal else 150)
    show = _show_markdown if arguments.markdown else _show_table
    if not arguments.markdown:
        for name, value in machine.items():
            console.print(f"{name}: {value}", highlight=False)
    rows: list[Row] = []
    started = time.perf_counter()
    for name in arguments.sections or SECTIONS:
        title, run = SECTIONS[name]
        found = list(run(options))
        rows += found
        show(console, title, found)
    missed = [row for row in rows if row.met is False]
    if not arguments.markdown:
        judged = sum(row.met is not None for row in rows)
        console.print(f"{judged - len(missed)} of {judged} aims met, in {time.perf_counter() - started:.0f} s")
    if arguments.json:
        table = [{**asdict(row), "ratio": row.ratio} for row in rows]
        arguments.json.write_text(json.dumps({"machine": machine, "rows": table}, indent=1))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Ratios of strates against scikit-learn, Keras and, where installed, PyTorch, skorch, Foolbox and "
        "ART. A ratio above 1 says that strates needs less. Close other programs first; see 'load before'.",
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="a smoke test, of rough numbers")
    parser.add_argument("--large", action="store_true", help="stream 10 million rows too")
    parser.add_argument("--mnist", type=Path, metavar="FILE", help="Keras's mnist.npz, for mnist and attacks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every repetition there")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    return parser


def _show_table(console: Console, title: str, rows: list[Row]) -> None:
    table = Table(title=title, title_justify="left")
    for i, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="right" if i > 1 else "left")
    for row in rows:
        table.add_row(*row.cells(), style="red" if row.met is False else None)
    console.print(table)


def _show_markdown(console: Console, title: str, rows: list[Row]) -> None:
    lines = [f"**{title}**", "", f"| {' | '.join(HEADINGS)} |", "|---|---|---:|---:|---:|---|---|"]
    lines += [f"| {' | '.join(row.cells())} |" for row in rows]
    console.out("\n".join(lines), "\n", highlight=False)


if __name__ == "__main__":
    main()
