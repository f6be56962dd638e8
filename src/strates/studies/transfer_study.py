"""Whether what was learned on some classes helps with others, of which there are few examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from strates._types import AnyArray
from strates.estimators.cnn import CNNClassifier
from strates.estimators.transfer import TransferClassifier
from strates.exceptions import DataError, ParameterError, TargetError
from strates.inspection.outcome import take_rows
from strates.studies.checked_arguments import checked_seeds
from strates.studies.paired_runs import paired_runs
from strates.studies.setting import Setting

#: How each strategy learns from few rows, on a network as small as those that studies take.
STRATEGIES: Mapping[str, Mapping[str, Any]] = {
    "features": {},
    "fine_tune": {"unfreeze": "all", "fine_tune_max_iter": 15, "fine_tune_learning_rate": 2e-3},
    "scratch": {"learning_rate": "one_cycle", "learning_rate_init": 5e-3, "max_iter": 60},
}


def transfer_study(
    X: Any,
    y: Any,
    *,
    source_classes: Sequence[Any] | None = None,
    n_per_class: int | Sequence[int] = 10,
    strategies: Sequence[str] = ("features", "fine_tune", "scratch"),
    layer: str | None = None,
    estimator: Any = None,
    parameters: Mapping[str, Any] | None = None,
    seeds: Iterable[int] = range(5),
    progress: bool | None = None,
) -> pd.DataFrame:
    """Train a network on some classes, transfer it to the others with few rows of each, and learn these from scratch.

    Each seed trains a network on all rows of the source classes. From the rows of the other classes it draws those to
    learn from, the same for all strategies; the rest are the test. The gain, with its interval, is
    ``paired_differences(frame, {"strategy": "scratch"}, "test_accuracy")``.

    Parameters
    ----------
    X : array of n_rows rows
        Images, of shape (n_rows, height, width) or (n_rows, height, width, channels), or flat rows.
    y : array-like of shape (n_rows,)
        Labels.
    source_classes : sequence of labels, optional
        What the network is trained on first; the first half of the sorted labels by default.
    n_per_class : int or sequence of int, default=10
        Rows of each other class to learn from, on average: the classes keep their shares.
    strategies : sequence of {"features", "fine_tune", "scratch"}
        See :class:`strates.TransferClassifier`; for whole images, "fine_tune" unfreezes all layers here.
    layer : str, optional
        The layer of the first network to cut after; by default the last before its output.
    estimator : classifier, default=None
        A strates classifier, not fitted: the network to transfer. By default three blocks of convolution, averaged.
    parameters : mapping of str to value, optional
        Parameters of the ``TransferClassifier``, for all strategies.
    seeds : iterable of int, default=range(5)
    progress : bool, default=None
        Show a bar; see :func:`paired_runs`.

    Returns
    -------
    DataFrame
        As :func:`paired_runs` describes it, with the columns ``strategy`` and ``n_per_class``. The first network's
        training is in no run's ``seconds``.

    Raises
    ------
    ParameterError
        An unknown strategy, or a number of rows that cannot be drawn.
    TargetError
        There are fewer than two classes on one side.

    See Also
    --------
    transfer_plan : Which strategy suits the rows at hand.
    strates.studies.paired_differences : What a strategy changes, seed by seed.

    References
    ----------
    Yosinski, Clune, Bengio & Lipson (2014), How transferable are features in deep neural networks?
    https://arxiv.org/abs/1411.1792.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import MLPClassifier
    >>> mlp = MLPClassifier((16,), batch_size=64, learning_rate="cosine", max_iter=5)
    >>> frame = transfer_study(*load_digits(return_X_y=True), estimator=mlp, strategies=["features"], seeds=[0])
    >>> frame[["strategy", "n_per_class"]].values.tolist()
    [['features', 10]]
    """
    unknown = [name for name in strategies if name not in STRATEGIES]
    if unknown or not strategies:
        raise ParameterError(f"strategies={list(strategies)!r}; expected some of {', '.join(map(repr, STRATEGIES))}.")
    X, labels = X if hasattr(X, "shape") else np.asarray(X), np.asarray(y)
    if X.shape[0] != len(labels):
        raise DataError(f"X has {X.shape[0]} rows, y has {len(labels)} labels. Give one label for each row.")
    known, others = _sides(labels, source_classes)
    numbers = checked_seeds(seeds)
    base = _default_network() if estimator is None else estimator
    source = _Source(base, take_rows(X, known), labels[known])
    rows, targets = take_rows(X, others), labels[others]
    n_classes = len(np.unique(targets))
    frames = []
    for n in [n_per_class] if isinstance(n_per_class, int | np.integer) else list(n_per_class):
        _check_number(n, targets)
        settings = [
            Setting(
                {"strategy": name, "n_per_class": int(n)},
                partial(_make, source, {**STRATEGIES[name], "layer": layer, **(parameters or {}), "strategy": name}),
            )
            for name in strategies
        ]
        n_train = int(n) * n_classes
        n_test = len(targets) - n_train
        frames.append(
            paired_runs(rows, targets, settings, seeds=numbers, train_size=n_train, test_size=n_test, progress=progress)
        )
    return pd.concat(frames, ignore_index=True)


class _Source:
    """Trains a seed's network once: all its runs transfer from the same."""

    def __init__(self, template: Any, X: Any, y: AnyArray) -> None:
        self._template, self._X, self._y = template, X, y
        self._fitted: dict[int, Any] = {}

    def __call__(self, seed: int) -> Any:
        if seed not in self._fitted:
            self._fitted[seed] = clone(self._template).set_params(random_state=seed).fit(self._X, self._y)
        return self._fitted[seed]


def _make(source: _Source, parameters: Mapping[str, Any], seed: int) -> TransferClassifier:
    return TransferClassifier(source(seed), random_state=seed, **parameters)


def _default_network() -> CNNClassifier:
    return CNNClassifier(
        (16, 32, 64), hidden_layer_sizes=(), flatten=False, batch_size=32, learning_rate="one_cycle",
        learning_rate_init=5e-3, max_iter=30,
    )  # fmt: skip


def _sides(labels: AnyArray, source_classes: Sequence[Any] | None) -> tuple[AnyArray, AnyArray]:
    """Return the rows of the classes to learn first, and those of the others."""
    classes = np.unique(labels)
    chosen = classes[: len(classes) // 2] if source_classes is None else np.asarray(source_classes)
    strange = [label for label in chosen.tolist() if label not in classes.tolist()]
    if strange:
        raise TargetError(
            f"source_classes holds {strange[0]!r}, which is not among the labels. Give some of {classes}."
        )
    known = np.isin(labels, chosen)
    n_known, n_others = len(np.unique(labels[known])), len(np.unique(labels[~known]))
    if min(n_known, n_others) < 2:
        raise TargetError(
            f"The network is to learn {n_known} classes first, and {n_others} others after; it takes two of each at "
            "least. Give other source_classes, or data with more classes."
        )
    return np.flatnonzero(known), np.flatnonzero(~known)


def _check_number(n: Any, targets: AnyArray) -> None:
    fewest = int(np.unique(targets, return_counts=True)[1].min())
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or not 0 < n < fewest:
        raise ParameterError(
            f"n_per_class={n!r} cannot be used: the rarest of the other classes has {fewest} rows, and one at least is "
            f"for the test. Give an integer from 1 to {fewest - 1}."
        )
