"""The loss of a classifier with one output a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strates.backprop.layers.layer import Rule
from strates.backprop.layers.loss import Loss, LossCache
from strates.backprop.layers.softmax import log_softmax
from strates.exceptions import TargetError


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """Minus the log of the probability that the right class was given.

    ::

        L = -Σᵢ wᵢ Σₖ yᵢₖ log pᵢₖ,  p = softmax(z)

        ∂L/∂zᵢ = wᵢ(pᵢ - yᵢ)

    y is 1 for the row's class and 0 for the others, or with label smoothing s (1 - s)y + s/C; wᵢ = 1/n, or the row's
    share of all weights. With L = -Σ y log p, ∂L/∂pⱼ = -yⱼ/pⱼ; passed through softmax's Jacobian diag(p) - ppᵀ, only
    p - y is left of it.

    Attributes
    ----------
    label_smoothing : float, default=0.0
        s, in [0, 1) (C. Szegedy et al., 2016, https://arxiv.org/abs/1512.00567).

    Examples
    --------
    >>> import numpy as np
    >>> loss, cache = SoftmaxCrossEntropy().value(np.log([[0.2, 0.3, 0.5]]), [1])
    >>> loss
    1.204
    >>> SoftmaxCrossEntropy().gradient(cache)
    array([[ 0.2, -0.7,  0.5]])
    """

    def value(self, z: Any, targets: Any, *, weights: Any = None) -> tuple[float, LossCache]:
        """Return the mean loss in nats.

        Parameters
        ----------
        z : array-like of shape (n_rows, n_classes)
            Scores, before softmax.
        targets : array-like of int of shape (n_rows,)
            The number of each row's class, from 0.
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
            A target is no number of a class.
        """
        z = self._scores(z)
        w, s = self._weights(weights, len(z)), self.label_smoothing
        n_classes = z.shape[1]
        y = (1 - s) * np.eye(n_classes)[_class_numbers(targets, *z.shape)] + s / n_classes
        log_p = log_softmax(z)
        loss = -(w[:, None] * y * log_p).sum()
        return float(loss), LossCache(np.exp(log_p), y, w)

    def rules(self) -> tuple[Rule, ...]:
        """Return the formulas above."""
        return (
            Rule(
                "forward",
                "L = -Σᵢ wᵢ Σₖ yᵢₖ log pᵢₖ,  p = softmax(z)",
                r"L = -\sum_i w_i \sum_k y_{ik} \log p_{ik}, \quad p = \operatorname{softmax}(z)",
            ),
            Rule("input", "∂L/∂zᵢ = wᵢ(pᵢ - yᵢ)", r"\frac{\partial L}{\partial z_i} = w_i(p_i - y_i)"),
        )


def _class_numbers(targets: Any, n_rows: int, n_classes: int) -> NDArray[np.int64]:
    y = np.asarray(targets)
    if y.shape != (n_rows,):
        raise TargetError(
            f"SoftmaxCrossEntropy got targets of shape {y.shape}; expected ({n_rows},), a class number a row."
        )
    if y.dtype.kind not in "iu":
        raise TargetError(
            f"SoftmaxCrossEntropy got targets of type {y.dtype}, such as {y[0]!r}; expected integers: the number of "
            "each row's class, from 0. np.searchsorted(clf.classes_, y) gives them."
        )
    wrong = np.flatnonzero((y < 0) | (y >= n_classes))
    if len(wrong):
        raise TargetError(
            f"SoftmaxCrossEntropy got the target {y[wrong[0]]} in row {wrong[0]}; expected class numbers from 0 to "
            f"{n_classes - 1}, for z has {n_classes} columns."
        )
    return y.astype(np.int64)
