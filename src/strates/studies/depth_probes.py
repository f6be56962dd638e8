"""How far on the way through a network a linear classifier tells classes apart, row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from strates._random import stream
from strates._types import AnyArray, FloatArray
from strates.engine.backbone import Backbone
from strates.engine.depth_features import Depth, choose_depths, depth_features

#: Inverse strength of the probes' penalty, on standardised numbers.
PROBE_C = 0.1

Rows = NDArray[np.intp]
Hits = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class DepthProbes:
    """Which rows a logistic regression gets right at each depth, each row by one that did not learn from it.

    Attributes
    ----------
    depths : list of Depth
        From the input to the features.
    widths : list of int
        Numbers of a row there.
    hits : list of ndarray of shape (n_rows,), bool
        One a depth.
    values : list of ndarray of shape (n_rows, n_columns)
        What the probes learned from.
    codes : ndarray of shape (n_rows,)
    folds : list of tuple (train, test)
        Row numbers.
    """

    depths: list[Depth]
    widths: list[int]
    hits: list[Hits]
    values: list[FloatArray]
    codes: AnyArray
    folds: list[tuple[Rows, Rows]]

    def hits_of_half(self, depth: int, seed: int) -> Hits:
        """Return what is right at a depth when each probe learns from half of its rows, of each class half.

        Parameters
        ----------
        depth : int
            Number among ``depths``.
        seed : int
            Of the halves.
        """
        rng = stream(seed, "halves")
        halves = [(_half(train, self.codes, rng), test) for train, test in self.folds]
        return _hits(self.values[depth], self.codes, halves)


def probe_depths(
    backbone: Backbone, rows: AnyArray, codes: AnyArray, *, n_depths: int, n_folds: int, seed: int
) -> DepthProbes:
    """Cross-validate a logistic regression at several depths of a backbone, on the same folds.

    Parameters
    ----------
    backbone : Backbone
    rows : ndarray of shape (n_rows, ...)
    codes : ndarray of shape (n_rows,)
        Class numbers; of each class there is a row for each fold at least.
    n_depths, n_folds : int
        At most so many depths.
    seed : int
        Of the folds.

    Returns
    -------
    DepthProbes
    """
    depths = choose_depths(backbone, n_depths)
    found = depth_features(backbone, rows, depths)
    values = [_few_columns(StandardScaler().fit_transform(one.astype(np.float64))) for one in found]
    folds = list(StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(codes, codes))
    hits = [_hits(one, codes, folds) for one in values]
    return DepthProbes(depths, [one.shape[1] for one in found], hits, values, codes, folds)


def _few_columns(values: FloatArray) -> FloatArray:
    """Return coordinates in which the rows lie as they did, no more of them than rows: an L2 penalty is the same."""
    if values.shape[1] <= values.shape[0]:
        return values
    triangle: FloatArray = np.linalg.qr(values.T, mode="r")  # type: ignore[assignment]
    return triangle.T


def _hits(values: FloatArray, codes: AnyArray, folds: list[tuple[Rows, Rows]]) -> Hits:
    hits = np.zeros(len(codes), bool)
    with threadpool_limits(limits=1, user_api="blas"):  # SciPy's short vectors are quicker on one thread
        for train, test in folds:
            probe = LogisticRegression(C=PROBE_C, max_iter=2_000, tol=1e-3).fit(values[train], codes[train])
            hits[test] = probe.predict(values[test]) == codes[test]
    return hits


def _half(train: Rows, codes: AnyArray, rng: np.random.Generator) -> Rows:
    order = rng.permutation(train)
    parts = [order[codes[order] == code] for code in np.unique(codes[train])]
    return np.sort(np.concatenate([part[: -(-len(part) // 2)] for part in parts]))
