"""What ``strates attack`` attacks: rows of a table or images, those held out where that can be told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from strates._random import stream
from strates.cli.evaluate_job import read_labelled
from strates.cli.film_plan import read_request
from strates.cli.fit_rows import rows_of_the_fit
from strates.cli.image_options import is_folder
from strates.cli.image_parts import relative_names, split_images
from strates.cli.model_card import ModelCard
from strates.cli.reading_progress import reading_images
from strates.cli.screen import Screen
from strates.cli.sources import Source, is_streamed
from strates.datasets import ImageFolder, read_image_folder
from strates.exceptions import ImageError, ParameterError, TargetError, did_you_mean


@dataclass(frozen=True, eq=False)
class AttackedRows:
    """Rows of known class.

    Attributes
    ----------
    X : DataFrame of shape (n_rows, n_columns), or ndarray of shape (n_images, height, width, channels)
    y : ndarray of shape (n_rows,)
    names : tuple of str
        What each is called: its number in the table, counted from 0, or its file.
    n_all : int
        What they were drawn from: so many rows,
    drawn_from : str
        in words.
    reference : DataFrame or None
        Rows of the same table that say what its columns hold.
    """

    X: Any
    y: Any
    names: tuple[str, ...]
    n_all: int
    drawn_from: str
    reference: Any = None

    def take(self, rows: Any) -> AttackedRows:
        """Return some of them."""
        X = self.X.iloc[rows] if hasattr(self.X, "iloc") else self.X[rows]
        return replace(self, X=X, y=self.y[rows], names=tuple(self.names[row] for row in rows.tolist()))

    def not_of(self, target: Any) -> AttackedRows:
        """Return those that are not of a class already.

        Raises
        ------
        ParameterError
            All are.
        """
        kept = np.flatnonzero(self.y != target)
        if not len(kept):
            raise ParameterError(
                f"--target {target}: the {len(self.y):,} rows drawn are of that class already. Give another class, or "
                "more --rows."
            )
        return self.take(kept)


def attacked_table(
    source: Source, card: ModelCard, classes: list[Any], n_rows: int, seed: int, screen: Screen
) -> AttackedRows:
    """Draw rows of a table: of the table of the fit, from those that were held out.

    Parameters
    ----------
    source : Source
    card : ModelCard
    classes : list
        The model's labels.
    n_rows : int
        At most.
    seed : int
        Of the draw.
    screen : Screen

    Returns
    -------
    AttackedRows

    Raises
    ------
    TargetError
        There is no column of labels.
    DataError
        A column is missing or of another type.
    """
    present = source.columns()
    if card.target not in present:
        raise TargetError(
            f"{source.given} has no column {card.target!r}, and rows of known class are attacked: those that the model "
            f"has wrong are counted apart. {did_you_mean(card.target, present)}"
        )
    split = rows_of_the_fit(source, card)
    if split is None:
        X, y, notes = read_labelled(source, card, classes, seed, screen)
        streamed = is_streamed(source, None)
        reference, drawn_from = X, f"{len(y):,} rows of {Path(source.given).name}"
    else:
        streamed = is_streamed(source, read_request(card.command).stream)
        X, y, notes = split.X_test, np.asarray(split.y_test), split.notes
        reference = pd.concat([split.X, X])
        drawn_from = f"{len(y):,} rows of {Path(source.given).name} that were held out at the fit"
    for note in notes:
        screen.note(note)
    places = _drawn(len(X), n_rows, seed)
    chosen = X.iloc[places]
    if streamed:  # samples of a stream do not know where they stood in the table
        chosen = chosen.reset_index(drop=True)
        screen.note("The table is streamed: rows bear their numbers among those drawn, not those in the table.")
    return AttackedRows(
        chosen, y[places], tuple(f"row {label}" for label in chosen.index), len(X), drawn_from, reference
    )


def attacked_images(
    given: str, card: ModelCard, classes: list[Any], n_rows: int, seed: int, *, skip_bad: bool, screen: Screen
) -> AttackedRows:
    """Draw images of a folder: of that of the fit, and of a divided one, from the part to test on.

    Parameters
    ----------
    given : str
        The folder.
    card : ModelCard
    classes : list
        The model's labels.
    n_rows : int
        At most.
    seed : int
    skip_bad : bool
        Leave out files that cannot be read.
    screen : Screen

    Returns
    -------
    AttackedRows

    Raises
    ------
    ImageError
        It is no folder of images.
    """
    if card.images is None or not is_folder(given):
        raise ImageError(
            f"{given} is no folder, and the model learned from images. Give a folder with a subfolder for each class."
        )
    form = card.images.form
    with reading_images(screen, "Looking at the images") as progress:
        images = read_image_folder(
            given, image_size=(form.height, form.width), color=form.color,
            crop_to_aspect_ratio=form.crop_to_aspect_ratio, skip_bad=skip_bad, classes=classes, progress=progress,
        )  # fmt: skip
    for note in images.notes:
        screen.note(note)
    images, held_out = _held_out(images, card)
    drawn_from = f"{len(images):,} images of {Path(given).name}{held_out}"
    n_all = len(images)
    images = images.take(_drawn(len(images), n_rows, seed))
    with reading_images(screen, "Decoding the images") as progress:
        X, y = images.load(progress=progress)
    return AttackedRows(X, y, relative_names(images), n_all, drawn_from)


def _held_out(images: ImageFolder, card: ModelCard) -> tuple[ImageFolder, str]:
    parts = set(images.parts.tolist())
    if images.fingerprint() == card.fingerprint:
        request = read_request(card.command)
        return split_images(images, request.test_size, request.seed).test, " that were held out at the fit"
    for part in ("test", "validation"):
        if part in parts:
            return images.part(part), f", its {part} part"
    return images, ""


def _drawn(n: int, wanted: int, seed: int) -> Any:
    if n <= wanted:
        return np.arange(n)
    return np.sort(stream(seed, "rows to attack").choice(n, wanted, replace=False))
