"""What passes through a network's layers, forwards and backwards, in a few numbers a layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray
from strates.exceptions import DataError, ParameterError
from strates.inspection.layer_groups import LayerGroup, layer_groups
from strates.inspection.outcome import take_rows

#: Rows of one pass, at most, and numbers of all its activations: they are in memory at once, with their derivatives.
BLOCK_ROWS = 2_000
BLOCK_NUMBERS = 16_000_000
#: An activation is saturated when it is closer to an end of its function's range than this share of the range: tanh
#: beyond 0.98, the logistic function outside 0.01 to 0.99; either's slope is then below 4 % of its steepest.
SATURATED_WITHIN = 0.01
RANGES: dict[str, tuple[float, float]] = {
    "tanh": (-1, 1),
    "sigmoid": (0, 1),
    "softsign": (-1, 1),
    "hard_tanh": (-1, 1),
    "hard_sigmoid": (0, 1),
}
#: Functions that are exactly zero, with slope zero, over half of their inputs: a unit can stay there.
_CAN_DIE = frozenset({"relu", "relu6"})


class SignalSums:
    """One layer's numbers, added up over blocks of rows.

    Parameters
    ----------
    group : LayerGroup
        The layer.
    """

    def __init__(self, group: LayerGroup) -> None:
        self.group = group
        self._n = 0
        self._sums = np.zeros(4)  # of activations, their squares, squared deltas, and how many are saturated
        self._alive: NDArray[np.bool_] | None = None
        self._gradients: list[AnyArray] = []

    def add(self, a: AnyArray, delta: AnyArray, gradients: list[AnyArray], share: float) -> None:
        """Add a block of rows.

        Parameters
        ----------
        a, delta : ndarray of shape (n_rows, ..., n_units)
            Activations, and the derivative of each row's own loss with respect to them.
        gradients : list of ndarray
            Derivatives of the block's mean loss with respect to the kernels; empty where they are frozen.
        share : float
            The block's share of all rows.
        """
        saturated = np.nan
        if self.group.activation in RANGES:
            low, high = RANGES[self.group.activation]
            near = SATURATED_WITHIN * (high - low)
            saturated = float(np.count_nonzero((a < low + near) | (a > high - near)))
        self._n += a.size
        self._sums += [a.sum(), np.square(a).sum(), np.square(delta).sum(), saturated]
        alive = (a != 0).reshape(-1, a.shape[-1]).any(axis=0)
        self._alive = alive if self._alive is None else self._alive | alive
        parts = [share * gradient for gradient in gradients]
        before = self._gradients or [np.zeros(()) for _ in parts]
        self._gradients = [one + other for one, other in zip(before, parts, strict=True)]

    def numbers(self) -> dict[str, Any]:
        """Return the layer's row of the tables, by column."""
        mean, square, delta, saturated = self._sums / self._n
        alive = np.ones(0, bool) if self._alive is None else self._alive
        return {
            "layer": self.group.name,
            "units": alive.size,
            "activation_mean": float(mean),
            "activation_std": float(np.sqrt(max(square - mean**2, 0.0))),
            "activation_norm": float(np.sqrt(square)),
            "delta_norm": float(np.sqrt(delta)),
            "gradient_norm": joint_norm(self._gradients),
            "weight_norm": joint_norm([np.asarray(v, np.float64) for v in self.group.kernels]),
            "dead": float(1 - alive.mean()) if self.group.activation in _CAN_DIE else np.nan,
            "saturated": float(saturated),
        }


def joint_norm(arrays: list[AnyArray]) -> float:
    """Return the Euclidean norm of all numbers together; NaN of none.

    Examples
    --------
    >>> joint_norm([np.array([3.0]), np.array([[4.0]])])
    5.0
    """
    return float(np.sqrt(sum(float(np.square(a).sum()) for a in arrays))) if arrays else np.nan


def measure_layers(
    clf: Any,
    X: Any,
    y: Any,
    *,
    penalty: bool,
    training: bool,
    also: Callable[[LayerGroup, AnyArray], None] | None = None,
) -> list[SignalSums]:
    """Send rows through a fitted classifier and its loss back, in blocks.

    Parameters
    ----------
    clf : fitted strates classifier
    X : array-like, sparse matrix or DataFrame of shape (n_rows, ...)
        As the classifier takes it.
    y : array-like of shape (n_rows,)
    penalty, training : bool
        As ``loss_gradient`` takes them.
    also : callable, default=None
        Called with each layer and each block of its activations, of shape (n_rows, ..., n_units).

    Returns
    -------
    list of SignalSums
        From the inputs to the outputs.

    Raises
    ------
    ParameterError
        The classifier has no gradients, or layers that cannot be looked into.
    DataError
        X and y differ in length.
    """
    if not hasattr(clf, "loss_gradient"):
        raise ParameterError(
            f"{type(clf).__name__} has no loss_gradient. Give a classifier of strates that learns by gradients, such "
            "as MLPClassifier, or a pipeline that ends in one."
        )
    network = clf.network_
    sums = [SignalSums(group) for group in layer_groups(network)]
    for found, share in loss_blocks(clf, X, y, penalty=penalty, training=training):
        names = {id(v): name for name, v in zip(found.parameters, network.trainable_variables, strict=True)}
        n_rows = len(found.inputs)
        for one in sums:
            end = one.group.ends_at
            gradients = [found.parameters[names[id(v)]] for v in one.group.kernels if id(v) in names]
            # the loss is a mean: a row's own derivative is n_rows times its share of the mean's
            one.add(found.activations[end], n_rows * found.deltas[end], gradients, share)
            if also is not None:
                also(one.group, found.activations[end])
    return sums


def numbers_of_a_row(network: Any) -> int:
    """Return how many numbers a row makes in all layers; of a subclassed network, whose layers do not tell, 1."""
    shapes = [layer.output.shape[1:] for layer in getattr(network, "layers", []) if hasattr(layer, "output")]
    return max(1, sum(math.prod(size or 1 for size in shape) for shape in shapes))


def loss_blocks(clf: Any, X: Any, y: Any, *, penalty: bool, training: bool) -> Iterator[tuple[Any, float]]:
    """Yield what ``loss_gradient`` returns for as many rows as memory holds at once, with their share of all rows.

    Parameters
    ----------
    clf, X, y, penalty, training
        As :func:`measure_layers` takes them.
    """
    X = X if hasattr(X, "shape") else np.asarray(X)
    labels = np.asarray(y)
    n = X.shape[0]
    if n != len(labels):
        raise DataError(f"X has {n} rows, y has {len(labels)} labels. Give one label for each row.")
    size = min(BLOCK_ROWS, max(1, BLOCK_NUMBERS // numbers_of_a_row(clf.network_)))
    for rows in np.array_split(np.arange(n), -(-n // size)):
        yield clf.loss_gradient(take_rows(X, rows), labels[rows], penalty=penalty, training=training), len(rows) / n
