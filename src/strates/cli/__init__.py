"""The command line: parse, call the library, print.

One file a command. Nothing heavy is imported before a command runs, so that ``strates --help`` answers at once.
"""

from __future__ import annotations

from strates.cli.app import app, main

__all__ = ["app", "main"]
