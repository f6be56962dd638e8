"""How well a simple classifier does in each space of a network."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strates._types import FloatArray
from strates.exceptions import DataError, ParameterError, StratesWarning, TargetError
from strates.inspection.hidden_layers import INPUT
from strates.inspection.intervals import wilson_interval
from strates.inspection.network_inputs import network_inputs
from strates.inspection.network_spaces import network_spaces
from strates.inspection.outcome import class_names, encode_labels, sample_rows, take_rows

PROBES = ("logistic", "knn")
MAX_ROWS = 5_000


def linear_probes(
    clf: Any,
    X: Any,
    y: Any,
    *,
    layers: Any = None,
    probes: tuple[str, ...] = PROBES,
    cv: int = 5,
    n_neighbors: int = 5,
    max_rows: int = MAX_ROWS,
    random_state: int = 0,
) -> pd.DataFrame:
    """Measure a logistic regression and nearest neighbours in each space of a network.

    A network learns a representation, then a linear classifier of it. Here is what that representation is worth: the
    same linear classifier is cross-validated on the input, on as many principal components of the input as a layer has
    units, and on each layer. Nearest neighbours tell how well classes are gathered, whatever the shape of their
    border.

    Give rows that the network was not trained on. The layers of a network have seen the labels of its training rows:
    the folds keep those from the probe, not from the layers, and the accuracy on layers is then too good, by as much as
    the network has learned by heart; that on the input and its components is not.

    Parameters
    ----------
    clf : fitted classifier, autoencoder or pipeline
        A classifier or autoencoder of strates, or a pipeline that ends in one. The input is what reaches the network.
    X : DataFrame or array of n_rows rows
        Held-out rows, as the pipeline takes them.
    y : array-like of shape (n_rows,)
        Their classes.
    layers : sequence of (str or int), str, int or None, default=None
        Spaces to probe; see :func:`strates.inspection.representations`. All by default.
    probes : tuple of {"logistic", "knn"}, default=("logistic", "knn")
        Which classifiers: scikit-learn's ``LogisticRegression`` (to a tolerance of 1e-3) and ``KNeighborsClassifier``,
        on standardised units.
    cv : int, default=5
        Number of stratified folds.
    n_neighbors : int, default=5
        Of "knn".
    max_rows : int, default=5000
        Rows used at most, drawn at random.
    random_state : int, default=0
        Seed of the draw and of the folds: two calls give the same numbers.

    Returns
    -------
    DataFrame
        A row a space and probe: "space" ("input", "PCA (8)" for eight components of the standardised input, or a
        layer's name), "probe", "width" (units), "accuracy" over all rows, each predicted once by a probe that has not
        learned from it, and its 95 % interval "low" to "high" (Wilson's: it tells the chance in these rows, not in
        those that the network was trained on). Components are left out where the input has no more columns than that,
        or X no more rows.

    Raises
    ------
    ParameterError
        There is no such layer or probe, or ``cv`` is below 2.
    DataError
        X and y differ in length, or X has no row.
    TargetError
        ``y`` has one class only, a class with a single row, or labels that the classifier never learned.

    Warns
    -----
    StratesWarning
        A class has fewer rows than there are folds: fewer folds are used.

    See Also
    --------
    representations : What the spaces look like.

    References
    ----------
    G. Alain and Y. Bengio (2016), Understanding intermediate layers using linear classifier probes,
    https://arxiv.org/abs/1610.01644.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> from strates.inspection import linear_probes
    >>> X, y = moons(400, noise=0.1)
    >>> clf = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X[:200], y[:200])
    >>> table = linear_probes(clf, X[200:], y[200:], probes=("logistic",))
    >>> table["space"].tolist(), bool(table["accuracy"].iloc[-1] > table["accuracy"].iloc[0] + 0.05)
    (['input', 'hidden_1'], True)
    """
    unknown = [name for name in probes if name not in PROBES]
    if unknown or not probes:
        raise ParameterError(f"probes={probes!r}; expected one or more of {', '.join(map(repr, PROBES))}.")
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    if n_rows != len(y):
        raise DataError(
            f"X has {n_rows} rows and y has {len(y)} labels; they must be as many. Take both from one table."
        )
    last = network_inputs(clf, X[:1])[1]
    classes = getattr(last, "classes_", np.unique(y))  # an autoencoder learned from no labels
    codes = encode_labels(y, np.asarray(classes))
    rows = sample_rows(codes, max_rows, random_state)
    codes = codes[rows]
    n_folds = _n_folds(codes, classes, cv)
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
    spaces = network_spaces(clf, take_rows(X, rows), layers=layers).values
    most = len(codes) - -(-len(codes) // n_folds)  # a fold's training rows span no more components
    found = []
    for space, n_components, values in _spaces(spaces, most):
        hits = dict.fromkeys(probes, 0)
        for train, test in folds.split(values, codes):
            known, new = _standardized(values[train], values[test], n_components)
            for probe in hits:
                model = _probe(probe, min(n_neighbors, len(train))).fit(known, codes[train])
                hits[probe] += int((model.predict(new) == codes[test]).sum())
        for probe in probes:
            low, high = wilson_interval(hits[probe], len(codes))
            width = n_components or values.shape[1]
            found.append((space, probe, width, hits[probe] / len(codes), low, high))
    return pd.DataFrame(found, columns=["space", "probe", "width", "accuracy", "low", "high"])


def _spaces(values: dict[str, FloatArray], most: int) -> Iterator[tuple[str, int, FloatArray]]:
    """Yield names, how many components are taken (0: none), and values; of the input, one number of them once."""
    for name, one in values.items():
        yield name, 0, one
        if name == INPUT:
            widths = dict.fromkeys(other.shape[1] for space, other in values.items() if space != INPUT)
            for width in widths:
                if width < one.shape[1] and width <= most:
                    yield f"PCA ({width})", width, one


def _probe(name: str, n_neighbors: int) -> Any:
    return LogisticRegression(max_iter=2_000, tol=1e-3) if name == "logistic" else KNeighborsClassifier(n_neighbors)


def _standardized(known: FloatArray, new: FloatArray, n_components: int) -> tuple[FloatArray, FloatArray]:
    """Return training rows and new ones as a probe takes them, all measured on the training rows."""
    scaler = StandardScaler()
    known, new = scaler.fit_transform(known), scaler.transform(new)
    if known.shape[1] > 2 * known.shape[0]:
        known, new = _turned(known, new)
    if n_components:
        components = make_pipeline(PCA(min(n_components, known.shape[1]), random_state=0), StandardScaler())
        known, new = components.fit_transform(known), components.transform(new)
    return known, new


def _turned(known: FloatArray, new: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return wide rows by their coordinates in the space of the training rows, which change nothing for a probe.

    The weights of a penalised logistic regression are a sum of training rows; what of a new row is at right angles to
    all of those adds the same to its distances from each. A layer of a convolutional network has tens of thousands of
    units, a sample some hundreds of rows: the products of rows are all that is needed.
    """
    squares, basis = np.linalg.eigh(known @ known.T)
    kept = squares > 1e-10 * squares[-1]
    if not kept.any():  # all rows are one
        return known, new
    sizes, basis = np.sqrt(squares[kept]), basis[:, kept]
    return basis * sizes, (new @ known.T) @ (basis / sizes)


def _n_folds(codes: NDArray[np.intp], classes: Any, cv: int) -> int:
    if cv < 2:
        raise ParameterError(f"cv is {cv}; a cross-validation needs 2 folds at least. 5 is usual.")
    present, counts = np.unique(codes, return_counts=True)
    if len(present) < 2:
        raise TargetError(f"y holds {len(present)} class; a probe needs two at least. Give more rows.")
    rarest = class_names(np.asarray(classes)[present])[int(counts.argmin())]
    if counts.min() < 2:
        raise TargetError(
            f"Class {rarest!r} has one row; a probe needs two of each class, one to learn and one to test. "
            "Give more rows, or leave that one out."
        )
    if counts.min() < cv:
        warnings.warn(
            f"Class {rarest!r} has {counts.min()} rows, fewer than the {cv} folds asked; {counts.min()} folds are "
            "used, so that each holds every class.",
            StratesWarning,
            stacklevel=3,
        )
    return int(min(cv, counts.min()))
