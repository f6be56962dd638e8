"""Every file that is not a table gets an error that says what came, what was expected and how to mend it."""

from __future__ import annotations

import gzip
import re

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from strates.datasets import open_stream, read_table
from strates.exceptions import DataError, ParameterError, TableError

PACKED = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(100_000)))
SPOILT = PACKED[:-100] + bytes([PACKED[-100] ^ 255]) + PACKED[-99:]
FILES = {
    "empty.csv": (b"", r"empty\.csv is empty \(0 bytes\); expected a header line and rows\. Export the table again"),
    "blank.csv": (b"\n \n", "holds blank lines only; expected a header line and rows"),
    "header.csv": (b"a,b\n", r"has a header \(2 columns\) and no row below it; expected at least one"),
    "short.csv": (b'a,b\n1,2\n"x\ny",2\n3\n', r"short\.csv, line 5: found 1 field, expected 2 as in the header"),
    "long.csv": (b"a;b\n1;2\n3;4;5\n", r"line 3: found 3 fields, expected 2 .*separated by ';'.*quotation marks"),
    "shifted.csv": (b"a,b\n1,2,3\n4,5,6\n", "line 2: found 3 fields, expected 2"),
    "latin.csv": (
        "a,b\n1,café noir\n".encode("latin-1"),
        r"not written in UTF-8: byte 0xE9 at position 9 \(line 2\).*'1,café noir': if so, pass encoding='cp1252'",
    ),
    "latin_late.csv": (
        b"a,b\n" + b"1,2\n" * 1_100_000 + b"1,\xe9\n",
        r"byte 0xE9 at position 4400006 \(line 1100002\)",
    ),
    "latin_name.csv": ("année,b\n1,2\n".encode("latin-1"), r"byte 0xE9 at position 3 \(line 1\)"),
    "no_mark.csv": ("a;b\n1;é\n".encode("utf-16-le"), "holds NUL bytes.*pass encoding='utf-16'"),
    "twice.csv": (
        b"a,b, a,b\n1,2,3,4\n",
        "duplicate column names in the header: 'a', 'b'. Give each column its own name",
    ),
    "no_header.csv": (
        b"1,2,1\n4,5,6\n",
        "duplicate column names.*All the names are numbers: is the header line missing?",
    ),
    "index.csv": (b",b\n0,2\n", r"of 2 columns, 1 has no name in the header \(column 1, .*index=False"),
    "trailing.csv": (b"a,b, ,\n1,2,,\n", r"of 4 columns, 2 have no name in the header \(column 3, 4,"),
    "quote.csv": (b'a,b\n1,x\n2,"y\n3,z\n', r'a quotation mark \("\) opened in line 3 is never closed'),
    "quote_first.csv": (b'a,b\n1,x\n"2,y\n3,z\n', r'a quotation mark \("\) opened in line 3 is never closed'),
    "excel.csv": (b"PK\x03\x04rest", "holds an Excel workbook or a zip archive.*export the sheet as CSV"),
    "renamed.csv": (b"PAR1restPAR1", r"holds Parquet data under the name of a text\. Rename it to \.parquet"),
    "packed.csv": (PACKED, r"holds gzip data under the name of a plain text\. Add \.gz"),
    "plain.csv.gz": (b"a,b\n1,2\n", r"is not a gzip file: it starts with b'a,' where .* drop \.gz from its name"),
    "cut.csv.gz": (PACKED[:-5000], r"is a damaged gzip file \(.*copy or compress it again"),
    "cut_early.csv.gz": (PACKED[:40], "is a damaged gzip file"),
    "spoilt.csv.gz": (SPOILT, r"is a damaged gzip file \(.*copy or compress it again"),
    "text.parquet": (b"a,b\n1,2\n", r"is not a Parquet file: it starts with b'a,b\\n' where b'PAR1' is expected"),
    "cut.parquet": (
        b"PAR1abcdefgh",
        "is a damaged Parquet file: it ends with b'efgh' .*cut short. Copy or write it again",
    ),
    "spoilt.parquet": (b"PAR1abcdPAR1", r"is a damaged Parquet file \(.*expected one that reads to its end"),
    "table.xlsx": (
        b"PK\x03\x04",
        r"has the extension '\.xlsx', which is not of a table.*Expected \.csv, \.tsv.*rename",
    ),
    "table": (b"a,b\n1,2\n", r"has the extension '\(none\)', which is not of a table"),
    "table.parquet.gz": (PACKED, r"has the extension '\.parquet\.gz'"),
}


def read_to_the_end(path):
    for _ in open_stream(path):
        pass


@pytest.mark.parametrize("read", [read_table, read_to_the_end])
@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_tables(tmp_path, name, read):
    content, message = FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=f"(?s){message}"):
        read(tmp_path / name)


