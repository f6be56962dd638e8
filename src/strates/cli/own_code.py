"""Models with classes of the user's own: loaded with the file that ``--code`` named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from strates.cli.named_code import named_code
from strates.cli.own_file import errors_by_line, own_classes
from strates.estimators import load


def load_model(path: Path) -> Any:
    """Load a model file; where ``--code`` named a file of the user's own, that is run for its classes.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    estimator
    """
    own = named_code()
    if own is None:
        return load(path)
    with errors_by_line(own):
        return load(path, custom_objects=own_classes(own))
