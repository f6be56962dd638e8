"""One model for all, and a terminal to type commands into."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from strates.cli import app

Strates = Callable[..., Result]


@dataclass(frozen=True)
class Fitted:
    """What a fit left behind."""

    folder: Path
    table: Path
    model: Path
    answer: dict[str, Any]
    frame: pd.DataFrame


def type_command(*words: object) -> Result:
    """Run a command in this process, as one would type it."""
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def strates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Strates:
    """Return a function that runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return type_command


@pytest.fixture(scope="session")
def trees() -> Callable[..., pd.DataFrame]:
    """Return a function that makes a table."""
    return make_trees


def make_trees(n_rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """Return a table with numbers, categories, gaps, a Boolean and three kinds of tree."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(["oak", "pine", "yew"], n_rows, p=[0.5, 0.3, 0.2])
    height = rng.normal(np.where(kind == "oak", 20, np.where(kind == "pine", 26, 9)), 2.5).round(2)
    soil = np.where(rng.random(n_rows) < 0.8, np.where(kind == "pine", "sand", "clay"), "chalk")
    return pd.DataFrame(
        {
            "height": np.where(rng.random(n_rows) < 0.05, np.nan, height),
            "soil": pd.Series(soil).where(rng.random(n_rows) > 0.05),
            "evergreen": kind != "oak",
            "age": rng.integers(1, 200, n_rows),
            "kind": kind,
        }
    )


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """Return a small model of the trees, with the JSON that its fit printed."""
    folder = tmp_path_factory.mktemp("fitted")
    frame = make_trees()
    table = folder / "trees.csv"
    frame.to_csv(table, index=False)
    before = os.getcwd()
    os.chdir(folder)
    try:
        result = type_command("fit", "trees.csv", "--target", "kind", "--hidden", "8", "--set", "max_iter=30", "--json")
    finally:
        os.chdir(before)
    assert result.exit_code == 0, result.stderr
    return Fitted(folder, table, folder / "trees.strates", json.loads(result.stdout), frame)
