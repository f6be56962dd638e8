"""Derivatives by centred differences, and the kinks that a step may cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates._types import AnyArray
from strates.backprop.layers.layer import Array
from strates.backprop.network import Network
from strates.exceptions import ParameterError

#: Half a step for which rounding is an excuse; smaller ones make it themselves.
_LEAST_STEP = 1e-7


def checked_step(h: Any) -> float:
    """Return half a step, if it is one.

    Raises
    ------
    ParameterError
        It is not a positive number.

    Examples
    --------
    >>> checked_step(1e-5)
    1e-05
    """
    if not isinstance(h, Real) or isinstance(h, bool) or not 0 < float(h) < np.inf:
        raise ParameterError(f"h={h!r}; expected a positive step, such as 1e-5.")
    return float(h)


@dataclass(frozen=True)
class Kink:
    """A place where a finite difference is no derivative: its step changed a function's piece.

    Attributes
    ----------
    parameter : str
        What was moved, such as "hidden_1/kernel".
    index : tuple of int
        Which of its entries.
    layer : str
        Whose unit went over to another piece; "penalty" for the corner of |w|.
    row, unit : int
        Where, from 0 (of the first that changed); the unit is counted in the flattened output of the layer.
    error : float
        What the relative error would have been.
    """

    parameter: str
    index: tuple[int, ...]
    layer: str
    row: int
    unit: int
    error: float


@dataclass(frozen=True)
class Differences:
    """Numerical derivatives of some entries of one parameter.

    Attributes
    ----------
    values : ndarray of shape (n_entries,)
        ``(L(w + h) - L(w - h)) / 2h``.
    rounding : ndarray of shape (n_entries,)
        What rounding in the two values of L may have done to them: ``eps * size / h``, where L is a difference of
        scores, and so rounded as the largest of 1, L and the scores is. For a step below 1e-7 it is what
        it is at 1e-7: more is the fault of the step.
    crossed : list of (str, int, int) or None
        For each entry the layer, row and unit whose piece changed between the two points; None where none did.
    """

    values: Array
    rounding: Array
    crossed: list[tuple[str, int, int] | None]


def relative_error(a: Any, b: Any) -> Array:
    """Return ``|a - b| / max(|a|, |b|)``, 0 where both are zero.

    Parameters
    ----------
    a, b : array-like
        Two gradients, of one shape.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> relative_error([1.0, 0.0], [1.01, 0.0]).round(4)
    array([0.0099, 0.    ])
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    size = np.maximum(np.abs(a), np.abs(b))
    error: Array = np.divide(np.abs(a - b), size, out=np.zeros_like(size), where=size > 0)
    return error


def centred_differences(
    network: Network,
    x: Array,
    targets: AnyArray,
    parameter: str,
    entries: Sequence[tuple[int, ...]],
    *,
    h: float = 1e-5,
    single_precision: bool = False,
) -> Differences:
    """Differentiate the objective with respect to some entries of a parameter, numerically.

    Parameters
    ----------
    network : Network
    x : ndarray of shape (n_rows, ...)
    targets : ndarray
    parameter : str
        Such as "hidden_1/kernel".
    entries : sequence of tuple of int
    h : float, default=1e-5
        Half the step.
    single_precision : bool, default=False
        Compute in float32, to see that it does not do.

    Returns
    -------
    Differences
    """
    first = network.position(parameter)
    below = network.forward(x, targets, single_precision=single_precision).inputs[first]
    start = network.parameters[parameter]
    # the penalty's difference is taken entry by entry: in the sum over all entries it would drown in rounding
    penalty, network = network.penalties.get(parameter), network.without_penalty()
    bends = penalty is not None and penalty.l1_ratio > 0
    values, rounding, crossed = [], [], []
    eps = np.finfo(np.float32 if single_precision else np.float64).eps
    for entry in entries:
        sides, pieces = [], []
        for sign in (1, -1):
            moved = start.copy()
            moved[entry] += sign * h
            if single_precision:
                moved = moved.astype(np.float32).astype(np.float64)
            side = network.with_parameter(parameter, moved)
            there = side.forward_from(first, below, targets, single_precision=single_precision)
            sides.append((there.loss, 0.0 if penalty is None else penalty.value(moved[entry])))
            pieces.append(side.pieces(there, first))
        (up, up_penalty), (down, down_penalty) = sides
        size = max(1.0, up, down, float(np.abs(there.scores).max())) + max(up_penalty, down_penalty)
        values.append(((up - down) + (up_penalty - down_penalty)) / (2 * h))
        rounding.append(eps * size / max(h, _LEAST_STEP))
        corner = ("penalty", -1, -1) if bends and abs(start[entry]) <= h else None
        crossed.append(_changed_piece(*pieces) or corner)
    return Differences(np.array(values), np.array(rounding), crossed)


def _changed_piece(
    one: dict[str, NDArray[np.int64]], other: dict[str, NDArray[np.int64]]
) -> tuple[str, int, int] | None:
    for layer, on in one.items():
        changed = (on != other[layer]).reshape(len(on), -1)
        if changed.any():
            row, unit = (int(i) for i in np.argwhere(changed)[0])
            return layer, row, unit
    return None
