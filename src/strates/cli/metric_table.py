"""Metrics as people read them in a terminal, and as machines do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.table import Table

from strates.inspection import Metric

_SHARES = ("accuracy", "balanced_accuracy")
Bounds = dict[str, float | None]


def as_bounds(metrics: Iterable[Metric]) -> dict[str, Bounds]:
    """Return the metrics for JSON.

    Parameters
    ----------
    metrics : iterable of Metric

    Returns
    -------
    dict of str to dict
        The name of each to its "value", "low" and "high" (95 % interval); None where there is none.
    """
    return {one.name: {"value": one.value, "low": one.low, "high": one.high} for one in metrics}


def metric_table(
    metrics: Iterable[Metric], heading: str, others: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> Table:
    """Lay the metrics out beside those of others.

    Parameters
    ----------
    metrics : iterable of Metric
        Shown with their 95 % intervals.
    heading : str
        Of their column.
    others : mapping of str to mapping
        What to show beside them, without intervals: headings to what :func:`as_bounds` returns.

    Returns
    -------
    rich.table.Table
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column(heading, justify="right", style="bold", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    for name in others:
        table.add_column("\n".join(name.rsplit(" ", 1)), justify="right")
    for one in metrics:
        cells = [_text(one.name, other.get(one.name, {}).get("value")) for other in others.values()]
        arrow = "↑" if one.higher_is_better else "↓"
        table.add_row(f"{one.label} {arrow}", _text(one.name, one.value), _interval(one), *cells)
    return table


def _interval(metric: Metric) -> str:
    if metric.low is None or metric.high is None:
        return ""
    low, high = _text(metric.name, metric.low), _text(metric.name, metric.high)
    return f"{low.removesuffix(' %')} to {high}"


def _text(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if name in _SHARES:
        # never 100 % where one row is wrong
        return f"{100 * value:.1f} %" if value in (0, 1) or 0.0005 <= value < 0.9995 else f"{100 * value:.3f} %"
    return f"{value:.3f}" if abs(value) < 1e-6 or abs(value) >= 0.001 else f"{value:.1g}"
