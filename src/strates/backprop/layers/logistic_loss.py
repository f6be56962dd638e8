"""The loss of logistic outputs: one for two classes, or one a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from strates.backprop.layers.layer import Array, Rule
from strates.backprop.layers.loss import Loss, LossCache
from strates.exceptions import TargetError


@dataclass(frozen=True)
class LogisticLoss(Loss):
    """Minus the log of the probability that each yes or no was given, summed over the outputs.

    ::

        L = -Σᵢ wᵢ Σₖ (yᵢₖ log pᵢₖ + (1 - yᵢₖ) log(1 - pᵢₖ)),  p = σ(z)

        ∂L/∂zᵢ = wᵢ(pᵢ - yᵢ)

    y is 0 or 1, or with label smoothing s (1 - s)y + s/2; wᵢ = 1/n, or the row's share of all weights. With one output,
    ∂L/∂p = (p - y) / (p(1 - p)); times σ' = p(1 - p), only p - y is left of it.

    Attributes
    ----------
    label_smoothing : float, default=0.0
        s, in [0, 1).

    Examples
    --------
    >>> loss, cache = LogisticLoss().value([[0.0], [0.0]], [0, 1])
    >>> loss  # log 2: the network does not know
    0.693
    >>> LogisticLoss().gradient(cache)
    array([[ 0.25], [-0.25]])
    """

    def value(self, z: Any, targets: Any, *, weights: Any = None) -> tuple[float, LossCache]:
        """Return the mean loss in nats.

        Parameters
        ----------
        z : array-like of shape (n_rows, n_outputs)
            Scores, before the logistic function.
        targets : array-like of 0 and 1, of shape (n_rows, n_outputs), or (n_rows,) for one output
        weights : array-like of shape (n_rows,), optional

        Returns
        -------
        loss : float
        cache : LossCache

        Raises
        ------
        DataError
            The scores or weights have a wrong shape or are not finite.
        TargetError
            A target is neither 0 nor 1.
        """
        z = self._scores(z)
        w, s = self._weights(weights, len(z)), self.label_smoothing
        y = (1 - s) * _bits(targets, z.shape) + s / 2
        log_p, log_q = -np.logaddexp(0, -z), -np.logaddexp(0, z)  # q = 1 - p, which would round to 0
        loss = -(w[:, None] * (y * log_p + (1 - y) * log_q)).sum()
        return float(loss), LossCache(np.exp(log_p), y, w)

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule(
                "forward",
                "L = -Σᵢ wᵢ Σₖ (yᵢₖ log pᵢₖ + (1 - yᵢₖ) log(1 - pᵢₖ)),  p = σ(z)",
                r"L = -\sum_i w_i \sum_k \left(y_{ik} \log p_{ik} + (1 - y_{ik}) \log(1 - p_{ik})\right), "
                r"\quad p = \sigma(z)",
            ),
            Rule("input", "∂L/∂zᵢ = wᵢ(pᵢ - yᵢ)", r"\frac{\partial L}{\partial z_i} = w_i(p_i - y_i)"),
        )


def _bits(targets: Any, shape: tuple[int, ...]) -> Array:
    y = np.asarray(targets)
    if y.shape != shape and not (shape[1] == 1 and y.shape == shape[:1]):
        raise TargetError(f"LogisticLoss got targets of shape {y.shape}; expected {shape}, that of z.")
    wrong = ~np.isin(y, (0, 1))
    if wrong.any():
        raise TargetError(
            f"LogisticLoss got the target {y[wrong][0]!r} in row {np.argwhere(wrong)[0][0]}; expected 0 or 1. "
            "y == clf.classes_[1] gives them."
        )
    return y.reshape(shape).astype(np.float64)
