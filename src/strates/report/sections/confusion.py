"""Which class is taken for which."""

from __future__ import annotations

from strates.displays.confusion_matrix import ConfusionMatrixDisplay
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure
from strates.report.wording import DASH, count, decimal, percent

_MAX_PAIRS = 8
_NARROW_CLASSES = 8


def _commonest(content: ReportContent) -> list[dict[str, str]]:
    names, table = content.evaluation.classes, content.evaluation.confusion
    pairs = [
        (number, sum(line), names[row], names[column])
        for row, line in enumerate(table)
        for column, number in enumerate(line)
        if row != column and number
    ]
    pairs.sort(key=lambda pair: -pair[0])
    return [
        {"rows": f"{number:,}", "share": percent(number / total), "true": true, "predicted": predicted}
        for number, total, true, predicted in pairs[:_MAX_PAIRS]
    ]


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{percent(low)} to {percent(high)}"


def confusion_section(content: ReportContent) -> Section:
    """Return the confusion matrix, the commonest confusions, and precision and recall of each class."""
    evaluation = content.evaluation
    right = evaluation.n_rows - evaluation.n_wrong
    fact = f"{right:,} of {count(evaluation.n_rows, content.noun)} are predicted right, {evaluation.n_wrong:,} wrong."
    per_class = [
        {
            "label": one.label,
            "support": f"{one.support:,}",
            "precision": DASH if one.precision is None else percent(one.precision),
            "precision_interval": _interval(one.precision_low, one.precision_high),
            "recall": DASH if one.recall is None else percent(one.recall),
            "recall_interval": _interval(one.recall_low, one.recall_high),
            "f1": decimal(one.f1),
        }
        for one in evaluation.per_class
    ]
    caption = "Rows are true classes, columns predicted ones; the shade is the share of the true class."
    figure = page_figure(
        ConfusionMatrixDisplay.from_evaluation(evaluation), caption, wide=len(evaluation.classes) > _NARROW_CLASSES
    )
    return Section(
        "confusion",
        "Class by class",
        "confusion.html.jinja",
        {"fact": fact, "figure": figure, "pairs": _commonest(content), "per_class": per_class, "noun": content.noun},
    )
