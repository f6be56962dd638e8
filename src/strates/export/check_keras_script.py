"""A Keras script, run where there is nothing but it and a hundred rows."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from strates._types import AnyArray
from strates.exceptions import StratesError
from strates.export.compared_rows import compared_rows, largest_difference
from strates.export.export_result import ExportResult
from strates.export.fitted_parts import FittedParts, fitted_parts
from strates.export.read_recipe import StepNotWritten, read_recipe

#: What is run: the script with the trained weights, then what it has found is written down.
_PROGRAM = """
import sys, runpy, numpy
sys.modules["strates"] = None
found = runpy.run_path(sys.argv[1])
numpy.save(sys.argv[2], found["probabilities"] if "probabilities" in found else found["reconstruction"])
"""


def check_keras_script(est: Any, script: Path, *, data: str, target: str = "target") -> ExportResult:
    """Run a script that takes the trained weights, and compare its answers with the estimator's.

    Parameters
    ----------
    est : fitted estimator
        That the script was written from.
    script : pathlib.Path
        Its arrays are beside it.
    data : str
        Name of the file that it reads; this one is written anew, with up to a hundred rows, in a folder of its own.
    target : str, default="target"
        Of a table.

    Returns
    -------
    ExportResult
        With no rows compared where the script's preprocessing learns from the rows that it is given: random ones tell
        nothing of it.

    Raises
    ------
    StratesError
        The script fails, or its answers are others.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> from strates.export import to_keras_script
    >>> clf = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(*moons(n_samples=100, random_state=0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     script = to_keras_script(clf, Path(folder) / "moons.py")
    ...     found = check_keras_script(clf, script, data="data.npz")
    >>> found.rows, found.max_difference < 1e-6
    (100, True)
    """
    parts = fitted_parts(est)
    files = [one for one in (script, script.with_suffix(".npz")) if one.exists()]
    learns = "preprocessing.fit_transform(" in script.read_text(encoding="utf-8")
    rows, difference = None if learns else _rows(parts), float("nan")
    if rows is not None:
        difference = largest_difference("Keras", _answers(parts, script, rows, data, target), parts.answers(rows))
    return ExportResult(
        path=script,
        format="Keras",
        max_difference=difference,
        rows=0 if rows is None else len(rows),
        size=sum(one.stat().st_size for one in files),
        whole=True,
        usage=f"python {script}",
    )


def _rows(parts: FittedParts) -> Any:
    try:
        return compared_rows(parts, read_recipe(parts) if parts.steps else None, None)
    except StepNotWritten:
        return None


def _answers(parts: FittedParts, script: Path, rows: Any, data: str, target: str) -> AnyArray:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copied = folder / script.name
        copied.write_text(script.read_text(encoding="utf-8").replace("\nTRAIN = True ", "\nTRAIN = False "), "utf-8")
        shutil.copyfile(script.with_suffix(".npz"), copied.with_suffix(".npz"))
        _write_rows(parts, rows, folder / Path(data).name, target)
        command = [sys.executable, "-c", _PROGRAM, copied.name, "found.npy"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if run.returncode:
            said = (run.stderr.strip().splitlines() or ["no message"])[-1]
            raise StratesError(f"The script {script} fails when it is run: {said}. Please report this.")
        found: AnyArray = np.load(folder / "found.npy")
        return found


def _write_rows(parts: FittedParts, rows: Any, path: Path, target: str) -> None:
    """Write rows, each with some label, as the script reads them."""
    classes = parts.classes
    if classes is None:
        y = None
    elif parts.kind == "multilabel":
        y = np.zeros((len(rows), len(classes)), int)
    else:
        y = classes[np.arange(len(rows)) % len(classes)]
    if path.suffix == ".npz":
        table = rows.to_numpy() if hasattr(rows, "to_numpy") else rows
        np.savez(path, **({"X": table} if y is None else {"X": table, "y": y}))
        return
    frame = pd.DataFrame(rows).assign(**({} if y is None else {target: y}))
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
