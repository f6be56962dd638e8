"""Where the ledger of a row is written, and in which form."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from strates.exceptions import ParameterError

if TYPE_CHECKING:
    from strates.backprop import Ledger

#: What ``--out`` says for standard output.
STDOUT = Path("-")


class LedgerFormat(StrEnum):
    """The forms that a ledger comes in."""

    html = "html"
    latex = "latex"
    text = "text"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """What a file of this form is called, the usual one first."""
        return {"html": (".html", ".htm"), "latex": (".tex",), "text": (".txt",)}[self.value]


def choose_format(out: Path | None, given: LedgerFormat | None) -> LedgerFormat:
    """Return the form that ``--format`` names, or else the one that the file's name ends with.

    Parameters
    ----------
    out : pathlib.Path or None
        What ``--out`` gave.
    given : LedgerFormat or None
        What ``--format`` gave.

    Returns
    -------
    LedgerFormat
        A page where nothing says otherwise; text on standard output.

    Raises
    ------
    ParameterError
        The name ends with something else.

    Examples
    --------
    >>> choose_format(Path("page.tex"), None).value, choose_format(None, None).value
    ('latex', 'html')
    """
    if given is not None:
        return given
    if out == STDOUT:
        return LedgerFormat.text
    suffix = "" if out is None else out.suffix.lower()
    if not suffix:
        return LedgerFormat.html
    for one in LedgerFormat:
        if suffix in one.suffixes:
            return one
    raise ParameterError(
        f"--out {out} ends with {suffix!r}; expected '.html' for a page, '.tex' for LaTeX or '.txt' for text. Rename "
        "it, or say which with --format."
    )


def default_name(model: Path, row: int, label: str | None, form: LedgerFormat) -> Path:
    """Return the file beside the model that is written when ``--out`` is not given.

    Parameters
    ----------
    model : pathlib.Path
    row : int
        Of the table, from 0.
    label : str or None
        What ``--label`` gave; another supposition, another file.
    form : LedgerFormat

    Returns
    -------
    pathlib.Path

    Examples
    --------
    >>> default_name(Path("penguins.strates"), 12, None, LedgerFormat.html).name
    'penguins.row12.html'
    >>> default_name(Path("penguins.strates"), 12, "Gentoo/male", LedgerFormat.text).name
    'penguins.row12.as_Gentoo_male.txt'
    """
    supposed = "" if label is None else ".as_" + re.sub(r"\W+", "_", label)[:60]
    return model.with_name(f"{model.stem}.row{row}{supposed}{form.suffixes[0]}")


def write_out(book: Ledger, form: LedgerFormat) -> str:
    """Return the ledger in one of its forms.

    Parameters
    ----------
    book : Ledger
    form : LedgerFormat

    Returns
    -------
    str
        Ends with a line's end.
    """
    made = {LedgerFormat.html: book.to_html, LedgerFormat.latex: book.to_latex, LedgerFormat.text: book.to_text}[form]()
    return made if made.endswith("\n") else made + "\n"
