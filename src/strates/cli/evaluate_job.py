"""The work of ``strates evaluate``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.text import Text

from strates.cli.fresh_rows import open_rows
from strates.cli.metric_table import as_bounds, metric_table
from strates.cli.model_card import ModelCard, read_card
from strates.cli.screen import Screen
from strates.cli.sources import Source, find_source, is_streamed
from strates.cli.table_parts import SAMPLE_ROWS
from strates.exceptions import TargetError, did_you_mean
from strates.inspection import Evaluation, decisions_only, evaluate


def run_evaluate(
    model: Path, given: str, *, seed: int, encoding: str | None, missing: str | None, screen: Screen
) -> None:
    """Measure a model on labelled rows, and show it.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file.
    given : str
        SOURCE.
    seed : int
        Of the bootstrap.
    encoding, missing : str or None
        How to read the table.
    screen : Screen
    """
    card, about = read_card(model)
    source = find_source(given, encoding=encoding, missing=card.missing if missing is None else missing)
    with screen.doing(f"Reading {given}"):
        X, y, notes = read_labelled(source, card, about["classes"], seed, screen)
    with screen.doing("Loading the model"):
        from strates.cli.own_code import load_model

        pipeline = load_model(model)
    with screen.doing(f"Testing on {len(y):,} rows"):
        evaluation = evaluate(pipeline, X, y, seed=seed, importance=False)
    if card.model == "perceptron":
        evaluation = decisions_only(evaluation)
    for note in (*notes, *evaluation.notes):
        screen.note(note)
    show_evaluation(evaluation, card, model, given, screen)


def show_evaluation(evaluation: Evaluation, card: ModelCard, model: Path, given: str, screen: Screen) -> None:
    """Print the metrics beside those of the fit.

    Parameters
    ----------
    evaluation : Evaluation
    card : ModelCard
        Of the model.
    model : pathlib.Path
    given : str
        SOURCE.
    screen : Screen
    """
    noun = "rows" if card.images is None else "images"
    screen.show(
        "",
        Text(f"{card.target}: {evaluation.n_rows:,} {noun} of {given}", style="bold"),
        metric_table(evaluation.metrics, "network", {"at the fit": card.metrics}),
    )
    screen.show_json(
        {
            "metrics": as_bounds(evaluation.metrics),
            "at_fit": card.metrics,
            "rows": evaluation.n_rows,
            "wrong": evaluation.n_wrong,
            "target": card.target,
            "classes": list(evaluation.classes),
            "confusion": [list(row) for row in evaluation.confusion],
            "model": str(model),
            "source": given,
            "notes": screen.notes,
        }
    )


def read_labelled(
    source: Source, card: ModelCard, classes: list[Any], seed: int, screen: Screen
) -> tuple[Any, Any, list[str]]:
    """Return features, labels and what is to be said of them.

    Parameters
    ----------
    source : Source
    card : ModelCard
    classes : list
        The model's labels.
    seed : int
        Of the sample that is taken of a table too large for memory.
    screen : Screen

    Returns
    -------
    X : DataFrame of shape (n_rows, n_features)
    y : ndarray of shape (n_rows,)
    notes : list of str

    Raises
    ------
    TargetError
        No such column, no label, or a label that the model never learned.
    """
    present = source.columns()
    if card.target not in present:
        raise TargetError(
            f"{source.given} has no column {card.target!r}, whose values are to be compared with the predictions. "
            f"{did_you_mean(card.target, present)} To predict rows without labels, use strates predict."
        )
    # read as text where the model's labels are text, even if all here look like numbers
    types = {card.target: "text"} if all(isinstance(label, str) for label in classes) else {}
    rows = open_rows(source, card, extra=(card.target,), types=types)
    if is_streamed(source, None):
        rows = replace(rows, chunks=[rows.chunks.sample(SAMPLE_ROWS, seed=seed)])
        screen.note(f"The table is large: the metrics are those of a sample of {SAMPLE_ROWS:,} rows.")
    parts = list(rows)
    X = pd.concat([part for part, _ in parts], ignore_index=True)
    labels = pd.concat([chunk[card.target] for _, chunk in parts], ignore_index=True)
    known = labels.notna().to_numpy()
    if not known.all():
        screen.note(f"{int((~known).sum())} of {len(known)} rows have no label in {card.target!r} and are left out.")
    if not known.any():
        raise TargetError(f"No row of {source.given} has a label in {card.target!r}; expected some to compare with.")
    return X[known], as_labels(labels[known], classes, card.target, source.given), rows.check.notes()


def as_labels(labels: pd.Series[Any], classes: list[Any], target: str, where: str) -> Any:
    """Return labels of the type that the model has them in.

    Parameters
    ----------
    labels : Series of shape (n_rows,)
    classes : list
        The model's.
    target, where : str
        For the message.

    Returns
    -------
    ndarray of shape (n_rows,)

    Raises
    ------
    TargetError
        Labels that are none of the classes.

    Examples
    --------
    >>> as_labels(pd.Series([2.0, 1.0]), [1, 2], "stars", "new.csv").tolist()
    [2, 1]
    """
    meant = {str(label): label for label in classes}
    texts = labels.map(lambda label: str(int(label)) if isinstance(label, float) and label.is_integer() else str(label))
    unknown = texts[~texts.isin(list(meant))]
    if len(unknown):
        counts = unknown.value_counts()
        shown = ", ".join(f"{label!r} ({count})" for label, count in counts.head(5).items())
        more = f" and {len(counts) - 5} more" if len(counts) > 5 else ""
        raise TargetError(
            f"The column {target!r} of {where} holds labels that the model never learned: {shown}{more}. It knows "
            f"{', '.join(map(repr, list(meant)[:12]))}{', ...' if len(meant) > 12 else ''}. Correct or remove those "
            "rows, or train again on data that has them."
        )
    return np.asarray([meant[text] for text in texts])
