"""The work of ``strates explain``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from strates._atomic_write import atomic_write
from strates.backprop import ledger
from strates.cli.explained_row import ExplainedRow, read_row
from strates.cli.ledger_file import STDOUT, LedgerFormat, choose_format, default_name, write_out
from strates.cli.ledger_summary import ledger_as_json, show_ledger
from strates.cli.model_card import read_card
from strates.cli.outputs import check_output
from strates.cli.screen import Screen
from strates.cli.sources import find_source
from strates.exceptions import ParameterError


def run_explain(
    model: Path,
    given: str,
    *,
    row: int,
    label: str | None,
    out: Path | None,
    form: LedgerFormat | None,
    penalty: bool,
    encoding: str | None,
    missing: str | None,
    screen: Screen,
) -> None:
    """Write the ledger of a row, and show the gist of it.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : str
        SOURCE.
    row : int
        From 0.
    label : str or None
        The class to explain the row by; None for its own.
    out : pathlib.Path or None
        What to write; None for a file beside the model.
    form : LedgerFormat or None
    penalty : bool
        Whether the objective has the penalty.
    encoding, missing : str or None
        How to read the table.
    screen : Screen
    """
    if row < 0:
        raise ParameterError(f"--row {row}: rows are counted from 0, which is the first. Give a number of 0 or more.")
    card, about = read_card(model)
    source = find_source(given, encoding=encoding, missing=card.missing if missing is None else missing)
    form = choose_format(out, form)
    if out == STDOUT and screen.as_json:
        raise ParameterError("--json and --out - both want standard output. Drop one, or give --out a file.")
    path = None
    if out != STDOUT:
        wanted = out or default_name(model, row, label, form)
        path = check_output(wanted, "--out", suffixes=form.suffixes, inputs=(model, source.path))
    with screen.doing(f"Reading {given}"):
        found = read_row(source, card, about["classes"], row, label)
    with screen.doing("Loading the model"):
        from strates.cli.own_code import load_model

        pipeline = load_model(model)
    with screen.doing("Writing the ledger"):
        book = ledger(pipeline, found.X, found.label, penalty=penalty)
        book = replace(book, title=_title(found, row, Path(given).name, card.target))
        text = write_out(book, form)
        if path is not None:
            atomic_write(path, text.encode("utf-8", "replace"))
    for note in found.notes:
        screen.note(note)
    if path is None:
        sys.stdout.write(text)
        return
    show_ledger(book, found, path, screen)
    answer = {"row": row, **ledger_as_json(book, found), "path": str(path), "format": form.value}
    screen.show_json(answer | {"model": str(model), "source": given, "notes": screen.notes})


def _title(found: ExplainedRow, row: int, given: str, target: str) -> str:
    if not found.is_supposed:
        return f"Row {row} of {given}, {target} {found.label}"
    known = "" if found.own is None else f", {target} {found.own},"
    return f"Row {row} of {given}{known} as if it were {found.label}"
