"""Fitting on a table that is larger than memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.callback import with_callbacks
from sklearn.pipeline import Pipeline

from strates._random import integer_seed, root_seed
from strates._types import AnyArray
from strates.datasets import TableStream
from strates.engine.batches import StreamBatches
from strates.engine.program import chunk_steps
from strates.estimators._base import BaseNetworkClassifier
from strates.estimators._callbacks import FitTasks
from strates.estimators._fit_gradient import FitSetup, fit_by_gradient
from strates.estimators._targets import encode, weigh
from strates.estimators._training_rows import AUTO_BATCH, given_validation, network_targets
from strates.estimators.checkpoint import fit_fingerprint
from strates.exceptions import ParameterError


def fit_stream(
    pipeline: Pipeline,
    stream: TableStream,
    *,
    sample_rows: int = 50_000,
    validation_data: tuple[pd.DataFrame, Any] | None = None,
) -> Pipeline:
    """Fit a pipeline on a table that is read anew for each epoch, in bounded memory.

    The steps before the classifier learn their statistics from a sample spread over the whole table; the network
    sees every row once an epoch, in another order each time.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        Ends in a strates classifier with a gradient solver; :func:`strates.tabular_pipeline` makes one.
    stream : strates.datasets.TableStream
        Opened with a target.
    sample_rows : int, default=50000
        Rows of the sample.
    validation_data : tuple (X, y), optional
        Rows of the same raw columns to watch after each epoch; required by ``early_stopping``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        The same one, fitted.

    Raises
    ------
    ParameterError
        The last step is no strates classifier, or its settings need all rows at once.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from strates import MLPClassifier, tabular_pipeline
    >>> from strates.datasets import load, open_stream
    >>> from strates.estimators import fit_stream
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "wine.parquet"
    ...     load("wine").frame.to_parquet(path)
    ...     clf = MLPClassifier((16,), batch_size=32, learning_rate_init=0.01, max_iter=30, tol=0.01, random_state=0)
    ...     pipeline = fit_stream(tabular_pipeline(clf), open_stream(path, load("wine").target))
    >>> pipeline.score(load("wine").X, load("wine").y) > 0.95
    True
    """
    clf = pipeline.steps[-1][1]
    if not isinstance(clf, BaseNetworkClassifier):
        raise ParameterError(
            f"The pipeline ends in a {type(clf).__name__}, which cannot learn from a stream. End it with a strates "
            "classifier, such as MLPClassifier."
        )
    if isinstance(clf.solver, str) and clf.solver == "lbfgs":
        raise ParameterError("solver='lbfgs' needs all rows at once. Use solver='adam' or 'sgd' for a stream.")
    if clf.early_stopping and validation_data is None:
        raise ParameterError("early_stopping=True on a stream needs validation_data=(X, y): rows that are not in it.")
    if stream.target is None:
        raise ParameterError("The stream has no target to learn. Open it with open_stream(path, target).")
    seed = root_seed(clf.random_state)
    sample = stream.sample(sample_rows, seed=integer_seed(seed, "sample"))
    labels = sample.pop(stream.target)
    numbers = pipeline[:-1].fit_transform(sample, labels) if len(pipeline.steps) > 1 else sample
    _train(clf, _StreamRows(pipeline, stream, clf), numbers, validation_data, seed)
    return pipeline


class _StreamRows:
    """The rows of a stream as a network takes them, an epoch at a time."""

    def __init__(self, pipeline: Pipeline, stream: TableStream, clf: BaseNetworkClassifier) -> None:
        self._pipeline, self._clf, self.stream = pipeline, clf, stream
        self._target = str(stream.target)
        counts = stream.class_counts()
        self.encoding = encode(np.asarray(stream.classes()))
        self.n_rows = stream.n_labelled_rows
        # the weight of a row of each class, with mean one over the table
        classes = np.arange(len(self.encoding.classes))
        frequency = np.array([counts[label] for label in self.encoding.classes.tolist()], np.float64)
        totals = weigh(self.encoding, classes, frequency, clf.class_weight)
        self._factors = (totals / frequency * self.n_rows / totals.sum()).astype(np.float32)

    def numbers(self, table: pd.DataFrame) -> AnyArray:
        """Return the classifier's input."""
        steps = self._pipeline[:-1]
        return np.asarray(steps.transform(table) if len(self._pipeline.steps) > 1 else table, np.float32)

    def read(self, order: int, epoch: int) -> Iterator[tuple[AnyArray, AnyArray, AnyArray]]:
        """Yield an epoch's rows, targets and weights, block by block."""
        for chunk in self.stream.chunks(shuffle=self._clf.shuffle, seed=integer_seed(order, f"epoch {epoch}")):
            codes = self.encoding.codes(chunk.pop(self._target).to_numpy())
            yield self.numbers(chunk), network_targets(codes, self._clf._kind), self._factors[codes]


@with_callbacks
def _train(clf: BaseNetworkClassifier, rows: _StreamRows, numbers: Any, validation_data: Any, seed: int) -> None:
    clf._check_parameters()
    n_features = clf._check_X(numbers, reset=True).shape[1]
    tasks = FitTasks(clf, None, None, None, clf.max_iter)
    clf._set_network((n_features,), rows.encoding, again=False)
    if tasks.checkpoints:
        about = [rows.n_rows, rows.stream.types, rows.encoding.classes.tolist(), rows.stream.path.stat().st_size]
        seed = tasks.find_progress(fit_fingerprint(clf, *about), seed)
    start = clf._start(seed, again=False)
    clf._seed = seed
    validation = None
    if validation_data is not None:
        X, y = validation_data
        validation = given_validation(clf, (rows.numbers(X), y), rows.encoding, clf._kind)
    size = min(AUTO_BATCH if clf.batch_size == "auto" else int(clf.batch_size), rows.n_rows)
    source = StreamBatches(
        partial(rows.read, integer_seed(seed, "order")),
        n_rows=rows.n_rows,
        batch_size=size,
        chunk_steps=chunk_steps(size, 4 * n_features, sum(w.size for w in start)),
    )
    fit_by_gradient(clf, FitSetup(source, validation, start, seed, tasks, rows.n_rows, tasks.fingerprint))
    clf._finish(tasks)
