"""The core of every study: settings times seeds, all of a seed on the same rows, one row of a table each."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from strates.exceptions import DataError, ParameterError, StratesWarning
from strates.inspection.outcome import take_rows
from strates.studies.checked_arguments import check_settings, checked_seeds
from strates.studies.default_estimator import default_estimator
from strates.studies.paired_split import paired_split
from strates.studies.progress import StudyProgress
from strates.studies.run import SCORES, Measures, Run, fit_run
from strates.studies.setting import Setting

#: Settings that go through all seeds before the next ones: no more than the engine keeps compiled functions.
BLOCK = 24


def paired_runs(
    X: Any,
    y: Any,
    settings: Iterable[Setting | Mapping[str, Any]],
    *,
    estimator: Any = None,
    seeds: Iterable[int] = range(5),
    test_size: float = 0.25,
    train_size: float | None = None,
    measures: Measures | None = None,
    by_epoch: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Fit every setting with every seed, on the same rows for all settings of a seed.

    A seed decides the split, the initial weights (equal wherever shapes agree), the order of the rows and the dropout
    masks, so that the difference between two settings of one seed is the settings' doing. Each run depends on its
    setting, its seed and the data alone: a seed can be run again alone, and gives the same numbers to the last bit.
    Settings of one architecture and solver share one compilation.

    Ctrl-C ends the study early; the runs that were done are returned.

    Parameters
    ----------
    X : DataFrame, array or sparse matrix of n_rows rows
    y : array-like of shape (n_rows,)
        Labels.
    settings : iterable of Setting or of mapping
        What to compare. A mapping holds parameters of ``estimator``; those of a pipeline's classifier need no prefix.
    estimator : classifier or pipeline, default=None
        What the mappings vary: a strates classifier or a pipeline that ends in one (any scikit-learn classifier with
        ``predict_proba`` also serves). By default a network of 32 units, on standardised inputs.
    seeds : iterable of int, default=range(5)
    test_size, train_size : float or int, default=0.25, None
        Shares or numbers of rows; see :func:`paired_split`.
    measures : mapping of str to callable, default=None
        Further columns: each is given the :class:`Run` and returns a number.
    by_epoch : bool, default=False
        Return a row an epoch in place of a row a run.
    progress : bool, default=None
        Show a bar on standard error; by default where it can be seen moving.

    Returns
    -------
    DataFrame
        A row a run, settings in their order and seeds within: the columns of the setting, ``seed``,
        ``train_accuracy``, ``test_accuracy``, ``train_loss``, ``test_loss`` (mean cross-entropy in nats),
        ``n_iter`` (epochs), ``seconds`` (of the fit; the first of an architecture includes its compilation),
        ``diverged``, then the measures. A run whose loss stopped being finite has NaN for numbers, and ``diverged``
        is True.

        With ``by_epoch``: the columns of the setting, ``seed``, then those of the classifier's ``history_``, which
        are taken while dropout acts: ``epoch``, ``loss`` (with the penalty), ``train_loss``, ``train_score`` and
        others. A run that diverged has one row, without numbers.

    Raises
    ------
    ParameterError
        Settings, seeds or parameters that cannot be used.
    TargetError
        There is one class only, or a class with one row.

    Warns
    -----
    StratesWarning
        The study was interrupted.

    See Also
    --------
    summarize_study : Mean and 95 % interval of each setting.
    paired_differences : What a setting changes, seed by seed.

    Examples
    --------
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=100, random_state=0)
    >>> settings = [{"hidden_layer_sizes": (2,)}, {"hidden_layer_sizes": (8,)}]
    >>> frame = paired_runs(X, y, settings, seeds=range(2))
    >>> frame[["hidden_layer_sizes", "seed"]].values.tolist()
    [['(2,)', 0], ['(2,)', 1], ['(8,)', 0], ['(8,)', 1]]
    """
    X = X if hasattr(X, "shape") else np.asarray(X)
    labels = np.asarray(y)
    if X.shape[0] != len(labels):
        raise DataError(f"X has {X.shape[0]} rows, y has {len(labels)} labels. Give one label for each row.")
    base = default_estimator(X) if estimator is None else estimator
    chosen = [one if isinstance(one, Setting) else Setting.from_parameters(base, one) for one in settings]
    numbers = checked_seeds(seeds)
    check_settings(chosen, measures or {}, by_epoch=by_epoch)
    splits = [paired_split(labels, seed, test_size=test_size, train_size=train_size) for seed in numbers]
    done: dict[tuple[int, int], list[dict[str, Any]]] = {}
    with StudyProgress(len(chosen) * len(numbers), show=progress) as bar:
        try:
            for k, place in _order(len(chosen), len(numbers)):
                setting, seed = chosen[k], numbers[place]
                bar.begin(", ".join([f"seed {seed}", *(f"{name} {cell}" for name, cell in setting.cells.items())]))
                train, test = splits[place]
                run = Run(
                    setting.make(seed), setting, seed,
                    take_rows(X, train), labels[train], take_rows(X, test), labels[test],
                )  # fmt: skip
                done[k, place] = _rows(run, measures or {}, by_epoch)
                bar.advance()
        except KeyboardInterrupt:
            warnings.warn(
                f"The study was interrupted after {len(done)} of {len(chosen) * len(numbers)} runs; those are "
                "returned.",
                StratesWarning,
                stacklevel=2,
            )
    rows = [row for key in sorted(done) for row in done[key]]
    columns = [*chosen[0].cells, "seed", *([] if by_epoch else [*SCORES, "seconds", "diverged", *(measures or {})])]
    return pd.DataFrame(rows, columns=None if rows else columns)  # an interrupted study may have no row


def _order(n_settings: int, n_seeds: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of a setting and a seed: seed by seed, so that an early end leaves whole seeds."""
    for first in range(0, n_settings, BLOCK):
        for place in range(n_seeds):
            for k in range(first, min(first + BLOCK, n_settings)):
                yield k, place


def _rows(run: Run, measures: Measures, by_epoch: bool) -> list[dict[str, Any]]:
    """Do a run; return its rows of the table."""
    seconds, diverged = fit_run(run)
    head = {**run.setting.cells, "seed": run.seed}
    if by_epoch:
        return _epochs(run, head, diverged)
    row: dict[str, Any] = {**head, **dict.fromkeys(SCORES, np.nan), "seconds": seconds, "diverged": diverged}
    if diverged:
        return [row | dict.fromkeys(measures, np.nan)]
    row |= run.scores()
    return [row | {name: float(measure(run)) for name, measure in measures.items()}]


def _epochs(run: Run, head: dict[str, Any], diverged: bool) -> list[dict[str, Any]]:
    if diverged:
        return [head | {"epoch": 1}]
    history = getattr(run.classifier, "history_", None)
    if history is None:
        raise ParameterError(
            f"{type(run.classifier).__name__} has no history_, so by_epoch=True has no epochs to show. Give a "
            "classifier of strates, or a pipeline that ends in one."
        )
    return [head | row for row in history.to_dict("records")]
