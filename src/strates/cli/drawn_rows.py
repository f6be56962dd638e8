"""A few labelled rows, drawn from a table of any size or from a folder of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from strates._random import stream
from strates.cli.evaluate_job import as_labels
from strates.cli.fresh_rows import open_rows
from strates.cli.image_parts import relative_names
from strates.cli.model_card import ModelCard
from strates.cli.sources import Source
from strates.datasets import ImageFolder
from strates.exceptions import TargetError, did_you_mean


@dataclass(frozen=True, eq=False)
class DrawnRows:
    """Rows whose class is known.

    Attributes
    ----------
    X : DataFrame of shape (n_rows, n_features), or ndarray of images
    y : ndarray of shape (n_rows,)
    numbers : list of int
        The rows' numbers in the table, or among the folder's files, from 0.
    n_labelled : int
        Rows that they were drawn from.
    notes : list of str
        What is to be said of the table.
    """

    X: Any
    y: Any
    numbers: list[int]
    n_labelled: int
    notes: list[str]


def draw_rows(source: Source, card: ModelCard, classes: list[Any], n_rows: int, seed: int) -> DrawnRows:
    """Draw rows uniformly, without replacement, in one pass that holds few of them.

    Parameters
    ----------
    source : Source
    card : ModelCard
    classes : list
        The model's labels.
    n_rows : int
        How many; all where the table has fewer.
    seed : int

    Returns
    -------
    DrawnRows
        In the table's order.

    Raises
    ------
    DataError
        A column is missing or of another type.
    TargetError
        There is no column of labels, none in it, or one among those drawn that the model never learned.
    """
    present = source.columns()
    if card.target not in present:
        raise TargetError(
            f"{source.given} has no column {card.target!r}, and without classes there is no loss to differentiate. "
            f"{did_you_mean(card.target, present)} Give a table with the labels."
        )
    # read as text where the model's labels are text, even if all here look like numbers
    types = {card.target: "text"} if all(isinstance(label, str) for label in classes) else {}
    rows = open_rows(source, card, extra=(card.target,), types=types)
    generator = stream(seed, "rows to check")
    drawn: list[pd.DataFrame] = []
    lowest, n_labelled = np.empty(0), 0
    # every row draws a key; those with the lowest keys are a uniform sample, however the table is cut into chunks
    for _, chunk in rows:
        keys = generator.random(len(chunk))
        known = chunk[card.target].notna().to_numpy()
        n_labelled += int(known.sum())
        keys, labelled = keys[known], chunk[known]
        near = np.argsort(keys)[:n_rows]
        drawn.append(labelled.iloc[near])
        lowest = np.concatenate([lowest, keys[near]])
        if len(lowest) > 2 * n_rows:
            kept = np.argsort(lowest)[:n_rows]
            drawn, lowest = [pd.concat(drawn).iloc[kept]], lowest[kept]
    if not n_labelled:
        raise TargetError(f"No row of {source.given} has a label in {card.target!r}; expected some to compute a loss.")
    frame = pd.concat(drawn).iloc[np.argsort(lowest)[:n_rows]].sort_index()
    y = as_labels(frame[card.target], classes, card.target, source.given)
    numbers = [int(number) for number in frame.index]
    return DrawnRows(frame[rows.names], y, numbers, n_labelled, rows.check.notes())


def draw_images(images: ImageFolder, n_images: int, seed: int) -> DrawnRows:
    """Draw images uniformly, without replacement, and decode them.

    Parameters
    ----------
    images : ImageFolder
    n_images : int
        How many; all where there are fewer.
    seed : int

    Returns
    -------
    DrawnRows
        In the folder's order; the notes name the files.
    """
    order = stream(seed, "rows to check").permutation(len(images))
    drawn = images.take(np.sort(order[:n_images]))
    X, y = drawn.load()
    named = [
        f"image {row} is {name}" for row, name in zip(np.sort(order[:n_images]), relative_names(drawn), strict=True)
    ]
    return DrawnRows(X, y, np.sort(order[:n_images]).tolist(), len(images), [*images.notes, f"{'; '.join(named)}."])
