"""What ``strates attack`` shows of an attack on a terminal, and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from strates.cli.screen import Screen
from strates.report.attack_page import AttackContent, distance_text
from strates.report.wording import percent

_SENTENCES = 5


def show_attack(content: AttackContent, heading: str, files: dict[str, Path], screen: Screen) -> None:
    """Print what came of an attack.

    Parameters
    ----------
    content : AttackContent
    heading : str
    files : dict of str to pathlib.Path
        What was written, by what it is.
    screen : Screen
    """
    summary = content.summary
    screen.show("", Text(heading, style="bold"), summary.headline())
    screen.show(Text(summary.counted_apart(), style="dim"), "")
    accuracies = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, share in (
        ("accuracy without an attack", summary.accuracy),
        ("accuracy under attack", summary.accuracy_under_attack),
    ):
        accuracies.add_row(name, percent(share.value), Text(f"{percent(share.low)} to {percent(share.high)}", "dim"))
    screen.show(accuracies)
    if summary.distances:
        table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
        for head in ("distance", "least", "median", "most"):
            table.add_column(head, justify="left" if head == "distance" else "right")
        for one in summary.distances:
            table.add_row(one.name, *(distance_text(value) for value in (one.least, one.median, one.most)))
        screen.show("", table)
        screen.show(Text(f"of those that changed class, in {content.units}", style="dim"))
    told = [*content.sentences, *(_sentence(one) for one in content.examples)][:_SENTENCES]
    if told:
        screen.show("", *(Padding(Text(one), (0, 0, 0, 2), expand=False) for one in told))
    if files:
        screen.show("", *(f"{what}  {path}" for what, path in files.items()))


def _sentence(example: Any) -> str:
    more = f" and {example.n_more} more" if example.n_more else ""
    return f"{example.row}: {', '.join(example.changes)}{more} ({example.before} → {example.after})"


def attack_as_json(content: AttackContent) -> dict[str, Any]:
    """Return the numbers of an attack for machines.

    Parameters
    ----------
    content : AttackContent

    Returns
    -------
    dict
    """
    summary = content.summary
    found: dict[str, Any] = {
        "headline": summary.headline(),
        "epsilon": summary.epsilon,
        "norm": summary.norm,
        "max_changes": summary.max_changes,
        "target": summary.target,
        "rows": {
            "looked_at": summary.n_rows,
            "already_wrong": summary.n_wrong,
            "attacked": summary.n_attacked,
            "changed": summary.n_changed,
            "still_right": summary.n_right,
        },
        "accuracy": summary.accuracy.to_dict(),
        "accuracy_under_attack": summary.accuracy_under_attack.to_dict(),
        "distances": {
            one.name: {"least": one.least, "median": one.median, "most": one.most} for one in summary.distances
        },
        "units": content.units,
        "queries": summary.queries,
        "curve": None if content.curve is None else content.curve.to_dict("records"),
        "curve_of": None if content.curve is None else content.curve_of,
    }
    if content.sentences or content.examples:
        found["examples"] = [*content.sentences, *(_sentence(one) for one in content.examples)]
    return found
