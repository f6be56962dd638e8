"""Every public class and function says what it takes, what it gives, and shows it."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("attacks", "backprop", "datasets", "displays", "estimators", "export", "inspection", "report", "studies")


def public_objects() -> Iterator[Any]:
    for package in PACKAGES:
        module = import_module(f"strates.{package}")
        for name in getattr(module, "__all__", ()):  # that it exists: test_package.py
            public = getattr(module, name)
            if inspect.isclass(public) or inspect.isfunction(public):
                yield pytest.param(public, id=f"{package}.{name}")


def sections(docstring: str) -> dict[str, str]:
    """Split a numpydoc docstring into its underlined sections.

    >>> sections("Do it.\\n\\nParameters\\n----------\\nx : int\\n\\nReturns\\n-------\\nint\\n")
    {'Parameters': 'x : int\\n\\n', 'Returns': 'int\\n'}
    """
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", docstring, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def documented_names(section: str) -> set[str]:
    """Return the names that a section's unindented lines introduce.

    >>> sorted(documented_names("x, y : array\\n    Data.\\n*rest\\nseed : int, default=0\\n"))
    ['rest', 'seed', 'x', 'y']
    """
    heads = re.findall(r"^([^\s:][^:\n]*)", section, flags=re.MULTILINE)
    return {name.strip().lstrip("*") for head in heads for name in head.split(",")}


@pytest.mark.parametrize("public", list(public_objects()))
def test_public_object_is_documented(public: Any) -> None:
    found = sections(inspect.getdoc(public) or "")
    parameters = [name for name in inspect.signature(public).parameters if name not in {"self", "args", "kwargs"}]
    described = documented_names(found.get("Parameters", "") + found.get("Attributes", ""))
    assert [name for name in parameters if name not in described] == []
    if inspect.isfunction(public) and inspect.signature(public).return_annotation not in {"None", None}:
        assert found.keys() & {"Returns", "Yields"}
    # Errors and records are met, not made: the functions that raise or return them have the examples.
    is_met = inspect.isclass(public) and (issubclass(public, Exception) or dataclasses.is_dataclass(public))
    assert is_met or ">>> " in found.get("Examples", ""), "no runnable example"


def test_contributing_stays_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 60
