"""How to do it again."""

from __future__ import annotations

from strates.report.content import ReportContent
from strates.report.section import Section
from strates.report.wording import duration, setting_text


def redo_section(content: ReportContent) -> Section | None:
    """Return the command, the settings, the versions and the data's fingerprint."""
    facts: dict[str, str] = {}
    if content.seconds is not None:
        facts["training time"] = duration(content.seconds)
    if content.data is not None:
        facts["fingerprint of the data"] = content.data.fingerprint
    if not (content.command or content.settings or content.versions or facts):
        return None
    return Section(
        "redo",
        "How to do it again",
        "redo.html.jinja",
        {
            "command": content.command,
            "settings": {name: setting_text(value) for name, value in content.settings.items()},
            "versions": content.versions,
            "facts": facts,
        },
    )
