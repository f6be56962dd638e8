"""What the scripts' comments say, in English and in French."""

from __future__ import annotations

from string import Template
from textwrap import dedent
from typing import Any

from strates.engine.keras_code.layout import WIDTH, comment
from strates.engine.keras_code.phrases import PHRASES
from strates.exceptions import ParameterError, did_you_mean

LANGUAGES = ("en", "fr")


def check_language(language: Any) -> None:
    """Refuse a language that there are no words in.

    Raises
    ------
    ParameterError
    """
    if language not in LANGUAGES:
        raise ParameterError(
            f'language={language!r} is not known. {did_you_mean(str(language), LANGUAGES)} "en" is English, "fr" '
            "French."
        )


def phrase(key: str, language: str, **values: Any) -> str:
    """Return a phrase in a language, its places filled.

    Examples
    --------
    >>> phrase("data", "en"), phrase("data", "fr")
    ('The data', 'Les données')
    """
    return Template(PHRASES[key][LANGUAGES.index(language)]).substitute(values)


class _Places(dict[str, Any]):
    """Values by name; a name that has none is a phrase."""

    def __init__(self, language: str, values: dict[str, Any]) -> None:
        super().__init__(values)
        self._language = language

    def __missing__(self, key: str) -> str:
        return phrase(key, self._language, **self)


def fill(template: str, language: str, **values: Any) -> str:
    """Fill a template of code: values by their names, comments by the names of phrases.

    A line of comment that is too long becomes several.

    Examples
    --------
    >>> fill("x = $value  # $data", "fr", value=3)
    'x = 3  # Les données'
    """
    text = Template(dedent(template).strip("\n")).substitute(_Places(language, values))
    lines = []
    for line in text.split("\n"):
        bare = line.lstrip()
        if bare.startswith("# ") and len(line) > WIDTH:
            line = comment(bare[2:], indent=len(line) - len(bare))
        lines.append(line.rstrip())
    return "\n".join(lines)
