"""The smallest network that pulls the classes apart."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

import strates
from strates._random import integer_seed, root_seed
from strates.exceptions import DataError, ParameterError, StratesWarning, TargetError

MAX_ARCHITECTURES = 400


@dataclass(frozen=True, eq=False)
class Untangling:
    """What a search for the smallest separating network came to.

    Attributes
    ----------
    hidden_layer_sizes : tuple of int or None
        Of the smallest network that got every row right; None when none did.
    accuracy : float
        Share of the rows that ``estimator`` gets right: 1 if a network was found.
    tried : DataFrame
        A row an architecture, in the order tried: "hidden_layer_sizes", "n_parameters", "n_starts" (how many were
        drawn; fewer than allowed where one separated), "best_accuracy" and "separated".
    estimator : MLPClassifier
        The fitted network; the best of all that were tried when none separated.
    """

    hidden_layer_sizes: tuple[int, ...] | None
    accuracy: float
    tried: pd.DataFrame
    estimator: Any


def untangle(
    X: Any,
    y: Any,
    *,
    max_width: int = 3,
    max_depth: int = 2,
    activation: str = "tanh",
    n_starts: int = 20,
    max_iter: int = 500,
    random_state: Any = 0,
) -> Untangling:
    """Search for the smallest network that separates the classes of some rows.

    Every stack of up to ``max_depth`` hidden layers of up to ``max_width`` units is tried, from the one with the fewest
    parameters on, each from several random starts by L-BFGS without penalty, until one gets every row right. It is what
    topology speaks of: layers of two tanh units bend the plane but cannot lift it, so that no number of them parts a
    disc from a ring around it; three units can.

    That a network was found is a proof that it separates these rows; that none was found is none, only so many failed
    starts.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_features)
        Numbers, of about unit variance.
    y : array-like of shape (n_rows,)
        Their classes.
    max_width : int, default=3
        Units of a layer at most; 0 tries the linear classifier alone.
    max_depth : int, default=2
        Hidden layers at most; 0 tries the linear classifier alone.
    activation : str, default="tanh"
        Of the hidden units; "identity" for linear ones. See :class:`strates.MLPClassifier`.
    n_starts : int, default=20
        Random starts of each architecture, at most. Those of the linear classifier all end the same: it has one.
    max_iter : int, default=500
        Iterations of a start.
    random_state : int, RandomState or None, default=0
        Of the starts: weights are standard normal.

    Returns
    -------
    Untangling

    Raises
    ------
    ParameterError
        A number is below its least, or there are more than 400 architectures.
    DataError, TargetError
        X or y cannot be learned from.

    See Also
    --------
    warp : What a network does to the plane.

    References
    ----------
    Christopher Olah, "Neural Networks, Manifolds, and Topology", 2014.

    Examples
    --------
    >>> from strates.datasets import disc_and_ring
    >>> from strates.inspection import untangle
    >>> found = untangle(*disc_and_ring(200, dimension=1), max_depth=1)
    >>> found.hidden_layer_sizes
    (2,)
    >>> found.tried[["hidden_layer_sizes", "best_accuracy"]].values.tolist()
    [[(), 0.5], [(1,), 0.75], [(2,), 1.0]]
    """
    for name, value, least in (
        ("max_width", max_width, 0),
        ("max_depth", max_depth, 0),
        ("n_starts", n_starts, 1),
        ("max_iter", max_iter, 1),
    ):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ParameterError(f"{name} is {value!r}; it has to be an integer of at least {least}.")
    rows = np.asarray(X)
    if rows.ndim != 2 or rows.shape[0] != len(y):
        raise DataError(
            f"X has shape {rows.shape} and y {len(y)} labels; expected (n_rows, n_features) and one label a row."
        )
    labels = np.asarray(y)
    n_classes = len(np.unique(labels))
    if labels.ndim != 1 or n_classes < 2:
        raise TargetError(
            f"y has shape {labels.shape} and {n_classes} class(es); expected two or more, one label a row."
        )
    seed = root_seed(random_state)
    best: Any = None
    best_accuracy, tried, separating = -1.0, [], None
    for sizes, n_parameters in _architectures(rows.shape[1], n_classes, max_width, max_depth):
        accuracy, n_done = -1.0, 0
        for start in range(n_starts if sizes else 1):
            clf = _fit(rows, labels, sizes, activation, max_iter, integer_seed(seed, f"start {start}"))
            score, n_done = float(clf.score(rows, labels)), start + 1
            accuracy = max(accuracy, score)
            if score > best_accuracy:
                best, best_accuracy = clf, score
            if score == 1.0:
                break
        tried.append((sizes, n_parameters, n_done, accuracy, accuracy == 1.0))
        if accuracy == 1.0:
            separating = sizes
            break
    columns = ["hidden_layer_sizes", "n_parameters", "n_starts", "best_accuracy", "separated"]
    return Untangling(separating, best_accuracy, pd.DataFrame(tried, columns=columns), best)


def _fit(X: Any, y: Any, sizes: tuple[int, ...], activation: str, max_iter: int, seed: int) -> Any:
    # through the façade, at the call: the estimators load TensorFlow, and are a sibling of this folder
    clf = strates.MLPClassifier(
        sizes, activation=activation, solver="lbfgs", alpha=0.0, max_iter=max_iter, kernel_initializer="normal(1)",
        random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        # classes that are pulled apart have no best weights, only ever larger ones
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", StratesWarning)
        return clf.fit(X, y)


def _architectures(
    n_features: int, n_classes: int, max_width: int, max_depth: int
) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield hidden layer sizes and numbers of parameters, from the fewest on; of as many, the shallower first."""
    depth = max_depth if max_width else 0
    n = sum(max_width**d for d in range(depth + 1))
    if n > MAX_ARCHITECTURES:
        raise ParameterError(
            f"max_width={max_width} and max_depth={max_depth} make {n:,} architectures; at most {MAX_ARCHITECTURES} "
            "are searched. Give a smaller width or depth."
        )
    n_outputs = 1 if n_classes == 2 else n_classes
    every = [sizes for d in range(depth + 1) for sizes in product(range(1, max_width + 1), repeat=d)]

    def n_parameters(sizes: tuple[int, ...]) -> int:
        return sum((a + 1) * b for a, b in pairwise((n_features, *sizes, n_outputs)))

    for sizes in sorted(every, key=lambda one: (n_parameters(one), len(one), one)):
        yield sizes, n_parameters(sizes)
