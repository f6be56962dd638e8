"""``strates explain``: the ledger of one row, by number or as if it were of another class."""

from __future__ import annotations

import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from strates import load
from strates.backprop import ledger
from strates.cli import fresh_rows
from strates.cli.explained_row import ExplainedRow
from strates.cli.ledger_summary import show_ledger
from strates.cli.screen import Screen

ROW = 12


@pytest.fixture(scope="module")
def probabilities(fitted: Any) -> pd.DataFrame:
    """Return what the model says of every row of its table, named by class."""
    pipeline = load(fitted.model)
    return pd.DataFrame(pipeline.predict_proba(fitted.frame.drop(columns="kind")), columns=pipeline.classes_)


@pytest.fixture(scope="module")
def book(fitted: Any) -> Any:
    """Return the ledger as the library writes it."""
    X = fitted.frame.drop(columns="kind").iloc[[ROW]]
    return ledger(load(fitted.model), X, fitted.frame["kind"][ROW])


# --- what is said -----------------------------------------------------------------------------------


def test_json_and_page_are_the_ledger_s_and_the_loss_the_prediction_s(fitted: Any, strates: Any, book: Any) -> None:
    done = strates("explain", fitted.model, fitted.table, "--row", ROW, "--out", "page", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    own = fitted.frame["kind"][ROW]
    predicted = pd.read_csv(io.StringIO(strates("predict", fitted.model, fitted.table, "--proba").stdout)).iloc[ROW]
    assert answer["loss"] == pytest.approx(-np.log(predicted[f"p_{own}"]), rel=1e-4)
    assert answer["predicted"] == predicted["prediction"]
    assert answer["probabilities"] == pytest.approx({k: predicted[f"p_{k}"] for k in ("oak", "pine", "yew")}, abs=1e-6)
    assert {name: answer[name] for name in ("row", "label", "own_label", "path", "format", "penalty", "notes")} == {
        "row": ROW,
        "label": own,
        "own_label": own,
        "path": "page.html",
        "format": "html",
        "penalty": 0.0,
        "notes": [],
    }
    assert answer["loss"] == book.loss
    assert [one["max_error"] for one in answer["witnesses"]] == [one.max_error for one in book.witnesses]
    assert [one["parameter"] for one in answer["witnesses"]] == [
        "hidden_1/kernel",
        "hidden_1/bias",
        "outputs/kernel",
        "outputs/bias",
    ]
    assert answer["verdict"] in ("good", "fine")
    assert max(one["tensorflow_error"] for one in answer["witnesses"]) < 1e-10
    title = f"Row {ROW} of trees.csv, kind {own}"
    page = Path("page.html").read_text(encoding="utf-8")
    assert f"<h1>{title}</h1>" in page
    assert page.rstrip() == book.to_html().replace(book.title, title).rstrip()


def test_screen_has_the_prediction_the_loss_and_the_witnesses(
    fitted: Any, strates: Any, book: Any, probabilities: pd.DataFrame
) -> None:
    done = strates("explain", fitted.model, fitted.table, "--row", ROW, "--out", "page.html")
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"Row {ROW} of trees.csv, kind {book.label}" in done.stdout
    shown = [line.split()[0] for line in done.stdout.splitlines() if re.match(r"(oak|pine|yew) +0\.\d{6}", line)]
    assert shown == probabilities.iloc[ROW].sort_values(ascending=False).index.tolist()
    assert re.search(rf"{book.label} +{book.probabilities[book.label]:.6f} +its class", done.stdout)
    worst = max(one.max_error for one in book.witnesses)
    theirs = max(one.tensorflow_error for one in book.witnesses)
    assert re.search(rf"finite differences +{worst:.1e} +(hidden_1|outputs)/", done.stdout)
    assert re.search(rf"TensorFlow +{theirs:.1e} +(hidden_1|outputs)/", done.stdout)
    assert re.search(rf"loss +{book.loss:.6g} nats", done.stdout)
    assert re.search(r"gradients +(good|fine): \d+ derivatives checked", done.stdout)
    assert re.search(r"written +page\.html", done.stdout)


def test_first_row_and_a_page_beside_the_model_are_the_defaults(fitted: Any, strates: Any) -> None:
    shutil.copy(fitted.model, "copy.strates")
    assert strates("explain", "copy.strates", fitted.table).exit_code == 0
    Path("models").mkdir()
    shutil.copy(fitted.model, "models/copy.strates")
    assert strates("explain", "models/copy.strates", fitted.table, "--row", 3, "--format", "latex").exit_code == 0
    assert strates("explain", "models/copy.strates", fitted.table, "--row", 3, "--label", "yew").exit_code == 0
    assert "<h1>Row 0 of trees.csv" in Path("copy.row0.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in Path("models").iterdir()) == [
        "copy.row3.as_yew.html",
        "copy.row3.tex",
        "copy.strates",
    ]


def test_name_decides_the_form(fitted: Any, strates: Any) -> None:
    for name in ("a.txt", "a.tex"):
        assert strates("explain", fitted.model, fitted.table, "--row", ROW, "--out", name).exit_code == 0
    assert Path("a.tex").read_text(encoding="utf-8").startswith("\\documentclass")
    text = Path("a.txt").read_text(encoding="utf-8")
    assert text.startswith(f"Row {ROW} of trees.csv, kind ")
    printed = strates("explain", fitted.model, fitted.table, "--row", ROW, "--out", "-")
    assert (printed.exit_code, printed.stdout, printed.stderr) == (0, text, "")
    latex = strates("explain", fitted.model, fitted.table, "--row", ROW, "--out", "-", "--format", "latex")
    assert latex.stdout == Path("a.tex").read_text(encoding="utf-8")


def test_penalty_is_that_of_the_weights(fitted: Any, strates: Any) -> None:
    answer = json.loads(
        strates("explain", fitted.model, fitted.table, "--out", "page.html", "--penalty", "--json").stdout
    )
    clf = load(fitted.model)[-1]
    expected = clf.alpha_ / 2 * sum(float((W.astype(float) ** 2).sum()) for W in clf.coefs_)
    assert expected > 0
    assert answer["penalty"] == pytest.approx(expected, rel=1e-5)
    assert [one["penalty"] for one in answer["witnesses"]] == [True] * 4


# --- as if it were of another class -----------------------------------------------------------------


def test_row_as_if_it_were_of_another_class(fitted: Any, strates: Any, probabilities: pd.DataFrame) -> None:
    own = fitted.frame["kind"][ROW]
    other = next(kind for kind in ("oak", "pine") if kind != own)
    words = ("explain", fitted.model, fitted.table, "--row", ROW, "--label", other, "--out", "page.html")
    answer = json.loads(strates(*words, "--json").stdout)
    assert (answer["label"], answer["own_label"]) == (other, own)
    assert answer["loss"] == pytest.approx(-np.log(probabilities.loc[ROW, other]), rel=1e-4)
    shown = strates(*words).stdout
    assert f"Row {ROW} of trees.csv, kind {own}, as if it were {other}" in shown
    assert re.search(rf"{own} +[\d.]+ +its class", shown)
    assert re.search(rf"{other} +[\d.]+ +supposed", shown)


@pytest.mark.parametrize(("change", "own"), [(None, None), ({"kind": None}, None), ({"kind": "birch"}, "birch")])
def test_supposed_class_needs_no_label_in_the_table(
    fitted: Any, strates: Any, probabilities: pd.DataFrame, change: dict[str, Any] | None, own: str | None
) -> None:
    frame = fitted.frame.drop(columns="kind") if change is None else fitted.frame.assign(**change)
    frame.to_csv("new.csv", index=False)
    done = strates("explain", fitted.model, "new.csv", "--row", ROW, "--label", "yew", "--out", "page.html", "--json")
    assert done.exit_code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["label"], answer["own_label"]) == ("yew", own)
    assert answer["loss"] == pytest.approx(-np.log(probabilities.loc[ROW, "yew"]), rel=1e-4)


