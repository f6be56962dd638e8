"""``strates evaluate``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from strates import load


def test_numbers_are_those_of_scikit_learn(fitted: Any, strates: Any, trees: Any) -> None:
    fresh = trees(150, seed=7)
    fresh.to_parquet("fresh.parquet")
    done = strates("evaluate", fitted.model, "fresh.parquet", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    said = load(fitted.model).predict(fresh.drop(columns="kind"))
    assert answer["metrics"]["accuracy"]["value"] == pytest.approx(accuracy_score(fresh["kind"], said))
    assert answer["metrics"]["macro_f1"]["value"] == pytest.approx(f1_score(fresh["kind"], said, average="macro"))
    assert answer["confusion"] == confusion_matrix(fresh["kind"], said, labels=["oak", "pine", "yew"]).tolist()
    assert answer["rows"] == 150
    assert answer["at_fit"] == fitted.answer["metrics"]


def test_table_for_people(fitted: Any, strates: Any) -> None:
    done = strates("evaluate", fitted.model, fitted.table)
    assert done.exit_code == 0
    assert f"kind: 240 rows of {fitted.table}" in done.stdout.replace("\n", "")
    at_fit = 100 * fitted.answer["metrics"]["accuracy"]["value"]
    assert re.search(rf"Accuracy ↑ +[\d.]+ % +[\d.]+ to [\d.]+ % +{at_fit:.1f} %", done.stdout)


def test_one_class_and_missing_labels_are_no_obstacle(fitted: Any, strates: Any) -> None:
    oaks = fitted.frame[fitted.frame["kind"] == "oak"].copy()
    oaks.iloc[:2, oaks.columns.get_loc("kind")] = None
    oaks.to_csv("oaks.csv", index=False)
    done = strates("evaluate", fitted.model, "oaks.csv", "--json")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["rows"] == len(oaks) - 2
    assert answer["notes"][0] == f"2 of {len(oaks)} rows have no label in 'kind' and are left out."
    assert answer["metrics"]["roc_auc"]["value"] is None


def test_large_table_is_sampled(fitted: Any, strates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strates.cli.sources.STREAM_ABOVE", 1)
    monkeypatch.setattr("strates.cli.evaluate_job.SAMPLE_ROWS", 100)
    answer = json.loads(strates("evaluate", fitted.model, fitted.table, "--json").stdout)
    assert answer["rows"] == 100
    assert answer["notes"] == ["The table is large: the metrics are those of a sample of 100 rows."]
    assert answer["metrics"]["accuracy"]["value"] > 0.7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"kind": "birch"},
            r"The column 'kind' of new\.csv holds labels that the model never learned: 'birch' \(240\)",
        ),
        ({"kind": None}, r"No row of new\.csv has a label in 'kind'"),
    ],
)
def test_labels_that_cannot_be_compared(fitted: Any, strates: Any, change: dict[str, Any], message: str) -> None:
    fitted.frame.assign(**change).to_csv("new.csv", index=False)
    done = strates("evaluate", fitted.model, "new.csv")
    assert done.exit_code == 2
    assert re.search(f"error: {message}", done.stderr), done.stderr


def test_target_is_needed(fitted: Any, strates: Any) -> None:
    fitted.frame.rename(columns={"kind": "Kind"}).to_csv("new.csv", index=False)
    done = strates("evaluate", fitted.model, "new.csv")
    assert done.exit_code == 2
    assert "new.csv has no column 'kind'" in done.stderr
    assert "Did you mean 'Kind'?" in done.stderr
    assert "use strates predict" in done.stderr


@pytest.mark.parametrize("labels", [["1", "2"], ["1", "b"], ["true", "false"], ["0.5", "1.5"]])
def test_labels_have_the_type_of_the_fit(strates: Any, labels: list[str]) -> None:
    """Labels that look like numbers in one file and like text in another are still the same labels."""
    rows = [f"{position}.5,{labels[position % 2]}" for position in range(40)]
    Path("both.csv").write_text("\n".join(["x,stars", *rows]) + "\n")
    words = ("--set", "max_iter=2", "--hidden", "4", "--no-report", "-q")
    assert strates("fit", "both.csv", "--target", "stars", *words).exit_code == 0
    Path("one.csv").write_text("\n".join(["x,stars", *rows[::2]]) + "\n")
    done = strates("evaluate", "both.strates", "one.csv", "--json")
    assert done.exit_code == 0, done.stderr
    frame = pd.read_csv("one.csv", dtype=str)
    frame.drop(columns="stars").to_csv("x.csv", index=False)
    said = strates("predict", "both.strates", "x.csv").stdout.split()[1:]
    expected = sum(one.lower() == labels[0] for one in said) / len(said)
    assert json.loads(done.stdout)["metrics"]["accuracy"]["value"] == pytest.approx(expected)
