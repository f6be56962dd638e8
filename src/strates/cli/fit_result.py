"""What ``strates fit`` has to say at its end."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from strates.cli.findings import show_in_short
from strates.cli.metric_table import as_bounds, metric_table
from strates.cli.model_card import ModelCard
from strates.cli.screen import Screen
from strates.report import ReportContent
from strates.report.verdict import verdicts


@dataclass(frozen=True, eq=False)
class FitResult:
    """A model that was trained, judged and saved.

    Attributes
    ----------
    card : ModelCard
    content : ReportContent
    model : pathlib.Path
    report : pathlib.Path or None
    seconds : float
        That all of it took.
    """

    card: ModelCard
    content: ReportContent
    model: Path
    report: Path | None
    seconds: float

    def to_json(self, notes: list[str]) -> dict[str, Any]:
        """Return the object that ``strates fit --json`` prints."""
        content = self.content
        folds = content.cross_validation
        return {
            "metrics": self.card.metrics,
            "baselines": self.card.baselines,
            "cross_validation": None if folds is None else as_bounds(folds.metrics),
            "model": str(self.model),
            "report": None if self.report is None else str(self.report),
            "seconds": round(self.seconds, 3),
            "seconds_training": round(self.card.seconds, 3),
            "epochs": None if content.history is None else len(content.history),
            "best_epoch": content.best_epoch,
            "target": self.card.target,
            "classes": list(content.evaluation.classes),
            "rows": {"train": self.card.n_train, "test": self.card.n_test},
            "settings": self.card.to_dict()["settings"],
            "command": self.card.command,
            "findings": [one.to_dict() for one in content.findings or ()],
            "notes": notes,
        }


def show_result(result: FitResult, screen: Screen) -> None:
    """Print the metrics beside the baselines, and where the files are."""
    content = result.content
    others = dict(reversed(result.card.baselines.items()))
    if content.cross_validation is not None:
        others = {
            f"{content.cross_validation.n_folds}-fold mean": as_bounds(content.cross_validation.metrics),
            **others,
        }
    heading = (
        f"{result.card.target}: learned from {result.card.n_train:,} {content.noun}s, tested on "
        f"{result.card.n_test:,} others"
    )
    files = Table.grid(padding=(0, 2))
    files.add_column(style="dim")
    files.add_column(overflow="fold")
    files.add_row("model", f"{result.model} ({size_text(result.model.stat().st_size)})")
    if result.report is not None:
        files.add_row("report", str(result.report))
    files.add_row("time", f"{result.seconds:.1f} s, of which training {result.card.seconds:.1f} s")
    new = "NEW.csv" if content.images is None else "NEW.jpg"
    files.add_row("next", Text(f"strates predict {shlex.quote(str(result.model))} {new}", style="green"))
    screen.show("", Text(heading, style="bold"), "", metric_table(content.evaluation.metrics, "network", others), "")
    for sentence in verdicts(content):
        screen.show(sentence)
    show_in_short(content.findings or (), screen)
    screen.show("", files)
    screen.show_json(result.to_json(screen.notes))


def size_text(n_bytes: int) -> str:
    """Return a file's size as people read it.

    Examples
    --------
    >>> size_text(84_200), size_text(3_500_000)
    ('84 kB', '3.5 MB')
    """
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{max(1, round(n_bytes / 1e3))} kB"
