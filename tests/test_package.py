"""The promises of the package as a whole: what it loads, what it offers, what it ships."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import strates

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

CALLABLES = {"LogisticRegression", "Perceptron", "MLPClassifier", "CNNClassifier", "NetworkClassifier"}
CALLABLES |= {"Autoencoder", "StackedAutoencoder", "TransferClassifier"}
CALLABLES |= {"tabular_pipeline", "save", "load", "Recorder", "Checkpoint"}
SUBMODULES = {"attacks", "backprop", "datasets", "estimators", "export", "inspection", "displays", "report", "studies"}


def modules_after(code: str) -> set[str]:
    """Return the names of the top-level modules that a fresh interpreter holds after ``code``."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    return set(json.loads(run.stdout))


# --- what is loaded -------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["import strates", "import strates; dir(strates); strates.__version__"])
def test_import_loads_nothing_heavy(code: str) -> None:
    heavy = {"tensorflow", "keras", "sklearn", "pandas", "matplotlib", "numpy", "scipy", "skrub", "pyarrow", "jinja2"}
    assert modules_after(code) & heavy == set()


@pytest.mark.parametrize("code", ["import strates.datasets", "import strates.cli"])
def test_tensorflow_waits_until_it_is_needed(code: str) -> None:
    assert modules_after(code) & {"tensorflow", "keras", "matplotlib"} == set()


def test_first_use_loads_the_engine() -> None:
    """The witness that the two tests above can fail."""
    assert "tensorflow" in modules_after("from strates import MLPClassifier")


# --- public names ---------------------------------------------------------------------------------


def test_all_is_the_public_interface() -> None:
    assert set(strates.__all__) == CALLABLES | SUBMODULES | {"__version__"}
    assert len(strates.__all__) == len(set(strates.__all__))
    assert set(strates.__all__) <= set(dir(strates))


@pytest.mark.parametrize("name", sorted(CALLABLES))
def test_name_is_the_one_of_its_home(name: str) -> None:
    assert getattr(strates, name) is getattr(strates.estimators, name)
    assert name in strates.estimators.__all__


@pytest.mark.parametrize("name", sorted(SUBMODULES))
def test_submodule_resolves(name: str) -> None:
    module = getattr(strates, name)
    assert module.__name__ == f"strates.{name}"
    missing = [public for public in module.__all__ if not hasattr(module, public)]
    assert missing == []


def test_star_import_gives_all() -> None:
    namespace: dict[str, object] = {}
    exec("from strates import *", namespace)
    assert namespace.keys() >= set(strates.__all__)


def test_unknown_name_suggests_the_nearest() -> None:
    expected = r"module 'strates' has no attribute 'MLPClasifier'\. Did you mean 'MLPClassifier'\? Known: "
    with pytest.raises(AttributeError, match=expected):
        strates.MLPClasifier  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Nonsense' from 'strates'"):
        from strates import Nonsense  # type: ignore[attr-defined]  # noqa: F401
    assert not hasattr(strates, "__wrapped__")


# --- what is shipped ------------------------------------------------------------------------------


def test_versions_agree() -> None:
    assert strates.__version__ == PYPROJECT["project"]["version"]
    assert strates.__version__ == metadata.version("strates")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## [{strates.__version__}]" in changes


def test_wheel_holds_the_whole_package(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(f"strates-{strates.__version__}.dist-info/entry_points.txt").decode()
    sources = (path.relative_to(ROOT / "src") for path in (ROOT / "src" / "strates").rglob("*") if path.is_file())
    expected = {path.as_posix() for path in sources if path.suffix not in {".pyc", ".pyo"}}
    assert "strates/py.typed" in expected  # type checkers look for it
    assert {name for name in names if name.startswith("strates/")} == expected
    assert f"strates-{strates.__version__}.dist-info/licenses/LICENSE" in names
    assert "strates = strates.cli:main" in entry_points
