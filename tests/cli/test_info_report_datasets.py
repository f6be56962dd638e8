"""``strates info``, ``strates report`` and ``strates datasets``: they need the file alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.datasets import load_wine

from strates import datasets, load
from strates.cli import app


def test_report_is_written_again_from_the_model_alone(fitted: Any, strates: Any) -> None:
    done = strates("report", fitted.model, "--out", "again")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "again.html\n", "")
    assert Path("again.html").read_bytes() == (fitted.folder / "trees.html").read_bytes()
    refused = strates("report", fitted.model, "--out", fitted.model)
    assert refused.exit_code == 2
    assert re.search(r"ends with '\.strates'; expected '\.html' or '\.htm'", refused.stderr)


def test_info_tells_what_the_model_is(fitted: Any, strates: Any) -> None:
    done = strates("info", fitted.model)
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert "predicts kind: oak, pine, yew" in text
    assert "4 columns: height (number), soil (text), evergreen (boolean), age (number)" in text
    assert f"{sum(w.size for w in load(fitted.model)[-1].network_.get_weights()):,} parameters" in text
    assert fitted.answer["command"] in text


def test_info_as_json(fitted: Any, strates: Any) -> None:
    card = json.loads(strates("info", fitted.model, "--json").stdout)
    assert card["metrics"] == fitted.answer["metrics"]
    assert card["target"] == "kind"
    assert (card["n_train"], card["n_test"]) == (192, 48)
    assert card["columns"][1] == {
        "name": "soil",
        "type": "text",
        "categories": ["chalk", "clay", "sand"],
        "numeric": False,
    }
    assert re.fullmatch(r"[0-9a-f]{64}", card["fingerprint"])
    assert "report" not in card


def test_datasets_are_listed(strates: Any) -> None:
    found = json.loads(strates("datasets", "--json").stdout)["datasets"]
    assert {one["name"] for one in found} == set(datasets.list_datasets()["name"])
    wine = next(one for one in found if one["name"] == "wine")
    assert (wine["rows"], wine["features"], wine["classes"], wine["target"]) == (178, 13, 3, "cultivar")
    shown = strates("datasets")
    assert re.search(r"wine +178 +13 +3 +cultivar +Chemical", shown.stdout)


def test_dataset_is_written_and_can_be_read_again(strates: Any) -> None:
    done = strates("datasets", "wine")
    assert done.exit_code == 0
    assert done.stdout == "wine.csv: 178 rows, 14 columns; the column to predict is 'cultivar'\n"
    written = pd.read_csv("wine.csv")
    assert (written.iloc[:, :13].to_numpy() == load_wine().data).all()
    refused = strates("datasets", "wien", "--out", "x.csv")
    assert refused.exit_code == 2
    assert "Did you mean 'wine'?" in refused.stderr
    assert not Path("x.csv").exists()


COMMANDS = [
    "fit",
    "predict",
    "evaluate",
    "diagnose",
    "attack",
    "explain",
    "check-gradients",
    "film",
    "export",
    "report",
    "info",
    "datasets",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(strates: Any, command: str) -> None:
    done = strates(command, "--help")
    assert done.exit_code == 0
    assert re.search(rf"Examples?\s+• strates {command}", done.stdout)
    assert "--debug" in done.stdout


def test_all_commands_are_known_to_these_tests() -> None:
    assert [one.callback.__name__.replace("_", "-") for one in app.registered_commands] == COMMANDS
