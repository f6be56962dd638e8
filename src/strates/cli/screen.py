"""What a command shows: results on standard output, all else on standard error."""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TextIO

from rich.console import RenderableType
from rich.text import Text

from strates.cli.failures import in_words_of_the_command_line, plain_console, print_paragraph
from strates.exceptions import StratesWarning


class Screen:
    """Where one run of a command talks to its user. Used as a context manager, it turns warnings into notes.

    Parameters
    ----------
    as_json : bool, default=False
        Standard output is for one JSON object; notes are kept for it instead of being printed.
    quiet : bool, default=False
        Print nothing.
    debug : bool, default=False
        Show every warning of every package.

    Attributes
    ----------
    notes : list of str
        What was worth knowing, each once.
    started : float
        When, by ``time.perf_counter``, in seconds.
    out, err : rich.console.Console
        Standard output and standard error.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False, debug: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.debug = debug
        self.notes: list[str] = []
        self.started = time.perf_counter()
        self.out = plain_console()
        self.err = plain_console(stderr=True)
        self._catching = warnings.catch_warnings()

    def __enter__(self) -> Self:
        self._catching.__enter__()
        warnings.showwarning = self._hear
        warnings.resetwarnings()
        warnings.simplefilter("always" if self.debug else "ignore")
        if not self.debug:
            warnings.simplefilter("always", StratesWarning)
            # scikit-learn's categories, which cannot be imported here: that takes a second
            warnings.filterwarnings(
                "always",
                message=r"(Maximum number of epochs|lbfgs failed to converge|Training inter|The perceptron still)",
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._catching.__exit__(kind, error, trace)

    @property
    def animated(self) -> bool:
        """Whether something that moves may be shown."""
        return self.err.is_terminal and not self.quiet

    def note(self, text: str) -> None:
        """Say, once, what the user should know."""
        text = in_words_of_the_command_line(text)
        if text in self.notes:
            return
        self.notes.append(text)
        if not self.quiet and not self.as_json:
            print_paragraph(self.err, "note", "yellow", text)

    def show(self, *renderables: RenderableType, whole_lines: bool = False) -> None:
        """Print a result for people; with its lines whole, however narrow the terminal, where they are to be copied."""
        if not self.quiet and not self.as_json:
            for one in renderables:
                self.out.print(one, soft_wrap=whole_lines)

    def show_json(self, value: dict[str, Any]) -> None:
        """Print the result for machines."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n")

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show on a terminal what is going on meanwhile."""
        if not self.animated:
            yield
            return
        with self.err.status(Text(f"{what} ...")):
            yield

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Show nothing meanwhile: standard output is being written to."""
        yield

    def _hear(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if self.debug and not issubclass(category, StratesWarning):
            print_paragraph(self.err, category.__name__, "dim", f"{message} ({filename}:{lineno})")
        else:
            self.note(str(message))
