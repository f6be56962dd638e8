"""What the losses at the end of a network share: rows that are averaged, targets that are softened."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from strates.backprop.layers.layer import Array, Rule
from strates.exceptions import DataError, ParameterError


class LossCache(NamedTuple):
    """The probabilities p, the targets y after smoothing, and each row's weight w in the mean (they add up to 1)."""

    p: Array
    y: Array
    w: Array


@dataclass(frozen=True)
class Loss(ABC):
    """A cross-entropy: how surprised the network is, in nats, on average over the rows.

    It takes the scores z (logits), not the probabilities p: the derivative of both steps together is p - y.

    Attributes
    ----------
    label_smoothing : float, default=0.0
        Share of a target that is spread evenly over the possibilities, in [0, 1).
    """

    label_smoothing: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing < 1:
            raise ParameterError(
                f"label_smoothing={self.label_smoothing!r} cannot be used; expected a share in [0, 1)."
            )

    @abstractmethod
    def value(self, z: Any, targets: Any, *, weights: Any = None) -> tuple[float, LossCache]:
        """Return the mean loss, and the cache that :meth:`gradient` needs."""

    def gradient(self, cache: LossCache) -> Array:
        """Return ∂L/∂z = w(p - y): what the network said, less what it should have.

        Parameters
        ----------
        cache : LossCache
            What :meth:`value` gave.

        Returns
        -------
        ndarray of shape (n_rows, n_outputs)
        """
        p, y, w = cache
        return w[:, None] * (p - y)

    @abstractmethod
    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas: ``"forward"``, then ``"input"``."""

    # --- clean input, clear complaints ----------------------------------------------------------------

    def _scores(self, z: Any) -> Array:
        scores: Array = np.asarray(z, dtype=np.float64)
        if scores.ndim != 2 or not scores.size:
            raise DataError(
                f"{type(self).__name__} got z of shape {scores.shape}; expected scores of shape (n_rows, n_outputs), "
                "one row at least. One row alone is z[np.newaxis]."
            )
        if not np.isfinite(scores).all():
            row, column = (int(i) for i in np.argwhere(~np.isfinite(scores))[0])
            raise DataError(
                f"{type(self).__name__}: z holds {scores[row, column]} in row {row}, column {column}, from 0; expected "
                "finite scores. A smaller learning rate may keep them so."
            )
        return scores

    def _weights(self, weights: Any, n_rows: int) -> Array:
        if weights is None:
            return np.full(n_rows, 1 / n_rows)
        w = np.asarray(weights, dtype=np.float64)
        if w.shape != (n_rows,) or not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
            raise DataError(
                f"{type(self).__name__} got weights of shape {w.shape} for {n_rows} rows; expected one number a row, "
                "none of them negative or nan, and not all zero."
            )
        return np.asarray(w / w.sum())
