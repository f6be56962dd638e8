"""Attacked rows as a file: a table, or images as arrays."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from strates._atomic_write import atomic_write
from strates.attacks import TabularAttackResult
from strates.cli.attack_victim import AttackVictim


def save_attacked(result: Any, victim: AttackVictim, target: str, path: Path) -> None:
    """Write all rows that were looked at, as the attack left them.

    Parameters
    ----------
    result : AttackResult or TabularAttackResult
    victim : AttackVictim
    target : str
        The column of the classes.
    path : pathlib.Path
        A CSV of a table: its columns, or the network's inputs where those were attacked; the true class in the
        target's column; then "row", "predicted_before", "predicted" and "success". An NPZ of images: "original" and
        "adversarial" of shape (n_images, height, width, channels) from 0 to 255, "labels", "predicted_before",
        "predicted", "success" and "names".
    """
    told = {"predicted_before": result.predicted_before, "predicted": result.predicted, "success": result.success}
    if victim.noun == "image":
        held = io.BytesIO()
        named = {name: np.asarray(values) for name, values in told.items()}
        np.savez_compressed(
            held,
            original=result.original,
            adversarial=result.adversarial,
            names=np.array(victim.rows.names),
            labels=_plain(result.labels),
            **{name: _plain(values) for name, values in named.items()},
        )
        atomic_write(path, held.getvalue())
        return
    if isinstance(result, TabularAttackResult):
        frame = result.adversarial.reset_index(drop=True)
    else:
        frame = pd.DataFrame(result.adversarial, columns=list(victim.names))
    frame[target] = result.labels
    added = {"row": [name.removeprefix("row ") for name in victim.rows.names], **told}
    for name, values in added.items():
        if name not in frame:  # a column of the table's own goes before
            frame[name] = values
    atomic_write(path, frame.to_csv(index=False).encode())


def _plain(values: Any) -> Any:
    """Return labels as an array that is read without pickle."""
    array = np.asarray(values)
    return array.astype(str) if array.dtype == object else array
