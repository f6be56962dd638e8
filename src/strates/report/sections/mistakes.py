"""The rows on which the network is sure and wrong."""

from __future__ import annotations

from strates.report.content import ReportContent
from strates.report.section import Section
from strates.report.wording import count, percent, with_noun

_MAX_COLUMNS = 8


def mistakes_section(content: ReportContent) -> Section | None:
    """Return the surest mistakes with the columns that matter most; an empty table says that there is none.

    None when there are no probabilities, and so none that is surer than another.
    """
    evaluation = content.evaluation
    if evaluation.metric("log_loss").value is None:
        return None
    ranking = [one.column for one in evaluation.importance]
    known = list(evaluation.mistakes[0].values) if evaluation.mistakes else []
    columns = [name for name in ranking if name in known] or known
    shown = columns[:_MAX_COLUMNS]
    rows = [
        {
            "row": one.row,
            "true": one.true,
            "predicted": one.predicted,
            "probability": percent(one.probability),
            "true_probability": percent(one.true_probability),
            "values": [one.values.get(name, "") for name in shown],
        }
        for one in evaluation.mistakes
    ]
    if not rows:
        fact = "None of the held-out rows is predicted wrong."
    else:
        if len(rows) < evaluation.n_wrong:
            which = f"Of {count(evaluation.n_wrong, 'mistake')}, these {len(rows)} were given the highest probability."
        else:
            which = "The only mistake." if len(rows) == 1 else f"All {len(rows)} mistakes, the surest first."
        fact = (
            f"{which} Worth a look: such rows may be mislabelled, unusual, or lack what would tell the classes apart."
        )
    if len(columns) > len(shown):
        fact += f" The {len(shown)} most important of {count(len(columns), 'column')} are shown."
    return Section(
        "mistakes",
        "Most confident mistakes",
        "mistakes.html.jinja",
        {
            "fact": with_noun(fact, content.noun),
            "rows": rows,
            "columns": shown,
            "pictures": list(zip(content.mistake_pictures, rows, strict=False)),
        },
    )
