"""What ails a model: after ``strates fit``, and from ``strates diagnose``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from strates import load
from strates.cli.findings import show_in_full, show_in_short
from strates.cli.screen import Screen
from strates.cli.split import split_rows
from strates.inspection import Finding, diagnose


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the folder of a model that has hardly begun to learn, with what its fit printed."""
    from tests.cli.conftest import make_trees, type_command

    folder = tmp_path_factory.mktemp("slow")
    make_trees().to_csv(folder / "trees.csv", index=False)
    words = ("--target", "kind", "--hidden", "8", "--set", "max_iter=5", "--set", "learning_rate_init=1e-6")
    done = type_command("fit", folder / "trees.csv", *words, "--test-size", "0.25", "--out", folder / "slow.strates")
    assert done.exit_code == 0, done.stderr
    return folder, done


def test_fit_tells_what_is_grave(slow: Any) -> None:
    _, done = slow
    text = " ".join(done.stdout.split())
    assert "critical: learning-rate-too-low. With the learning rate 1e-6, each of the first steps" in text
    assert re.search(r"hardly begun\. to try: --set learning_rate_init=0\.\d+ critical: underfitting\.", text)
    assert text.count("to try:") == 1  # the same remedy is told once
    assert "note: duplicate" not in text
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_remedy_is_an_option_that_helps(slow: Any, strates: Any) -> None:
    folder, done = slow
    option = re.search(r"to try: (--set \S+)", done.stdout)
    assert option is not None
    words = ("--target", "kind", "--hidden", "8", "--set", "max_iter=40", *option[1].split(), "--no-report", "--json")
    better = json.loads(strates("fit", folder / "trees.csv", *words).stdout)
    assert "learning-rate-too-low" not in [one["code"] for one in better["findings"]]
    assert better["metrics"]["accuracy"]["value"] > 0.8


def test_json_and_report_of_a_fit(fitted: Any) -> None:
    found = fitted.answer["findings"]
    train, test = split_rows(fitted.frame["kind"], 0.2, 0)
    X, y = fitted.frame.drop(columns="kind"), fitted.frame["kind"]
    pipeline = load(fitted.model)
    again = diagnose(pipeline, X.iloc[train], y.iloc[train], X_test=X.iloc[test], y_test=y.iloc[test])
    assert found == [one.to_dict() for one in again]
    page = (fitted.folder / "trees.html").read_text(encoding="utf-8")
    assert '<h2 id="diagnosis-heading">Diagnosis</h2>' in page
    assert all(one["code"] in page for one in found)


