"""``strates fit``: what it prints, what it writes, and that its numbers are right."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss, roc_auc_score

from strates import load
from strates.cli import fit_job
from strates.cli.split import split_rows

METRICS = {"accuracy", "balanced_accuracy", "log_loss", "brier_score", "macro_f1", "roc_auc", "calibration_error"}
FAST = ("--set", "max_iter=2", "--hidden", "4", "--no-report")


# --- the JSON ---------------------------------------------------------------------------------------


def test_json_has_what_the_design_promises(fitted: Any) -> None:
    answer = fitted.answer
    assert set(answer["metrics"]) == METRICS
    for metric in answer["metrics"].values():
        assert set(metric) == {"value", "low", "high"}
        assert metric["low"] <= metric["value"] <= metric["high"]
    assert set(answer["baselines"]) == {"majority class", "logistic regression"}
    assert all(set(baseline) == METRICS for baseline in answer["baselines"].values())
    assert answer["model"] == "trees.strates"
    assert answer["report"] == "trees.html"
    assert answer["seconds"] >= answer["seconds_training"] > 0
    assert answer["classes"] == ["oak", "pine", "yew"]
    assert answer["rows"] == {"train": 192, "test": 48}
    assert answer["epochs"] == 30
    assert answer["settings"]["hidden_layer_sizes"] == [8]
    assert answer["command"] == "strates fit trees.csv --target kind --hidden 8 --set max_iter=30 --seed 0"
    assert (fitted.folder / "trees.html").stat().st_size > 10_000
    assert {path.name for path in fitted.folder.iterdir()} == {"trees.csv", "trees.html", "trees.strates"}


def test_metrics_are_those_that_scikit_learn_finds_in_the_predictions(fitted: Any, strates: Any) -> None:
    train, test = split_rows(fitted.frame["kind"], 0.2, 0)
    assert set(train) | set(test) == set(range(240))
    held_out = fitted.frame.iloc[test]
    held_out.to_csv("held_out.csv", index=False)
    assert strates("predict", fitted.model, "held_out.csv", "--proba", "--out", "answers.csv").exit_code == 0
    answers = pd.read_csv("answers.csv")
    truth, said = held_out["kind"], answers["prediction"]
    probabilities = answers[["p_oak", "p_pine", "p_yew"]].to_numpy()
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)  # float32 sums to one within 1e-7
    expected = {
        "accuracy": accuracy_score(truth, said),
        "balanced_accuracy": balanced_accuracy_score(truth, said),
        "macro_f1": f1_score(truth, said, average="macro"),
        "log_loss": log_loss(truth, probabilities),
        "roc_auc": roc_auc_score(truth, probabilities, multi_class="ovr"),
        "brier_score": float(np.square(probabilities - pd.get_dummies(truth).to_numpy()).sum(axis=1).mean()),
    }
    found = {name: fitted.answer["metrics"][name]["value"] for name in expected}
    assert found == pytest.approx(expected, abs=1e-6)
    majority = fitted.answer["baselines"]["majority class"]["accuracy"]["value"]
    assert majority == pytest.approx((truth == "oak").mean())
    assert found["accuracy"] > 0.8  # the kinds can be told apart


def test_numbers_of_two_runs_are_equal_and_another_seed_differs(strates: Any) -> None:
    answers = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        done = strates("fit", "iris", "--out", name, "--seed", seed, *FAST, "--json")
        answers.append(json.loads(done.stdout)["metrics"])
    assert answers[0] == answers[1] != answers[2]
    first, again = load("a.strates"), load("b.strates")
    assert all((one == two).all() for one, two in zip(first[-1].coefs_, again[-1].coefs_, strict=True))


# --- for people -------------------------------------------------------------------------------------


def test_table_for_people(strates: Any) -> None:
    done = strates("fit", "iris", "--set", "max_iter=3", "--cv", "2")
    assert done.exit_code == 0
    assert done.stderr == ""
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert "species: learned from 120 rows, tested on 30 others" in lines
    accuracy = next(line for line in lines if line.startswith("Accuracy ↑"))
    assert re.fullmatch(r"Accuracy ↑ +[\d.]+ % +[\d.]+ to [\d.]+ % +[\d.]+ % +[\d.]+ % +33.3 %", accuracy)
    assert "2-fold" in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, lines)) <= 80
    assert lines[-4].startswith("model   iris.strates (")
    assert lines[-3] == "report  iris.html"
    assert lines[-1] == "next    strates predict iris.strates NEW.csv"
    page = Path("iris.html").read_text(encoding="utf-8")
    assert "strates fit iris --target species --cv 2 --set max_iter=3 --seed 0" in page


def test_quiet_says_nothing(strates: Any) -> None:
    done = strates("fit", "iris", *FAST, "--quiet")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in Path().iterdir()] == ["iris.strates"]


def test_other_models_and_settings(strates: Any) -> None:
    words = ("--set", "solver=sgd", "--set", "early_stopping=True", "--set", "max_iter=2", "--no-report", "--json")
    done = strates("fit", "wine", "--model", "network", "--out", "net.strates", *words)
    assert done.exit_code == 0, done.stderr
    clf = load("net.strates")[-1]
    assert (type(clf).__name__, clf.solver, clf.early_stopping) == ("NetworkClassifier", "sgd", True)
    assert strates("fit", "wine", "--hidden", "none", "--set", "max_iter=2", "--no-report", "-q").exit_code == 0
    assert load("wine.strates")[-1].coefs_[0].shape[1] == 3


def test_progress_needs_a_solver_that_has_some(strates: Any) -> None:
    done = strates("fit", "iris", "--checkpoint", "progress", "--set", "solver=lbfgs", *FAST)
    assert done.exit_code == 2
    assert re.search(r"error: Checkpoint needs a gradient solver.*solver='adam'", done.stderr)
    assert list(Path().iterdir()) == []


def test_rare_class_is_learned_and_tested(strates: Any, trees: Any) -> None:
    frame = trees(60)
    frame.loc[:1, "kind"] = "maple"
    frame.to_csv("rare.csv", index=False)
    done = strates("fit", "rare.csv", "--target", "kind", *FAST, "--json")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["classes"] == ["maple", "oak", "pine", "yew"]
    assert answer["notes"][-1].startswith("Classes with fewer than 5 rows here, of which little can be said: maple (1)")


def test_notes_tell_what_was_left_out(strates: Any, trees: Any) -> None:
    frame = trees(60)
    frame["empty"] = np.nan
    frame.loc[3:5, "kind"] = None
    frame.to_csv("gaps.csv", index=False)
    done = strates("fit", "gaps.csv", "--target", "kind", *FAST)
    assert done.exit_code == 0, done.stderr
    assert "note: 3 of 60 rows have no label in the target 'kind' and are left out." in done.stderr
    assert 'add --missing ""' in done.stderr
    assert "1 of 6 columns hold no value at all: 'empty'" in done.stderr
    as_json = strates("fit", "gaps.csv", "--target", "kind", *FAST, "--json")
    assert as_json.stderr == ""
    assert len(json.loads(as_json.stdout)["notes"]) == 4  # and that there are few rows, and rare classes


def test_marks_and_encoding_reach_the_reader_and_the_next_command(strates: Any, trees: Any) -> None:
    frame = trees(60).astype({"height": object})
    frame["height"] = frame["height"].fillna("unbekannt")
    frame["soil"] = frame["soil"].fillna("Löß")
    frame.to_csv("trees.csv", index=False, encoding="cp1252")
    refused = strates("fit", "trees.csv", "--target", "kind", *FAST)
    assert refused.exit_code == 2
    assert "is not written in UTF-8" in refused.stderr
    assert "add --encoding cp1252" in refused.stderr
    reading = ("--encoding", "cp1252", "--missing", "unbekannt,NA")
    assert strates("fit", "trees.csv", "--target", "kind", *reading, *FAST, "-q").exit_code == 0
    done = strates("predict", "trees.strates", "trees.csv", "--encoding", "cp1252")
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 61)


# --- streams ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_streamed_table_is_learned(strates: Any, trees: Any, suffix: str) -> None:
    frame = trees(1500)
    getattr(frame, f"to_{suffix}")(f"trees.{suffix}", index=False)
    words = (
        "--target",
        "kind",
        "--stream",
        "--set",
        "max_iter=8",
        "--set",
        "early_stopping=true",
        "--no-report",
        "--json",
    )
    done = strates("fit", f"trees.{suffix}", *words)
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["metrics"]["accuracy"]["value"] > 0.85
    assert answer["rows"]["train"] + answer["rows"]["test"] < 1500  # the others are those to stop by
    assert "The table was read chunk by chunk" in answer["notes"][0]
    assert answer["command"].endswith("--stream --seed 0")


# --- what cannot be used ----------------------------------------------------------------------------

SHORT = "height,soil,kind\n1,clay,oak\n2,sand,oak\n3,clay,pine\n4,sand,pine\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("fit nowhere.csv", r"There is no file nowhere\.csv\. .*short\.csv"),
        ("fit shrot.csv -t kind", r"There is no file shrot\.csv\. Did you mean 'short\.csv'\?"),
        ("fit irsi", r"Nor is there a built-in data set 'irsi'\. Did you mean 'iris'\?"),
        (
            "fit short.csv",
            r"Which column of short\.csv is to be predicted\? Add --target and one of: height, soil, kind\.",
        ),
        ("fit short.csv -t knd", r"short\.csv has no column 'knd' to predict\. Did you mean 'kind'\?"),
        ("fit short.csv -t kind --set alhpa=1", r"--set alhpa: there is no such setting .* Did you mean 'alpha'\?"),
        ("fit short.csv -t kind --set alpha", r"--set 'alpha' is no assignment; expected NAME=VALUE"),
        ("fit short.csv -t kind --set alpha=1 --set alpha=2", r"--set alpha is given twice"),
        ("fit short.csv -t kind --set random_state=1", r"--set random_state is not available\. The seed .* --seed 0"),
        ("fit short.csv -t kind --set alpha=-1", r"alpha=-1 cannot be used"),
        ("fit short.csv -t kind --set activation=rleu", r"activation='rleu' is not known\. Did you mean 'relu'\?"),
        ("fit short.csv -t kind --hidden 0", r"--hidden '0' gives no layers; expected one positive number"),
        ("fit short.csv -t kind --hidden 8 --model network", r"--hidden describes an MLP"),
        ("fit short.csv -t kind --model mpl", r"--model.*See: strates fit --help"),
        ("fit short.csv -t kind --test-size 1.5", r"--test-size 1\.5 cannot be used; it is the share"),
        ("fit short.csv -t kind --out short.csv", r"--out short\.csv ends with '\.csv'; expected '\.strates'"),
        ("fit short.csv -t kind --out no/m.strates", r"--out no/m\.strates cannot be written: there is no folder no"),
        ("fit short.csv -t kind --out .", r"--out \. is a folder; expected a file in it"),
        ("fit short.csv -t kind --report r.pdf", r"--report r\.pdf ends with '\.pdf'; expected '\.html' or '\.htm'"),
        ("fit short.csv -t kind --stream --cv 3", r"--cv needs the whole table in memory.*--no-stream"),
        ("fit iris --stream", r"--stream is for files"),
        ("fit short.csv -t height", r"The target 'height' has classes with a single row: 1, 2, 3, 4"),
        ("fti", r"No such command 'fti'\. Did you mean 'fit'\? See: strates --help"),
        ("fit short.csv --tagret kind", r"No such option: --tagret.*--target"),
    ],
)
def test_wrong_usage_says_how_to_mend_it(strates: Any, words: str, message: str) -> None:
    Path("short.csv").write_text(SHORT)
    done = strates(*words.split())
    assert done.exit_code == 2
    assert done.stdout == ""
    assert re.fullmatch(f"error: .*{message}.*\n", done.stderr), done.stderr
    assert [path.name for path in Path().iterdir()] == ["short.csv"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"height,kind\n", r"no row below it|has no row"),
        (b"height,kind\n1,oak\n2\n", r"line 3: found 1 field, expected 2"),
        (b"height,kind\n1,\xe9\n", r"not written in UTF-8.*--encoding cp1252"),
        (b"height,kind,kind\n1,2,3\n", r"duplicate column names in the header: 'kind'"),
        (b"height,kind\n1,oak\n2,oak\n", r"one class only, 'oak'"),
        (b"height,kind\n1,oak\n2,oak\n3,yew\n", r"a class with a single row: 'yew'"),
        (b"height,kind\n1,oak\ninf,oak\n3,yew\n4,yew\n", r"holds an infinite value.*or leave it empty"),
        (b"kind\noak\noak\nyew\nyew\n", r"no column besides the target"),
        (b"height,kind\n1,0.5\n2,1.5\n3,2.5\n4,3.5\n5,0.5\n6,1.7\n", r"looks continuous"),
    ],
)
def test_table_that_cannot_be_learned(strates: Any, content: bytes, message: str) -> None:
    Path("table.csv").write_bytes(content)
    done = strates("fit", "table.csv", "--target", "kind", *FAST)
    assert done.exit_code == 2
    assert done.stdout == ""
    error = done.stderr.splitlines()[-1]
    assert error.startswith("error: ")
    assert re.search(message, error), error
    assert [path.name for path in Path().iterdir()] == ["table.csv"]


def test_model_does_not_overwrite_the_table(strates: Any) -> None:
    Path("data.csv").write_text(SHORT)
    Path("data.strates").hardlink_to("data.csv")
    done = strates("fit", "data.csv", "--target", "kind", *FAST)
    assert done.exit_code == 2
    assert "--out data.strates is the file that is read, and would be lost" in done.stderr
    assert Path("data.csv").read_text() == SHORT


def test_folder_is_tried_before_the_training(strates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    monkeypatch.setattr(fit_job, "run_fit", lambda *_: pytest.fail("trained"))
    done = strates("fit", "iris", *FAST)
    assert done.exit_code == 2
    assert "--out iris.strates cannot be written: Permission denied" in done.stderr
    assert "Nothing was started. Choose a folder that you may write to." in done.stderr


def test_full_disk_leaves_the_old_model(strates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("iris.strates").write_bytes(b"the old model")

    def fill(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fill)
    done = strates("fit", "iris", *FAST)
    assert done.exit_code == 1
    assert re.fullmatch(
        r"error: Cannot write iris\.strates in .*: No space left on device\. What was .*\n", done.stderr
    )
    assert Path("iris.strates").read_bytes() == b"the old model"
    assert [path.name for path in Path().iterdir()] == ["iris.strates"]


def test_divergence_is_a_failure_of_the_work(strates: Any) -> None:
    words = ("--set", "learning_rate_init=1e30", "--set", "solver=sgd", "--set", "batch_size=10")
    done = strates("fit", "wine", *words, "--no-report")
    assert done.exit_code == 1
    assert re.search(r"error: Training diverged: .* Try learning_rate_init=", done.stderr)
    assert list(Path().iterdir()) == []