def test_a_missing_file_gets_the_nearest_names(tmp_path):
    (tmp_path / "penguins.csv").write_text("a\n1\n")
    (tmp_path / "notes.md").write_text("no table")
    with pytest.raises(TableError, match=r"There is no file .*pinguins\.csv\. Did you mean 'penguins\.csv'\?"):
        read_table(tmp_path / "pinguins.csv")
    with pytest.raises(TableError, match=r"There is no file .*zzz\. The folder holds penguins\.csv\."):
        read_table(tmp_path / "zzz")
    with pytest.raises(TableError, match=r"the folder .*nowhere does not exist\. Check the path"):
        read_table(tmp_path / "nowhere" / "penguins.csv")
    (tmp_path / "penguins.csv").unlink()
    with pytest.raises(TableError, match="holds no table"):
        read_table(tmp_path / "penguins.csv")


def test_a_folder_is_not_a_table(tmp_path):
    (tmp_path / "penguins.csv").write_text("a\n1\n")
    with pytest.raises(TableError, match=r"is a folder; expected one file .*It holds penguins\.csv\."):
        read_table(tmp_path)


def test_a_table_without_rows_in_parquet(tmp_path):
    pd.DataFrame({"a": pd.Series([], dtype=float)}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(TableError, match="has 1 columns and no row; expected at least one"):
        read_table(tmp_path / "t.parquet")


def test_names_are_checked_in_parquet_too(tmp_path):
    pyarrow.parquet.write_table(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "t.parquet")
    with pytest.raises(TableError, match="duplicate column names in the header: 'a'"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize("read", [read_table, read_to_the_end])
def test_a_parquet_column_that_is_no_number_and_no_category(tmp_path, read):
    pyarrow.parquet.write_table(pa.table({"a": [1], "b": [[1, 2]]}), tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"column 'b' holds values of type list.*expected numbers, .*columns=\["):
        read(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet", columns=["a"]).shape == (1, 1)


def test_a_parquet_file_spoilt_in_the_middle(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"a": range(100_000)}).to_parquet(path, compression="gzip")
    content = bytearray(path.read_bytes())
    content[200:5000] = bytes(4800)
    path.write_bytes(content)
    with pytest.raises(TableError, match="is a damaged Parquet file"):
        read_table(path)
    with pytest.raises(TableError, match="is a damaged Parquet file"):
        read_to_the_end(path)


def test_a_column_that_is_not_there(tmp_path):
    (tmp_path / "t.csv").write_text("age,town\n1,x\n")
    with pytest.raises(TableError, match=r"t\.csv has no column 'agee'\. Did you mean 'age'\? Known: age, town\."):
        read_table(tmp_path / "t.csv", columns=["agee"])
    with pytest.raises(
        TableError, match=re.escape("columns is the text 'age'; expected a list of column names: ['age']")
    ):
        read_table(tmp_path / "t.csv", columns="age")


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("types", "message"),
    [
        ({"b": "number"}, "line 4: column 'b' should hold numbers but holds 'x y' there.*types={'b': 'text'}"),
        ({"b": "boolean"}, "line 2: column 'b' should hold true or false but holds '2' there"),
        ({"c": "datetime"}, r"line 3: column 'c' should hold dates \(like 2030-12-31\) but holds '2024-13-01' there"),
    ],
)
def test_a_value_that_is_not_of_the_known_type(tmp_path, chunked, types, message):
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n1,2,2024-01-01\n2,,2024-13-01\n3,x y,\n")
    with pytest.raises(TableError, match=message):
        list(open_stream(path, types=types)) if chunked else read_table(path, types=types)


def test_a_parquet_value_that_is_not_of_the_known_type(tmp_path):
    pd.DataFrame({"a": ["1", "2", "x"]}).to_parquet(tmp_path / "t.parquet", row_group_size=1)
    for read in (read_table, lambda path, types: list(open_stream(path, types=types))):
        with pytest.raises(
            TableError, match=r"column 'a' should hold numbers but holds 'x' in row 3 \(counting from 1\)"
        ):
            read(tmp_path / "t.parquet", types={"a": "number"})


def test_words_that_are_not_known(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,x\n")
    with pytest.raises(ParameterError, match=r"types gives 'numbr' for column 'a'\. Did you mean 'number'\?"):
        read_table(tmp_path / "t.csv", types={"a": "numbr"})
    with pytest.raises(ParameterError, match=r"encoding is 'utf-9', which Python does not know\. Try 'utf-8'"):
        read_table(tmp_path / "t.csv", encoding="utf-9")
    with pytest.raises(ParameterError, match=re.escape("missing is the text 'NA'; expected a tuple of texts: ('NA',)")):
        read_table(tmp_path / "t.csv", missing="NA")
    with pytest.raises(ParameterError, match="chunk_rows is 0; it has to be an integer of at least 1"):
        open_stream(tmp_path / "t.csv", chunk_rows=0)


def test_an_encoding_that_is_given_and_wrong(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,\x81\n")
    with pytest.raises(
        TableError, match=r"is not written in cp1252: byte 0x81 at position 6 \(line 2\).*Pass the encoding"
    ):
        read_table(tmp_path / "t.csv", encoding="cp1252")


def test_an_infinite_number_stops_a_stream(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n5,inf\n")
    with pytest.raises(
        DataError, match=r"Column 'b' holds an infinite value \(inf\) in row 2 of the index; expected finite"
    ):
        list(open_stream(tmp_path / "t.csv", chunk_rows=2))
