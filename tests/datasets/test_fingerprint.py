from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strates.datasets import load, table_fingerprint

FRAME = pd.DataFrame(
    {
        "n": [1.5, None, 3.0],
        "s": pd.Series(["a", None, "b"], dtype="str"),
        "d": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
        "b": [True, False, True],
    }
)


def changed(**columns):
    return FRAME.assign(**columns)


@pytest.mark.parametrize(
    "other",
    [
        FRAME.iloc[::-1],
        FRAME.iloc[:2],
        FRAME[["s", "n", "d", "b"]],
        FRAME.rename(columns={"n": "m"}),
        changed(n=[1.5, 0.0, 3.0]),
        changed(s=pd.Series(["a", "", "b"], dtype="str")),
        changed(s=pd.Series(["ab", None, ""], dtype="str")),
        changed(b=[1, 0, 1]),
        changed(d=pd.to_datetime(["2024-01-01", None, "2024-01-04"])),
    ],
)
def test_any_change_shows(other):
    assert table_fingerprint(other) != table_fingerprint(FRAME)


@pytest.mark.parametrize(
    "same",
    [
        FRAME.copy(),
        FRAME.set_index(pd.Index([7, 8, 9])),
        changed(s=FRAME["s"].astype("category")),
        changed(s=FRAME["s"].astype(object)),
        changed(b=FRAME["b"].astype("boolean")),
        changed(n=FRAME["n"].astype("Float64")),
        changed(n=FRAME["n"].astype("float32")),
        changed(d=FRAME["d"].astype("datetime64[ns]")),
    ],
)
def test_storage_does_not(same):
    assert table_fingerprint(same) == table_fingerprint(FRAME)


@given(st.lists(st.text(max_size=3), min_size=2, max_size=2), st.lists(st.text(max_size=3), min_size=2, max_size=2))
def test_texts_do_not_run_into_each_other(one, other):
    frames = [pd.DataFrame({"a": pd.Series(texts, dtype=object)}) for texts in (one, other)]
    assert (table_fingerprint(frames[0]) == table_fingerprint(frames[1])) == (one == other)


def test_another_process_finds_the_same():
    code = "from strates.datasets import *; print(table_fingerprint(load('iris').frame))"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    here = table_fingerprint(load("iris").frame)
    assert here == there
    assert len(here) == 64
