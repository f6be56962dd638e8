"""Files that a command is to write: checked before the work, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from strates.exceptions import ParameterError


def check_output(path: Path, option: str, *, suffixes: tuple[str, ...], inputs: tuple[Path | None, ...] = ()) -> Path:
    """Make sure, before hours of work, that a file can be written.

    Parameters
    ----------
    path : pathlib.Path
        What was asked for; the first of ``suffixes`` is added where there is none.
    option : str
        That gave it, for the message.
    suffixes : tuple of str
        What the name may end with, such as ``(".csv", ".parquet")``.
    inputs : tuple of pathlib.Path or None
        Files that the command reads and must not overwrite.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ParameterError
        A folder stands there, the folder is missing or cannot be written to, the extension is another, or the file is
        one of those that are read.

    Examples
    --------
    >>> check_output(Path("model.txt"), "--out", suffixes=(".strates",))
    Traceback (most recent call last):
    strates.exceptions.ParameterError: --out model.txt ends with '.txt'; expected '.strates'. Rename it...
    """
    path = path.expanduser()
    if path.is_dir():
        raise ParameterError(
            f"{option} {path} is a folder; expected a file in it, such as {path / ('NAME' + suffixes[0])}."
        )
    if not path.suffix:
        path = path.with_name(path.name + suffixes[0])
    if not path.name.lower().endswith(suffixes):
        expected = " or ".join(repr(suffix) for suffix in suffixes)
        raise ParameterError(f"{option} {path} ends with {path.suffix!r}; expected {expected}. Rename it.")
    for read in inputs:
        if read is not None and path.exists() and read.exists() and path.samefile(read):
            raise ParameterError(f"{option} {path} is the file that is read, and would be lost. Give another name.")
    folder = path.parent
    if not folder.is_dir():
        raise ParameterError(
            f"{option} {path} cannot be written: there is no folder {folder}. Make it, or choose another."
        )
    try:
        # asking for permissions is not enough: root has them all, even on a file system that is read-only
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ParameterError(
            f"{option} {path} cannot be written: {error.strerror or error} (in the folder {folder.resolve()}). "
            "Nothing was started. Choose a folder that you may write to."
        ) from error
    return path


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing bit by bit that appears, whole, when the block ends without an error.

    Parameters
    ----------
    path : pathlib.Path

    Yields
    ------
    binary file
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
