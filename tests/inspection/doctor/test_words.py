"""Both languages say the same, and numbers and punctuation are as each writes them."""

from __future__ import annotations

import string

import pytest

from strates.inspection.doctor.diagnose import CHECKS
from strates.inspection.doctor.words import Words, number, percent, say

BY_CODE = {check.code: check for check in CHECKS}


def templates(words: Words) -> dict[str, str]:
    return {"normal": words.normal, "": words.message, **words.variants}


def places(template: str) -> set[tuple[str, str]]:
    """Return what a template has places for, with how it is written; nouns differ by language."""
    found = set()
    for _, name, spec, _ in string.Formatter().parse(template):
        if name:
            found.add((name.removesuffix("_en").removesuffix("_fr"), (spec or "").partition("|")[0]))
    return found


@pytest.mark.parametrize("code", BY_CODE)
def test_both_languages_say_the_same(code: str) -> None:
    english, french = templates(BY_CODE[code].english), templates(BY_CODE[code].french)
    assert english.keys() == french.keys()
    for name, template in english.items():
        ours, theirs = places(template), places(french[name])
        assert {place for place, _ in ours} == {place for place, _ in theirs}, name
        assert {one for one in ours if one[1] in ("percent", "points", "list")} == {
            one for one in theirs if one[1] in ("percent", "points", "list")
        }
        if template:
            assert template != french[name]


@pytest.mark.parametrize("code", BY_CODE)
def test_french_is_french(code: str) -> None:
    for template in templates(BY_CODE[code].french).values():
        text = say(string.Template(template).template, _Anything(), "fr")
        for mark in (" :", " ;", " %", "« ", " »", "'"):
            assert mark not in text
    english = templates(BY_CODE[code].english).values()
    assert not any(mark in text for text in english for mark in (" :", " ;", "«"))


class _Anything(dict[str, float]):
    """Values for any place."""

    def __missing__(self, name: str) -> object:
        return ["a"] if name in {"names"} else 2.0


def test_codes_are_slugs() -> None:
    assert len(BY_CODE) == len(CHECKS)
    for code in BY_CODE:
        assert set(code) <= set(string.ascii_lowercase + "-")


def test_numbers() -> None:
    assert [number(x, "fr") for x in (0.98765, 12345.0, 1e-6, 7)] == ["0,988", "12\u202f345", "1e-6", "7"]
    assert [number(x) for x in (-0.5, 1000.4, 999.6, 250_000)] == ["\u22120.5", "1,000", "1,000", "250,000"]
    assert [percent(x).replace("\u00a0", "") for x in (0, 1, 0.9999, 1e-4, 1.031)] == [
        "0%",
        "100%",
        "99.99%",
        "0.01%",
        "103.1%",
    ]


def test_plurals_and_lists() -> None:
    row = "{n:plural|ligne|lignes}"
    assert [say(row, {"n": n}, "fr") for n in (0, 1, 2)] == ["0 ligne", "1 ligne", "2 lignes"]
    assert say("{names:list}", {"names": ["a"]}, "en") == "a"
    assert say("{names:list}", {"names": list("abcdefgh")}, "en") == "a, b, c, d, e and 3 others"
    assert say("« {name} » : d'où ?", {"name": "l'or : 5 %"}, "fr") == (
        "«\u00a0l'or : 5 %\u00a0»\u00a0: d\u2019où\u202f?"  # what is filled in stays as it is
    )
