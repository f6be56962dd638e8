"""One self-contained HTML page about a fitted model.

:class:`ReportContent` holds what is said, :func:`render_report` makes the page, :func:`write_report` writes it. The
content goes to JSON and back, so that the page can be made again from a model file without the data.
"""

from __future__ import annotations

from strates.report.content import ReportContent
from strates.report.render import render_report, write_report

__all__ = ["ReportContent", "render_report", "write_report"]
