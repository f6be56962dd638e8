"""How training went."""

from __future__ import annotations

from strates.displays.history import HistoryDisplay
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure
from strates.report.wording import count, duration, with_noun

_CAPTIONS = {
    "loss": "Mean loss of a row, penalty aside: lower is better.",
    "score": "Share predicted right.",
}


def training_section(content: ReportContent) -> Section | None:
    """Return the learning curves, with the chosen epoch marked."""
    history = content.history
    if history is None or not len(history):
        return None
    fact = f"{count(len(history), 'epoch')}"
    if content.seconds is not None:
        fact += f" in {duration(content.seconds)}"
    if content.best_epoch is not None:
        kept = "the last" if content.best_epoch == len(history) else f"number {content.best_epoch:,}"
        fact += f"; the weights kept are those of {kept} (dotted line)"
    displays = {
        quantity: HistoryDisplay.from_history(history, quantity=quantity, best_epoch=content.best_epoch)
        for quantity in _CAPTIONS
    }
    figures = [
        page_figure(one, with_noun(_CAPTIONS[name], content.noun)) for name, one in displays.items() if not one.is_empty
    ]
    return Section("training", "Learning curves", "figures.html.jinja", {"facts": [f"{fact}."], "figures": figures})