def test_binary_model_of_numbers(strates: Any) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 80))
    pd.DataFrame({"a": a, "b": b, "stars": 1 + (a + rng.normal(size=80) > 0)}).to_csv("t.csv", index=False)
    words = ("--target", "stars", "--model", "logistic", "--set", "alpha=0.01", "--no-report", "-q")
    assert strates("fit", "t.csv", *words).exit_code == 0
    predicted = pd.read_csv(io.StringIO(strates("predict", "t.strates", "t.csv", "--proba").stdout))
    answer = json.loads(strates("explain", "t.strates", "t.csv", "--row", 5, "--label", "1", "--json").stdout)
    assert answer["label"] == 1
    assert answer["loss"] == pytest.approx(-np.log(predicted["p_1"][5]), rel=1e-4)
    assert answer["own_label"] == int(pd.read_csv("t.csv")["stars"][5])
    assert answer["path"] == "t.row5.as_1.html"


def test_class_in_question_is_shown_however_unlikely(fitted: Any, book: Any, capsys: Any) -> None:
    """Seven classes, of which the supposed one comes last."""
    X = fitted.frame.drop(columns="kind").iloc[[ROW]]
    many = {f"class {i}": p for i, p in enumerate([0.5, 0.2, 0.1, 0.1, 0.05, 0.05 - 1e-9, 1e-9])}
    with Screen() as screen:
        found = ExplainedRow(X, "class 6", "class 0", [])
        show_ledger(replace(book, probabilities=many, loss=20.5, penalty=0.25), found, Path("page.html"), screen)
    shown = capsys.readouterr().out
    assert re.search(r"class 0 +0\.500000 +its class", shown)
    assert re.search(r"class 6 +1\.0e-09 +supposed", shown)
    assert "class 5" not in shown
    assert "and 1 more" in shown
    assert "20.5 nats, and the penalty 0.25" in shown


