"""In short: the headline, the verdicts, what to keep in mind."""

from __future__ import annotations

from strates.displays.intervals import IntervalDisplay
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure
from strates.report.verdict import headline, verdicts
from strates.report.wording import THIN, with_noun


def summary_section(content: ReportContent) -> Section:
    """Return the section that one reads if one reads only one."""
    accuracies = {"this network": content.evaluation.metric("accuracy")}
    accuracies |= {name: baseline.metric("accuracy") for name, baseline in reversed(content.baselines.items())}
    caption = f"Share of the {content.evaluation.n_rows:,} held-out rows predicted right, with 95{THIN}% intervals."
    return Section(
        "summary",
        "In short",
        "summary.html.jinja",
        {
            "headline": headline(content),
            "verdicts": verdicts(content),
            "figure": page_figure(IntervalDisplay.from_metrics(accuracies), with_noun(caption, content.noun)),
            "notes": [
                with_noun(note, content.noun) for note in dict.fromkeys((*content.notes, *content.evaluation.notes))
            ],
        },
    )
