"""How easily the network is fooled."""

from __future__ import annotations

from typing import Any

import pandas as pd

from strates.displays.robustness_curve import RobustnessCurveDisplay
from strates.report.attack_page import attacked_cards
from strates.report.content import ReportContent
from strates.report.robustness import TableRobustness
from strates.report.section import Section, page_figure
from strates.report.wording import DASH, THIN, count, percent, with_noun


def robustness_section(content: ReportContent) -> Section | None:
    """Return what it takes to flip rows of a table, or the accuracy under attack; None when nobody tried."""
    found, curve = content.robustness, content.robustness_curve
    if (found is None or not found.n_attacked) and (curve is None or not len(curve)):
        return None
    values: dict[str, Any] = {"facts": [], "sentences": [], "rows": [], "figure": None, "cards": ()}
    if found is not None and found.n_attacked:
        values |= {
            "facts": _facts(found),
            "sentences": [one[0].upper() + one[1:].replace(" -> ", " → ") + "." for one in found.sentences],
            "rows": [
                {"column": one.column, "n_rows": f"{one.n_rows:,}", "cost": f"{one.median_cost:.2f}"}
                for one in found.columns
            ],
        }
    if curve is not None and len(curve):
        display = RobustnessCurveDisplay(curve, units=content.robustness_units)
        caption = f"Share of {content.noun}s still predicted right, with 95{THIN}% intervals."
        values["facts"] = [*values["facts"], *(with_noun(one, content.noun) for one in _curve_facts(curve))]
        values["figure"] = page_figure(display, caption)
        values["cards"] = attacked_cards(content.attacked_pictures)
    return Section("robustness", "How easily the network is fooled", "robustness.html.jinja", values)


def _facts(found: TableRobustness) -> list[str]:
    columns = count(found.max_changes, "column")
    facts = [
        f"Of {count(found.n_rows, 'held-out row')}, the {found.n_attacked:,} that the network has right had up to "
        f"{columns} changed, as little as it takes to flip the class; numbers stayed within the range of the data, "
        "categories among those that occur."
    ]
    if not found.n_flipped:
        return [*facts, "None was flipped by any change that was tried."]
    median = DASH if found.median_cost is None else f"{found.median_cost:.2f}"
    facts.append(
        f"{found.n_flipped:,} of them were flipped ({percent(found.n_flipped / found.n_attacked)}), at a median cost "
        f"of {median}. A cost of 1 is a number's change by the "
        f"interquartile range of its column, or another category; {found.n_small:,} changes cost no more."
    )
    facts.append(
        "The changes say what this network's answer depends on, not what would change a row's true class: the other "
        "columns stay as they were, even those that go with the one that is changed."
    )
    return facts


def _curve_facts(curve: pd.DataFrame) -> list[str]:
    last = curve.sort_values("epsilon").iloc[-1]
    clean = curve.loc[curve["epsilon"] == 0, "accuracy"]
    n_rows = int(curve["n_rows"].iloc[0]) if "n_rows" in curve else None
    of = "" if n_rows is None else f" of {count(n_rows, 'held-out row')}"
    start = f"{percent(float(clean.iloc[0]))}{of} are predicted right as they are. " if len(clean) else ""
    return [
        "An attack adds to each row what raises the loss most, changing no pixel by more than epsilon (projected "
        "gradient descent, few steps).",
        f"{start}{percent(float(last['accuracy']))} are left at an epsilon of {last['epsilon']:.3g}. A stronger attack "
        "may leave fewer: the curve bounds the accuracy under attack from above.",
    ]
