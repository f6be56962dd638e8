"""What the files of the project may hold, and what requirements.lock must."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def tracked_files() -> list[Path]:
    """Return the files under version control, or, in an unpacked archive, those of the project's folders."""
    try:
        run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
        names = [name for name in run.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
    paths = [ROOT / name for name in names] or [path for name in ("src", "tests") for path in (ROOT / name).rglob("*")]
    return [path for path in paths if path.is_file() and "__pycache__" not in path.parts]


def test_no_address_of_a_registry_and_no_path_of_a_machine() -> None:
    # Written in pieces, so that this file does not match itself.
    registry = r"https?://[^\s\"')>]*(?:pypi|pythonhosted|conda|/simple\b)"
    machine = r"(?<![\w.])/(?:" + "|".join(["root", "home", "Users"]) + r")/\w"
    index = r"--(?:extra-)?index" + r"-url|--find" + "-links"
    forbidden = re.compile(f"{registry}|{machine}|{index}")
    found = []
    for path in tracked_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a binary file
        here = path.relative_to(ROOT).as_posix()
        found += [f"{here}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if forbidden.search(line)]
    assert found == []


def test_no_lock_that_carries_addresses() -> None:
    names = {path.name for path in tracked_files()}
    assert names & {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"} == set()


def test_lock_holds_names_versions_and_hashes_only() -> None:
    pinned = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]* \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in LOCK.splitlines() if not pinned.fullmatch(line)] == []
    # A name without a hash would be refused by the installer; a hash belongs to the name above it.
    names = re.findall(r"^([a-z0-9-]+)==.*\n    --hash=", LOCK, flags=re.MULTILINE)
    assert len(names) == len(set(names)) == LOCK.count("==")


LOCKED = [*PYPROJECT["project"]["dependencies"]]
LOCKED += [line for group in ("build", "test", "lint") for line in PYPROJECT["dependency-groups"][group]]


@pytest.mark.parametrize("line", LOCKED)
def test_lock_satisfies_the_declared_dependency(line: str) -> None:
    versions = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, flags=re.MULTILINE))
    requirement = Requirement(line)
    assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)])
