"""What the names of a table's columns have to be, and which of them are wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from strates.exceptions import TableError, did_you_mean


def check_names(names: Sequence[str], where: str) -> None:
    """Refuse blank and duplicate names, which pandas would replace without a word.

    Parameters
    ----------
    names : sequence of str
        In the file's order.
    where : str
        The file, for the message.

    Raises
    ------
    TableError
        Naming the columns at fault.
    """
    blank = [position for position, name in enumerate(names, start=1) if not name.strip()]
    if blank:
        shown = ", ".join(map(str, blank[:8])) + (", ..." if len(blank) > 8 else "")
        raise TableError(
            f"{where}: of {len(names)} columns, {len(blank)} {'has' if len(blank) == 1 else 'have'} no name in the "
            "header "
            f"(column {shown}, counting from 1). Name each column or delete it; if it is the index of a pandas table, "
            "write "
            "the file with index=False."
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        shown = ", ".join(map(repr, twice[:8])) + (", ..." if len(twice) > 8 else "")
        no_header = all(_is_number(name) for name in names)
        hint = " All the names are numbers: is the header line missing?" if no_header else ""
        raise TableError(
            f"{where}: duplicate column names in the header: {shown}. Give each column its own name.{hint}"
        )


def choose_columns(names: Sequence[str], wanted: Sequence[str] | None, where: str) -> list[str]:
    """Return the wanted columns in the order asked for, or all of them.

    Parameters
    ----------
    names : sequence of str
        What the file has.
    wanted : sequence of str or None
        What was asked for; ``None`` for all.
    where : str
        The file, for the message.

    Returns
    -------
    list of str

    Raises
    ------
    TableError
        A wanted column is not there; the message gives the nearest.
    """
    if wanted is None:
        return list(names)
    if isinstance(wanted, str):
        raise TableError(f"columns is the text {wanted!r}; expected a list of column names: [{wanted!r}].")
    chosen = list(dict.fromkeys(wanted))
    known = set(names)
    absent = [name for name in chosen if name not in known]
    if absent:
        shown = ", ".join(map(repr, absent))
        raise TableError(f"{where} has no column {shown}. {did_you_mean(str(absent[0]), names)}")
    return chosen


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
