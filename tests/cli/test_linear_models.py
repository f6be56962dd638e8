"""``strates fit --model logistic|perceptron``: against statsmodels, and in what it says where there is no estimate."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from strates import load
from strates.cli.split import split_rows

OPTIONS = ("--target", "kind", "--json")


def make_table(n_rows: int = 300, n_kinds: int = 2) -> pd.DataFrame:
    """Return a table whose classes overlap, in units that are far apart."""
    rng = np.random.default_rng(3)
    mass, length = rng.normal(4000, 800, n_rows).round(), rng.normal(0.2, 0.02, n_rows).round(4)
    soil = rng.choice(["clay", "sand", "chalk"], n_rows)
    score = 0.001 * (mass - 4000) - 20 * (length - 0.2) + np.where(soil == "sand", 1.0, 0.0)
    kind = (score + rng.logistic(size=n_rows) > 0).astype(int) + (rng.random(n_rows) < 0.3) * (n_kinds > 2)
    return pd.DataFrame({"mass": mass, "length": length, "soil": soil, "kind": np.array(["no", "so", "yes"])[kind]})


def card(path: str) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        found: dict[str, Any] = json.loads(archive.read("metadata.json"))["metadata"]
    return found


@pytest.mark.parametrize("n_kinds", [2, 3])
def test_coefficients_are_those_of_statsmodels_in_the_table_s_units(strates: Any, n_kinds: int) -> None:
    frame = make_table(n_kinds=n_kinds)
    frame.to_csv("t.csv", index=False)
    done = strates("fit", "t.csv", "--model", "logistic", *OPTIONS)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["notes"] == []
    report = card("t.strates")["report"]
    table = pd.DataFrame(report["coefficients"])
    train, _ = split_rows(frame["kind"], 0.2, 0)
    rows = frame.iloc[train]
    names = ["mass", "length", "soil_clay", "soil_sand"]
    X = sm.add_constant(
        pd.DataFrame(
            {
                "mass": rows["mass"],
                "length": rows["length"],
                "soil_clay": 1.0 * (rows["soil"] == "clay"),
                "soil_sand": 1.0 * (rows["soil"] == "sand"),
            }
        )
    )
    judge = sm.MNLogit(pd.Categorical(rows["kind"]).codes, X).fit(disp=0, maxiter=200, tol=1e-12, method="newton")
    interval = judge.conf_int()
    for k, kind in enumerate(sorted(rows["kind"].unique())[1:]):
        ours = table[table["class"] == kind].set_index("feature").loc[names]
        theirs = np.asarray(judge.params)[1:, k]
        assert ours["coefficient"].to_numpy() == pytest.approx(theirs, rel=1e-3)
        assert ours["odds_ratio"].to_numpy() == pytest.approx(np.exp(theirs), rel=1e-2)
        assert ours["z"].to_numpy() == pytest.approx(np.asarray(judge.tvalues)[1:, k], rel=2e-3)
        assert ours["p_value"].to_numpy() == pytest.approx(np.asarray(judge.pvalues)[1:, k], rel=2e-2, abs=1e-9)
        low, high = np.asarray(interval).reshape(n_kinds - 1, 5, 2)[k, 1:].T
        assert ours["odds_ratio_low"].to_numpy() == pytest.approx(np.exp(low), rel=1e-2)
        assert ours["odds_ratio_high"].to_numpy() == pytest.approx(np.exp(high), rel=1e-2)
    assert report["fit_statistics"]["aic"] == pytest.approx(judge.aic, rel=1e-5)
    assert report["fit_statistics"]["mcfadden_r2"] == pytest.approx(judge.prsquared, rel=1e-5)
    assert report["reference_class"] == "no"
    page = Path("t.html").read_text(encoding="utf-8")
    assert "The coefficients</h2>" in page
    assert "multiplies the odds of" in page
    assert "weighted sum" in page or n_kinds > 2  # the drawing of one neuron


def test_separated_classes_are_told_and_no_odds_are_made_up(strates: Any) -> None:
    done = strates("fit", "iris", "--model", "logistic", "--json")
    assert done.exit_code == 0, done.stderr
    (note,) = [one for one in json.loads(done.stdout)["notes"] if "separated" in one]
    assert "'petal length (cm)'" in note  # the column's own name
    report = card("iris.strates")["report"]
    assert "odds_ratio" not in report["coefficients"]
    assert report["coefficient_notes"][0].startswith("There are no intervals. The classes are separated")
    assert "multiplies the odds" not in Path("iris.html").read_text(encoding="utf-8")


def test_penalised_fit_has_odds_but_no_intervals_and_says_why(strates: Any) -> None:
    make_table().to_csv("t.csv", index=False)
    done = strates("fit", "t.csv", "--model", "logistic", "--set", "alpha=0.01", "--set", "l1_ratio=1.0", *OPTIONS)
    assert done.exit_code == 0, done.stderr
    report = card("t.strates")["report"]
    clf, scale = load("t.strates")[-1], load("t.strates")["scale"].scale_
    table = pd.DataFrame(report["coefficients"])
    assert table["coefficient"].to_numpy()[1:] == pytest.approx(clf.coef_[0] / scale)
    assert table["odds_ratio"].to_numpy()[1:] == pytest.approx(np.exp(clf.coef_[0] / scale))
    assert "p_value" not in table
    assert "There are no intervals. summary needs alpha=0" in report["coefficient_notes"][0]
    assert report["fit_statistics"]["aic"] is None
    assert "There are no intervals." in Path("t.html").read_text(encoding="utf-8")


def test_columns_that_are_sums_of_others_are_named(strates: Any) -> None:
    frame = make_table()
    frame["kilograms"] = frame["mass"] / 1000
    frame.to_csv("t.csv", index=False)
    assert strates("fit", "t.csv", "--model", "logistic", *OPTIONS).exit_code == 0
    note = card("t.strates")["report"]["coefficient_notes"][0]
    assert "There are no intervals. The information matrix is singular" in note
    assert "mass, kilograms" in note


def test_saved_logistic_regression_predicts_the_same(strates: Any) -> None:
    frame = make_table()
    frame.to_csv("t.csv", index=False)
    answer = json.loads(strates("fit", "t.csv", "--model", "logistic", "--cv", "3", *OPTIONS).stdout)
    assert answer["command"] == "strates fit t.csv --target kind --model logistic --cv 3 --seed 0"
    _, test = split_rows(frame["kind"], 0.2, 0)
    frame.iloc[test].to_csv("held_out.csv", index=False)
    again = json.loads(strates("evaluate", "t.strates", "held_out.csv", "--json").stdout)
    assert again["metrics"]["log_loss"]["value"] == pytest.approx(answer["metrics"]["log_loss"]["value"], abs=1e-9)
    assert 0.6 < answer["cross_validation"]["accuracy"]["value"] < 1


def test_perceptron_is_judged_by_its_decisions_alone(strates: Any) -> None:
    frame = make_table()
    frame.to_csv("t.csv", index=False)
    done = strates("fit", "t.csv", "--model", "perceptron", "--set", "max_iter=5", "--cv", "2", *OPTIONS)
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    for metrics in (answer["metrics"], answer["cross_validation"]):
        missing = {name for name, metric in metrics.items() if metric["value"] is None}
        assert missing == {"log_loss", "brier_score", "roc_auc", "calibration_error"}
    assert any(note.startswith("The perceptron still made") for note in answer["notes"])
    pipeline = load("t.strates")
    table = pd.DataFrame(card("t.strates")["report"]["coefficients"])
    assert table["coefficient"].tolist()[1:] == pytest.approx(pipeline[-1].coef_[0].tolist())
    assert "odds_ratio" not in table
    _, test = split_rows(frame["kind"], 0.2, 0)
    right = (pipeline.predict(frame.iloc[test].drop(columns="kind")) == frame["kind"].iloc[test]).mean()
    assert answer["metrics"]["accuracy"]["value"] == pytest.approx(right)
    frame.to_csv("again.csv", index=False)
    shown = json.loads(strates("evaluate", "t.strates", "again.csv", "--json").stdout)
    assert shown["metrics"]["log_loss"]["value"] is None


@pytest.mark.parametrize("option", [("--stream",), ("--checkpoint", "progress"), ("--resume",)])
def test_what_a_perceptron_cannot_do_is_refused_at_once(strates: Any, option: tuple[str, ...]) -> None:
    make_table().to_csv("t.csv", index=False)
    done = strates("fit", "t.csv", "--target", "kind", "--model", "perceptron", *option)
    assert done.exit_code != 0
    assert "--model perceptron cannot learn with" in " ".join(done.stderr.split())


def test_hidden_layers_and_unknown_settings_are_refused(strates: Any) -> None:
    done = strates("fit", "iris", "--model", "logistic", "--hidden", "4")
    assert "--model logistic is none" in " ".join(done.stderr.split())
    done = strates("fit", "iris", "--model", "perceptron", "--set", "alpah=1")
    assert "no such setting of --model perceptron" in " ".join(done.stderr.split())


def test_long_table_is_learned_by_a_gradient_solver(strates: Any) -> None:
    make_table(600).to_parquet("t.parquet")
    done = strates("fit", "t.parquet", "--model", "logistic", "--stream", *OPTIONS)
    assert done.exit_code == 0, done.stderr
    report = card("t.strates")["report"]
    assert "the table was read chunk by chunk" in report["coefficient_notes"][0]
    assert len(report["coefficients"]["feature"]) == 5
    assert report["fit_statistics"] == {}


def test_a_network_of_layers_is_drawn_and_has_no_coefficients(strates: Any) -> None:
    make_table().to_csv("t.csv", index=False)
    done = strates("fit", "t.csv", "--hidden", "12,3", "--set", "max_iter=1", *OPTIONS)
    assert done.exit_code == 0, done.stderr
    report = card("t.strates")["report"]
    assert [column["n_neurons"] for column in report["drawing"]["columns"]][1:] == [12, 3, 1]
    assert "mass" in report["drawing"]["columns"][0]["labels"]
    assert report["coefficients"] is None