# --- which row --------------------------------------------------------------------------------------


def test_row_of_a_later_chunk_and_no_reading_beyond_it(
    fitted: Any, strates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = fitted.frame.copy()
    frame.loc[100, "height"] = np.inf
    frame.to_csv("new.csv", index=False)
    words = ("explain", fitted.model, "new.csv", "--out", "page.html", "--json")
    whole = json.loads(strates("explain", fitted.model, fitted.table, "--row", 60, *words[3:]).stdout)
    monkeypatch.setattr(fresh_rows, "CHUNK_ROWS", 7)
    part = json.loads(strates(*words, "--row", 60).stdout)
    assert part["loss"] == pytest.approx(whole["loss"], abs=1e-12)
    refused = strates(*words, "--row", 120)
    assert refused.exit_code == 2
    assert "infinite" in refused.stderr


def test_new_category_is_told_of_the_row_that_has_it(fitted: Any, strates: Any) -> None:
    frame = fitted.frame.copy()
    frame.loc[4, "soil"] = "lava"
    frame.to_csv("new.csv", index=False)
    done = strates("explain", fitted.model, "new.csv", "--row", 4, "--out", "page.html")
    assert done.stderr == (
        "note: The row holds 'lava' in column 'soil', which the model never saw. It takes it for none of the "
        "categories that it knows.\n"
    )
    assert strates("explain", fitted.model, "new.csv", "--row", 5, "--out", "page.html").stderr == ""


# --- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--row", 240), r"--row 240: .*trees\.csv has 240 rows, counted from 0\. Give a number from 0 to 239\."),
        (("--row", -1), r"--row -1: rows are counted from 0, which is the first\."),
        (("--label", "yaw"), r"--label 'yaw' is not a class that the model knows\. Did you mean 'yew'\?"),
        (("--out", "page.pdf"), r"--out page\.pdf ends with '\.pdf'; expected '\.html' for a page, '\.tex' for LaTeX"),
        (
            ("--out", "page.tex", "--format", "html"),
            r"--out page\.tex ends with '\.tex'; expected '\.html' or '\.htm'\.",
        ),
        (("--out", "-", "--json"), r"--json and --out - both want standard output\. Drop one"),
        (("--out", "no/page.html"), r"--out no/page\.html cannot be written: there is no folder no\."),
    ],
)
def test_wrong_usage(fitted: Any, strates: Any, words: tuple[object, ...], message: str) -> None:
    done = strates("explain", fitted.model, fitted.table, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert re.search(f"error: {message}", done.stderr), done.stderr
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "birch"}, r"Row 0 of new\.csv has the label 'birch' in 'kind', which the model never learned\."),
        ({"kind": None}, r"Row 0 of new\.csv has no label in 'kind', and without its class a row has no loss\."),
    ],
)
def test_label_that_is_needed(fitted: Any, strates: Any, change: dict[str, Any], message: str) -> None:
    fitted.frame.assign(**change).to_csv("new.csv", index=False)
    done = strates("explain", fitted.model, "new.csv", "--out", "page.html")
    assert done.exit_code == 2
    assert re.search(f"error: {message} .* add --label and one of: oak, pine, yew\\.", done.stderr), done.stderr


def test_target_is_needed_where_no_class_is_supposed(fitted: Any, strates: Any) -> None:
    fitted.frame.rename(columns={"kind": "Kind"}).to_csv("new.csv", index=False)
    done = strates("explain", fitted.model, "new.csv", "--out", "page.html")
    assert done.exit_code == 2
    assert "new.csv has no column 'kind', and without its class a row has no loss. Did you mean 'Kind'?" in done.stderr
    assert "Or say with --label which class to suppose." in done.stderr


def test_table_is_not_overwritten(fitted: Any, strates: Any) -> None:
    fitted.frame.to_csv("rows.txt", index=False)
    before = Path("rows.txt").read_bytes()
    done = strates("explain", fitted.model, "rows.txt", "--out", "rows.txt")
    assert done.exit_code == 2
    assert "--out rows.txt is the file that is read, and would be lost. Give another name." in done.stderr
    assert Path("rows.txt").read_bytes() == before


def test_perceptron_has_nothing_to_propagate(strates: Any) -> None:
    words = ("--model", "perceptron", "--set", "max_iter=3", "--no-report", "-q")
    assert strates("fit", "iris", *words).exit_code == 0
    for command in ("explain", "check-gradients"):
        done = strates(command, "iris.strates", "iris")
        assert (done.exit_code, done.stdout) == (2, "")
        assert re.search(r"error: The network ends in ", done.stderr), done.stderr
    assert not list(Path().glob("*.html"))
