"""The user's own Python file, named as ``mynet.py:build``: read first, then run, its errors told by their line."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import linecache
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from strates.exceptions import ParameterError, StratesError, did_you_mean

_EXPECTED = "a function (input_shape, n_classes) that returns a keras.Model"


@dataclass(frozen=True)
class OwnFile:
    """A file, and a function in it.

    Attributes
    ----------
    path : pathlib.Path
    function : str or None
        None where only the classes of the file are wanted.
    """

    path: Path
    function: str | None

    def __str__(self) -> str:
        return str(self.path) if self.function is None else f"{self.path}:{self.function}"


def is_own_file(text: str | None) -> bool:
    """Whether a word names a Python file, and not a kind of model.

    Examples
    --------
    >>> is_own_file("mynet.py:build"), is_own_file("mynet.py"), is_own_file("mlp")
    (True, True, False)
    """
    return text is not None and text.partition(":")[0].endswith(".py")


def find_own_file(text: str, option: str, *, needs_function: bool = True) -> OwnFile:
    """Read, without running it, which functions a file has.

    Parameters
    ----------
    text : str
        Such as "mynet.py:build".
    option : str
        That gave it, for messages.
    needs_function : bool, default=True

    Returns
    -------
    OwnFile

    Raises
    ------
    ParameterError
        There is no such file or function, or the file is no Python.
    """
    name, _, function = text.partition(":")
    path = Path(name).expanduser()
    if not path.is_file():
        near = did_you_mean(path.name, sorted(one.name for one in path.parent.glob("*.py")))
        raise ParameterError(f"{option} {text}: there is no file {path}. {near if path.parent.is_dir() else ''}")
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise ParameterError(f"{path}{where}: this is no Python ({getattr(error, 'msg', None) or error}).") from error
    functions = [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]
    if not function:
        if needs_function:
            known = f"It has: {', '.join(functions)}." if functions else "It has none yet."
            raise ParameterError(f"{option} {text} names no function. Say {path}:NAME, {_EXPECTED}. {known}")
        return OwnFile(path, "build" if "build" in functions else None)
    others = _other_names(tree)
    if function not in (*functions, *others) and "*" not in others:
        known = did_you_mean(function, functions) if functions else f"Write one: {_EXPECTED}."
        raise ParameterError(f"{path} has no function {function!r}. {known}")
    return OwnFile(path, function)


def _other_names(tree: ast.Module) -> list[str]:
    """Return what else a file names at its top: classes, what it assigns, what it imports."""
    found = []
    for one in tree.body:
        if isinstance(one, ast.ClassDef):
            found.append(one.name)
        elif isinstance(one, ast.Assign):
            found += [target.id for target in one.targets if isinstance(target, ast.Name)]
        elif isinstance(one, ast.ImportFrom | ast.Import):
            found += [alias.asname or alias.name for alias in one.names]
    return found


def run_own_file(own: OwnFile) -> ModuleType:
    """Run the file as a module, once a process.

    Raises
    ------
    ParameterError
        It fails; the message says in which line.
    """
    # a name that no installed package has: a file called keras.py must not be Keras
    name = f"own_file_{own.path.stem}_{abs(hash(own.path.resolve()))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, own.path)
    if spec is None or spec.loader is None:
        raise ParameterError(f"{own.path} cannot be run as Python.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(own.path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)  # for files beside it; last, so that none hides a package: json.py, keras.py
    try:
        with errors_by_line(own):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@dataclass(frozen=True)
class OwnFunction:
    """The function of a file, called as :class:`strates.NetworkClassifier` calls it.

    Attributes
    ----------
    own : OwnFile
    function : callable
    """

    own: OwnFile
    function: Callable[[tuple[int, ...], int], Any]

    def __call__(self, input_shape: tuple[int, ...], n_classes: int) -> Any:
        """Call it; an error in it is told by its line."""
        with errors_by_line(self.own):
            made = self.function(input_shape, n_classes)
        if not any(one.__name__ == "Model" and one.__module__.startswith("keras.") for one in type(made).__mro__):
            reason = " It has no return, perhaps." if made is None else ""
            raise ParameterError(
                f"{self.own} returned {'None' if made is None else f'a {type(made).__name__}'}; expected a "
                f"keras.Model.{reason}"
            )
        return made

    def __repr__(self) -> str:
        return str(self.own)


def own_function(own: OwnFile) -> OwnFunction:
    """Run the file, and return its function.

    Raises
    ------
    ParameterError
        It is none, or takes other arguments than two.
    """
    found = getattr(run_own_file(own), str(own.function), None)
    if not callable(found):
        raise ParameterError(f"{own} is a {type(found).__name__}; expected {_EXPECTED}.")
    try:
        inspect.signature(found).bind((1,), 1)
    except TypeError as error:
        raise ParameterError(
            f"{own} takes {inspect.signature(found)}, which does not fit ({error}); expected {_EXPECTED}."
        ) from error
    except ValueError:  # a signature that Python cannot tell
        pass
    return OwnFunction(own, found)


def own_classes(own: OwnFile) -> dict[str, Any]:
    """Run the file, and return what a model file may need of it: its classes, and under "network" its function."""
    module = run_own_file(own)
    found = {name: one for name, one in vars(module).items() if isinstance(one, type)}
    return found if own.function is None else {**found, "network": own_function(own)}


@contextmanager
def errors_by_line(own: OwnFile) -> Iterator[None]:
    """Turn an error that went through the file into one that names the line.

    Raises
    ------
    ParameterError
    """
    try:
        yield
    except StratesError:
        raise
    except (Exception, SystemExit) as error:
        here = str(own.path.resolve())
        frames = [one for one in traceback.extract_tb(error.__traceback__) if str(Path(one.filename).resolve()) == here]
        if not frames:
            raise
        last = frames[-1]
        text = linecache.getline(last.filename, last.lineno or 0).strip()
        within = "" if last.name == "<module>" else f", in {last.name}"
        reason = " ".join(str(error).split())[:400]
        raise ParameterError(
            f"{own.path}, line {last.lineno}{within}: {type(error).__name__}: {reason.rstrip('.')}. The line is: {text}"
        ) from error
