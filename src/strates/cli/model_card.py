"""What ``strates fit`` writes into a model file beside the model, for the commands that read it."""

from __future__ import annotations

import difflib
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strates.cli.columns import LearnedColumn
from strates.datasets.image_file import Color, ImageForm
from strates.exceptions import DataError, ModelFileError
from strates.inspection import Record


@dataclass(frozen=True)
class LearnedImages(Record):
    """The form of the images that a model learned from.

    Attributes
    ----------
    height, width : int
        In pixels.
    color : {"grey", "rgb"}
    crop_to_aspect_ratio : bool
        Whether their proportions were kept.
    """

    height: int
    width: int
    color: Color
    crop_to_aspect_ratio: bool = False

    @property
    def form(self) -> ImageForm:
        """What images are to be brought to."""
        return ImageForm(self.height, self.width, self.color, self.crop_to_aspect_ratio)

    def __str__(self) -> str:
        return f"images of {self.height} x {self.width} pixels (height x width), {_COLORS[self.color]}"


_COLORS = {"grey": "grey", "rgb": "in colour"}


@dataclass(frozen=True, kw_only=True)
class ModelCard(Record):
    """The story of a model.

    Attributes
    ----------
    target : str
        Column that it predicts; "class" of images.
    columns : tuple of LearnedColumn
        What it predicts from; empty where that is images.
    source : str
        Name of the table's file, of the folder of images, or of the built-in set.
    missing : tuple of str
        What meant a missing value in that file.
    fingerprint : str
        Of the data.
    model : str
        "mlp", "network", "logistic", "perceptron", "cnn" or "transfer".
    settings : dict
        The classifier's parameters.
    command : str
        What to type to make it again.
    n_train, n_test : int
        Rows.
    metrics, baselines : dict
        As ``strates fit --json`` prints them.
    report : dict
        ``ReportContent.to_dict()``.
    seconds : float
        Time that the fit took.
    created : str
        Date and time, ISO 8601.
    versions : dict of str to str
    images : LearnedImages or None
        Of a model that learned from images.
    """

    target: str
    columns: tuple[LearnedColumn, ...]
    source: str
    missing: tuple[str, ...]
    fingerprint: str
    model: str
    settings: dict[str, Any]
    command: str
    n_train: int
    n_test: int
    metrics: dict[str, Any]
    baselines: dict[str, Any]
    report: dict[str, Any]
    seconds: float
    created: str
    versions: dict[str, str] = field(default_factory=dict)
    images: LearnedImages | None = None


def read_card(path: str | os.PathLike[str], *, of_images: bool = False) -> tuple[ModelCard, dict[str, Any]]:
    """Read a model file's card and what else the file says about itself.

    Parameters
    ----------
    path : str or path-like
    of_images : bool, default=False
        Whether the command also takes models of images; those that read a table do not.

    Returns
    -------
    card : ModelCard
    about : dict
        What :func:`strates.estimators.read_metadata` returned.

    Raises
    ------
    ModelFileError
        There is no such file (the message gives the nearest name), it is damaged, ``strates fit`` did not write it, or
        it learned from images where a table is expected.
    """
    about = _metadata(Path(path))
    try:
        card = ModelCard.from_dict(about["metadata"])
    except (DataError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelFileError(
            f"{Path(path).name} was not written by strates fit: it does not say from which columns it predicts. Load "
            "it in Python with strates.load, or train it with strates fit."
        ) from error
    if card.images is not None and not of_images:
        raise ModelFileError(
            f"{Path(path).name} learned from images, and this command needs a model of a table. For images there are "
            "strates predict, evaluate, diagnose, attack, check-gradients, export, report and info."
        )
    return card, about


def _metadata(path: Path) -> dict[str, Any]:
    """Return a model file's metadata without importing the estimators: that loads TensorFlow, which takes seconds."""
    if not path.exists():
        raise ModelFileError(_missing(path))
    if path.is_dir():
        raise ModelFileError(f"{path} is a folder; expected a .strates file.")
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read("metadata.json"))
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        swapped = " The model comes first, then the table." if path.suffix != ".strates" else ""
        raise ModelFileError(
            f"{path.name} is not a strates model, or it is damaged or cut short ({error}). Give the .strates file that "
            f"strates fit wrote, or train again.{swapped}"
        ) from error
    if not isinstance(about, dict):
        raise ModelFileError(f"{path.name} is not a strates model: its metadata are of another form. Train again.")
    return about


def _missing(path: Path) -> str:
    if not path.parent.is_dir():
        return f"There is no file {path}: the folder {path.parent} does not exist. Check the path."
    models = sorted(other.name for other in path.parent.glob("*.strates"))
    near = difflib.get_close_matches(path.name, models, n=1, cutoff=0.5)
    if near:
        return f"There is no file {path}. Did you mean {near[0]!r}?"
    listed = f"The folder holds {', '.join(models[:8])}." if models else "Make one with strates fit."
    return f"There is no model file {path}. {listed}"
