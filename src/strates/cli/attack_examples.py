"""Attacked rows and images that a page shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from strates._types import AnyArray, FloatArray
from strates.attacks import AttackResult, TabularAttackResult, UniversalResult
from strates.attacks.tabular.change_text import class_text, row_sentence, value_text
from strates.cli.attack_victim import AttackVictim
from strates.cli.attacked_images import attacked_pictures, change_picture
from strates.cli.varied_rows import varied_rows
from strates.displays import AttackPathDisplay, TabularAttackDisplay
from strates.exceptions import StratesError
from strates.inspection import decision_boundary
from strates.inspection.attacked_picture import AttackedPicture
from strates.report.attack_page import AttackExample
from strates.report.robustness import TableRobustness
from strates.report.wording import percent

#: Changes of an example.
_CHANGES = 4
_ENTRIES = 8
_SIDE = 160


def attack_examples(result: Any, victim: AttackVictim, scale: float) -> dict[str, Any]:
    """Return the fields of :class:`strates.report.attack_page.AttackContent` that show examples.

    Parameters
    ----------
    result : AttackResult or TabularAttackResult
    victim : AttackVictim
    scale : float
        What distances are divided by.

    Returns
    -------
    dict
    """
    chosen = varied_rows(result)
    drawings = _paths(result, victim)
    if isinstance(result, TabularAttackResult):
        cells = [result.changes[result.changes["place"] == row] for row in chosen]
        summed = TableRobustness.from_result(result, max_changes=1)
        return {
            "sentences": tuple(row_sentence(one) for one in cells),
            "columns": tuple((one.column, one.n_rows, one.median_cost) for one in summed.columns),
            "drawings": (*drawings, *_costs(result)),
        }
    before, after = (
        victim.ask(rows[chosen]) if chosen else np.zeros((0, 0)) for rows in (result.original, result.adversarial)
    )
    shown: dict[str, Any] = {"drawings": drawings}
    if victim.noun == "image":
        names = [victim.rows.names[row] for row in chosen]
        shown["pictures"] = attacked_pictures(
            result, chosen, before, after, victim.classifier.classes_, names, scale=scale, most_side=_SIDE
        )
    else:
        shown["examples"] = tuple(_example(result, victim, row, before[k], after[k]) for k, row in enumerate(chosen))
    if isinstance(result, UniversalResult) and result.success.any():
        shown["universal"] = _universal(result, victim, scale)
    return shown


def _paths(result: Any, victim: AttackVictim) -> tuple[Any, ...]:
    """Return the ways over the line of a model of two columns of numbers."""
    table = victim.rows.X
    if np.ndim(table) != 2 or table.shape[1] != 2 or not result.success.any():
        return ()
    if victim.names and len(victim.names) != 2:  # one column is of categories, or has gaps
        return ()
    try:
        boundary = decision_boundary(victim.classifier, victim.X, victim.rows.y)
    except StratesError:  # a column of categories, or too many classes for a picture
        return ()
    if victim.names:
        first, second = (f"{name} (as the network takes it)" for name in boundary.axis_names)
        boundary = replace(boundary, axis_names=(first, second))
    path = AttackPathDisplay(boundary, result)
    return ((path, "From each row that changed class to where the attack moved it."),)


def _costs(result: TabularAttackResult) -> tuple[Any, ...]:
    if not result.success.any():
        return ()
    caption = "Some rows from the cheapest to the dearest: what each change costs, and the class after."
    return ((TabularAttackDisplay.from_result(result), caption),)


def _example(
    result: AttackResult, victim: AttackVictim, row: int, before: FloatArray, after: FloatArray
) -> AttackExample:
    delta = result.adversarial[row] - result.original[row]
    known = np.array([victim.columns is not None and place in victim.columns.inputs for place in range(len(delta))])
    shares = np.abs(delta) / max(float(np.abs(delta).max()), 1e-30)
    order = np.lexsort([-shares, ~known, -shares.round(1)])  # of about equal ones those first that the table has
    order = order[delta[order] != 0]
    changes = tuple(_change_text(result, victim, row, place) for place in order[:_CHANGES].tolist())
    was, now = (_said(one, victim.classifier.classes_) for one in (before, after))
    return AttackExample(victim.rows.names[row], was, now, changes, len(order) - len(changes))


def _change_text(result: AttackResult, victim: AttackVictim, row: int, place: int) -> str:
    """Say how an input changed: in its column's units, where it is a column of numbers."""
    name = victim.names[place]
    start, end = float(result.original[row, place]), float(result.adversarial[row, place])
    if victim.columns is not None and name in victim.rows.X:
        given, reached = victim.rows.X[name].iloc[row], victim.columns.value(place, end)
        if reached is not None and not pd.isna(given):
            return f"{name} {_signed(value_text(given))} → {_signed(value_text(float(f'{reached:.4g}')))}"
    return f"input {name} {_signed(f'{start:.3g}')} → {_signed(f'{end:.3g}')}"


def _signed(number: str) -> str:
    return number.replace("-", "\u2212")


def _said(probabilities: FloatArray, classes: Any) -> str:
    best = int(np.argmax(probabilities))
    return f"{class_text(np.asarray(classes)[best])}, {percent(float(probabilities[best]))}"


def _universal(result: UniversalResult, victim: AttackVictim, scale: float) -> AttackedPicture | AttackExample:
    if victim.noun == "image":
        return change_picture(result.perturbation, white=scale, most_side=_SIDE)
    delta: AnyArray = result.perturbation
    order = np.argsort(-np.abs(delta), kind="stable")
    order = order[delta[order] != 0]
    told = tuple(f"{victim.names[place]} {_signed(f'{delta[place]:+.3g}')}" for place in order[:_ENTRIES].tolist())
    return AttackExample("all", "", "", told, len(order) - len(told))