def test_diagnose_splits_as_the_fit_did(slow: Any, strates: Any) -> None:
    folder, _ = slow
    done = strates("diagnose", folder / "slow.strates", folder / "trees.csv", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["rows"] == {"train": 180, "test": 60}
    assert answer["same_table"]
    assert (answer["language"], answer["notes"]) == ("en", [])
    codes = [one["code"] for one in answer["findings"]]
    assert codes[0] == "learning-rate-too-low"
    french = json.loads(
        strates("diagnose", folder / "slow.strates", folder / "trees.csv", "--language", "fr", "--json").stdout
    )
    assert [one["code"] for one in french["findings"]] == codes
    assert "à peine commencé" in french["findings"][0]["message"]


def test_diagnose_for_people_in_french(slow: Any, strates: Any) -> None:
    folder, _ = slow
    done = strates("diagnose", folder / "slow.strates", folder / "trees.csv", "--language", "fr")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[1] == "diagnostic de slow.strates\u00a0: 180 lignes d\u2019apprentissage, 60 mises de côté"
    assert lines[3].startswith("critique\u00a0: learning-rate-too-low. Avec le pas")
    assert any(line.startswith("  mesuré\u00a0: ") for line in lines)
    assert any(line.startswith("  à essayer\u00a0: --set learning_rate_init=") for line in lines)


def test_another_table_has_no_held_out_rows(slow: Any, strates: Any) -> None:
    folder, _ = slow
    frame = pd.read_csv(folder / "trees.csv")
    frame.iloc[:100].to_csv("few.csv", index=False)
    answer = json.loads(strates("diagnose", folder / "slow.strates", "few.csv", "--json").stdout)
    assert answer["rows"] == {"train": 100, "test": None}
    assert not answer["same_table"]
    assert answer["notes"][0].startswith("few.csv is not the table that the model learned from: all of its rows")


def test_what_cannot_be_diagnosed(slow: Any, strates: Any) -> None:
    folder, _ = slow
    pd.read_csv(folder / "trees.csv").drop(columns="kind").to_csv("bare.csv", index=False)
    done = strates("diagnose", folder / "slow.strates", "bare.csv")
    assert done.exit_code == 2
    assert re.match(r"error: bare\.csv has no column 'kind'", done.stderr)
    assert strates("diagnose", folder / "slow.strates", folder / "trees.csv", "--language", "de").exit_code == 2


def test_leak_is_told_with_python_that_stays_whole(strates: Any, trees: Any) -> None:
    frame = trees(120)[["soil", "age", "kind"]]
    frame["label_of_the_kind_as_the_forester_wrote_it_down_afterwards"] = frame["kind"].str.upper()
    frame.to_csv("leak.csv", index=False)
    done = strates("fit", "leak.csv", "-t", "kind", "--hidden", "4", "--set", "max_iter=20", "--no-report")
    assert done.exit_code == 0, done.stderr
    assert "critical: leakage. The column " in done.stdout
    code = "  clf.fit(X.drop(columns=['label_of_the_kind_as_the_forester_wrote_it_down_afterwards']), y)"
    assert code in [line.rstrip() for line in done.stdout.splitlines()]


def test_streamed_table(strates: Any, trees: Any) -> None:
    trees(500).to_csv("trees.csv", index=False)
    words = ("--stream", "--set", "max_iter=2", "--no-report", "--json")
    first = json.loads(strates("fit", "trees.csv", "-t", "kind", *words).stdout)
    again = json.loads(strates("diagnose", "trees.strates", "trees.csv", "--json").stdout)
    assert again["same_table"]
    assert again["findings"] == first["findings"]


# --- layouts ------------------------------------------------------------------------------------------

GRAVE = Finding("leakage", "critical", 1.0, "none", "A column tells.", "a = 1\nb = 2")
SLIGHT = Finding("overfitting", "note", 0.1, "less", "By heart.", "clf.fit(X, y)", "hidden_1", {"alpha": 0.1})


def test_layouts(capsys: Any) -> None:
    screen = Screen()
    show_in_short([GRAVE, SLIGHT, GRAVE], screen)
    assert (
        capsys.readouterr().out
        == "\ncritical: leakage. A column tells.\n  a = 1\n  b = 2\ncritical: leakage. A column tells.\n"
    )
    show_in_full([SLIGHT, GRAVE], screen)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "",
        "note: overfitting (layer hidden_1). By heart.",
        "  measured: 0.1",
        "  normal: less",
        "  to try: --set alpha=0.1",
        "",
        "critical: leakage. A column tells.",
        "  measured: 1",
        "  normal: none",
        "  a = 1",
        "  b = 2",
    ]
    show_in_short([SLIGHT], screen)
    show_in_full([GRAVE], Screen(quiet=True))
    assert capsys.readouterr().out == ""


def test_quiet_and_healthy(strates: Any) -> None:
    rng = np.random.default_rng(0)
    side = np.arange(300) % 2
    pd.DataFrame(
        {"a": rng.normal(size=300) + 2 * side, "b": rng.normal(size=300) - 2 * side, "side": np.array(["l", "r"])[side]}
    ).to_csv("easy.csv", index=False)
    assert strates("fit", "easy.csv", "-t", "side", "--model", "logistic", "--no-report", "-q").stdout == ""
    done = strates("diagnose", "easy.strates", "easy.csv")
    assert done.stdout.rstrip().endswith("Nothing stood out.")
    assert Path("easy.strates").exists()
