"""The program as a process: what reaches the screen, exit codes, and being killed."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from strates import load
from strates.datasets import blobs

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "strates"]


def environment() -> dict[str, str]:
    """Return that of a user: nothing has told TensorFlow to be quiet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_CPP", "PYTEST", "COLUMNS"))}
    return kept | {"PYTHONPATH": str(ROOT / "src")}


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *words], cwd=folder, capture_output=True, text=True, env=environment())


def test_nothing_heavy_is_loaded_for_the_help() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from strates.cli import app\n"
        "assert CliRunner().invoke(app, ['fit', '--help']).exit_code == 0\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True)
    heavy = {"tensorflow", "keras", "sklearn", "pandas", "numpy", "matplotlib", "skrub", "pyarrow"}
    assert heavy & set(re.findall(r"'(\w+)'", done.stdout)) == set()


def test_version(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"strates \d+\.\d+\.\d+\n", done.stdout)


def test_json_is_alone_on_the_screen(tmp_path: Path) -> None:
    done = run(tmp_path, "fit", "wine", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["metrics"]["accuracy"]["value"] > 0.9
    refused = run(tmp_path, "predict", "wien.strates", "wine")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "error: There is no file wien.strates. Did you mean 'wine.strates'?\n"


def test_debug_shows_where(tmp_path: Path) -> None:
    done = run(tmp_path, "info", "nothing.strates", "--debug")
    assert done.returncode == 2
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.splitlines()[-1] == ("error: There is no model file nothing.strates. Make one with strates fit.")


def test_reader_of_a_pipe_may_leave(fitted: Any) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [*PROGRAM, "predict", str(fitted.model), str(fitted.table)],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    os.close(writing)
    os.close(reading)
    _, errors = process.communicate()
    assert errors == ""
    assert process.returncode == 1


def test_terminal_sees_the_progress(tmp_path: Path) -> None:
    """Under a terminal of its own the program animates, and ends with the table."""
    terminal, screen = pty.openpty()
    words = ["fit", "spiral", "--set", "max_iter=200", "--no-report"]
    settings = environment() | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen([*PROGRAM, *words], cwd=tmp_path, env=settings, stdout=screen, stderr=screen)
    os.close(screen)
    shown = bytearray()
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when the child has left
            break
        if not part:
            break
        shown += part
    os.close(terminal)
    text = shown.decode()
    assert process.wait() == 0, text
    assert "Loading TensorFlow" in text
    assert re.search(r"Training .*━.* epoch \d+/200  loss \d\.\d{3}", re.sub(r"\x1b\[[\d;?]*\w", "", text))
    assert "\x1b[1m" in text  # a terminal gets colours
    assert re.search(r"next .*strates predict spiral\.strates NEW\.csv", text)


def test_killed_fit_resumes_to_the_same_model(tmp_path: Path, strates: Any) -> None:
    X, y = blobs(3000, centers=4, n_features=6, noise=6.0)
    table = "\n".join(",".join([*map(str, row), f"class {label}"]) for row, label in zip(X.round(3), y, strict=True))
    (tmp_path / "blobs.csv").write_text("a,b,c,d,e,f,label\n" + table + "\n")
    words = ["fit", "blobs.csv", "--target", "label", "--set", "max_iter=200", "--no-report", "--quiet"]
    process = subprocess.Popen([*PROGRAM, *words, "--checkpoint", "progress"], cwd=tmp_path, env=environment())
    progress = tmp_path / "progress" / "blobs.checkpoint"
    deadline = time.monotonic() + 300
    while not progress.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert progress.exists()
    assert not (tmp_path / "blobs.strates").exists()

    resumed = run(tmp_path, *words, "--resume")
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert not progress.parent.exists()  # the model is saved: nothing is left to resume
    assert strates(*words, "--out", "whole.strates").exit_code == 0
    one, two = (load(tmp_path / name)[-1] for name in ("blobs.strates", "whole.strates"))
    assert one.n_iter_ == two.n_iter_
    assert one.loss_curve_ == two.loss_curve_
    assert all(np.array_equal(a, b) for a, b in zip(one.coefs_, two.coefs_, strict=True))
