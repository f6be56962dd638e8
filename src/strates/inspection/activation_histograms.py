"""How the outputs of the hidden layers are distributed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from strates._types import AnyArray, FloatArray
from strates.exceptions import ParameterError
from strates.inspection.activation_statistics import described_network, hidden_statistics
from strates.inspection.layer_groups import LayerGroup, layer_groups
from strates.inspection.layer_signals import RANGES

#: Half the width of a histogram, in root mean squares of the first layer, where no function bounds its outputs.
_REACH = 4.5
_NEVER_NEGATIVE = frozenset({"relu", "relu6", "sigmoid", "hard_sigmoid", "softplus"})


@dataclass(frozen=True, eq=False)
class ActivationHistograms:
    """The hidden layers' outputs, counted into bins that all layers have in common.

    Attributes
    ----------
    statistics : DataFrame
        What :func:`strates.inspection.activation_statistics` returns: n_layers rows.
    edges : ndarray of shape (n_bins + 1,)
        Limits of the bins.
    shares : ndarray of shape (n_layers, n_bins)
        Share of each layer's outputs in each bin, those that are exactly zero aside; the first bin and the last hold
        what lies beyond them, too.
    zeros : ndarray of shape (n_layers,)
        Share of each layer's outputs that are exactly zero: most of what rectified units give.
    """

    statistics: pd.DataFrame
    edges: FloatArray
    shares: FloatArray
    zeros: FloatArray


def activation_histograms(
    clf: Any, X: Any, y: Any = None, *, n_bins: int = 41, initial: bool = False, training: bool = True
) -> ActivationHistograms:
    """Count the hidden layers' activations into bins that all layers have in common.

    Parameters
    ----------
    clf : strates classifier or pipeline
        Fitted; or a description of a network, whose weights are drawn.
    X : array-like, sparse matrix or DataFrame of shape (n_rows, ...)
        Rows to look at.
    y : array-like of shape (n_rows,), default=None
        Labels, where the network of an unfitted classifier depends on them.
    n_bins : int, default=41
        How many; they cover the activation functions' range or, where one has none, 4.5 root mean squares of
        the first layer on either side of zero.
    initial, training : bool
        See :func:`strates.inspection.activation_statistics`.

    Returns
    -------
    ActivationHistograms

    Raises
    ------
    ParameterError
        There is no hidden layer to look into, or there are fewer than two bins.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(500, 200))
    >>> found = activation_histograms(MLPClassifier((200,) * 4, activation="tanh", random_state=0), X)
    >>> found.shares.shape, float(found.edges[0]), float(found.edges[-1])
    ((4, 41), -1.0, 1.0)
    """
    if n_bins < 2:
        raise ParameterError(f"n_bins={n_bins!r} cannot be used; expected 2 bins or more.")
    last, rows = described_network(clf, X, y, initial=initial)
    hidden = [group for group in layer_groups(last.network_) if group.activation is not None]
    functions = {str(group.activation) for group in hidden}
    found: list[FloatArray] = []
    if not hidden:
        raise ParameterError("The network has no hidden layer, whose activations could be counted.")
    counters = {group.name: _Counter(n_bins) for group in hidden}

    def count(group: LayerGroup, values: AnyArray) -> None:
        if group.name not in counters:
            return
        if not found:
            found.append(_edges(functions, values, n_bins))
        counters[group.name].add(values, found[0])

    table = hidden_statistics(last, rows, training=training, also=count)
    counted = [counters[name] for name in table["layer"]]
    return ActivationHistograms(
        table,
        found[0],
        np.array([one.counts / one.n for one in counted]),
        np.array([one.n_zeros / one.n for one in counted]),
    )


class _Counter:
    """One layer's histogram, added up over blocks of rows."""

    def __init__(self, n_bins: int) -> None:
        self.counts = np.zeros(n_bins)
        self.n_zeros = self.n = 0

    def add(self, values: AnyArray, edges: FloatArray) -> None:
        others = values[values != 0]
        self.counts += np.histogram(np.clip(others, edges[0], edges[-1]), edges)[0]
        self.n_zeros += values.size - others.size
        self.n += values.size


def _edges(functions: set[str], first: AnyArray, n_bins: int) -> FloatArray:
    """Return the bins for some activation functions, given the first layer's outputs."""
    if functions <= set(RANGES):
        low, high = min(RANGES[name][0] for name in functions), max(RANGES[name][1] for name in functions)
        return np.linspace(low, high, n_bins + 1)
    reach = _REACH * float(np.sqrt(np.square(first).mean())) or 1.0
    return np.linspace(0.0 if functions <= _NEVER_NEGATIVE else -reach, reach, n_bins + 1)
