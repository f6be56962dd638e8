"""Files that are there whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def atomic_write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that a reader, a crash or a full disk never meets half of it.

    The bytes go to a temporary file beside ``path``, which then takes its place. On any failure the old file
    stays as it was and the temporary one is removed.

    Parameters
    ----------
    path : str or path-like
    data : bytes

    Raises
    ------
    OSError
        The folder does not exist or cannot be written, or the disk is full. The message names ``path``.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     atomic_write(pathlib.Path(folder) / "a.txt", b"whole")
    ...     (pathlib.Path(folder) / "a.txt").read_bytes()
    b'whole'
    """
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise _explained(error, target) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(target))
        os.replace(name, target)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _explained(error, target) from error
        raise


def _mode(target: Path) -> int:
    """Permissions of the file replaced, or those a new file gets under the process's umask."""
    if target.exists():
        return target.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _explained(error: OSError, target: Path) -> OSError:
    reason = error.strerror or str(error)
    return type(error)(
        error.errno,
        f"Cannot write {target.name} in {target.parent.resolve()}: {reason}. What was there before is unchanged. "
        "Choose a folder that exists, can be written and has space",
    )
