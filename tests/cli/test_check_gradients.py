"""``strates check-gradients``: which rows, what is compared, and when the exit code says no."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from strates import load
from strates.backprop import BlockCheck, GradientCheck, Kink, gradient_check
from strates.cli import fresh_rows
from strates.cli.drawn_rows import draw_rows
from strates.cli.gradient_table import kink_lines, verdict_lines
from strates.cli.model_card import read_card
from strates.cli.sources import find_source

BLOCK = BlockCheck("outputs/bias", (3,), False, False, 3, 0, 2e-9, 1e-9, (1,), 0.5, 0.5, float("nan"), "good")


# --- the numbers ------------------------------------------------------------------------------------


def test_numbers_are_those_of_the_library_and_of_the_predictions(fitted: Any, strates: Any) -> None:
    done = strates("check-gradients", fitted.model, fitted.table, "--entries", 8, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    pipeline, frame = load(fitted.model), fitted.frame.iloc[answer["rows"]]
    X, y = frame.drop(columns="kind"), frame["kind"]
    check = gradient_check(pipeline, X, y, entries=8)
    assert answer["max_error"] == pytest.approx(check.max_error)
    assert answer["tensorflow_error"] == pytest.approx(check.tensorflow_error)
    assert [one["parameter"] for one in answer["blocks"]] == [one.parameter for one in check.blocks]
    assert answer["verdict"] == check.verdict
    assert (len(answer["rows"]), answer["labelled_rows"], answer["h"]) == (20, 240, 1e-5)
    # an oracle of its own: the derivative of the mean cross-entropy by the biases of a softmax is the mean of p - y
    (bias,) = [b for b in answer["blocks"] if b["parameter"] == "outputs/bias" and not (b["penalty"] or b["dropout"])]
    expected = (pipeline.predict_proba(X) - (y.to_numpy()[:, None] == pipeline.classes_)).mean(axis=0)
    assert bias["analytic"] == pytest.approx(expected[bias["entry"][0]], abs=1e-6)
    assert {(b["penalty"], b["dropout"]) for b in answer["blocks"]} == {(False, False), (True, False), (False, True)}
    assert [b["tensorflow_error"] is None for b in answer["blocks"]] == [b["dropout"] for b in answer["blocks"]]


def test_table_for_people(fitted: Any, strates: Any) -> None:
    done = strates("check-gradients", fitted.model, fitted.table, "--entries", 8)
    assert (done.exit_code, done.stderr) == (0, "")
    text = done.stdout
    assert "gradients of trees.strates on 20 of 240 rows of" in text
    number = r"\d\.\de-\d\d|0\.0e\+00"
    for objective, theirs in (("loss", number), ("loss and penalty", number), ("loss with dropout", "-")):
        line = rf"  hidden_1/bias +8 +\d +({number}) +({number}) +({theirs}) +(good|fine|uncomfortable)"
        assert re.search(rf"\n{objective} +\n(  .*\n)*{line}", text), objective
    assert re.search(r"\nVerdict: (good|fine|uncomfortable); ", text)
    assert "Largest distance from TensorFlow's gradients" in text


# --- the rows ---------------------------------------------------------------------------------------


def test_rows_are_drawn_alike_however_the_table_is_read(
    fitted: Any, strates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = fitted.frame.copy()
    frame.loc[::2, "kind"] = None
    frame.to_csv("new.csv", index=False)
    frame.to_parquet("new.parquet")
    card, about = read_card(fitted.model)

    def drawn(table: str, seed: int = 0) -> Any:
        return draw_rows(find_source(table), card, about["classes"], 6, seed)

    first = drawn("new.csv")
    rows = first.X.index.tolist()
    assert len(set(rows)) == 6
    assert rows == sorted(rows)
    assert all(row % 2 for row in rows)  # the others have no label
    assert first.n_labelled == 120
    assert first.y.tolist() == frame["kind"][rows].tolist()
    pd.testing.assert_frame_equal(first.X, frame.loc[rows].drop(columns="kind"), check_dtype=False)
    assert drawn("new.csv", seed=1).X.index.tolist() != rows
    monkeypatch.setattr(fresh_rows, "CHUNK_ROWS", 5)
    for table in ("new.csv", "new.parquet"):
        again = drawn(table)
        assert again.y.tolist() == first.y.tolist()
        pd.testing.assert_frame_equal(again.X, first.X)


def test_every_row_is_as_likely_to_be_drawn(fitted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over 100 seeds each of 12 rows is among 3 about 25 times (standard deviation 4.3), wherever a chunk ends."""
    fitted.frame.head(12).to_csv(tmp_path / "few.csv", index=False)
    monkeypatch.setattr(fresh_rows, "CHUNK_ROWS", 2)
    card, about = read_card(fitted.model)
    source = find_source(str(tmp_path / "few.csv"))
    drawn = [draw_rows(source, card, about["classes"], 3, seed).X.index for seed in range(100)]
    counts = np.bincount(np.concatenate(drawn), minlength=12)
    assert counts.sum() == 300
    assert counts.min() > 25 - 4 * 4.3
    assert counts.max() < 25 + 4 * 4.3


