"""The page."""

from __future__ import annotations

import os
from pathlib import Path

from strates._atomic_write import atomic_write
from strates.report.content import ReportContent
from strates.report.page import render_page
from strates.report.sections import SECTIONS


def render_report(content: ReportContent) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    content : ReportContent
        What to report.

    Returns
    -------
    str
        HTML with its style and its figures inside: it needs no other file and no network. The same content gives the
        same page.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from strates.inspection import evaluate
    >>> clf = DummyClassifier().fit([[0], [1], [2]], ["a", "b", "a"])
    >>> page = render_report(ReportContent(title="A guess", evaluation=evaluate(clf, [[0], [1]], ["a", "b"])))
    >>> "right 50.0" in page
    True
    """
    built = [section for section in (build(content) for build in SECTIONS) if section is not None]
    return render_page(built, title=content.title, kind="Report on a trained network")


def write_report(content: ReportContent, path: str | os.PathLike[str]) -> Path:
    """Write the report, all or nothing: a reader sees the old file or the new one, never a half.

    Parameters
    ----------
    content : ReportContent
        What to report.
    path : path
        The HTML file to write; its folder exists.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    OSError
        The folder is missing or cannot be written to; a file that was there stays as it was.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.dummy import DummyClassifier
    >>> from strates.inspection import evaluate
    >>> clf = DummyClassifier().fit([[0], [1], [2]], ["a", "b", "a"])
    >>> content = ReportContent(title="A guess", evaluation=evaluate(clf, [[0], [1]], ["a", "b"]))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(content, Path(folder) / "report.html").stat().st_size > 1000
    True
    """
    target = Path(path)
    atomic_write(target, render_report(content).encode("utf-8", "replace"))
    return target
