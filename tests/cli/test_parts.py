"""Small pieces of the command line: splits, columns, outputs, messages."""

from __future__ import annotations

import errno
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strates.cli.checkpoint_file import find_checkpoint, forget_checkpoint
from strates.cli.columns import TableCheck, learn_columns
from strates.cli.failures import describe
from strates.cli.fit_request import FitRequest
from strates.cli.importance_effort import importance_effort
from strates.cli.outputs import written_whole
from strates.cli.screen import Screen
from strates.cli.sources import STREAM_ABOVE, find_source, is_streamed
from strates.cli.split import split_rows
from strates.cli.stream_parts import draw_lots, split_stream
from strates.datasets import open_stream
from strates.exceptions import BackendError, DataError, DivergenceError, ParameterError, StratesWarning, TargetError

# --- splits -----------------------------------------------------------------------------------------


@given(st.lists(st.integers(2, 30), min_size=2, max_size=6), st.floats(0.01, 0.99), st.integers(0, 1000))
def test_every_class_is_on_both_sides(counts: list[int], share: float, seed: int) -> None:
    y = pd.Series(np.repeat(np.arange(len(counts)), counts))
    train, test = split_rows(y, share, seed)
    assert sorted([*train, *test]) == list(range(len(y)))
    for code, count in enumerate(counts):
        tested = int((y[test] == code).sum())
        assert 1 <= tested < count
        assert abs(tested - share * count) <= 1


def test_split_draws_and_does_not_choose() -> None:
    y = pd.Series([0, 1] * 50)
    often = np.zeros(100)
    for seed in range(400):
        often[split_rows(y, 0.2, seed)[1]] += 1
    # each row is tested in a fifth of the draws: 80, with a standard deviation of 8
    assert 45 < often.min() < often.max() < 115


def test_lots_are_uniform_and_belong_to_the_row() -> None:
    lots = np.concatenate([draw_lots(3, piece, 0, 20_000) for piece in range(5)])
    assert 0 <= lots.min() < lots.max() < 1
    counts = np.histogram(lots, bins=20, range=(0, 1))[0]
    assert ((counts - 5_000) ** 2 / 5_000).sum() < 45  # chi-squared with 19 degrees of freedom, p = 0.0007
    assert abs(np.corrcoef(lots[:-1], lots[1:])[0, 1]) < 0.02
    assert (draw_lots(3, 1, 500, 10) == draw_lots(3, 1, 0, 1000)[500:510]).all()
    assert (draw_lots(3, 1, 0, 10) != draw_lots(4, 1, 0, 10)).all()


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_parts_of_a_stream_share_no_row(tmp_path: Path, suffix: str) -> None:
    n = 5000
    frame = pd.DataFrame({"row": np.arange(n), "kind": np.where(np.arange(n) % 3 == 0, "a", "b")})
    path = tmp_path / f"rows.{suffix}"
    if suffix == "parquet":
        frame.to_parquet(path, row_group_size=700)
    else:
        frame.to_csv(path, index=False)
    train, test, watched = split_stream(open_stream(path, "kind", chunk_rows=64), [0.2, 0.1], 0)
    rows = [np.sort(np.concatenate([chunk["row"] for chunk in part])) for part in (train, test, watched)]
    assert (np.sort(np.concatenate(rows)) == np.arange(n)).all()
    assert [len(one) / n for one in rows] == pytest.approx([0.7, 0.2, 0.1], abs=0.025)
    again = np.concatenate([chunk["row"] for chunk in train.chunks(shuffle=True, seed=5)])
    assert (np.sort(again) == rows[0]).all()  # the same rows in another order
    assert (again != rows[0]).any()
    truth = frame["kind"].iloc[rows[0].astype(int)].value_counts().to_dict()
    assert train.class_counts() == truth
    assert train.n_labelled_rows == train.n_rows == len(rows[0])


def test_class_must_not_fall_into_the_test_alone(tmp_path: Path) -> None:
    kinds = np.array(["a", "b"] * 500, dtype=object)
    rare = np.flatnonzero(draw_lots(0, 0, 0, 1000) < 0.2)[:2]
    kinds[rare] = "rare"
    pd.DataFrame({"x": np.arange(1000.0), "kind": kinds}).to_csv(tmp_path / "rare.csv", index=False)
    with pytest.raises(TargetError, match=r"All 2 rows of class 'rare' .* Take another --seed, or --no-stream"):
        split_stream(open_stream(tmp_path / "rare.csv", "kind"), [0.2], 0)


def test_large_tables_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"x": np.arange(1000.0), "kind": ["a", "b"] * 500})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "t.csv.gz", index=False)
    for name in ("t.parquet", "t.csv", "t.csv.gz"):
        source = find_source(str(tmp_path / name))
        estimate = source.bytes_in_memory()
        assert frame.memory_usage(deep=True).sum() / 5 < estimate < frame.memory_usage(deep=True).sum() * 5
        assert not is_streamed(source, None)
        assert is_streamed(source, True)
        monkeypatch.setattr("strates.cli.sources.STREAM_ABOVE", estimate - 1)
        assert is_streamed(source, None)
        assert not is_streamed(source, False)
        monkeypatch.setattr("strates.cli.sources.STREAM_ABOVE", STREAM_ABOVE)
    assert not is_streamed(find_source("digits"), None)


# --- columns ----------------------------------------------------------------------------------------


