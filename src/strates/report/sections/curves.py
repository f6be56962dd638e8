"""ROC and precision-recall curves."""

from __future__ import annotations

from strates.displays.curves import PrecisionRecallDisplay, RocCurveDisplay, named_curves
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure


def curves_section(content: ReportContent) -> Section | None:
    """Return both figures, or None when the rows are all of one class."""
    evaluation = content.evaluation
    if not evaluation.roc:
        return None
    if len(evaluation.roc) == 1:
        facts = [f"Finding “{evaluation.roc[0].label}”, as the threshold on its probability moves from 1 down to 0."]
    else:
        facts = ["Finding each class against the rest, as the threshold on its probability moves from 1 down to 0."]
        if len(named_curves(evaluation.roc)) < len(evaluation.roc):
            facts.append("The classes with the smallest areas are named, the others drawn in grey.")
    figures = [
        page_figure(RocCurveDisplay.from_evaluation(evaluation), "ROC: towards the upper left corner is better."),
        page_figure(
            PrecisionRecallDisplay.from_evaluation(evaluation),
            "Precision and recall: towards the upper right corner is better. More telling than ROC for rare classes.",
        ),
    ]
    return Section("curves", "ROC and precision-recall", "figures.html.jinja", {"facts": facts, "figures": figures})
