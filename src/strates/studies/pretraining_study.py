"""Whether an autoencoder's weights are a better start than random ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from strates.estimators.stacked_autoencoder import StackedAutoencoder
from strates.exceptions import ParameterError
from strates.inspection.network_inputs import split_pipeline
from strates.studies.default_estimator import default_estimator
from strates.studies.paired_runs import paired_runs
from strates.studies.partly_labelled import PartlyLabelledClassifier
from strates.studies.run import Run
from strates.studies.setting import Setting, parameter_name

STARTS = ("random", "pretrained")


def pretraining_study(
    X: Any,
    y: Any,
    *,
    label_fractions: Sequence[float] = (0.05, 0.2, 1.0),
    hidden_layer_sizes: tuple[int, ...] | None = None,
    activation: str | None = None,
    autoencoder: Any = None,
    estimator: Any = None,
    seeds: Iterable[int] = range(5),
    test_size: float = 0.25,
    train_size: float | None = None,
    by_epoch: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Ask whether pre-training helps: an autoencoder's weights against random ones, for several shares of labels.

    In each run all rows that are not tested prepare the columns and train the autoencoder, without their labels; the
    classifier then learns from those that are labelled. The two starts of a seed differ in nothing else. Expect a gain
    where labels are few and layers many, and little with labels enough. The answer, with its interval, is
    ``paired_differences(frame, {"start": "random"})``.

    Parameters
    ----------
    X : DataFrame, array or sparse matrix of n_rows rows
    y : array-like of shape (n_rows,)
        Labels.
    label_fractions : sequence of float, default=(0.05, 0.2, 1.0)
        Shares of the rows to learn from that are labelled, in (0, 1]; of every class one row at least. The rows of a
        smaller share are among those of a larger one.
    hidden_layer_sizes : tuple of int, default=None
        Units of each hidden layer; those of ``estimator`` by default.
    activation : str, default=None
        Of the hidden layers; that of ``estimator`` by default.
    autoencoder : StackedAutoencoder or Autoencoder, default=None
        Not fitted, of the classifier's sizes and activation. By default a StackedAutoencoder that learns to undo
        masking noise of 0.3, with the classifier's batches, learning rate and epochs.
    estimator : classifier or pipeline, default=None
        An ``MLPClassifier``, or a pipeline that ends in one; by default two layers, 64 and 32, on standardised inputs.
    seeds : iterable of int, default=range(5)
    test_size, train_size : float or int, default=0.25, None
        See :func:`paired_split`.
    by_epoch : bool, default=False
        Return a row an epoch in place of a row a run.
    progress : bool, default=None
        Show a bar; see :func:`paired_runs`.

    Returns
    -------
    DataFrame
        As :func:`paired_runs` describes it, with the columns ``label_fraction`` and ``start`` ("random" or
        "pretrained"). ``train_accuracy`` and ``train_loss`` are those of all rows that are not tested, labelled or not;
        ``seconds`` of a seed's first pre-trained run has the autoencoder's fit in it, which the others share. Measures:

        - ``n_labelled``: rows whose labels were known;
        - ``reconstruction_error``: the autoencoder's, on the test rows as they reach the network (NaN without one).

    Raises
    ------
    ParameterError
        A fraction is not in (0, 1], or the autoencoder has other layers than the classifier.

    See Also
    --------
    strates.studies.paired_differences : What the start changes, seed by seed.

    References
    ----------
    Bengio et al. (2007), Greedy layer-wise training of deep networks, NIPS 19.
    Erhan et al. (2010), Why does unsupervised pre-training help deep learning?, JMLR 11.

    Examples
    --------
    >>> from strates.datasets import moons
    >>> frame = pretraining_study(*moons(100), hidden_layer_sizes=(8,), label_fractions=(0.1,), seeds=[0])
    >>> frame[["label_fraction", "start", "n_labelled"]].values.tolist()
    [[0.1, 'random', 8.0], [0.1, 'pretrained', 8.0]]
    """
    wrong = [fraction for fraction in label_fractions if not 0 < fraction <= 1]
    if wrong:
        raise ParameterError(f"label_fractions holds {wrong[0]!r}; a share of labelled rows is in (0, 1], as 0.05.")
    base = default_estimator(X, (64, 32)) if estimator is None else estimator
    given = {"hidden_layer_sizes": hidden_layer_sizes, "activation": activation}
    parameters = {name: value for name, value in given.items() if value is not None}
    parameter_name(base, "pretrained")  # an MLPClassifier, or an error that says what has none
    pretrained = _Pretraining(autoencoder)
    settings = []
    for fraction in label_fractions:
        for start in STARTS:
            columns = {"label_fraction": float(fraction), "start": start}
            inner = Setting.from_parameters(base, parameters, columns=columns)
            make = partial(_make, inner, float(fraction), pretrained if start == "pretrained" else None)
            settings.append(Setting(columns, make))
    measures = {"n_labelled": _n_labelled, "reconstruction_error": _reconstruction_error}
    return paired_runs(
        X, y, settings, seeds=seeds, test_size=test_size, train_size=train_size,
        measures=None if by_epoch else measures, by_epoch=by_epoch, progress=progress,
    )  # fmt: skip


class _Pretraining:
    """Fits a seed's autoencoder once: all its runs have the same rows to pre-train on."""

    def __init__(self, template: Any) -> None:
        self._template = template
        self._seed: int | None = None
        self._fitted: Any = None

    def __call__(self, clf: Any, seed: int, rows: Any) -> Any:
        if self._seed != seed:
            one = _default_autoencoder(clf) if self._template is None else clone(self._template)
            self._fitted = one.set_params(random_state=seed).fit(rows)
            self._seed = seed
        return self._fitted


def _make(inner: Setting, fraction: float, pretraining: _Pretraining | None, seed: int) -> PartlyLabelledClassifier:
    fresh = inner.make(seed)
    pretrain: Callable[[Any], Any] | None = None
    if pretraining is not None:
        pretrain = partial(pretraining, split_pipeline(fresh)[1], seed)
    return PartlyLabelledClassifier(fresh, pretrain=pretrain, label_fraction=fraction, random_state=seed)


def _default_autoencoder(clf: Any) -> StackedAutoencoder:
    shared = ("hidden_layer_sizes", "activation", "solver", "batch_size", "learning_rate", "learning_rate_init")
    one = StackedAutoencoder()
    one.set_params(**{name: getattr(clf, name) for name in (*shared, "max_iter")})
    if not (isinstance(clf.solver, str) and clf.solver == "lbfgs"):  # which takes no noise
        one.set_params(denoising=0.3, corruption="masking")
    return one


def _n_labelled(run: Run) -> float:
    return float(run.estimator.n_labelled_)


def _reconstruction_error(run: Run) -> float:
    auto = run.estimator.autoencoder_
    return np.nan if auto is None else -float(auto.score(run.estimator.inputs(run.X_test)))
