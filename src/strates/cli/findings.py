"""What the doctor found, on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from strates.inspection import Finding
from strates.report.command_options import command_options

_STYLES = {"critical": "bold red", "warning": "yellow", "note": "dim"}
_TRY = {"en": "to try:", "fr": "à essayer\u00a0:"}
_COLON = {"en": ":", "fr": "\u00a0:"}


def in_short(findings: Iterable[Finding]) -> list[RenderableType]:
    """Lay out the findings that matter: what each means, and what to do.

    Parameters
    ----------
    findings : iterable of Finding

    Returns
    -------
    list of renderables
        Notes are left out, and remedies that were told already.
    """
    shown: list[RenderableType] = []
    told: set[str] = set()
    for one in findings:
        if one.severity == "note":
            continue
        shown.append(_sentence(one))
        if one.remedy not in told:
            shown.append(_remedy(one))
        told.add(one.remedy)
    return shown


def in_full(findings: Iterable[Finding]) -> list[RenderableType]:
    """Lay out all findings: what each means, what was measured, what would be normal, what to do.

    Parameters
    ----------
    findings : iterable of Finding

    Returns
    -------
    list of renderables
    """
    shown: list[RenderableType] = []
    for one in findings:
        facts = [(one.label("measured"), one.measured_text), (one.label("normal"), one.normal)]
        shown.append(_sentence(one))
        shown += [_indented(Text(f"{name}{_COLON[one.language]} {text}", style="dim")) for name, text in facts]
        shown += [_remedy(one), ""]
    return shown[:-1]


def _sentence(one: Finding) -> Text:
    about = one.code if one.layer is None else f"{one.code} ({one.label('layer')} {one.layer})"
    label = f"{one.label(one.severity)}{_COLON[one.language]}"
    return Text.assemble((label, _STYLES[one.severity]), f" {about}. {one.message}")


def _remedy(one: Finding) -> RenderableType:
    """Return the options that mend it, or Python where there are none."""
    if one.settings:
        return _indented(Text(f"{_TRY[one.language]} {command_options(one.settings)}", style="green"))
    # code that a narrow terminal broke could not be pasted
    return Text(textwrap.indent(one.remedy, "  "), style="green", no_wrap=True, overflow="ignore")


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2), expand=False)
