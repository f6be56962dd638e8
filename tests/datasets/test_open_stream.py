from __future__ import annotations

import gc
import gzip
import pickle
import weakref

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strates.datasets import column_types, open_stream, read_table
from strates.datasets.csv_source import _last_record_end
from strates.exceptions import DataError, ParameterError, StratesWarning, TableError, TargetError

N_ROWS = 5000


@pytest.fixture(scope="module")
def frame():
    generator = np.random.default_rng(0)
    values = generator.normal(size=N_ROWS)
    return pd.DataFrame(
        {
            "row": np.arange(N_ROWS),
            "value": np.where(values > 1.5, np.nan, values),
            "text": pd.Series(generator.choice(["a", 'b "quoted"', "c,\nd", "é"], N_ROWS), dtype="str"),
            "yes": generator.random(N_ROWS) < 0.5,
            "label": pd.Series(np.repeat(["low", "mid", "high"], [1000, 2500, 1500]), dtype="str"),
        }
    )


@pytest.fixture(params=["parquet", "csv", "csv.gz", "tsv"])
def path(request, frame, tmp_path, monkeypatch):
    # pieces as small as the table asks for
    monkeypatch.setattr("strates.datasets.csv_source._PIECE_BYTES", 8192)
    place = tmp_path / f"table.{request.param}"
    if request.param == "parquet":
        frame.to_parquet(place, row_group_size=700)
    else:
        frame.to_csv(place, index=False, sep="\t" if request.param == "tsv" else ",")
    return place


def test_chunks_in_order_are_the_table(path, frame):
    table = open_stream(path, "label", chunk_rows=900)
    for _ in range(2):  # as often as one likes
        chunks = list(table)
        assert [len(chunk) for chunk in chunks] == [900] * 5 + [500]
        joined = pd.concat(chunks)
        expected = frame.astype({"row": "float64", "yes": "boolean"})
        pd.testing.assert_frame_equal(joined, expected)
    assert table.n_rows == table.n_labelled_rows == N_ROWS
    assert table.columns == frame.columns.tolist()
    assert table.types == {"row": "number", "value": "number", "text": "text", "yes": "boolean"}


def test_classes_are_those_of_the_whole_table(path, frame):
    table = open_stream(path, "label", chunk_rows=900)
    assert table.classes().tolist() == sorted(set(frame["label"]))
    assert table.class_counts() == {"high": 1500, "low": 1000, "mid": 2500}


def test_shuffled_chunks_hold_every_row_once(path, frame):
    table = open_stream(path, "label", chunk_rows=900)
    chunks = list(table.chunks(shuffle=True, seed=3))
    assert [len(chunk) for chunk in chunks] == [900] * 5 + [500]
    joined = pd.concat(chunks)
    assert not joined["row"].is_monotonic_increasing
    back = joined.sort_values("row").reset_index(drop=True)
    pd.testing.assert_frame_equal(back, frame.astype({"row": "float64", "yes": "boolean"}))


