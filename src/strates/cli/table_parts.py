"""A table split into the rows to learn from and the rows to test on, held in memory or streamed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from strates.cli.sources import Source
from strates.cli.split import split_rows
from strates.cli.stream_parts import split_stream
from strates.datasets import TableStream, check_table, split_target
from strates.inspection import DataSummary, summarize_data

#: Rows of a streamed table on which a model is tested, and from which the table is described and the baselines learn.
SAMPLE_ROWS = 100_000
#: Share of a streamed table to stop by, when that is asked, and its rows at most.
WATCHED_SHARE, WATCHED_ROWS = 0.05, 20_000


@dataclass(frozen=True, eq=False)
class TableParts:
    """What a fit needs of a table, and what its judgement needs.

    Attributes
    ----------
    X_train, X_test : DataFrame of shape (n_rows, n_features)
        Of a streamed table, samples.
    y_train, y_test : Series of shape (n_rows,)
    n_train : int
        Rows to learn from.
    data : DataSummary
        Of the whole table, or of a sample.
    stream : TableStream or None
        The rows to learn from, where ``X_train`` has a sample of them only.
    watched : tuple (X, y) or None
        Rows of a stream to stop by, when that is asked.
    notes : tuple of str
        What a reader should know.
    """

    X_train: pd.DataFrame
    y_train: pd.Series[Any]
    X_test: pd.DataFrame
    y_test: pd.Series[Any]
    n_train: int
    data: DataSummary
    stream: TableStream | None = None
    watched: tuple[pd.DataFrame, pd.Series[Any]] | None = None
    notes: tuple[str, ...] = ()


def read_parts(source: Source, target: str, test_size: float, seed: int) -> TableParts:
    """Read a table into memory and split it.

    Parameters
    ----------
    source : Source
    target : str
        Column to predict.
    test_size : float
        Share of the rows to test on.
    seed : int
        Of the split.

    Returns
    -------
    TableParts

    Raises
    ------
    DataError
        The table or its target cannot be learned from.
    """
    frame = source.read()
    X, y = split_target(frame, target)
    train, test = split_rows(y, test_size, seed)
    return TableParts(
        X_train=X.iloc[train],
        y_train=y.iloc[train],
        X_test=X.iloc[test],
        y_test=y.iloc[test],
        n_train=len(train),
        data=summarize_data(frame, target),
    )


def stream_parts(source: Source, target: str, test_size: float, seed: int, *, watched: bool) -> TableParts:
    """Split a table that stays in its file.

    Parameters
    ----------
    source : Source
    target : str
    test_size : float
    seed : int
    watched : bool
        Whether rows are needed to stop by.

    Returns
    -------
    TableParts

    Raises
    ------
    DataError
        The table or its target cannot be learned from.
    """
    stream = source.stream(target)
    stream.class_counts()  # refuses a target that cannot be learned
    shares = [test_size, *([WATCHED_SHARE * (1 - test_size)] if watched else [])]
    train, test, *others = split_stream(stream, shares, seed)
    samples = [train.sample(SAMPLE_ROWS, seed=seed), test.sample(SAMPLE_ROWS, seed=seed)]
    samples += [part.sample(WATCHED_ROWS, seed=seed) for part in others]
    for sample in samples:
        check_table(sample)
    (X_train, y_train), (X_test, y_test), *rest = [(one.drop(columns=target), one[target]) for one in samples]
    n_train, n_test = train.n_labelled_rows, test.n_labelled_rows
    note = f"The table was read chunk by chunk: {n_train:,} rows to learn from, {n_test:,} to test on."
    if max(n_train, n_test) > SAMPLE_ROWS:
        note += f" Its description, the baselines and the test use samples of at most {SAMPLE_ROWS:,} rows."
    return TableParts(
        X_train=X_train,
        y_train=y_train,
        X_test=X_test,
        y_test=y_test,
        n_train=n_train,
        data=summarize_data(pd.concat(samples, ignore_index=True), target),
        stream=train,
        watched=rest[0] if rest else None,
        notes=(note,),
    )