def test_small_table_is_taken_whole(fitted: Any, strates: Any) -> None:
    fitted.frame.head(3).to_csv("few.csv", index=False)
    answer = json.loads(strates("check-gradients", fitted.model, "few.csv", "--entries", 0, "--json").stdout)
    assert answer["rows"] == [0, 1, 2]
    assert all(one["n_checked"] == np.prod(one["shape"]) for one in answer["blocks"])


# --- kinks and verdicts -----------------------------------------------------------------------------


def test_kinks_are_named_by_the_row_of_the_table(fitted: Any, strates: Any) -> None:
    """A unit goes over its kink by a step in its bias where its sum is nearer to 0 than the step."""
    words = ("check-gradients", fitted.model, fitted.table, "--h", 0.05)
    answer = json.loads(strates(*words, "--json").stdout)
    kinks = [kink for kink in answer["kinks"] if kink["parameter"] == "hidden_1/bias"]
    assert kinks
    pipeline = load(fitted.model)
    rows = pipeline[:-1].transform(fitted.frame.drop(columns="kind"))
    sums = np.asarray(rows, float) @ pipeline[-1].coefs_[0] + pipeline[-1].intercepts_[0]
    for kink in kinks:
        assert kink["row"] in answer["rows"]
        assert [kink["unit"]] == kink["index"]
        assert abs(sums[kink["row"], kink["unit"]]) <= 0.05 + 1e-6
    first, text = answer["kinks"][0], " ".join(strates(*words).stdout.split())
    assert (
        f"Kink: a step in {first['parameter']}{first['index']} carries unit {first['unit']} of {first['layer']} over "
        f"its kink, in row {first['row']}. Set apart; it would read {first['error']:.2g}."
    ) in text
    assert f"and {len(answer['kinks']) - 5} more such entries, named by --json." in text


def test_wrong_gradients_give_exit_code_1(fitted: Any, strates: Any) -> None:
    words = ("check-gradients", fitted.model, fitted.table, "--h", 20, "--entries", 4)
    done = strates(*words)
    assert done.exit_code == 1
    assert done.stderr == ""
    assert re.search(r"outputs/bias +3 +0 .* wrong *\n", done.stdout)
    assert "Verdict: wrong; the gradients are not those of the loss" in done.stdout
    again = strates(*words, "--json")
    assert (again.exit_code, json.loads(again.stdout)["verdict"]) == (1, "wrong")


def test_corner_of_the_penalty_in_words() -> None:
    check = GradientCheck((BLOCK,), (Kink("hidden_1/kernel", (2, 0), "penalty", -1, -1, 0.5),), 1e-5)
    assert kink_lines(check, [7]) == [
        "Kink: hidden_1/kernel[2, 0] is within 1e-05 of zero, the corner of the L1 penalty. Set apart; it would read "
        "0.5.",
        "",
    ]


def test_verdict_in_words() -> None:
    assert verdict_lines(GradientCheck((BLOCK,), (), 1e-5)) == [
        "Verdict: good; the gradients are right.",
        "Largest relative error: 2.0e-09, in outputs/bias[1]: 0.5 by back-propagation, 0.5 by finite differences.",
        "Beyond the rounding of differences with h = 1e-05: 1.0e-09, which is what the verdict judges.",
    ]
    apart = replace(BLOCK, entry=None, max_error=0.0, n_kinks=3, tensorflow_error=1e-16)
    assert verdict_lines(GradientCheck((apart,), (), 1e-5))[1:] == [
        "Beyond the rounding of differences with h = 1e-05: 1.0e-09, which is what the verdict judges.",
        "Largest distance from TensorFlow's gradients: 1.0e-16; above 1e-4, it counts.",
    ]


# --- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "birch"}, r"The column 'kind' of new\.csv holds labels that the model never learned: 'birch'"),
        ({"kind": None}, r"No row of new\.csv has a label in 'kind'; expected some to compute a loss\."),
    ],
)
def test_labels_that_give_no_loss(fitted: Any, strates: Any, change: dict[str, Any], message: str) -> None:
    fitted.frame.assign(**change).to_csv("new.csv", index=False)
    done = strates("check-gradients", fitted.model, "new.csv")
    assert (done.exit_code, done.stdout) == (2, "")
    assert re.search(f"error: {message}", done.stderr), done.stderr


def test_target_is_needed(fitted: Any, strates: Any) -> None:
    fitted.frame.rename(columns={"kind": "Kind"}).to_csv("new.csv", index=False)
    done = strates("check-gradients", fitted.model, "new.csv")
    assert done.exit_code == 2
    assert "new.csv has no column 'kind', and without classes there is no loss to differentiate." in done.stderr
    assert "Did you mean 'Kind'?" in done.stderr


def test_step_is_positive(fitted: Any, strates: Any) -> None:
    done = strates("check-gradients", fitted.model, fitted.table, "--h", 0)
    assert done.exit_code == 2
    assert "error: h=0.0; expected a positive step, such as 1e-5." in done.stderr
