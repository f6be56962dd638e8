"""A solver that talks, silenced."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LOCK = threading.Lock()
_kept: list[int] = []  # the true standard output, once for each thread within


@contextmanager
def silent_solver() -> Iterator[None]:
    """Let nothing through to the process's standard output.

    HiGHS (1.12, in SciPy 1.17) writes a line of its debugging to it whatever its options say, from C: replacing
    ``sys.stdout`` would not do. What Python wrote before comes first. Of several threads the first one in shuts the
    door, and the last one out opens it.

    Examples
    --------
    >>> with silent_solver():
    ...     _ = os.write(1, b"from below")
    """
    with _LOCK:
        is_open = _shut()
    try:
        yield
    finally:
        if is_open:
            with _LOCK:
                _open()


def _shut() -> bool:
    """Send standard output nowhere; say whether there is one."""
    try:
        if not _kept:
            sys.stdout.flush()
            kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.close(nowhere)
        else:
            kept = _kept[0]
    except (AttributeError, OSError, ValueError):  # it is closed, or is no file
        return False
    _kept.append(kept)
    return True


def _open() -> None:
    with suppress(AttributeError, OSError, TypeError):  # what C has in its buffer; Windows has no such handle
        ctypes.CDLL(None).fflush(None)
    kept = _kept.pop()
    if not _kept:
        os.dup2(kept, 1)
        os.close(kept)
