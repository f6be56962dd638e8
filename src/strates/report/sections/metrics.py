"""All metrics beside those of the baselines."""

from __future__ import annotations

from typing import Any

from strates.inspection.metric import METRIC_KINDS, Metric
from strates.report.content import ReportContent
from strates.report.section import Section
from strates.report.wording import THIN, count, decimal, interval_text, metric_text, percent, with_noun


def _cell(metrics: dict[str, Metric], name: str) -> dict[str, str]:
    one = metrics.get(name)
    if one is None:
        return {"value": "", "interval": ""}
    return {"value": metric_text(one), "interval": interval_text(one)}


def _notes(content: ReportContent) -> list[str]:
    notes = [f"{name.capitalize()}: {one.note}" for name, one in content.baselines.items() if one.note]
    notes += dict.fromkeys(f"{one.label}: {one.note}" for one in content.evaluation.metrics if one.note)
    methods: dict[str, list[str]] = {}
    for one in content.evaluation.metrics:
        if one.method:
            methods.setdefault(one.method, []).append(one.label)
    return [*notes, "Intervals: " + "; ".join(f"{', '.join(labels)}: {how}" for how, labels in methods.items()) + "."]


def _folds(content: ReportContent) -> dict[str, Any] | None:
    found = content.cross_validation
    if found is None:
        return None
    rows = []
    for metric in found.metrics:
        values = found.by_fold.get(metric.name, ())
        shown = [
            percent(value) if value is not None and "accuracy" in metric.name else decimal(value) for value in values
        ]
        rows.append({"label": metric.label, "values": shown})
    return {"n_folds": found.n_folds, "rows": rows, "sizes": [f"{n:,}" for n in found.rows]}


def metrics_section(content: ReportContent) -> Section:
    """Return the metrics with their intervals, beside those of the baselines and of the cross-validation."""
    columns = {"this network": {one.name: one for one in content.evaluation.metrics}}
    for name, baseline in reversed(content.baselines.items()):
        columns[name] = {one.name: one for one in baseline.metrics}
    if content.cross_validation is not None:
        label = f"this network, {content.cross_validation.n_folds}-fold cross-validation"
        columns[label] = {one.name: one for one in content.cross_validation.metrics}
    rows = []
    for name, kind in METRIC_KINDS.items():
        cells = [_cell(metrics, name) for metrics in columns.values()]
        way = "higher is better" if kind.higher_is_better else "lower is better"
        rows.append({"label": kind.label, "way": way, "meaning": with_noun(kind.meaning, content.noun), "cells": cells})
    return Section(
        "metrics",
        "Metrics",
        "metrics.html.jinja",
        {
            "fact": f"Measured on {count(content.evaluation.n_rows, content.noun)} held out, with 95{THIN}% intervals.",
            "heads": list(columns),
            "rows": rows,
            "notes": _notes(content),
            "folds": _folds(content),
        },
    )
