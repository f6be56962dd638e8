"""From a user's rows and labels to what a network on the blackboard takes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from strates._types import AnyArray
from strates.backprop.layers import LogisticLoss
from strates.backprop.layers.layer import Array
from strates.backprop.network import Network
from strates.exceptions import DataError, TargetError


def network_rows(est: Any, X: Any) -> Array:
    """Return rows as they reach the network, in float64.

    Parameters
    ----------
    est : fitted classifier, or pipeline that ends in one
        Of a pipeline the other steps are applied first.
    X : array-like, sparse matrix or DataFrame of shape (n_rows, ...)

    Returns
    -------
    ndarray of shape (n_rows, ...)

    Raises
    ------
    DataError
        Something is no finite number, or the shape is not the network's.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from strates import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> pipeline = make_pipeline(StandardScaler(), LogisticRegression(alpha=0.01)).fit(X, y)
    >>> network_rows(pipeline, X).mean(axis=0).round(6) + 0
    array([0., 0., 0., 0.])
    """
    if hasattr(est, "steps") and len(est.steps) > 1:
        X, est = est[:-1].transform(X), est[-1]
    elif hasattr(est, "steps"):
        est = est[-1]
    if hasattr(X, "toarray"):
        X = X.toarray()
    _refuse_other_columns(est, X)
    try:
        rows = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"X cannot be read as numbers ({error}). Give the rows as the classifier takes them."
        ) from error
    shape = _input_shape(est)
    if shape is not None and len(shape) == 3 and rows.ndim > 1 and math.prod(rows.shape[1:]) == math.prod(shape):
        rows = rows.reshape(-1, *shape)  # images may come flat, or without the axis of their one channel
    if shape is not None and rows.shape[1:] != shape:
        hint = " One row alone is X[[i]], or row.reshape(1, -1)." if rows.shape == shape else ""
        raise DataError(f"X has shape {rows.shape}; expected (n_rows, {', '.join(map(str, shape))}).{hint}")
    if not len(rows):
        raise DataError("X has no rows; expected at least one.")
    if not np.isfinite(rows).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(rows))[0])
        names = getattr(est, "feature_names_in_", None)
        column = f"column {where[1]}" if names is None or rows.ndim != 2 else f"column {str(names[where[1]])!r}"
        raise DataError(
            f"X holds {rows[where]} in row {where[0]}, {column}. Fill missing values first, as "
            "strates.tabular_pipeline does."
        )
    return rows


def _refuse_other_columns(est: Any, X: Any) -> None:
    """Refuse a table whose columns are not those of the fit, in that order: the network knows places, not names."""
    names, given = getattr(est, "feature_names_in_", None), getattr(X, "columns", None)
    if names is None or given is None or list(names) == list(given):
        return
    same = sorted(map(str, names)) == sorted(map(str, given))
    what = "the columns of the fit in another order" if same else f"the columns {', '.join(map(repr, given[:20]))}"
    wanted = ", ".join(repr(str(name)) for name in names[:20]) + (", ..." if len(names) > 20 else "")
    raise DataError(f"X has {what}; expected {wanted}. X[list(clf.feature_names_in_)] puts them so.")


def _input_shape(est: Any) -> tuple[int, ...] | None:
    shape = getattr(getattr(est, "network_", None), "input_shape", None)
    if not isinstance(shape, tuple) or None in shape[1:]:
        return None
    return tuple(int(n) for n in shape[1:])


def tensorflow_gradients(
    est: Any, rows: Array, y: Any, network: Network, *, penalty: bool, training: bool
) -> dict[str, Array]:
    """Return what TensorFlow says the gradients are, by "layer/parameter"; empty where the classifier cannot tell.

    Parameters
    ----------
    est : fitted classifier, or pipeline that ends in one
        Asked by its ``loss_gradient``, which every network of strates has.
    rows : ndarray of shape (n_rows, ...)
        What :func:`network_rows` returned.
    y : array-like
        Their labels.
    network : Network
        The same on the blackboard, with its penalties.
    penalty, training : bool
        See ``loss_gradient``.

    Returns
    -------
    dict of str to ndarray
        Without those of parameters that have a regularizer of their own, unless the penalty is asked for.
    """
    last = est[-1] if hasattr(est, "steps") else est
    if not hasattr(last, "loss_gradient"):
        return {}
    names = getattr(last, "feature_names_in_", None)
    X = rows if names is None else pd.DataFrame(rows, columns=names)
    labels = _one_label_a_row(last, network, y)
    found: dict[str, Array] = last.loss_gradient(X, labels, penalty=penalty, training=training).parameters
    if not penalty and not getattr(last, "alpha_", 0.0):
        # a network's own regularizers are part of TensorFlow's loss always
        return {name: gradient for name, gradient in found.items() if name not in network.penalties}
    return found


def network_targets(est: Any, y: Any, network: Network, n_rows: int) -> AnyArray:
    """Return labels as the loss of a network takes them.

    Parameters
    ----------
    est : fitted classifier, or pipeline that ends in one
        Its ``classes_`` name the outputs.
    y : array-like of shape (n_rows,) or (n_rows, n_labels)
    network : Network
    n_rows : int

    Returns
    -------
    ndarray
        Class numbers of shape (n_rows,) for a softmax, 0/1 of shape (n_rows, n_outputs) for logistic units.

    Raises
    ------
    TargetError
        A label is not among the classes; the message names them.

    Examples
    --------
    >>> from strates import LogisticRegression
    >>> from strates.backprop.rebuild import rebuild
    >>> clf = LogisticRegression(alpha=0.01).fit([[0.0], [1.0], [2.0]], ["no", "no", "yes"])
    >>> network_targets(clf, ["yes", "no"], rebuild(clf), 2).ravel()
    array([1., 0.])
    """
    last = est[-1] if hasattr(est, "steps") else est
    labels = _one_label_a_row(last, network, y)
    if len(labels) != n_rows:
        raise TargetError(f"X has {n_rows} rows, y has {len(labels)} labels. Give one label for each row.")
    classes = np.asarray(last.classes_)
    if is_multilabel(last, network):
        return _zeros_and_ones(labels, len(classes))
    if labels.ndim != 1:
        raise TargetError(f"y has shape {labels.shape}; expected ({n_rows},), one label for each row.")
    place = {label: code for code, label in enumerate(classes.tolist())}
    unknown = [label for label in labels.tolist() if label not in place]
    if unknown:
        shown = ", ".join(map(repr, list(place)[:20])) + (", ..." if len(place) > 20 else "")
        raise TargetError(f"y holds the label {unknown[0]!r}, which is not among the classes {shown}. Use one of them.")
    codes = np.array([place[label] for label in labels.tolist()])
    return codes.reshape(-1, 1).astype(np.float64) if isinstance(network.loss, LogisticLoss) else codes


def is_multilabel(last: Any, network: Network) -> bool:
    """Whether a classifier answers yes or no to each label: with logistic units, as many as it has classes."""
    return isinstance(network.loss, LogisticLoss) and last.network_.output_shape[-1] == len(last.classes_)


def _one_label_a_row(last: Any, network: Network, y: Any) -> AnyArray:
    """Return labels as an array; a table of one column is that column."""
    labels = np.asarray(y)
    if labels.ndim == 0:
        return labels.reshape(1)
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 and not is_multilabel(last, network) else labels


def _zeros_and_ones(labels: AnyArray, n_labels: int) -> Array:
    if labels.ndim != 2 or labels.shape[1] != n_labels or not np.isin(labels, (0, 1)).all():
        raise TargetError(
            f"y has shape {labels.shape} and holds {', '.join(map(repr, np.unique(labels)[:5].tolist()))}; expected 0 "
            f"and 1 in shape (n_rows, {n_labels}): this classifier says yes or no to each of {n_labels} labels."
        )
    return labels.astype(np.float64)
