"""A solver that talks, silenced."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def silent_solver() -> Iterator[None]:
    """Let nothing through to the process's standard output.

    HiGHS (1.12, in SciPy 1.17) writes a line of its debugging to it whatever its options say, from C: replacing
    ``sys.stdout`` would not do. What Python wrote before comes first.

    Examples
    --------
    >>> with silent_solver():
    ...     _ = os.write(1, b"from below")
    """
    try:
        sys.stdout.flush()
        kept = os.dup(1)
    except (AttributeError, OSError, ValueError):  # there is no standard output
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        with suppress(AttributeError, OSError, TypeError):  # what C has in its buffer; Windows has no such handle
            ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
