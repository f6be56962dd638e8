"""Sentences with numbers in them, in English and in French."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LANGUAGES = ("en", "fr")
_SPACE, _THIN = "\u00a0", "\u202f"  # neither breaks a line
_AND, _OTHERS = {"en": "and", "fr": "et"}, {"en": "others", "fr": "autres"}
_SHOWN = 5


@dataclass(frozen=True)
class Words:
    """What a check says in one language.

    Plain text with places such as ``{share:percent}``; :func:`say` fills them and sees to the typography: write plain
    spaces and apostrophes in French.

    Attributes
    ----------
    normal : str
        The healthy range.
    message : str
        One sentence (or two) for what was found.
    variants : mapping of str to str
        Other messages, by the name that a symptom gives.
    """

    normal: str
    message: str
    variants: Mapping[str, str] = field(default_factory=dict)

    def template(self, variant: str) -> str:
        """Return the message of a variant; the main one for ""."""
        return self.variants[variant] if variant else self.message


def number(value: float, language: str = "en") -> str:
    """Return a number with three significant digits, as the language writes it.

    Examples
    --------
    >>> number(-0.25) == chr(0x2212) + "0.25"
    True
    >>> number(0.98765), number(12345.6), number(3.21e-6), number(0.5, "fr")
    ('0.988', '12,346', '3.21e-6', '0,5')
    """
    sign, size = "\u2212" if value < 0 else "", abs(value)
    if isinstance(value, int) or size >= 999.5:
        # the comma of thousands is a thin space in French
        text = f"{size:,.0f}".replace(",", _THIN if language == "fr" else ",")
    else:
        text = f"{size:.3g}".replace("e-0", "e-").replace(".", "," if language == "fr" else ".")
    return sign + text


def percent(share: float, language: str = "en") -> str:
    """Return a share in per cent, never 0 or 100 where it is neither.

    Examples
    --------
    >>> [percent(share).replace(chr(160), " ") for share in (0.5, 0.98551, 0.99996)]
    ['50 %', '98.6 %', '99.996 %']
    >>> percent(0.0625, "fr").split(chr(160))
    ['6,2', '%']
    """
    for decimals in range(1, 5):
        text = f"{100 * share:.{decimals}f}"
        if share in (0, 1) or float(text) not in (0, 100):
            break
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text.replace('.', ',') if language == 'fr' else text}{_SPACE}%"


def points(difference: float, language: str = "en") -> str:
    """Return a difference of shares in points of a hundredth.

    Examples
    --------
    >>> points(0.1974), points(0.0525, "fr")
    ('19.7', '5,2')
    """
    return number(round(100 * difference, 1), language)


def listing(names: Sequence[Any], language: str = "en") -> str:
    """Name some things, the first five where there are more.

    Examples
    --------
    >>> listing(["a", "b", "c"]), listing(list("abcdefg"), "fr")
    ('a, b and c', 'a, b, c, d, e et 2 autres')
    """
    shown = [str(name) for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        shown.append(f"{len(names) - _SHOWN} {_OTHERS[language]}")
    return f" {_AND[language]} ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)


class _Writer(string.Formatter):
    """Fills places: ``{n}``, ``{share:percent}``, ``{gap:points}``, ``{names:list}``, ``{n:plural|row|rows}``."""

    def __init__(self, language: str) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> Any:
        if format_spec == "percent":
            return percent(value, self.language)
        if format_spec == "points":
            return points(value, self.language)
        if format_spec == "list":
            return listing(value, self.language)
        if format_spec.startswith("plural|"):
            _, one, many = format_spec.split("|")
            alone = abs(value) < 2 if self.language == "fr" else value == 1  # French has no plural below two
            return f"{number(value, self.language)} {one if alone else many}"
        if isinstance(value, float):
            return number(value, self.language) if math.isfinite(value) else str(value)
        if isinstance(value, int):
            return number(value, self.language)
        return super().format_field(value, format_spec)


def say(template: str, values: Mapping[str, Any], language: str) -> str:
    """Fill the places of a sentence.

    Parameters
    ----------
    template : str
        With places such as ``{n}``, ``{share:percent}``, ``{gap:points}``, ``{names:list}`` or ``{n:plural|row|rows}``.
    values : mapping of str to Any
    language : {"en", "fr"}

    Returns
    -------
    str
        In French with its apostrophes and unbreakable spaces.

    Examples
    --------
    >>> say("{n:plural|row|rows} of {names:list}", {"n": 1, "names": ["a", "b"]}, "en")
    '1 row of a and b'
    >>> say("un écart : {share:percent}", {"share": 0.25}, "fr").split(chr(160))
    ['un écart', ': 25', '%']
    """
    text = template.replace(" %", f"{_SPACE}%")
    return _Writer(language).vformat(_french(text) if language == "fr" else text, (), values)


def _french(text: str) -> str:
    """Set a template as French typography has it, outside of what will be filled in."""
    for mark in (":", "»"):
        text = text.replace(f" {mark}", f"{_SPACE}{mark}")
    for mark in (";", "!", "?"):
        text = text.replace(f" {mark}", f"{_THIN}{mark}")
    return text.replace("« ", f"«{_SPACE}").replace("'", "’")  # noqa: RUF001
