"""What each column is worth."""

from __future__ import annotations

from strates.displays.importance import MAX_SHOWN, ImportanceDisplay
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure
from strates.report.wording import THIN, count, decimal, points


def importance_section(content: ReportContent) -> Section | None:
    """Return the permutation importance of the columns, or None when it was not measured."""
    evaluation = content.evaluation
    if not evaluation.importance:
        return None
    facts = [
        "How much worse the network does when the values of one column are shuffled among "
        f"{count(evaluation.importance_rows, 'row')}, measured on the whole way from the table to the probabilities.",
        "Columns that say the same thing share their importance: each then looks less useful than both together. "
        "It says what this network uses, not what causes the class.",
    ]
    if len(evaluation.importance) > MAX_SHOWN:
        facts.append(f"The {MAX_SHOWN} most important of {count(len(evaluation.importance), 'column')} are shown.")
    rows = [
        {
            "column": one.column,
            "mean": decimal(one.mean),
            "interval": f"{decimal(one.low)} to {decimal(one.high)}",
            "drop": points(one.accuracy_drop),
        }
        for one in evaluation.importance[:MAX_SHOWN]
    ]
    caption = f"Mean rise of the log-loss, with 95{THIN}% intervals."
    return Section(
        "importance",
        "What the network looks at",
        "importance.html.jinja",
        {
            "facts": facts,
            "rows": rows,
            "figure": page_figure(ImportanceDisplay.from_evaluation(evaluation), caption),
        },
    )