def test_columns_remember_categories_until_they_are_text() -> None:
    frame = pd.DataFrame(
        {"few": ["a", None, "b", "a"] * 20, "many": [f"name {i}" for i in range(80)], "code": ["1", "b"] * 40}
    )
    few, many, code = learn_columns(frame)
    assert (few.categories, few.numeric) == (("a", "b"), False)
    assert many.categories is None
    assert code.numeric
    check = TableCheck((few, many, code), "new.csv")
    check.see(pd.DataFrame({"few": ["c", "a", None], "many": ["other", "names", None], "code": ["1", "1", "1"]}))
    check.see(pd.DataFrame({"few": ["c", "d", "d"], "many": ["1", "2", "3"], "code": ["b", "b", "b"]}))
    assert check.unknown == {"few": {"c": 2, "d": 2}}
    assert len(check.notes()) == 1
    with pytest.raises(DataError, match=r"Column 'few' of new\.csv holds numbers \('7' in row 1\)"):
        TableCheck((few,), "new.csv").see(pd.DataFrame({"few": ["7", None]}))


@pytest.mark.parametrize(("rows", "columns"), [(10, 5), (5_000, 14), (5_000, 300), (600, 1_000), (100_000, 60)])
def test_importance_has_a_bounded_cost(rows: int, columns: int) -> None:
    effort = importance_effort(rows, columns)
    cost = effort["importance_rows"] * columns**2 * effort["n_repeats"]
    assert not effort["importance"] or cost <= 20_000_000
    assert 1 <= effort["n_repeats"] <= 5
    assert effort["importance_rows"] <= min(rows, 2000)
    assert effort["importance"] == (columns < 1_000)


# --- files ------------------------------------------------------------------------------------------


def test_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    path.chmod(0o640)

    def fail_half_way() -> None:
        with written_whole(path) as file:
            file.write(b"new")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert path.read_text() == "old"
    with written_whole(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_checkpoint_is_found_where_it_was_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    out, screen = Path("m.strates"), Screen(quiet=True)
    assert find_checkpoint(out, None, resume=False, screen=screen) is None
    assert find_checkpoint(out, Path("deep/er"), resume=False, screen=screen) == Path("deep/er/m.checkpoint")
    assert screen.notes == []
    fresh = find_checkpoint(out, None, resume=True, screen=screen)
    assert fresh == Path("m.checkpoint/m.checkpoint")
    assert screen.notes == ["There is no progress to resume in m.checkpoint: the fit starts from the beginning."]
    forget_checkpoint(fresh)
    assert not fresh.parent.exists()
    Path("one").mkdir()
    Path("one/m.checkpoint").touch()
    assert find_checkpoint(out, None, resume=True, screen=screen) == Path("one/m.checkpoint")
    Path("two").mkdir()
    Path("two/m.checkpoint").touch()
    with pytest.raises(
        ParameterError, match=r"several checkpoints of this model: one/m\.checkpoint, two/m.*--checkpoint"
    ):
        find_checkpoint(out, None, resume=True, screen=screen)
    with pytest.raises(ParameterError, match=r"--checkpoint one/m\.checkpoint/x cannot be made a folder"):
        find_checkpoint(out, Path("one/m.checkpoint/x"), resume=False, screen=screen)


# --- messages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (ParameterError("Wrong."), "Wrong.", 2),
        (DataError("Two\n  lines."), "Two lines.", 2),
        (BackendError("No TensorFlow."), "No TensorFlow.", 1),
        (DivergenceError("Diverged."), "Diverged.", 1),
        (OSError(errno.ENOSPC, "No space left on device", "x.csv"), "No space left on device: 'x.csv'.", 1),
        (MemoryError(), "The memory does not suffice. Add --stream, which reads the table chunk by chunk.", 1),
        (
            ZeroDivisionError("division by zero"),
            "ZeroDivisionError: division by zero. This may be a fault of strates: add --debug to see where it "
            "happened, and please report it.",
            1,
        ),
    ],
)
def test_errors_have_a_message_and_a_code(error: Exception, message: str, code: int) -> None:
    assert describe(error) == (message, code)


def test_screen_turns_warnings_into_notes_once(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen() as screen:
        for _ in range(2):
            warnings.warn("Read the file with care.", StratesWarning, stacklevel=1)
        warnings.warn("of no interest", DeprecationWarning, stacklevel=1)
    assert screen.notes == ["Read the file with care."]
    assert capsys.readouterr() == ("", "note: Read the file with care.\n")
    with pytest.warns(StratesWarning, match="outside"):
        warnings.warn("outside", StratesWarning, stacklevel=1)


@pytest.mark.parametrize(("as_json", "quiet"), [(True, False), (False, True)])
def test_screen_keeps_quiet(capsys: pytest.CaptureFixture[str], as_json: bool, quiet: bool) -> None:
    screen = Screen(as_json=as_json, quiet=quiet)
    screen.note("a note")
    screen.show("a result")
    screen.show_json({"a": 1})
    assert capsys.readouterr() == ('{\n  "a": 1\n}\n' if as_json else "", "")


def test_command_to_do_it_again() -> None:
    request: dict[str, Any] = {
        "source": "a b.csv",
        "settings": ("alpha=1", "class_weight={'x': 2}"),
        "cv": 5,
        "stream": False,
    }
    assert FitRequest(**request, out=Path("m.strates")).command("kind") == (
        "strates fit 'a b.csv' --target kind --cv 5 --out m.strates --set alpha=1 "
        "--set 'class_weight={'\"'\"'x'\"'\"': 2}' --no-stream --seed 0"
    )
