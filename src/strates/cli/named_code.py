"""The file of the user's own code that ``--code`` named for this command."""

from __future__ import annotations

from contextvars import ContextVar

from strates.cli.own_file import OwnFile, find_own_file
from strates.cli.screen import Screen

_NAMED: ContextVar[OwnFile | None] = ContextVar("code", default=None)


def name_code(code: str | None, screen: Screen) -> None:
    """Note which file to run for the models that are loaded from now on, and say so.

    Parameters
    ----------
    code : str or None
        Such as "mynet.py:build".
    screen : Screen
    """
    if code is None:
        _NAMED.set(None)
        return
    own = find_own_file(code, "--code", needs_function=False)
    screen.note(f"--code {code} runs the code in {own.path}.")
    _NAMED.set(own)


def named_code() -> OwnFile | None:
    """Return the file that was named, if one was."""
    return _NAMED.get()