def test_the_seed_is_the_order(path):
    table = open_stream(path, "label", chunk_rows=900)
    orders = [pd.concat(table.chunks(shuffle=True, seed=seed))["row"].tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert pd.concat(table.chunks(shuffle=True))["row"].tolist() not in orders


def test_shuffling_mixes_a_table_sorted_by_class(path):
    table = open_stream(path, "label", chunk_rows=900)
    first = next(table.chunks(shuffle=True, seed=0))
    if path.suffix == ".gz":
        assert first["row"].max() < 900  # one piece: rows are shuffled within the chunk
    else:
        assert first["row"].max() - first["row"].min() > 2000
        assert first["label"].nunique() > 1


def test_a_sample_is_spread_over_the_whole_file(path, frame):
    table = open_stream(path, "label", chunk_rows=900)
    drawn = table.sample(500, seed=0)
    assert len(drawn) == 500
    assert drawn["row"].is_monotonic_increasing
    assert drawn["row"].is_unique
    # uniform on 0..4999: each tenth holds 50 of 500, with a standard deviation of 6.4
    assert np.abs(np.histogram(drawn["row"], bins=10, range=(0, N_ROWS))[0] - 50).max() < 26
    expected = frame.astype({"row": "float64", "yes": "boolean"}).iloc[drawn["row"].astype(int)]
    pd.testing.assert_frame_equal(drawn, expected.reset_index(drop=True))
    pd.testing.assert_frame_equal(drawn, table.sample(500, seed=0))
    assert len(table.sample(10**6, seed=0)) == N_ROWS


def test_a_stream_without_target_is_for_predictions(path, frame):
    table = open_stream(path, chunk_rows=2048, columns=["value", "row"])
    chunks = list(table)
    assert [chunk.index[0] for chunk in chunks] == [0, 2048, 4096]
    pd.testing.assert_frame_equal(pd.concat(chunks), frame[["value", "row"]].astype({"row": "float64"}))
    assert table.n_labelled_rows == N_ROWS
    with pytest.raises(DataError, match=r"has no target, hence no classes\. Open it with the column to predict"):
        table.classes()


def test_a_stream_travels_by_pickle(path, frame):
    table = pickle.loads(pickle.dumps(open_stream(path, "label", chunk_rows=900)))
    assert sum(len(chunk) for chunk in table.chunks(shuffle=True, seed=0)) == N_ROWS


def test_types_of_the_stream_are_those_of_the_table(path):
    types = column_types(read_table(path))
    assert open_stream(path).types == types


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([1, 2, 2, 1], [1, 2, 2, 1]),
        ([1.0, 2.0, 2.0, 1.0], [1, 2, 2, 1]),
        ([True, False, False, True], [True, False, False, True]),
        (["x", "y", "y", "x"], ["x", "y", "y", "x"]),
        (["2", "10", "10", "x", "x", "2"], ["2", "10", "10", "x", "x", "2"]),
    ],
)
def test_labels_are_as_split_target_makes_them(tmp_path, kind, labels, expected):
    frame = pd.DataFrame({"x": range(len(labels)), "y": labels})
    place = tmp_path / f"t.{kind}"
    frame.to_parquet(place) if kind == "parquet" else frame.to_csv(place, index=False)
    table = open_stream(place, "y", chunk_rows=3)
    joined = pd.concat(table)["y"]
    assert joined.tolist() == expected
    assert joined.dtype == pd.Series(expected).dtype
    assert table.classes().tolist() == sorted(set(expected))


def test_labels_that_are_numbers_stay_text_when_told(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,01\n2,1\n3,01\n4,1\n")
    assert open_stream(tmp_path / "t.csv", "y", types={"y": "text"}).class_counts() == {"01": 2, "1": 2}
    assert open_stream(tmp_path / "t.csv", "y", types={"y": "text"}).classes().tolist() == ["01", "1"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows_without_a_label_are_left_out_and_counted(tmp_path, kind):
    frame = pd.DataFrame({"x": range(6), "y": [1.0, None, 2.0, 1.0, None, 2.0]})
    place = tmp_path / f"t.{kind}"
    frame.to_parquet(place) if kind == "parquet" else frame.to_csv(place, index=False)
    table = open_stream(place, "y", chunk_rows=3)
    with pytest.warns(StratesWarning, match="2 of 6 rows have no label in the target 'y' and are left out"):
        chunks = list(table)
    assert [chunk["x"].tolist() for chunk in chunks] == [[0, 2, 3], [5]]
    assert (table.n_rows, table.n_labelled_rows) == (6, 4)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.linspace(0, 1, 60), "looks continuous: 60 distinct numbers in 60 rows"),
        (np.arange(60), "looks continuous: 60 distinct whole numbers"),
        (["a"] * 60, "has one class only, 'a', in all 60 rows"),
        (["a"] * 30 + ["b"] * 29 + ["c"], "a class with a single row: 'c'"),
        ([f"id{n}" for n in range(60)], "as an identifier has"),
    ],
)
def test_targets_that_are_no_classes(tmp_path, kind, labels, message):
    frame = pd.DataFrame({"x": range(60), "y": labels})
    place = tmp_path / f"t.{kind}"
    frame.to_parquet(place) if kind == "parquet" else frame.to_csv(place, index=False)
    with pytest.raises(TargetError, match=message):
        next(open_stream(place, "y").chunks())


def test_a_target_that_is_not_there(tmp_path):
    (tmp_path / "t.csv").write_text("x,kind\n1,a\n")
    with pytest.raises(TargetError, match=r"no column 'kinds' to predict\. Did you mean 'kind'\?"):
        open_stream(tmp_path / "t.csv", "kinds")
    with pytest.raises(DataError, match="no column besides the target 'kind'"):
        open_stream(tmp_path / "t.csv", "kind", columns=[])
    with pytest.raises(ParameterError, match="n_rows is 0; a sample has at least one row"):
        open_stream(tmp_path / "t.csv").sample(0)


