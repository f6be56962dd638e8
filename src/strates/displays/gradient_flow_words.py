"""Gradient flow in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from strates._types import FloatArray

_NAMES = {
    "activation_norm": "activations (root mean square)",
    "delta_norm": "deltas of a row (root mean square)",
    "gradient_norm": "gradients of the weights (norm)",
    "update_ratio": "update over weights",
    "dead": "dead units",
    "saturated": "saturated outputs",
}
_SHARES = {"dead", "saturated"}


def describe_end(table: pd.DataFrame) -> str:
    """Say what passes each layer of a network that stands still.

    Parameters
    ----------
    table : DataFrame
        A row a layer.

    Returns
    -------
    str
    """
    names = {**_NAMES, "update_ratio": "a step of plain gradient descent over the weights"}
    layers = table["layer"].tolist()
    where = f"From {layers[0]} to {layers[-1]}" if len(layers) > 1 else f"In {layers[0]}"
    parts = [f"{name} {_series(column, table[column].to_numpy(float))}" for column, name in names.items()]
    said = [part for part, column in zip(parts, names, strict=True) if table[column].notna().any()]
    return f"{where}: {'; '.join(said)}."


def describe_training(table: pd.DataFrame) -> str:
    """Say how the layers' numbers changed between the first frame and the last.

    Parameters
    ----------
    table : DataFrame
        A row a frame and layer.

    Returns
    -------
    str
    """
    steps = np.unique(table["step"])
    sentences = [f"{len(steps)} frames, from step {steps[0]} to {steps[-1]}."]
    layers = table["layer"].drop_duplicates().tolist()
    for layer in layers if len(layers) <= 8 else [*layers[:3], layers[len(layers) // 2], *layers[-3:]]:
        rows, changes = table[table["layer"] == layer], []
        for column, name in _NAMES.items():
            values = rows[column].dropna().to_numpy(float)
            if len(values):
                changes.append(f"{name} {_number(column, values[0])} to {_number(column, values[-1])}")
        sentences.append(f"{layer}: {'; '.join(changes)}.")
    return " ".join(sentences)


def _series(column: str, values: FloatArray) -> str:
    shown = [_number(column, value) for value in values]
    if len(shown) > 12:
        shown = [*shown[:6], "...", *shown[-5:]]
    return ", ".join(shown)


def _number(column: str, value: float) -> str:
    if not np.isfinite(value):
        return "none"
    return f"{100 * value:.3g} %" if column in _SHARES else f"{value:.3g}"
