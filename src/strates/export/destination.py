"""Where an export goes: checked before the work, there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strates.exceptions import ParameterError

#: What makes a folder one that an export may replace.
_MARK = "saved_model.pb"


def check_destination(path: str | os.PathLike[str], suffix: str, *, overwrite: bool) -> Path:
    """Make sure that an export can be written.

    Parameters
    ----------
    path : str or path-like
    suffix : str
        Added where there is none; empty for a folder.
    overwrite : bool
        Whether what is there may be replaced.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ParameterError
        Something is there, the folder is missing, or the name ends otherwise.
    """
    target = Path(path).expanduser()
    if suffix and not target.suffix:
        target = target.with_name(target.name + suffix)
    if suffix and target.suffix.lower() != suffix:
        raise ParameterError(f"{target} ends with {target.suffix!r}; expected {suffix!r}. Rename it.")
    if not target.parent.is_dir():
        raise ParameterError(
            f"{target} cannot be written: there is no folder {target.parent}. Make it, or choose another."
        )
    if target.exists():
        _check_what_is_there(target, suffix, overwrite)
    return target


def _check_what_is_there(target: Path, suffix: str, overwrite: bool) -> None:
    if target.is_dir() and (suffix or (any(target.iterdir()) and not (target / _MARK).exists())):
        raise ParameterError(f"{target} is a folder of something else, and is not replaced. Choose another name.")
    if not suffix and not target.is_dir():
        raise ParameterError(f"{target} is a file, where a folder is to be written. Choose another name.")
    if not overwrite:
        raise ParameterError(f"{target} exists already. Pass overwrite=True to replace it, or choose another name.")


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Make a folder beside a file to prepare it in, on the same disk, so that it can take its place in one step.

    Parameters
    ----------
    target : pathlib.Path

    Yields
    ------
    pathlib.Path
        Gone when the block ends.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.", suffix=".part") as folder:
        yield Path(folder)


def put_folder(made: Path, target: Path, workshop: Path) -> None:
    """Move a folder to its place; the one that was there goes.

    Parameters
    ----------
    made : pathlib.Path
    target : pathlib.Path
    workshop : pathlib.Path
        What :func:`beside` gave; the old folder is moved there first.
    """
    old = workshop / "replaced"
    if target.exists():
        os.replace(target, old)
    try:
        os.replace(made, target)
    except OSError:
        if old.exists():
            os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)
