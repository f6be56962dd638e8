"""What the options about images say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from strates.exceptions import ParameterError

SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad",
        help="Leave out image files that cannot be read, and name them.",
        rich_help_panel="Images",
    ),
]


def is_folder(given: str) -> bool:
    """Whether SOURCE is a folder, and so one of images.

    Examples
    --------
    >>> is_folder("."), is_folder("penguins.csv")
    (True, False)
    """
    return Path(given).expanduser().is_dir()


def parse_image_size(text: str | None) -> tuple[int, int] | None:
    """Return the height and the width that ``--image-size`` gives.

    Parameters
    ----------
    text : str or None
        A number of pixels, or two with an "x" or a comma between them.

    Returns
    -------
    tuple (height, width) or None
        None where nothing was asked.

    Raises
    ------
    ParameterError
        Something else than one or two positive integers.

    Examples
    --------
    >>> parse_image_size("96"), parse_image_size("48x64")
    ((96, 96), (48, 64))
    """
    if text is None:
        return None
    try:
        sides = [int(part) for part in text.lower().replace(",", "x").split("x")]
    except ValueError:
        sides = []
    if len(sides) not in (1, 2) or min(sides) < 1:
        raise ParameterError(
            f"--image-size {text} cannot be used; expected pixels, such as 64 for both sides, or 48x64 for height x "
            "width."
        )
    return sides[0], sides[-1]


def parse_augmentation(text: str | None) -> tuple[str, ...] | None:
    """Return the names that ``--augmentation`` lists.

    Examples
    --------
    >>> parse_augmentation("flip, zoom")
    ('flip', 'zoom')
    """
    if text is None or text.strip().lower() in ("", "none"):
        return None
    return tuple(name.strip() for name in text.split(","))
