"""The page about an attack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from strates.displays.display import Display
from strates.displays.robustness_curve import RobustnessCurveDisplay
from strates.inspection.attacked_picture import AttackedPicture
from strates.report.attack_summary import AttackSummary, Share
from strates.report.page import render_page
from strates.report.section import Section, page_figure
from strates.report.wording import THIN, count, percent, with_noun

_MEANINGS = {
    "linf": "the largest change of a number",
    "l2": "the root of the sum of squared changes",
    "l1": "the sum of absolute changes",
    "l0": "how many numbers changed",
    "cost": "interquartile ranges of numbers, and 1 for another category, added up",
    "columns": "how many columns changed",
}


@dataclass(frozen=True)
class AttackExample:
    """A row of numbers before and after an attack, in words.

    Attributes
    ----------
    row : str
        What it is called.
    before, after : str
        What the model says of it, with the probability.
    changes : tuple of str
        The largest changes.
    n_more : int
        How many more numbers changed.
    """

    row: str
    before: str
    after: str
    changes: tuple[str, ...]
    n_more: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class AttackContent:
    """All that the page shows. What is absent is left out.

    Attributes
    ----------
    title : str
        Heading.
    summary : AttackSummary
    facts : tuple of str
        Which rows, which attack, and what its words mean.
    units : str
        What distances are measured in.
    curve : DataFrame or None
        What :func:`strates.attacks.robustness_curve` or :func:`strates.attacks.distance_curve` returned.
    curve_of : {"epsilon", "distance", "cost"}
        What its distances are.
    chance : float or None
        Accuracy of always giving the commonest class.
    sentences : tuple of str
        Changes of a table's rows in words.
    examples : tuple of AttackExample
        Rows of numbers.
    pictures : tuple of AttackedPicture
        Images.
    drawings : tuple of (Display, str)
        Further figures of the examples, each with its caption.
    columns : tuple of (str, int, float)
        Columns that take part in changes, the number of rows, and the median cost of their part.
    universal : AttackedPicture, AttackExample or None
        The one perturbation of all rows: of images a picture, of tables its largest entries.
    notes : tuple of str
        What a reader should keep in mind.
    command : str
        What to type to do it again.
    settings, versions : dict
        Of the attack, and of the programs.
    """

    title: str
    summary: AttackSummary
    facts: tuple[str, ...] = ()
    units: str = ""
    curve: pd.DataFrame | None = None
    curve_of: str = "epsilon"
    chance: float | None = None
    sentences: tuple[str, ...] = ()
    examples: tuple[AttackExample, ...] = ()
    pictures: tuple[AttackedPicture, ...] = ()
    drawings: tuple[tuple[Display, str], ...] = ()
    columns: tuple[tuple[str, int, float], ...] = ()
    universal: AttackedPicture | AttackExample | None = None
    notes: tuple[str, ...] = ()
    command: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


def render_attack_page(content: AttackContent) -> str:
    """Return the page: HTML with its style and its figures inside.

    Parameters
    ----------
    content : AttackContent

    Returns
    -------
    str
    """
    built = (_summary(content), _universal(content), _examples(content), _distances(content), _redo(content))
    sections = [one for one in built if one is not None]
    return render_page(sections, title=content.title, kind="Attack on a trained network")


def _summary(content: AttackContent) -> Section:
    summary = content.summary
    noun = summary.noun
    reached = "Brought to another class" if summary.target is None else f"Brought to {summary.target}"
    counts = [
        (f"{noun.capitalize()}s looked at", f"{summary.n_rows:,}", ""),
        ("Wrong without an attack, counted apart", f"{summary.n_wrong:,}", ""),
        ("Right, and attacked", f"{summary.n_attacked:,}", ""),
        (reached, f"{summary.n_changed:,}", ""),
        ("Accuracy without an attack", *_share(summary.accuracy)),
        ("Accuracy under attack", *_share(summary.accuracy_under_attack)),
    ]
    values: dict[str, Any] = {
        "headline": summary.headline(),
        "facts": [summary.counted_apart(), *content.facts],
        "counts": counts,
        "notes": content.notes,
        "figure": None,
    }
    if content.curve is not None:
        display = RobustnessCurveDisplay(
            content.curve, chance=content.chance, units=content.units, distance=content.curve_of
        )
        values["figure"] = page_figure(display, _curve_caption(content))
    return Section("summary", "In short", "attack_summary.html.jinja", values)


def _curve_caption(content: AttackContent) -> str:
    said = f"Share of {content.summary.noun}s still predicted right, with 95{THIN}% intervals."
    if content.curve_of == "epsilon":
        return with_noun(
            f"{said} Each point is an attack of its own on the rows that are left; one that is fooled at a smaller "
            "epsilon counts as fooled at larger ones. Another attack may fool more.",
            content.summary.noun,
        )
    return f"{said} Each is fooled from the {content.curve_of} on that was found for it; there may be a smaller one."


def _share(share: Share) -> tuple[str, str]:
    return percent(share.value), f"{percent(share.low)} to {percent(share.high)}"


def _universal(content: AttackContent) -> Section | None:
    one = content.universal
    if one is None:
        return None
    is_picture = isinstance(one, AttackedPicture)
    return Section(
        "perturbation",
        "The one perturbation",
        "attack_universal.html.jinja",
        {
            "picture": one if is_picture else None,
            "factor": _factor(one.factor) if isinstance(one, AttackedPicture) else "",
            "changes": one.changes if isinstance(one, AttackExample) else (),
            "n_more": one.n_more if isinstance(one, AttackExample) else 0,
            "noun": content.summary.noun,
        },
    )


def _examples(content: AttackContent) -> Section | None:
    if not (content.sentences or content.examples or content.pictures or content.drawings):
        return None
    return Section(
        "examples",
        "Examples",
        "attack_examples.html.jinja",
        {
            "sentences": [_capital(one.replace(" -> ", " → ")) for one in content.sentences],
            "examples": content.examples,
            "cards": attacked_cards(content.pictures),
            "figures": [page_figure(one, caption, scrolls=True) for one, caption in content.drawings],
            "columns": [(name, f"{n:,}", f"{cost:.2f}") for name, n, cost in content.columns],
        },
    )


def attacked_cards(pictures: tuple[AttackedPicture, ...]) -> list[tuple[AttackedPicture, dict[str, str]]]:
    """Return each picture with its numbers in words, for the template."""
    return [
        (
            one,
            {
                "before": percent(one.before_probability),
                "after": percent(one.after_probability),
                "factor": _factor(one.factor),
            },
        )
        for one in pictures
    ]


def _distances(content: AttackContent) -> Section | None:
    summary = content.summary
    if not summary.distances:
        return None
    rows = [
        {
            "name": one.name,
            "meaning": _MEANINGS[one.name],
            "cells": [distance_text(value) for value in (one.least, one.median, one.most)],
        }
        for one in summary.distances
    ]
    facts = [f"Of the {count(summary.n_changed, summary.noun)} that changed class, from where {_they(summary)} came."]
    if content.units:
        facts.append(f"Distances are in {content.units}.")
    asked = f"The network was asked about a row {summary.queries:,.0f} times in the median."
    facts.append(with_noun(asked, summary.noun))
    return Section(
        "distances", "How far they were moved", "attack_distances.html.jinja", {"facts": facts, "rows": rows}
    )


def distance_text(value: float) -> str:
    """Return a distance with three digits, or whole where it is a large count.

    Examples
    --------
    >>> distance_text(0.04567), distance_text(49152.0)
    ('0.0457', '49,152')
    """
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _redo(content: AttackContent) -> Section | None:
    if not (content.command or content.settings or content.versions):
        return None
    return Section(
        "redo",
        "How to do it again",
        "redo.html.jinja",
        {"command": content.command, "settings": content.settings, "versions": content.versions, "facts": {}},
    )


def _they(summary: AttackSummary) -> str:
    return "it" if summary.n_changed == 1 else "they"


def _capital(sentence: str) -> str:
    return f"{sentence[0].upper()}{sentence[1:]}."


def _factor(factor: float) -> str:
    return f"{factor:.2g}" if factor < 100 else f"{round(factor, -1):,.0f}"
