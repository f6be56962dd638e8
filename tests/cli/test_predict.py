"""``strates predict``: the answers are the model's, and a table that does not fit is refused with a reason."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from strates import load
from strates.cli import fresh_rows


def answers_of(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text))


# --- the answers ------------------------------------------------------------------------------------


def test_answers_are_those_of_the_loaded_model(fitted: Any, strates: Any) -> None:
    done = strates("predict", fitted.model, fitted.table, "--proba")
    assert done.exit_code == 0
    assert done.stderr == ""  # the target is no column to wonder about
    found = answers_of(done.stdout)
    pipeline = load(fitted.model)
    X = fitted.frame.drop(columns="kind")
    assert list(found) == ["prediction", "p_oak", "p_pine", "p_yew"]
    assert found["prediction"].tolist() == pipeline.predict(X).tolist()
    assert (found.iloc[:, 1:].to_numpy(np.float32) == pipeline.predict_proba(X)).all()


@pytest.mark.parametrize("chunk_rows", [1, 7, 100_000])
def test_chunks_do_not_matter(fitted: Any, strates: Any, monkeypatch: pytest.MonkeyPatch, chunk_rows: int) -> None:
    part = fitted.frame.iloc[:20]
    part.to_csv("part.csv", index=False)
    whole = strates("predict", fitted.model, "part.csv", "--proba").stdout
    monkeypatch.setattr(fresh_rows, "CHUNK_ROWS", chunk_rows)
    assert strates("predict", fitted.model, "part.csv", "--proba").stdout == whole


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_files_in_and_out(fitted: Any, strates: Any, suffix: str) -> None:
    X = fitted.frame.drop(columns="kind")
    getattr(X, f"to_{suffix}")(f"new.{suffix}", index=False)
    done = strates("predict", fitted.model, f"new.{suffix}", "--proba", "--out", f"answers.{suffix}")
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"240 predictions in answers.{suffix}\n", "")
    found = getattr(pd, f"read_{suffix}")(f"answers.{suffix}")
    shown = answers_of(strates("predict", fitted.model, fitted.table, "--proba").stdout)
    pd.testing.assert_frame_equal(found, shown, check_dtype=False)


def test_kept_columns_stay_as_they_were_written(fitted: Any, strates: Any) -> None:
    frame = fitted.frame.head(3).assign(id=["007", "008", "1e5"])
    frame.to_csv("new.csv", index=False)
    done = strates("predict", fitted.model, "new.csv", "--keep", "id", "--keep", "age")
    lines = done.stdout.splitlines()
    assert lines[0] == "id,age,prediction"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        [name, str(age)] for name, age in zip(frame["id"], frame["age"], strict=True)
    ]
    assert strates("predict", fitted.model, "new.csv", "--keep", "nothing").exit_code == 2


def test_order_of_columns_does_not_matter_and_others_are_ignored(fitted: Any, strates: Any) -> None:
    plain = strates("predict", fitted.model, fitted.table).stdout
    mixed = fitted.frame[["age", "kind", "evergreen", "soil", "height"]].assign(note="x", town="Lyon")
    mixed.to_csv("mixed.csv", index=False)
    done = strates("predict", fitted.model, "mixed.csv")
    assert done.stdout == plain
    assert done.stderr == "note: mixed.csv has columns that the model does not use, ignored: 'note', 'town'.\n"
    assert strates("predict", fitted.model, "mixed.csv", "--quiet").stderr == ""


def test_new_categories_are_counted(fitted: Any, strates: Any) -> None:
    frame = fitted.frame.copy()
    frame.loc[:4, "soil"] = "lava"
    frame.loc[5, "soil"] = "peat"
    frame.to_csv("new.csv", index=False)
    done = strates("predict", fitted.model, "new.csv")
    assert done.exit_code == 0
    assert done.stderr == (
        "note: Column 'soil' holds 2 categories that the model never saw, in 6 rows: 'lava' (5), 'peat' (1). "
        "It takes them for none of those that it knows.\n"
    )


def test_names_are_shown_as_they_are_and_dates_are_no_categories(strates: Any) -> None:
    """Square brackets are markup to the library that prints; a date that never came is not an unknown category."""
    rows = [
        f"{kind}.{n},2024-0{kind}-{10 + n},{'[red]' if n % 2 else '[/]'},:cat: {kind}"
        for n in range(15)
        for kind in (1, 2)
    ]
    name = "[bold] table.csv"
    Path(name).write_text("\n".join(["size [m],date,[i],[kind]", *rows]) + "\n", encoding="utf-8")
    words = ("--set", "max_iter=2", "--hidden", "4", "--no-report")
    done = strates("fit", name, "--target", "[kind]", *words)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("\n[kind]: learned from")
    assert "strates predict '[bold] table.strates' NEW.csv" in done.stdout
    assert "size [m] (number), date (text), [i] (text)" in " ".join(
        strates("info", "[bold] table.strates").stdout.split()
    )
    Path("new.csv").write_text("size [m],date,[i]\n1.5,2025-07-01,[red]\n2.5,2025-07-02,[blue]\n")
    done = strates("predict", "[bold] table.strates", "new.csv")
    assert done.exit_code == 0
    assert done.stderr == (
        "note: Column '[i]' holds 1 category that the model never saw, in 1 row: '[blue]' (1). "
        "It takes them for none of those that it knows.\n"
    )


def test_one_row_and_columns_without_a_value(fitted: Any, strates: Any) -> None:
    Path("one.csv").write_text("height,soil,evergreen,age\n9.1,,,\n")
    done = strates("predict", fitted.model, "one.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout in {f"prediction\n{kind}\n" for kind in ("oak", "pine", "yew")}


# --- what cannot be predicted -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "height,Soil,evergreen\n1,clay,true\n",
            r"new\.csv lacks 2 columns of the 4 .*'soil' \(is it 'Soil'\?\), 'age'",
        ),
        ("height,soil,evergreen,age\n", r"new\.csv has a header \(4 columns\) and no row"),
        (
            "height,soil,evergreen,age\n1,clay,true,3\ntall,clay,true,3\n",
            r"Column 'height' of new\.csv holds text \('tall' in row 2\), but the model learned it as numbers\.",
        ),
        (
            "height,soil,evergreen,age\n1,12,true,3\n2,14,true,3\n",
            r"Column 'soil' of new\.csv holds numbers \('12' in row 1\), but the model learned it as text\. Write the",
        ),
        (
            "height,soil,evergreen,age\n1,clay,often,3\n",
            r"Column 'evergreen' of new\.csv holds text \('often' in row 1\), .* learned it as true or false\.",
        ),
        ("height,soil,evergreen,age\n1,clay,true,true\n", r"Column 'age' of new\.csv holds true or false"),
        ("height,soil,evergreen,age\n1,clay,true,inf\n", r"Column 'age' holds an infinite value .* or leave it empty"),
        ("height,soil,evergreen,age\n1,clay,true\n", r"line 2: found 3 fields, expected 4"),
    ],
)
def test_table_that_does_not_fit(fitted: Any, strates: Any, content: str, message: str) -> None:
    Path("new.csv").write_text(content)
    done = strates("predict", fitted.model, "new.csv", "--out", "answers.csv")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert re.fullmatch(f"error: .*{message}.*\n", done.stderr), done.stderr
    assert [path.name for path in Path().iterdir()] == ["new.csv"]


def test_parquet_without_rows(fitted: Any, strates: Any) -> None:
    fitted.frame.head(0).to_parquet("none.parquet")
    done = strates("predict", fitted.model, "none.parquet")
    assert done.exit_code == 2
    assert re.fullmatch(r"error: none\.parquet .*no rows?.*\n", done.stderr), done.stderr


def test_trouble_in_a_later_chunk_leaves_no_file(fitted: Any, strates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh_rows, "CHUNK_ROWS", 100)
    frame = fitted.frame.copy()
    frame.loc[200, "height"] = np.inf
    frame.to_csv("new.csv", index=False)
    Path("answers.csv").write_text("the old answers")
    done = strates("predict", fitted.model, "new.csv", "--out", "answers.csv")
    assert done.exit_code == 2
    assert "infinite value (inf) in row 200" in done.stderr
    assert Path("answers.csv").read_text() == "the old answers"
    assert {path.name for path in Path().iterdir()} == {"answers.csv", "new.csv"}


def test_output_is_checked_first(fitted: Any, strates: Any) -> None:
    for out, message in (
        ("answers.xlsx", r"--out answers\.xlsx ends with '\.xlsx'; expected '\.csv' or '\.parquet'"),
        (str(fitted.table), "is the file that is read, and would be lost"),
        ("no/answers.csv", "there is no folder no"),
    ):
        done = strates("predict", fitted.model, fitted.table, "--out", out)
        assert done.exit_code == 2
        assert re.search(message, done.stderr), done.stderr
    pd.testing.assert_frame_equal(pd.read_csv(fitted.table), fitted.frame)


# --- model files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["predict", "evaluate", "info", "report"])
def test_file_that_is_no_model(fitted: Any, strates: Any, command: str) -> None:
    table = [fitted.table] if command in {"predict", "evaluate"} else []
    Path("tree.strates").write_bytes(fitted.model.read_bytes()[:5000])
    Path("swapped.csv").write_text("a,b\n1,2\n")
    with zipfile.ZipFile("other.strates", "w") as archive:
        archive.writestr("metadata.json", '{"format": 1, "metadata": {}}')
    for name, message in (
        ("tree.strates", r"tree\.strates is not a strates model, or it is damaged or cut short"),
        ("swapped.csv", r"swapped\.csv is not a strates model, .* The model comes first, then the table\."),
        ("other.strates", r"other\.strates was not written by strates fit"),
        ("treee.strates", r"There is no file treee\.strates\. Did you mean 'tree\.strates'\?"),
        ("nowhere/x.strates", r"the folder nowhere does not exist"),
    ):
        done = strates(command, name, *table)
        assert done.exit_code == 2
        assert re.fullmatch(f"error: .*{message}.*\n", done.stderr), done.stderr
        assert done.stdout == ""
