"""The layers hold: the contracts of pyproject.toml refuse what the design forbids, and the sources keep to it."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src" / "strates").rglob("*.py"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Who may import what others must not. The rest (NumPy, pandas, SciPy, scikit-learn) is for every folder but backprop.
OWNERS = {
    "keras": {"engine"},
    "tensorflow": {"engine"},
    "matplotlib": {"displays"},
    "PIL": {"datasets", "displays"},
    "jinja2": {"report"},
    "typer": {"cli"},
    "rich": {"cli", "studies"},  # studies: a bar of progress
    "pyarrow": {"datasets"},
    "onnx": {"export"},
    "onnxruntime": {"export"},
    "skops": {"estimators"},
    "skrub": {"estimators", "inspection"},  # the pipeline, and the baseline that takes the same tables
}
BLACKBOARD_TABLES = {"gradient_check.py", "ledger.py", "rows.py"}
IMPORT_NAMES = {"pillow": "PIL", "scikit-learn": "sklearn"}
OPTIONAL = [line for extra in PYPROJECT["project"]["optional-dependencies"].values() for line in extra]
DECLARED = {line.split(">")[0].strip() for line in (*PYPROJECT["project"]["dependencies"], *OPTIONAL)}
THIRD_PARTIES = {IMPORT_NAMES.get(name, name) for name in DECLARED}


# --- the contracts --------------------------------------------------------------------------------


def run_contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(folder / "src"), "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


def test_sources_keep_the_contracts() -> None:
    run = run_contracts(ROOT)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """Return a package of empty layers under the contracts of this project."""
    package = tmp_path / "src" / "strates"
    for layer in ("cli", "report", "displays", "estimators", "inspection", "engine", "datasets"):
        (package / layer).mkdir(parents=True)
        (package / layer / "__init__.py").touch()
    for module in ("__init__", "_random", "_types", "exceptions"):
        (package / f"{module}.py").touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("layer", "statement"),
    [
        ("engine", "import strates.estimators"),  # upwards
        ("exceptions.py", "import strates._random"),
        ("datasets", "import strates.engine"),  # between siblings
        ("inspection", "import strates.estimators"),
        ("estimators", "import keras"),
        ("cli", "import tensorflow"),
        ("report", "import matplotlib.figure"),
        ("estimators", "def f():\n    import matplotlib"),  # also inside a function
    ],
)
def test_contracts_refuse(skeleton: Path, layer: str, statement: str) -> None:
    path = skeleton / "src" / "strates" / layer
    (path if path.suffix else path / "broken.py").write_text(statement + "\n")
    run = run_contracts(skeleton)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "BROKEN" in run.stdout


def test_contracts_refuse_a_folder_without_a_layer(skeleton: Path) -> None:
    (skeleton / "src" / "strates" / "misc").mkdir()
    (skeleton / "src" / "strates" / "misc" / "__init__.py").touch()
    assert "strates.misc" in run_contracts(skeleton).stdout


@pytest.mark.parametrize(
    ("layer", "statement"),
    [
        ("engine", "import keras\nimport tensorflow\nimport strates._random"),
        ("displays", "import matplotlib.figure\nimport strates.inspection"),
        ("cli", "import strates.report\nimport strates.estimators"),
        ("estimators", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras"),
    ],
)
def test_contracts_allow(skeleton: Path, layer: str, statement: str) -> None:
    (skeleton / "src" / "strates" / layer / "fine.py").write_text(statement + "\n")
    run = run_contracts(skeleton)
    assert run.returncode == 0, run.stdout + run.stderr


# --- the sources ----------------------------------------------------------------------------------


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT / "src" / "strates").parts[0].removesuffix(".py")


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imports(node: ast.AST, *, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield each imported top-level name that runs, and whether a function's body holds the import."""
    for child in ast.iter_child_nodes(node):
        if is_type_checking(child):
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name.partition(".")[0], inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield ("." if child.level else str(child.module).partition(".")[0], inside)
        function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from imports(child, inside=inside or function)


def imports_of(path: Path) -> list[tuple[str, bool]]:
    return list(imports(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_source_imports_what_its_layer_may(path: Path) -> None:
    layer = layer_of(path)
    names = {name for name, _ in imports_of(path)} - set(sys.stdlib_module_names) - {"strates"}
    assert names <= THIRD_PARTIES  # declared, absolute
    assert {name for name in names if layer not in OWNERS.get(name, {layer})} == set()
    if layer == "backprop":  # its mathematics is NumPy alone; results are given as tables too
        assert names <= ({"numpy", "pandas"} if path.name in BLACKBOARD_TABLES else {"numpy"})


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_imports_stand_at_the_top(path: Path) -> None:
    """Laziness lives in the façade (by ``import_module``) and in the bodies of commands."""
    lazy = {name for name, inside in imports_of(path) if inside}
    if layer_of(path) not in {"cli", "__main__"}:
        assert lazy == set()
    if layer_of(path) != "__init__":
        assert "import_module(" not in path.read_text(encoding="utf-8")


def test_owners_are_dependencies() -> None:
    assert OWNERS.keys() <= THIRD_PARTIES
