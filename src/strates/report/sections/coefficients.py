"""The coefficients of a linear model, and how to read one."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from strates.inspection.outcome import class_names
from strates.report.content import ReportContent
from strates.report.section import Section
from strates.report.wording import DASH, THIN, count, decimal

_MAX_ROWS = 60
_INTERCEPT = "(intercept)"
_HEADS = {"coefficient": "Coefficient", "odds_ratio": "Odds ratio", "z": "z", "p_value": "p"}


def coefficients_section(content: ReportContent) -> Section | None:
    """Return the table of coefficients, one of them read in words, and the statistics of fit."""
    table = content.coefficients
    if table is None or not len(table):
        return None
    rows = table.to_dict("records")
    columns = [name for name in _HEADS if name in table and table[name].notna().any()]
    labels = _labels(table)
    shown = rows[:_MAX_ROWS]
    return Section(
        "coefficients",
        "The coefficients",
        "coefficients.html.jinja",
        {
            "facts": _facts(content, rows),
            "heads": [_HEADS[name] for name in columns],
            "with_class": len(set(labels)) > 1,
            "rows": [
                {
                    "feature": str(row["feature"]),
                    "label": label,
                    "cells": [_cell(row, name) for name in columns],
                }
                for row, label in zip(shown, labels, strict=False)
            ],
            "n_left_out": len(rows) - len(shown),
            "statistics": _statistics(content.fit_statistics),
        },
    )


def _labels(table: pd.DataFrame) -> tuple[str, ...]:
    return class_names(table["class"].tolist()) if "class" in table else ("",) * len(table)


def _number(row: dict[Any, Any], name: str) -> float | None:
    """Return a value that is a number, or None."""
    value = row.get(name)
    return None if value is None or math.isnan(value) else float(value)


def _cell(row: dict[Any, Any], name: str) -> dict[str, str]:
    value = _number(row, name)
    if value is None:
        return {"value": DASH, "interval": ""}
    if name == "p_value":
        return {"value": p_text(value), "interval": ""}
    if name != "odds_ratio":
        return {"value": decimal(value), "interval": ""}
    return {"value": ratio_text(value), "interval": _interval(row)}


def _interval(row: dict[Any, Any]) -> str:
    low, high = _number(row, "odds_ratio_low"), _number(row, "odds_ratio_high")
    if low is None and high is None:
        return ""
    # what is too large for a number is None in JSON
    return f"{ratio_text(low or 0.0)} to {'∞' if high is None else ratio_text(high)}"


def p_text(p: float) -> str:
    """Return a p-value.

    Examples
    --------
    >>> p_text(0.0123), p_text(2e-9)
    ('0.012', '< 0.001')
    """
    return "< 0.001" if p < 0.0005 else f"{p:.3f}"


def ratio_text(ratio: float) -> str:
    """Return a ratio with three significant digits.

    Examples
    --------
    >>> ratio_text(1.9), ratio_text(0.01234), ratio_text(123456.0), ratio_text(1e-7)
    ('1.90', '0.0123', '123,000', '1.00 × 10⁻⁷')
    """
    if not math.isfinite(ratio):
        return "∞"
    rounded = float(f"{ratio:.3g}")
    if rounded == 0 or 1e-4 <= rounded < 1e6:
        digits = 2 if rounded == 0 else max(0, 2 - math.floor(math.log10(rounded)))
        return f"{rounded:,.{digits}f}"
    mantissa, exponent = f"{ratio:.2e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}"


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _facts(content: ReportContent, rows: list[dict[Any, Any]]) -> list[str]:
    facts = list(content.coefficient_notes)
    labels = _labels(pd.DataFrame(rows))
    if content.reference_class and len(set(labels)) > 1:
        facts.insert(0, f"Each class is told against “{content.reference_class}”, the reference.")
    reading = _reading(content, rows)
    return [*facts, reading] if reading else facts


def _reading(content: ReportContent, rows: list[dict[Any, Any]]) -> str:
    """Return the strongest coefficient in words: that of the smallest p-value, or else the largest."""
    named = [
        (row, label)
        for row, label in zip(rows, _labels(pd.DataFrame(rows)), strict=True)
        if row["feature"] != _INTERCEPT and _number(row, "coefficient")
    ]
    if not named:
        return ""
    row, label = max(named, key=lambda pair: (abs(_number(pair[0], "z") or 0.0), abs(pair[0]["coefficient"])))
    ratio = _number(row, "odds_ratio")
    feature = row["feature"]
    if ratio is None:
        way = "towards" if row["coefficient"] > 0 else "away from"
        return f"For example, an increase of “{feature}” speaks {way} “{label}”." if label else ""
    odds = f"the odds of “{label}”" if label else "the odds"
    if content.reference_class:
        odds += f" against “{content.reference_class}”"
    said = (
        f"For example, an increase of {content.coefficient_unit} in “{feature}” multiplies {odds} by "
        f"{ratio_text(ratio)}, the other columns being equal"
    )
    low, high = _number(row, "odds_ratio_low"), _number(row, "odds_ratio_high")
    if low is None and high is None:
        return f"{said}."
    holds_one = (low or 0.0) <= 1 <= (math.inf if high is None else high)
    doubt = "; the interval holds 1, so that it may have no influence at all" if holds_one else ""
    return f"{said} (95{THIN}% interval {_interval(row)}{doubt})."


def _statistics(found: dict[str, float]) -> dict[str, str]:
    """Return names and values of the statistics that are known."""
    known = {name: value for name, value in found.items() if value is not None and math.isfinite(value)}
    said: dict[str, str] = {}
    if "deviance" in known:
        null = f" (knowing the classes' shares only: {known['null_deviance']:,.1f})" if "null_deviance" in known else ""
        said["Deviance"] = f"{known['deviance']:,.1f}{null}"
    if "likelihood_ratio" in known and "likelihood_ratio_p_value" in known:
        p = p_text(known["likelihood_ratio_p_value"])
        sign = "" if p.startswith("<") else "= "
        said["Likelihood-ratio test"] = f"{known['likelihood_ratio']:,.1f}, p {sign}{p}"
    for name, label in (("aic", "AIC"), ("bic", "BIC")):
        if name in known:
            said[label] = f"{known[name]:,.1f}"
    if "mcfadden_r2" in known:
        said["McFadden's R²"] = decimal(known["mcfadden_r2"])
    if said and "n_parameters" in known:
        said["Free parameters"] = count(int(known["n_parameters"]), "coefficient")
    return said
