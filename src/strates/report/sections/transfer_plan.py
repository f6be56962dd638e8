"""What the backbone knows of these images, and what follows from it."""

from __future__ import annotations

from typing import Any

from strates.displays.transfer_plan import TransferPlanDisplay
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure
from strates.report.wording import THIN, percent, points, with_noun
from strates.studies.transfer_plan_result import TransferPlan


def transfer_plan_section(content: ReportContent) -> Section | None:
    """Return the probes by depth, the case, the advice, and its check if there was one; None without a plan."""
    plan = content.transfer_plan
    if plan is None:
        return None
    caption = (
        f"Share of {plan.n_rows:,} rows to learn from that a linear classifier gets right at each depth, "
        f"cross-validated, with 95{THIN}% intervals; beside each layer, how many layers with a kernel lead there."
    )
    return Section(
        "plan",
        "What to transfer",
        "transfer_plan.html.jinja",
        {
            "regime": plan.regime,
            "advice": [with_noun(one, content.noun) for one in plan.advice],
            "code": plan.code,
            "figure": page_figure(TransferPlanDisplay(plan), with_noun(caption, content.noun)),
            "verdict": plan.verdict if plan.runs else "",
            "runs": _runs(plan),
        },
    )


def _runs(plan: TransferPlan) -> list[dict[str, str]]:
    """Return a row a strategy for the table of the check."""
    if plan.differences is None:
        return []
    gains: dict[str, dict[Any, Any]] = {one["strategy"]: one for one in plan.differences.to_dict("records")}
    rows = []
    for name, mean, _, _ in plan.reached:
        gain = gains.get(name)
        rows.append(
            {
                "strategy": name,
                "accuracy": percent(mean),
                "difference": "advised" if gain is None else points(-gain["mean"]),
                "interval": "" if gain is None else _interval(-gain["high"], -gain["low"]),
            }
        )
    return rows


def _interval(low: float, high: float) -> str:
    return "" if low != low else f"{points(low)} to {points(high)}"
