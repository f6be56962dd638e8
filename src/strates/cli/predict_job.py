"""The work of ``strates predict``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from strates.cli.fresh_rows import FreshRows, open_rows
from strates.cli.model_card import read_card
from strates.cli.outputs import check_output
from strates.cli.prediction_writer import open_writer
from strates.cli.screen import Screen
from strates.cli.sources import find_source
from strates.exceptions import DataError, ParameterError
from strates.inspection.outcome import class_names


def run_predict(
    model: Path,
    given: str,
    *,
    proba: bool,
    out: Path | None,
    keep: tuple[str, ...],
    encoding: str | None,
    missing: str | None,
    screen: Screen,
) -> None:
    """Predict every row, chunk by chunk.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : str
        SOURCE.
    proba : bool
        Add the probabilities.
    out : pathlib.Path or None
        None for standard output.
    keep : tuple of str
        Columns to copy.
    encoding, missing : str or None
        How to read the table; the marks for missing values are by default those of the fit.
    screen : Screen
    """
    card, _ = read_card(model)
    source = find_source(given, encoding=encoding, missing=card.missing if missing is None else missing)
    if out is not None:
        out = check_output(out, "--out", suffixes=(".csv", ".parquet"), inputs=(model, source.path))
    learned = {column.name for column in card.columns}
    # what is only copied stays as it is written: 007 is no number
    rows = open_rows(source, card, extra=keep, types={name: "text" for name in keep if name not in learned})
    ignored = [name for name in rows.ignored if name != card.target]
    if ignored:
        shown = ", ".join(map(repr, ignored[:8])) + (f" and {len(ignored) - 8} more" if len(ignored) > 8 else "")
        screen.note(f"{given} has columns that the model does not use, ignored: {shown}.")
    with screen.doing("Loading the model"):
        from strates.cli.own_code import load_model

        pipeline = load_model(model)
    columns = prediction_columns(pipeline.classes_, keep=keep, proba=proba)
    count = 0
    with open_writer(out, columns) as write, screen.doing("Predicting") if out is not None else screen.silent():
        for answers in predict_chunks(pipeline, rows, keep=keep, proba=proba):
            count += len(answers)
            write(answers)
        if not count:
            raise DataError(f"{given} has no rows to predict; expected at least one. Check the file.")
    for note in rows.check.notes():
        screen.note(note)
    if out is not None:
        screen.show(f"{count:,} predictions in {out}")


def only_table(sources: Sequence[str], *, skip_bad: bool) -> str:
    """Return the one SOURCE of a model of a table.

    Raises
    ------
    ParameterError
        There are several, or it is asked for what images alone have.
    """
    if len(sources) > 1:
        raise ParameterError(
            f"The model learned from a table, and predicts one table at a time; {len(sources)} sources came: "
            f"{', '.join(sources[:3])}{', ...' if len(sources) > 3 else ''}. Give one."
        )
    if skip_bad:
        raise ParameterError("--skip-bad is for images, and the model learned from a table. Leave it out.")
    return sources[0]


def prediction_columns(classes: Any, *, keep: Sequence[str], proba: bool) -> list[str]:
    """Return the names of the columns that are written."""
    names = [*keep, "prediction", *([f"p_{name}" for name in class_names(classes)] if proba else [])]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ParameterError(
            f"The answer would have the column {twice[0]!r} twice. Rename it in the table, or do not --keep it."
        )
    return names


def predict_chunks(pipeline: Any, rows: FreshRows, *, keep: Sequence[str], proba: bool) -> Iterator[pd.DataFrame]:
    """Yield the answers to a table's chunks.

    Parameters
    ----------
    pipeline : fitted pipeline
    rows : FreshRows
    keep : sequence of str
        Columns to copy.
    proba : bool

    Yields
    ------
    DataFrame
        Columns as :func:`prediction_columns` names them.
    """
    for X, chunk in rows:
        probabilities = pipeline.predict_proba(X)
        answers = chunk[list(keep)].reset_index(drop=True)
        answers["prediction"] = np.asarray(pipeline.classes_)[probabilities.argmax(axis=1)]
        if proba:
            names = prediction_columns(pipeline.classes_, keep=keep, proba=True)[len(keep) + 1 :]
            answers = pd.concat([answers, pd.DataFrame(probabilities, columns=names)], axis=1)
        yield answers
