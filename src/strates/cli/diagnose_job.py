"""The work of ``strates diagnose``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.text import Text

from strates.cli.evaluate_job import read_labelled
from strates.cli.findings import show_in_full
from strates.cli.fit_rows import FitRows, rows_of_the_fit
from strates.cli.model_card import ModelCard, read_card
from strates.cli.screen import Screen
from strates.cli.sources import Source, find_source
from strates.inspection import Finding, diagnose
from strates.inspection.doctor.words import number

_HEADINGS = {
    "en": ("diagnosis of {model}: {train} rows that it learned from", ", {test} held out"),
    "fr": ("diagnostic de {model}\u00a0: {train} lignes d\u2019apprentissage", ", {test} mises de côté"),
}
_IMAGE_HEADINGS = {
    "en": ("diagnosis of {model}: {train} images that it learned from", ", {test} held out"),
    "fr": ("diagnostic de {model}\u00a0: {train} images d\u2019apprentissage", ", {test} mises de côté"),
}
_HEALTHY = {"en": "Nothing stood out.", "fr": "Rien à signaler."}


def run_diagnose(
    model: Path, given: str, *, language: str, encoding: str | None, missing: str | None, screen: Screen
) -> None:
    """Look a model over on a table, and show what was found.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : str
        SOURCE.
    language : {"en", "fr"}
    encoding, missing : str or None
        How to read the table.
    screen : Screen
    """
    card, about = read_card(model)
    source = find_source(given, encoding=encoding, missing=card.missing if missing is None else missing)
    with screen.doing(f"Reading {given}"):
        rows = rows_of_the_fit(source, card) or _all_rows(source, card, about["classes"], screen)
    with screen.doing("Loading the model"):
        from strates.cli.own_code import load_model

        pipeline = load_model(model)
    with screen.doing("Looking it over"):
        found = diagnose(pipeline, rows.X, rows.y, X_test=rows.X_test, y_test=rows.y_test, language=language)
    show_diagnosis(found, rows, model, given, language, screen)


def show_diagnosis(
    found: list[Finding], rows: FitRows, model: Path, given: str, language: str, screen: Screen, *, images: bool = False
) -> None:
    """Show what was found, and what it was found in.

    Parameters
    ----------
    found : list of Finding
    rows : FitRows
    model : pathlib.Path
    given : str
        SOURCE.
    language : {"en", "fr"}
    screen : Screen
    images : bool, default=False
        Whether the rows are images.
    """
    for note in rows.notes:
        screen.note(note)
    heading, held_out = (_IMAGE_HEADINGS if images else _HEADINGS)[language]
    n_test = None if rows.y_test is None else len(rows.y_test)
    title = heading.format(model=model.name, train=number(len(rows.y), language))
    title += "" if n_test is None else held_out.format(test=number(n_test, language))
    screen.show("", Text(title, style="bold"))
    if not found:
        screen.show("", _HEALTHY[language])
    show_in_full(found, screen)
    screen.show_json(
        {
            "findings": [one.to_dict() for one in found],
            "rows": {"train": len(rows.y), "test": n_test},
            "same_table": rows.same_table,
            "language": language,
            "model": str(model),
            "source": given,
            "notes": screen.notes,
        }
    )


def _all_rows(source: Source, card: ModelCard, classes: list[Any], screen: Screen) -> FitRows:
    X, y, notes = read_labelled(source, card, classes, 0, screen)
    other = (
        f"{source.given} is not the table that the model learned from: all of its rows are taken for rows that it "
        "learned from, and nothing can be said of over-fitting."
    )
    return FitRows(X, y, None, None, False, [other, *notes])
