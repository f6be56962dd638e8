"""A classifier with its pipeline, read for certificates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer

from strates._types import AnyArray, FloatArray
from strates.attacks.affine_steps import known_map
from strates.attacks.certificates.affine_step import ConvStep
from strates.attacks.certificates.ball import Ball
from strates.attacks.certificates.layer_chain import LayerChain, layer_chain
from strates.attacks.victim import Victim
from strates.backprop.layers import Dense, Layer, Rescaling
from strates.exceptions import ParameterError, TargetError

#: Numbers that one batch of rows may make of itself in a layer.
_NUMBERS = 8_000_000


class CertifiedNetwork:
    """The layers of a classifier in the user's units, and its rows.

    Parameters
    ----------
    clf : fitted classifier or pipeline
    X : DataFrame or array of n_rows rows
    y : array-like of shape (n_rows,) or None
        The predicted classes, where there is none.
    bounds : tuple (low, high) or None

    Attributes
    ----------
    victim : Victim
    chain : LayerChain
        From the rows in the user's units to scores.
    rows : ndarray of shape (n_rows, ...), float64
    codes, predicted : ndarray of int of shape (n_rows,)
        Classes by number: the true ones, and those that the classifier predicts.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from strates import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.1)).fit(X, y)
    >>> [step.name for step in CertifiedNetwork(clf, X, y, bounds=None).chain.steps]
    ['standardscaler', 'standardscaler (factors)', 'outputs']
    """

    def __init__(self, clf: Any, X: Any, y: Any, *, bounds: Any) -> None:
        steps, last = (clf.steps[:-1], clf.steps[-1][1]) if hasattr(clf, "steps") else ([], clf)
        if not hasattr(last, "network_"):
            raise ParameterError(
                f"{type(last).__name__} has no network_ to read. Give a fitted classifier of strates, such as "
                "MLPClassifier, or use RandomizedSmoothing, which takes any classifier."
            )
        self.victim = Victim(clf, X, bounds=bounds)
        shape = self.victim.rows.shape[1:]
        front, _ = _front(steps, int(np.prod(shape)))
        self.chain: LayerChain = layer_chain(last.network_, front=front, input_shape=shape)
        self.rows: FloatArray = self.victim.rows.astype(np.float64)
        self.predicted: AnyArray = self.victim.predict_codes(self.victim.rows)
        self.codes: AnyArray = self.predicted if y is None else _codes(self.victim, y, len(self.rows))

    @property
    def low(self) -> FloatArray:
        """Lower bounds of a row, infinite where there are none."""
        return self.victim.low.astype(np.float64)

    @property
    def high(self) -> FloatArray:
        """Upper bounds of a row, infinite where there are none."""
        return self.victim.high.astype(np.float64)

    def ball(self, which: AnyArray, radius: FloatArray, norm: str) -> Ball:
        """Return balls around some rows."""
        return Ball(self.rows[which], radius, norm, self.low, self.high)

    def batches(self, which: AnyArray, *, vectors: int = 1) -> list[AnyArray]:
        """Cut the numbers of rows into pieces that memory holds, ``vectors`` arrays of a layer's size a row."""
        widest = max(
            math.prod(s.output_shape[:-1]) * s.terms if isinstance(s, ConvStep) else math.prod(s.input_shape)
            for s in self.chain.steps
        )
        size = max(1, min(1024, _NUMBERS // (vectors * widest)))
        return [which[start : start + size] for start in range(0, len(which), size)]

    def out_of_reach(self, norm: str) -> FloatArray:
        """Return a radius at which each ball covers all that the bounds allow; infinite without bounds."""
        far = np.maximum(self.high - self.rows, self.rows - self.low).reshape(len(self.rows), -1)
        if norm == "linf":
            return np.asarray(far.max(axis=1))
        return np.asarray(far.sum(axis=1) if norm == "l1" else np.sqrt((far**2).sum(axis=1)))


def _codes(victim: Victim, y: Any, n_rows: int) -> AnyArray:
    codes = victim.codes(y)
    if codes.shape != (n_rows,):
        raise TargetError(f"X has {n_rows} rows, y has shape {codes.shape}. Give one label for each row.")
    return codes


def _front(steps: Any, n_columns: int) -> tuple[list[Layer], int]:
    """Return a pipeline's steps as layers, and how many columns come out of them.

    Unlike an attack, which may try a step out and judge what comes of it, a certificate takes only steps whose formula
    is known: rows that were not tried would not be covered.
    """
    layers: list[Layer] = []
    for name, step in steps:
        if step is None or isinstance(step, str) or _imputes_only(step, n_columns):  # "passthrough"
            continue
        if hasattr(step, "steps"):
            inner, n_columns = _front(step.steps, n_columns)
            layers += inner
            continue
        found = known_map(step, n_columns)
        if found is None:
            raise ParameterError(
                f"The pipeline's step {name!r} ({type(step).__name__}) is none whose effect a certificate can follow: "
                "scalers, PCA and imputers of numbers. Certify the network's own inputs, certify(pipeline[-1], "
                "pipeline[:-1].transform(X), y, epsilon=..., bounds=None), or use RandomizedSmoothing."
            )
        centre, linear, shift = (np.asarray(a, np.float64) for a in (found.centre, found.linear, found.shift))
        layers.append(Rescaling(1.0, -centre, name=name))
        if linear.ndim == 1:
            layers.append(Rescaling(linear, shift, name=f"{name} (factors)"))
        else:
            layers.append(Dense(linear, shift, name=f"{name} (matrix)"))
        n_columns = len(shift)
    return layers, n_columns


def _imputes_only(step: Any, n_columns: int) -> bool:
    """Whether a step leaves rows without missing values as they are."""
    if type(step) is not SimpleImputer or step.add_indicator:
        return False
    return bool(len(step.statistics_) == n_columns and np.isfinite(step.statistics_.astype(np.float64)).all())
