"""What went wrong, in one paragraph on standard error, and the exit code that says whose turn it is.

0
    Fine.
1
    The work failed: training diverged, the disk is full, TensorFlow is missing, or strates has a fault.
2
    Wrong usage or bad input: the message says what to change.
130
    Interrupted by Ctrl-C, as shells have it.
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from strates.exceptions import BackendError, DivergenceError, StratesError

FAILED, WRONG = 1, 2
INTERRUPTED = 130

#: What the library advises in Python, as it is said on the command line.
_IN_OTHER_WORDS = (
    (re.compile(r"pass encoding='([\w-]+)'"), r"add --encoding \1"),
    (re.compile(r"read the file with missing=\(\)"), 'add --missing ""'),
    (re.compile(r"[Pp]ass the encoding (that|it)"), r"Name with --encoding the encoding \1"),
    (re.compile(r"or read the column as text: types=\{.*?\}\."), "or make the column text in every row."),
    (
        re.compile(r" ?Drop those rows, or fit on data that has them\."),
        " Remove those rows, or train on data with them.",
    ),
    (re.compile(r", or leave it out by naming the others in columns=\[\.\.\.\]"), ", or delete it from the table"),
    (re.compile(r"or make it missing: frame\.replace\(.*?\)\."), "or leave it empty."),
    (re.compile(r"(?<![\w-])random_state(?==)"), "--seed"),
    (re.compile(r"out with skip_bad=True"), "out with --skip-bad"),
    (re.compile(r"Pass overwrite=True to replace it"), "Add --force to replace it"),
    (
        re.compile(r"Export the network alone, pipeline\[-1\]: it takes what pipeline\[:-1\]\.transform\(X\) gives\."),
        "Export the network alone, with --network-only: it takes numbers, as the preprocessing makes them of a table.",
    ),
    (re.compile(r", which are what pipeline\[:-1\]\.transform\(X\) gives"), ", after the preprocessing of the table"),
    (re.compile(r"to_onnx and to_numpy write whole pipelines"), "--to onnx and --to numpy write whole models"),
    (re.compile(r"\bto_(onnx|numpy|tflite)\b"), r"--to \1"),
    (re.compile(r"\bto_saved_model\b"), "--to savedmodel"),
    (re.compile(r"Leave gradient=True out"), "Leave --gradient out"),
    (
        re.compile(r"If you trust the file, pass custom_objects=\{.*?\}\."),
        "If that is your own code, name its file: --code FILE.py.",
    ),
    (
        re.compile(r"Load it with that function: strates\.load\(.*?\)\."),
        "Name that function: --code FILE.py:FUNCTION.",
    ),
    (
        re.compile(r"Attacks that need no gradient still work: Square and TabularAttack\."),
        "Methods that need no gradient still work: --method square, and --method tabular for a table.",
    ),
    (re.compile(r"^immutable names column"), "--immutable names column"),
    (re.compile(r"With image_size=(\d+) or more the network enlarges them itself"), r"Add --image-size \1, or more"),
    (re.compile(r"With image_size=\((\d+), (\d+)\) the network resizes them itself"), r"Add --image-size \1x\2"),
    (re.compile(r'give another file of them: weights="(.+?)"'), r"give another file of them: --weights \1"),
    (re.compile(r"Give larger images, fewer filters, or"), "Add a larger --image-size, give fewer --set filters, or"),
)


class ReportingGroup(TyperGroup):
    """The commands of a program whose errors are read by people."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and exit; every exception becomes a message and an exit code."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            returned = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)
            sys.stdout.flush()  # a full disk or a closed pipe shows here, where it can be said
        except BrokenPipeError:
            _let_go_of_stdout()
            sys.exit(FAILED)
        except Exception as error:
            sys.exit(tell(error, debug="--debug" in given))
        # an Exit is returned as its code; what a command returns is of no interest
        sys.exit(_interrupted() if returned == INTERRUPTED else returned if isinstance(returned, int) else 0)


def tell(error: Exception, *, debug: bool = False) -> int:
    """Print what went wrong on standard error, and return the exit code.

    Parameters
    ----------
    error : Exception
    debug : bool, default=False
        Print the traceback, too.

    Returns
    -------
    int
    """
    console = plain_console(stderr=True)
    if debug:
        console.print("".join(traceback.format_exception(error)), soft_wrap=True, end="")
    message, code = describe(error)
    if message:
        print_paragraph(console, "error", "bold red", message)
    return code


def describe(error: Exception) -> tuple[str, int]:
    """Return the message for people, and the exit code.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    message : str
        Empty when the error has shown itself already.
    code : int
    """
    if isinstance(error, StratesError):
        code = FAILED if isinstance(error, (BackendError, DivergenceError)) else WRONG
        return in_words_of_the_command_line(str(error)), code
    if isinstance(error, typer.Abort):
        return "Stopped.", FAILED
    if hasattr(error, "format_message"):  # the parser's
        return _usage(error)
    if isinstance(error, FileNotFoundError) and error.errno is None:  # worded by the library
        return str(error), WRONG
    if isinstance(error, OSError):
        text = error.strerror if error.filename is None else f"{error.strerror}: {error.filename!r}"
        return f"{text or error}.".replace("..", "."), FAILED
    if isinstance(error, MemoryError):
        return "The memory does not suffice. Add --stream, which reads the table chunk by chunk.", FAILED
    advice = "This may be a fault of strates: add --debug to see where it happened, and please report it."
    reason = f"{type(error).__name__}: {_one_line(str(error))}".rstrip(".: ")
    return f"{reason}. {advice}", FAILED


def in_words_of_the_command_line(text: str) -> str:
    """Return a message of the library with its advice in options instead of Python.

    Examples
    --------
    >>> in_words_of_the_command_line("if so, pass encoding='cp1252'; or save the file again.")
    'if so, add --encoding cp1252; or save the file again.'
    """
    for pattern, words in _IN_OTHER_WORDS:
        text = pattern.sub(words, text)
    return _one_line(text)


def _usage(error: Any) -> tuple[str, int]:
    message = _one_line(str(error.format_message()))
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
        error.show()
        return "", WRONG
    if context is not None and message:
        message += f"{'' if message.endswith(('.', '?')) else '.'} See: {context.command_path} --help"
    return message, int(error.exit_code)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def plain_console(*, stderr: bool = False) -> Console:
    """Return a console that shows text as it is: a column may be called ``[red]`` or ``:cat:``."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def print_paragraph(console: Console, label: str, style: str, text: str) -> None:
    """Print a labelled paragraph, wrapped to a terminal's width; a log gets one line."""
    console.print(Text.assemble((f"{label}:", style), " ", text), soft_wrap=not console.is_terminal)


def _interrupted() -> int:
    print_paragraph(plain_console(stderr=True), "stopped", "bold", "Interrupted by Ctrl-C.")
    return INTERRUPTED


def _let_go_of_stdout() -> None:
    """Let the reader of a pipe leave, as `head` does, without a complaint at the interpreter's end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
