"""Fitting on a table, or on images, that are larger than memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sklearn.callback import with_callbacks
from sklearn.pipeline import Pipeline

from strates._random import integer_seed, root_seed
from strates.datasets import ImageFolder, TableStream
from strates.engine.batches import StreamBatches
from strates.engine.program import chunk_steps
from strates.estimators._adversarial import adversarial_training, check_within_bounds, within_bounds
from strates.estimators._base import BaseNetworkClassifier
from strates.estimators._callbacks import FitTasks
from strates.estimators._fit_gradient import FitSetup, fit_by_gradient
from strates.estimators._stream_rows import Block, ImageRows, StreamRows, TableRows
from strates.estimators._training_rows import AUTO_BATCH, given_validation
from strates.estimators.checkpoint import fit_fingerprint
from strates.exceptions import ParameterError


def fit_stream(
    pipeline: Any,
    stream: TableStream | ImageFolder,
    *,
    sample_rows: int = 50_000,
    validation_data: tuple[Any, Any] | None = None,
) -> Any:
    """Fit on a table or on images that are read anew for each epoch, in bounded memory.

    Of a table, the steps before the classifier learn their statistics from a sample spread over the whole of it; the
    network sees every row once an epoch, in another order each time. Images are decoded while the network learns.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline, or classifier
        Ends in a strates classifier with a gradient solver; :func:`strates.tabular_pipeline` makes one. For images
        a :class:`CNNClassifier` alone.
    stream : strates.datasets.TableStream or strates.datasets.ImageFolder
        A table opened with a target, or the images to learn from.
    sample_rows : int, default=50000
        Rows of the sample of a table.
    validation_data : tuple (X, y), optional
        Rows of the same raw columns, or images, to watch after each epoch; required by ``early_stopping``.

    Returns
    -------
    sklearn.pipeline.Pipeline or classifier
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
    steps = getattr(pipeline, "steps", [("classifier", pipeline)])
    clf = steps[-1][1]
    if not isinstance(clf, BaseNetworkClassifier):
        raise ParameterError(
            f"The pipeline ends in a {type(clf).__name__}, which cannot learn from a stream. End it with a strates "
            "classifier, such as MLPClassifier."
        )
    if isinstance(clf.solver, str) and clf.solver == "lbfgs":
        raise ParameterError("solver='lbfgs' needs all rows at once. Use solver='adam' or 'sgd' for a stream.")
    if clf.early_stopping and validation_data is None:
        raise ParameterError("early_stopping=True on a stream needs validation_data=(X, y): rows that are not in it.")
    seed = root_seed(clf.random_state)
    if isinstance(stream, ImageFolder):
        if len(steps) > 1:
            raise ParameterError(
                f"The pipeline has {len(steps)} steps, but images are streamed to a classifier alone, which scales "
                "them itself. Pass that: CNNClassifier()."
            )
        _train(clf, ImageRows(clf, stream), validation_data, seed)
        return pipeline
    if stream.target is None:
        raise ParameterError("The stream has no target to learn. Open it with open_stream(path, target).")
    whole = pipeline if isinstance(pipeline, Pipeline) else Pipeline(steps)
    _train(clf, TableRows(whole, stream, sample_rows, seed), validation_data, seed)
    return pipeline


@with_callbacks
def _train(clf: BaseNetworkClassifier, rows: StreamRows, validation_data: Any, seed: int) -> None:
    clf._check_parameters()
    shape = tuple(clf._check_X(rows.sample(), reset=True).shape[1:])
    tasks = FitTasks(clf, None, None, None, clf.max_iter)
    clf._set_network(shape, rows.encoding, again=False)
    if tasks.checkpoints:
        seed = tasks.find_progress(fit_fingerprint(clf, *rows.about), seed)
    start = clf._start(seed, again=False)
    clf._seed = seed
    validation = None
    if validation_data is not None:
        X, y = validation_data
        validation = given_validation(clf, (rows.numbers(X), y), rows.encoding, clf._kind)
    read: Callable[[int], Iterator[Block]] = partial(rows.read, integer_seed(seed, "order"))
    attack = adversarial_training(getattr(clf, "adversarial", None), shape)
    if attack is not None:
        read = within_bounds(attack, read)
        if validation is not None:
            check_within_bounds(attack, validation.X)
    size = min(AUTO_BATCH if clf.batch_size == "auto" else int(clf.batch_size), rows.n_rows)
    source = StreamBatches(
        read,
        n_rows=rows.n_rows,
        batch_size=size,
        chunk_steps=chunk_steps(size, 4 * math.prod(shape), sum(w.size for w in start)),
    )
    fit_by_gradient(clf, FitSetup(source, validation, start, seed, tasks, rows.n_rows, tasks.fingerprint))
    clf._finish(tasks)
