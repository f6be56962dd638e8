"""Labelled images in the form of those that a model learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from strates.cli.image_options import is_folder
from strates.cli.model_card import ModelCard
from strates.cli.reading_progress import reading_images
from strates.cli.screen import Screen
from strates.datasets import ImageFolder, read_image_folder
from strates.exceptions import ImageError, ModelFileError


def read_model_images(
    model: Path, card: ModelCard, given: str, classes: list[Any], *, skip_bad: bool, screen: Screen
) -> ImageFolder:
    """Look at a folder of class folders whose images are to be brought to a model's form.

    Parameters
    ----------
    model : pathlib.Path
        A ``.strates`` file of images.
    card : ModelCard
    given : str
        The folder.
    classes : list
        The model's labels.
    skip_bad : bool
        Leave out files that cannot be read.
    screen : Screen

    Returns
    -------
    ImageFolder

    Raises
    ------
    ImageError
        It is no folder, or its files cannot be read.
    ModelFileError
        The model learned from a table.
    """
    if card.images is None:
        raise ModelFileError(f"{model.name} learned from a table, and {given} is to be a folder of images.")
    if not is_folder(given):
        raise ImageError(
            f"{given} is no folder. {model.name} learned from images: give a folder with a subfolder for each class. "
            "To predict images whose class is not known, use strates predict."
        )
    form = card.images.form
    with reading_images(screen, "Looking at the images") as progress:
        return read_image_folder(
            given,
            image_size=(form.height, form.width),
            color=form.color,
            crop_to_aspect_ratio=form.crop_to_aspect_ratio,
            skip_bad=skip_bad,
            classes=classes,
            progress=progress,
        )
