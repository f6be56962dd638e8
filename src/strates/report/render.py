"""The page."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from strates.report.content import ReportContent
from strates.report.section import Section
from strates.report.sections import SECTIONS

_TEMPLATES = Path(__file__).parent / "templates"


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


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
    environment = _environment()
    built = [section for section in (build(content) for build in SECTIONS) if section is not None]

    def body(section: Section) -> Markup:
        # rendered with autoescape on: text is escaped already
        return Markup(environment.get_template(section.template).render(section.values))

    sections = [{"anchor": one.anchor, "title": one.title, "body": body(one)} for one in built]
    return environment.get_template("page.html.jinja").render(title=content.title, sections=sections)


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
    page = render_report(content)
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(page)
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
