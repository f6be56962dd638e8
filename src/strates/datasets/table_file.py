"""A path that leads to a table, checked before anything is read."""

from __future__ import annotations

import difflib
import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from strates.exceptions import TableError

_SUFFIXES: dict[str, tuple[Literal["csv", "parquet"], str | None]] = {
    ".csv": ("csv", None),
    ".tsv": ("csv", "\t"),
    ".tab": ("csv", "\t"),
    ".txt": ("csv", None),
    ".parquet": ("parquet", None),
    ".pq": ("parquet", None),
}
_READABLE = ".csv, .tsv, .tab or .txt (each also as .gz), .parquet or .pq"


@dataclass(frozen=True)
class TableFile:
    """A file that looks like a table.

    Attributes
    ----------
    path : pathlib.Path
        Where it is.
    kind : {"csv", "parquet"}
        What to read it with; "csv" is any delimited text.
    compressed : bool
        Whether gzip wraps the text.
    delimiter : str or None
        The delimiter that the name promises, or ``None`` to find out.
    """

    path: Path
    kind: Literal["csv", "parquet"]
    compressed: bool = False
    delimiter: str | None = None

    def open_bytes(self) -> IO[bytes]:
        """Open the text's bytes, gzip undone."""
        if self.compressed:
            return cast("IO[bytes]", gzip.open(self.path, "rb"))
        return self.path.open("rb")


def find_table(path: str | os.PathLike[str]) -> TableFile:
    """Check that a path leads to a file whose name and first bytes are those of a table.

    Parameters
    ----------
    path : str or path-like
        What the user gave.

    Returns
    -------
    TableFile

    Raises
    ------
    TableError
        Nothing there (the nearest names are given), a folder, an empty file, an extension that says nothing, or
        first bytes that contradict the extension.
    """
    place = Path(path).expanduser()
    if place.is_dir():
        inside = _tables_in(place)
        example = f" It holds {_listed(inside)}." if inside else ""
        raise TableError(f"{place} is a folder; expected one file ({_READABLE}).{example}")
    if not place.exists():
        raise TableError(_missing_file(place))
    name = place.name.lower()
    compressed = name.endswith(".gz")
    suffix = Path(name.removesuffix(".gz")).suffix
    if suffix not in _SUFFIXES or (compressed and _SUFFIXES[suffix][0] == "parquet"):
        raise TableError(
            f"{place} has the extension {''.join(place.suffixes[-2:]) or '(none)'!r}, which is not of a table that can "
            f"be read. Expected {_READABLE}; save the table as one of them, or rename the file."
        )
    if not os.access(place, os.R_OK):
        raise TableError(f"{place} cannot be opened: reading it is not permitted. Change its permissions (chmod u+r).")
    if place.stat().st_size == 0:
        raise TableError(f"{place} is empty (0 bytes); expected a header line and rows. Export the table again.")
    kind, delimiter = _SUFFIXES[suffix]
    file = TableFile(path=place, kind=kind, compressed=compressed, delimiter=delimiter)
    _check_magic(file)
    return file


def _tables_in(folder: Path) -> list[str]:
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        return []
    return [name for name in names if Path(name.lower().removesuffix(".gz")).suffix in _SUFFIXES]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f", ... ({len(names)} tables in all)" if len(names) > 8 else "")


def _missing_file(place: Path) -> str:
    if not place.parent.is_dir():
        return f"There is no file {place}: the folder {place.parent} does not exist. Check the path."
    inside = _tables_in(place.parent)
    near = difflib.get_close_matches(place.name, inside, n=3, cutoff=0.5)
    if near:
        help_ = f"Did you mean {' or '.join(repr(name) for name in near)}?"
    elif inside:
        help_ = f"The folder holds {_listed(inside)}."
    else:
        help_ = f"The folder {place.parent} holds no table ({_READABLE}); check the path."
    return f"There is no file {place}. {help_}"


def _check_magic(file: TableFile) -> None:
    """Say it when the first bytes belong to something else than the name says."""
    with file.path.open("rb") as opened:
        head = opened.read(8)
        opened.seek(max(0, file.path.stat().st_size - 4))
        tail = opened.read(4)
    path = file.path
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(
            f"{path} holds an Excel workbook or a zip archive, not {file.kind} data. Open it and export the sheet as "
            "CSV."
        )
    if file.kind == "parquet":
        if head[:4] != b"PAR1":
            raise TableError(
                f"{path} is not a Parquet file: it starts with {head[:4]!r} where b'PAR1' is expected. "
                "If it is text, rename it to .csv; else write it again."
            )
        if tail != b"PAR1":
            raise TableError(
                f"{path} is a damaged Parquet file: it ends with {tail!r} where b'PAR1' is expected, as when a copy "
                "was cut short. Copy or write it again."
            )
    elif head[:4] == b"PAR1":
        raise TableError(f"{path} holds Parquet data under the name of a text. Rename it to .parquet.")
    elif file.compressed and head[:2] != b"\x1f\x8b":
        raise TableError(
            f"{path} is not a gzip file: it starts with {head[:2]!r} where b'\\x1f\\x8b' is expected. "
            "If it is plain text, drop .gz from its name; else compress it again."
        )
    elif not file.compressed and head[:2] == b"\x1f\x8b":
        raise TableError(f"{path} holds gzip data under the name of a plain text. Add .gz to its name.")
