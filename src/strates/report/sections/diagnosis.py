"""What the doctor found."""

from __future__ import annotations

from strates.report.command_options import command_options
from strates.report.content import ReportContent
from strates.report.section import Section
from strates.report.wording import count


def diagnosis_section(content: ReportContent) -> Section | None:
    """Return what ails the classifier, with remedies; a line of relief where nothing does; None where nobody looked."""
    if content.findings is None:
        return None
    findings = [
        {
            "finding": one,
            "options": command_options(one.settings) if one.settings and content.command else "",
        }
        for one in content.findings
    ]
    return Section(
        "diagnosis",
        "Diagnosis",
        "diagnosis.html.jinja",
        {
            "fact": _fact(content),
            "findings": findings,
            "explains": any(not one["options"] for one in findings),
            "noun": content.noun,
        },
    )


def _fact(content: ReportContent) -> str:
    found = content.findings or ()
    looked = f"The {content.noun}s, the inputs, the layers, the steps and the answers were looked over"
    if not found:
        return f"{looked}: nothing speaks against this fit."
    grave = sum(one.severity == "critical" for one in found)
    said = f"{looked}, before training and after it, and {count(len(found), 'thing')} stood out"
    return (
        f"{said}." if not grave else f"{said}, {grave} of them critical: see to {'it' if grave == 1 else 'them'} first."
    )
