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
from strates.exceptions import DataError, ModelFileError
from strates.inspection import Record


@dataclass(frozen=True, kw_only=True)
class ModelCard(Record):
    """The story of a model.

    Attributes
    ----------
    target : str
        Column that it predicts.
    columns : tuple of LearnedColumn
        What it predicts from.
    source : str
        Name of the table's file, or of the built-in set.
    missing : tuple of str
        What meant a missing value in that file.
    fingerprint : str
        Of the data.
    model : str
        "mlp", "network", "logistic" or "perceptron".
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


def read_card(path: str | os.PathLike[str]) -> tuple[ModelCard, dict[str, Any]]:
    """Read a model file's card and what else the file says about itself.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    card : ModelCard
    about : dict
        What :func:`strates.estimators.read_metadata` returned.

    Raises
    ------
    ModelFileError
        There is no such file (the message gives the nearest name), it is damaged, or ``strates fit`` did not write it.
    """
    about = _metadata(Path(path))
    try:
        return ModelCard.from_dict(about["metadata"]), about
    except (DataError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelFileError(
            f"{Path(path).name} was not written by strates fit: it does not say from which columns it predicts. Load "
            "it in Python with strates.load, or train it with strates fit."
        ) from error


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
