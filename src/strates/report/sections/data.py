"""The data."""

from __future__ import annotations

from strates.displays.class_balance import ClassBalanceDisplay
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure
from strates.report.wording import count, percent

_MAX_COLUMNS = 100


def data_section(content: ReportContent) -> Section | None:
    """Return what is in the table: rows, columns, types, missing values, class balance."""
    data = content.data
    if data is None:
        return None
    facts = [
        f"{count(data.n_rows, 'row')}, {count(len(data.columns), 'column')} to learn from, and the column to predict, "
        f"“{data.target}”, with {count(len(data.classes), 'class')}."
    ]
    if content.n_training_rows is not None:
        facts.append(
            f"The network learned from {count(content.n_training_rows, 'row')}; "
            f"{count(content.evaluation.n_rows, 'row')} were held out and judge it."
        )
    incomplete = data.n_rows - data.n_complete
    if incomplete:
        share = percent(incomplete / data.n_rows)
        facts.append(f"{count(incomplete, 'row')} ({share}) lack{'s' if incomplete == 1 else ''} a value somewhere.")
    else:
        facts.append("No value is missing.")
    if data.n_missing_target:
        facts.append(f"{count(data.n_missing_target, 'row')} without a class were left out.")
    if data.n_duplicates:
        facts.append(f"{count(data.n_duplicates, 'row')} repeat an earlier one exactly.")
    columns = [
        {"column": column, "missing": percent(column.n_missing / data.n_rows) if column.n_missing else ""}
        for column in data.columns[:_MAX_COLUMNS]
    ]
    return Section(
        "data",
        "The data",
        "data.html.jinja",
        {
            "facts": facts,
            "columns": columns,
            "n_left_out": len(data.columns) - len(columns),
            "figure": page_figure(ClassBalanceDisplay.from_summary(data), f"Rows of each class of “{data.target}”."),
        },
    )
