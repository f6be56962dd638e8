"""What the doctor found, on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import replace

from rich.padding import Padding
from rich.text import Text

from strates.cli.screen import Screen
from strates.inspection import Finding
from strates.report.command_options import command_options
from strates.report.wording import with_noun

_STYLES = {"critical": "bold red", "warning": "yellow", "note": "dim"}
_TRY = {"en": "to try:", "fr": "à essayer\u00a0:"}
_COLON = {"en": ":", "fr": "\u00a0:"}


def of_images(finding: Finding) -> Finding:
    """Say of images what is said of rows.

    Parameters
    ----------
    finding : Finding
        In English.
    """
    return replace(finding, message=with_noun(finding.message, "image"), normal=with_noun(finding.normal, "image"))


def show_in_short(findings: Iterable[Finding], screen: Screen) -> None:
    """Print the findings that matter: what each means, and what to do.

    Parameters
    ----------
    findings : iterable of Finding
        Notes among them are left out, and remedies that were told already.
    screen : Screen
    """
    told: set[str] = set()
    for one in findings:
        if one.severity == "note":
            continue
        if not told:
            screen.show("")
        screen.show(_sentence(one))
        if one.remedy not in told:
            _show_remedy(one, screen)
        told.add(one.remedy)


def show_in_full(findings: Iterable[Finding], screen: Screen) -> None:
    """Print all findings: what each means, what was measured, what would be normal, what to do.

    Parameters
    ----------
    findings : iterable of Finding
    screen : Screen
    """
    for one in findings:
        facts = [(one.label("measured"), one.measured_text), (one.label("normal"), one.normal)]
        screen.show("", _sentence(one))
        screen.show(*(_indented(Text(f"{name}{_COLON[one.language]} {text}", style="dim")) for name, text in facts))
        _show_remedy(one, screen)


def _sentence(one: Finding) -> Text:
    about = one.code if one.layer is None else f"{one.code} ({one.label('layer')} {one.layer})"
    label = f"{one.label(one.severity)}{_COLON[one.language]}"
    return Text.assemble((label, _STYLES[one.severity]), f" {about}. {one.message}")


def _show_remedy(one: Finding, screen: Screen) -> None:
    """Print the options that mend it, or Python where there are none."""
    if one.settings:
        screen.show(_indented(Text(f"{_TRY[one.language]} {command_options(one.settings)}", style="green")))
    else:
        screen.show(Text(textwrap.indent(one.remedy, "  "), style="green"), whole_lines=True)


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2), expand=False)