def test_an_identifier_is_told_before_all_of_it_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr("strates.datasets.label_tally._MOST_LABELS", 50)
    pd.DataFrame({"x": range(900), "y": [f"id{n % 300}" for n in range(900)]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(TargetError, match="has more than 50 distinct labels, as an identifier has"):
        open_stream(tmp_path / "t.parquet", "y").classes()


def test_types_do_not_change_further_down(tmp_path, monkeypatch):
    monkeypatch.setattr("strates.datasets.csv_source._SAMPLE_CHARACTERS", 200)
    rows = [f"{n},{n},x" for n in range(100)]
    rows[80], rows[90] = "80,,x", "90,1.5,y"
    place = tmp_path / "t.csv"
    place.write_text("\n".join(["a,b,c", *rows]))
    dtypes = {tuple(chunk.dtypes.astype(str)) for chunk in open_stream(place, chunk_rows=10)}
    assert dtypes == {("float64", "float64", "str")}

    rows[95] = "95,many,x"
    place.write_text("\n".join(["a,b,c", *rows]))
    message = r"line 97: column 'b' should hold numbers but holds 'many' there.*types=\{'b': 'text'\}"
    with pytest.raises(TableError, match=message):
        list(open_stream(place, chunk_rows=10))
    with pytest.raises(TableError, match=message):
        list(open_stream(place, chunk_rows=10).chunks(shuffle=True, seed=0))
    assert pd.concat(open_stream(place, types={"b": "text"}))["b"].iloc[95] == "many"


@settings(max_examples=200)
@given(
    records=st.lists(
        st.lists(st.sampled_from(["1", "x", 'a "q"', "l\nm", '"', ",", "\n\n"]), min_size=2, max_size=2), min_size=1
    ),
    cut=st.integers(0, 200),
)
def test_a_piece_ends_where_a_record_does(records, cut):
    content, ends = b"", [0]
    for record in records:
        content += b",".join(b'"' + value.replace('"', '""').encode() + b'"' for value in record) + b"\n"
        ends.append(len(content))
    block = content[:cut]
    found, quotes = _last_record_end(block, quotes_before=0)
    assert found == max(end for end in ends if end <= len(block))
    assert quotes == block.count(b'"')


@pytest.mark.parametrize(("kind", "shuffle"), [("parquet", False), ("parquet", True), ("csv", False), ("csv", True)])
def test_memory_does_not_grow_with_the_table(tmp_path, kind, shuffle, monkeypatch):
    monkeypatch.setattr("strates.datasets.csv_source._PIECE_BYTES", 1 << 18)
    monkeypatch.setattr("strates.datasets.csv_source._BLOCK_BYTES", 1 << 16)
    peaks = []
    for n_rows in (100_000, 400_000):
        columns = {f"c{position}": np.random.default_rng(position).normal(size=n_rows) for position in range(4)}
        whole = pd.DataFrame(columns).astype("float32")
        place = tmp_path / f"{n_rows}.{kind}"
        if kind == "parquet":
            whole.to_parquet(place, row_group_size=20_000)
        else:
            whole.to_csv(place, index=False)
        del whole, columns
        gc.collect()
        before, peak, rows = pa.total_allocated_bytes(), 0, 0
        for chunk in open_stream(place, chunk_rows=5000).chunks(shuffle=shuffle, seed=0):
            peak = max(peak, pa.total_allocated_bytes() - before)
            rows += len(chunk)
        assert rows == n_rows
        peaks.append(peak)
        del chunk
        gc.collect()
        assert pa.total_allocated_bytes() - before < 1 << 20
    # four times the rows; a table held whole would take four times the memory
    assert peaks[1] < 1.5 * peaks[0]


def test_no_chunk_outlives_its_turn(tmp_path):
    pd.DataFrame({"x": np.arange(5000.0)}).to_parquet(tmp_path / "t.parquet", row_group_size=300)
    chunks = open_stream(tmp_path / "t.parquet", chunk_rows=100).chunks(shuffle=True, seed=0)
    alive = []
    while (chunk := next(chunks, None)) is not None:
        alive.append(weakref.ref(chunk))
        del chunk
        assert sum(reference() is not None for reference in alive) <= 2
    assert len(alive) == 50


def test_a_text_that_cannot_be_entered_is_one_piece(tmp_path):
    content = "a,b\n" + "1,x\n" * 10
    (tmp_path / "wide.csv").write_bytes(content.encode("utf-16"))
    (tmp_path / "odd.csv").write_bytes(content.replace("x", 'x"', 1).encode())
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(content.encode()))
    for name in ("wide.csv", "odd.csv", "packed.csv.gz"):
        table = open_stream(tmp_path / name, chunk_rows=4)
        assert [len(chunk) for chunk in table.chunks(shuffle=True, seed=0)] == [4, 4, 2]
