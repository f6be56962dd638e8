"""Whether the probabilities mean what they say."""

from __future__ import annotations

from strates.displays.calibration import CalibrationDisplay
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure
from strates.report.wording import THIN, decimal, with_noun


def calibration_section(content: ReportContent) -> Section | None:
    """Return the reliability diagram, and what chance alone would give; None when there are no probabilities."""
    if content.evaluation.metric("calibration_error").value is None:
        return None
    calibration = content.evaluation.calibration
    facts = [
        f"Of the rows given a probability near 80{THIN}%, about 80{THIN}% should turn out so.",
        f"The mean gap is {decimal(calibration.error)}. Perfectly calibrated probabilities would show "
        f"{decimal(calibration.chance_mean)} on average on as many rows, and at most "
        f"{decimal(calibration.chance_high)} in 95 samples of 100.",
    ]
    caption = f"On the dashed line: well calibrated. Bars through the points: 95{THIN}% intervals. In grey: rows."
    figures = [
        page_figure(CalibrationDisplay.from_evaluation(content.evaluation), with_noun(caption, content.noun)),
    ]
    said = [with_noun(fact, content.noun) for fact in facts]
    return Section("calibration", "Calibration", "figures.html.jinja", {"facts": said, "figures": figures})
