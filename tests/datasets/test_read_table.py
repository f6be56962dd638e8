from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strates.datasets import MISSING_MARKS, column_types, load, read_table
from strates.exceptions import StratesWarning

_shared_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


def written(tmp_path, content, name="table.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "separator"),
    [("t.csv", ","), ("t.csv", ";"), ("t.csv", "\t"), ("t.csv", "|"), ("t.tsv", "\t"), ("t.txt", ";"), ("T.CSV", ",")],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_texts_are_read_as_pandas_wrote_them(tmp_path, name, separator, compressed):
    frame = load("wine").frame
    path = tmp_path / (name + (".gz" if compressed else ""))
    frame.to_csv(path, sep=separator, index=False, compression="gzip" if compressed else None)
    pd.testing.assert_frame_equal(read_table(path), frame)


def test_parquet_is_read_as_pandas_wrote_it(tmp_path):
    frame = load("iris").frame.assign(when=pd.Timestamp("2024-02-29"), whole=range(150), yes=True)
    frame.to_parquet(tmp_path / "t.parquet")
    result = read_table(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(result, frame)


def test_parquet_kinds_become_plain_ones(tmp_path):
    frame = pd.DataFrame(
        {
            "shade": pd.Categorical(["red", None, "blue"]),
            "level": pd.Categorical([1, 2, 1]),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "yes": pd.array([True, None, False], dtype="boolean"),
            "single": np.array([1, 2, 3], dtype="float32"),
        },
        index=[5, 7, 9],
    )
    frame.to_parquet(tmp_path / "t.parquet")
    result = read_table(tmp_path / "t.parquet")
    expected = pd.DataFrame(
        {
            "shade": pd.Series(["red", None, "blue"], dtype="str"),
            "level": [1, 2, 1],
            "count": [1.0, np.nan, 3.0],
            "yes": pd.array([True, None, False], dtype="boolean"),
            "single": np.array([1, 2, 3], dtype="float32"),
        }
    )
    pd.testing.assert_frame_equal(result, expected)


def test_dtypes_say_what_a_column_holds(tmp_path):
    path = written(
        tmp_path,
        "whole,gap,decimal,yes,maybe,text,late,day\n"
        "1,1,1.5,true,TRUE,a,1,2024-01-01\n"
        "2,,2,false,,  b ,2,2024-01-02\n"
        "3, NA ,1e3,True,false,   ,x,2024-01-03\n",
    )
    result = read_table(path)
    expected = {
        "whole": "int64",
        "gap": "float64",
        "decimal": "float64",
        "yes": "bool",
        "maybe": "boolean",
        "text": "str",
        "late": "str",
        "day": "str",
    }
    assert result.dtypes.astype(str).to_dict() == expected
    assert result["text"].tolist()[:2] == ["a", "b"]
    assert result["text"].isna().tolist() == [False, False, True]
    assert result["decimal"].tolist() == [1.5, 2.0, 1000.0]


@pytest.mark.parametrize("mark", ["", "  ", *MISSING_MARKS, " NA"])
def test_marks_of_missing_values(tmp_path, mark):
    result = read_table(written(tmp_path, f"a,b\n1,x\n{mark},{mark}\n3,y\n"))
    assert result["a"].dtype == "float64"
    assert result.isna().to_numpy().tolist() == [[False, False], [True, True], [False, False]]


def test_none_is_a_category_and_na_may_be_one(tmp_path):
    path = written(tmp_path, "garage,country\nNone,NA\nnone,FR\n,\n")
    assert read_table(path)["garage"].tolist()[:2] == ["None", "none"]
    kept = read_table(path, missing=())
    assert kept["country"].tolist()[:2] == ["NA", "FR"]
    assert kept["country"].isna().sum() == 1


def test_decimal_commas_are_understood_where_the_delimiter_is_none(tmp_path):
    result = read_table(written(tmp_path, "a;b\n1,5;x, y\n-2;z\n0,25;\n"))
    assert result["a"].tolist() == [1.5, -2.0, 0.25]
    assert result["b"].tolist()[:2] == ["x, y", "z"]


def test_quotes_line_ends_and_blank_lines(tmp_path):
    path = written(tmp_path, '\n\n"a b", c \r\n"x, ""y""\nz",1\r\n\r\nw,2')
    result = read_table(path)
    assert result.columns.tolist() == ["a b", "c"]
    assert result["a b"].tolist() == ['x, "y"\nz', "w"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks_tell_the_encoding(tmp_path, encoding):
    result = read_table(written(tmp_path, "été;b\nça;1\n".encode(encoding)))
    assert result.to_dict("list") == {"été": ["ça"], "b": [1]}


def test_an_encoding_that_is_given_is_used(tmp_path):
    path = written(tmp_path, "thé,b\ncafé,1\n".encode("cp1252"))
    assert read_table(path, encoding="cp1252").to_dict("list") == {"thé": ["café"], "b": [1]}


def test_columns_are_chosen_and_ordered(tmp_path):
    path = written(tmp_path, "a,b,c\n1,2,3\n")
    load("iris").frame.to_parquet(tmp_path / "iris.parquet")
    assert read_table(path, columns=["c", "a"]).to_dict("list") == {"c": [3], "a": [1]}
    chosen = ["species", "petal width (cm)"]
    assert read_table(tmp_path / "iris.parquet", columns=chosen).columns.tolist() == chosen


def test_types_that_are_known_are_kept(tmp_path):
    path = written(tmp_path, "code,day,flag,n\n007,2024-02-29,true,1\n12,,false,2\n")
    types = {"code": "text", "day": "datetime", "flag": "boolean", "n": "number", "elsewhere": "text"}
    result = read_table(path, types=types)
    assert result["code"].tolist() == ["007", "12"]
    assert result["day"].tolist()[0] == pd.Timestamp("2024-02-29")
    assert column_types(result) == {"code": "text", "day": "datetime", "flag": "boolean", "n": "number"}


def test_types_that_are_known_hold_for_parquet(tmp_path):
    pd.DataFrame({"code": [7, 12], "n": ["1", "2.5"]}).to_parquet(tmp_path / "t.parquet")
    result = read_table(tmp_path / "t.parquet", types={"code": "text", "n": "number"})
    assert result.to_dict("list") == {"code": ["7", "12"], "n": [1.0, 2.5]}


def test_columns_without_a_value_are_kept_with_a_warning(tmp_path):
    path = written(tmp_path, "a,b,c\n1,,NA\n2,,\n")
    with pytest.warns(
        StratesWarning, match=r"2 of 3 columns hold no value at all: 'b', 'c'\. .*tabular_pipeline drops"
    ):
        result = read_table(path)
    assert result.columns.tolist() == ["a", "b", "c"]
    assert result[["b", "c"]].dtypes.astype(str).tolist() == ["float64", "float64"]


def test_infinite_numbers_are_read(tmp_path):
    assert read_table(written(tmp_path, "a,b\ninf,1\n-inf,2\n"))["a"].tolist() == [np.inf, -np.inf]


def test_a_gzip_of_several_parts_is_read_to_its_end(tmp_path):
    content = gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n")
    assert read_table(written(tmp_path, content, "t.csv.gz"))["a"].tolist() == [1, 3]


def test_a_record_of_more_than_a_megabyte_is_read(tmp_path):
    names = [f"column_{position}" for position in range(20_000)]
    row = ",".join(str(number / 7) for number in range(20_000))
    result = read_table(written(tmp_path, ",".join(names) + "\n" + f"{row}\n" * 4))
    assert result.shape == (4, 20_000)


words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=6).map(
    lambda w: "w" + w
)
tables = st.integers(1, 8).flatmap(
    lambda rows: st.fixed_dictionaries(
        {
            "whole": st.lists(st.integers(-(2**53), 2**53), min_size=rows, max_size=rows),
            "gap": st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=rows, max_size=rows),
            "text": st.lists(st.none() | words, min_size=rows, max_size=rows),
        }
    )
)


@_shared_folder
@given(data=tables, separator=st.sampled_from([",", ";", "\t", "|"]))
@pytest.mark.filterwarnings("ignore::strates.exceptions.StratesWarning")
def test_what_is_written_as_text_is_read_back(tmp_path, data, separator):
    frame = pd.DataFrame(
        {"whole": data["whole"], "gap": pd.array(data["gap"], "Float64"), "text": pd.array(data["text"], "str")}
    )
    frame.to_csv(tmp_path / "t.csv", sep=separator, index=False)
    result = read_table(tmp_path / "t.csv")
    assert result["whole"].tolist() == data["whole"]
    assert [None if np.isnan(value) else value for value in result["gap"]] == data["gap"]
    assert [None if pd.isna(value) else value for value in result["text"]] == data["text"]


@_shared_folder
@given(data=tables)
@pytest.mark.filterwarnings("ignore::strates.exceptions.StratesWarning")
def test_what_is_written_as_parquet_is_read_back(tmp_path, data):
    frame = pd.DataFrame(
        {"whole": data["whole"], "gap": pd.array(data["gap"], "Float64").to_numpy(float, na_value=np.nan)}
    )
    frame["text"] = pd.array(data["text"], "str")
    frame.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), frame)
