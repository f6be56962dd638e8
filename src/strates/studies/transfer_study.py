"""Whether what was learned on some classes helps with others, of which there are few examples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from strates._types import AnyArray
from strates.estimators._images import guess_image_shape
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
#: Blocks of the default network, at most; images that it is shown, counted over the epochs, and bounds of the epochs.
_MOST_BLOCKS = 4
_ENOUGH_IMAGES, _FEWEST_EPOCHS, _MOST_EPOCHS = 75_000, 5, 30


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
        A strates classifier, not fitted: the network to transfer. By default blocks of convolution, normalised, as many
        as leave two to four pixels a side.
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

    Notes
    -----
    What to expect: on 30,000 images of MNIST, ten seeds, the digits 0 to 4 teach 5 to 9, of which there are ten images
    each. Features reach 93.2 % on the others, fine-tuning 93.1 %, learning from scratch 88.3 %: gains of 5.0 points
    (95 % interval 3.5 to 6.4) and 4.9 (3.5 to 6.3). On scikit-learn's digits of 8 x 8 pixels, where ten images a class
    are enough for 94 % from scratch, there is nothing to gain: fine-tuning -0.4 points (-1.7 to 0.9), eight seeds.

    References
    ----------
    Yosinski, Clune, Bengio & Lipson (2014), How transferable are features in deep neural networks?
    https://arxiv.org/abs/1411.1792.

    Examples
    --------
    Two columns of sixty tell eight classes apart; which two, four classes can teach, and three rows of each of the
    others cannot.

    >>> from strates import MLPClassifier
    >>> from strates.studies import paired_differences
    >>> rng, y = np.random.default_rng(0), np.repeat(np.arange(8), 60)
    >>> X = rng.normal(size=(480, 60))
    >>> X[:, :2] += 5 * np.stack([np.cos(y * np.pi / 4), np.sin(y * np.pi / 4)], axis=1)
    >>> mlp = MLPClassifier((6,), batch_size=64, learning_rate="cosine", learning_rate_init=0.01, max_iter=30)
    >>> choices = {"source_classes": [0, 2, 4, 6], "n_per_class": 3, "estimator": mlp}
    >>> frame = transfer_study(X, y, **choices, strategies=["features", "scratch"], seeds=range(3))
    >>> gain = paired_differences(frame, {"strategy": "scratch"}, "test_accuracy")
    >>> bool(gain["low"].item() > 0.1)
    True
    """
    unknown = [name for name in strategies if name not in STRATEGIES]
    if unknown or not strategies:
        raise ParameterError(f"strategies={list(strategies)!r}; expected some of {', '.join(map(repr, STRATEGIES))}.")
    X, labels = X if hasattr(X, "shape") else np.asarray(X), np.asarray(y)
    if X.shape[0] != len(labels):
        raise DataError(f"X has {X.shape[0]} rows, y has {len(labels)} labels. Give one label for each row.")
    known, others = _sides(labels, source_classes)
    numbers = checked_seeds(seeds)
    base = _default_network(X, len(known)) if estimator is None else estimator
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


def _default_network(X: Any, n_rows: int) -> CNNClassifier:
    """Return a network for images of a size, and epochs for how many there are of them.

    Chosen on digits that no figure of this library is about, whole and shrunk to 8 x 8 pixels: normalised, and halved
    to a few pixels whose places are kept, a network transferred best, and did well from scratch.
    """
    sizes = X.shape[1:] if len(X.shape) > 2 else guess_image_shape(X.shape[1])
    n_blocks = min(_MOST_BLOCKS, max(1, int(math.log2(max(2, min(sizes[:2])) / 2))))
    return CNNClassifier(
        tuple(16 << i for i in range(n_blocks)), hidden_layer_sizes=(), batch_norm=True, batch_size=32,
        learning_rate="one_cycle", learning_rate_init=5e-3,
        max_iter=int(np.clip(round(_ENOUGH_IMAGES / n_rows), _FEWEST_EPOCHS, _MOST_EPOCHS)),
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
