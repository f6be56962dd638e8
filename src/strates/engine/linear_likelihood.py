"""The log-likelihood of a linear classifier, with its gradient and its Hessian in closed form, in float64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logsumexp

from strates._types import AnyArray
from strates.engine.batches import dense_rows

#: Numbers of one block of rows, at most: 32 MB in float64.
BLOCK_NUMBERS = 4_000_000


@dataclass(frozen=True)
class LinearLikelihood:
    """Cross-entropy of a linear classifier, summed over weighted rows, as a function of its parameters.

    With a row ``a = (x, 1)``, parameters ``theta`` and scores ``a @ theta``, a row costs ``log(1 + exp(s)) - y s``
    for one logistic output, ``logsumexp(s) - s[y]`` for a softmax.

    Attributes
    ----------
    X : ndarray or CSR matrix of shape (n_rows, n_inputs)
    codes : ndarray of shape (n_rows,)
        Class numbers.
    weights : ndarray of shape (n_rows,)
        Shares that sum to one make the sum a mean.
    n_outputs : int
        1 for a binary problem, else the number of classes.

    Examples
    --------
    >>> import numpy as np
    >>> rows = LinearLikelihood(np.array([[-1.0], [1.0]]), np.array([0, 1]), np.ones(2), 1)
    >>> round(rows.value(np.zeros((2, 1))), 6)
    1.386294
    >>> rows.hessian(np.zeros((2, 1)))
    array([[0.5, 0. ],
           [0. , 0.5]])
    """

    X: Any
    codes: AnyArray
    weights: AnyArray
    n_outputs: int

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of ``theta``: a row an input and one for the intercepts, a column an output."""
        return int(self.X.shape[1]) + 1, self.n_outputs

    def _blocks(self) -> Iterator[tuple[AnyArray, slice]]:
        n, width = int(self.X.shape[0]), self.shape[0] * max(1, self.n_outputs)
        size = max(1, BLOCK_NUMBERS // width)
        for first in range(0, n, size):
            rows = slice(first, first + size)
            x = dense_rows(self.X, rows).astype(np.float64)
            yield np.hstack([x, np.ones((len(x), 1))]), rows

    def scores(self, theta: AnyArray) -> AnyArray:
        """Return ``a @ theta``, of shape (n_rows, n_outputs)."""
        return np.concatenate([a @ theta for a, _ in self._blocks()])

    def value(self, theta: AnyArray) -> float:
        """Return the summed cross-entropy: minus the log-likelihood."""
        total = 0.0
        for a, rows in self._blocks():
            s, codes = a @ theta, self.codes[rows]
            if self.n_outputs == 1:
                costs = np.logaddexp(0, np.where(codes == 1, -s[:, 0], s[:, 0]))
            else:
                costs = logsumexp(s, axis=1) - s[np.arange(len(s)), codes]
            total += float(self.weights[rows] @ costs)
        return total

    def gradient(self, theta: AnyArray) -> AnyArray:
        """Return the derivative of :meth:`value`, of the shape of ``theta``: ``sum w a (p - y)'``."""
        total = np.zeros(self.shape)
        for a, rows in self._blocks():
            error = _probabilities(a @ theta)
            if self.n_outputs == 1:
                error[:, 0] -= self.codes[rows]
            else:
                error[np.arange(len(error)), self.codes[rows]] -= 1
            total += a.T @ (self.weights[rows, None] * error)
        return total

    def hessian(self, theta: AnyArray) -> AnyArray:
        """Return the observed information: the second derivative of :meth:`value`.

        Returns
        -------
        ndarray of shape (theta.size, theta.size)
            In the order of ``theta.ravel()``: ``sum w (a a') p_k (1[k = l] - p_l)``.
        """
        n, m = self.shape
        total = np.zeros((n, m, n, m))
        for a, rows in self._blocks():
            p, w = _probabilities(a @ theta), self.weights[rows]
            if m == 1:
                total[:, 0, :, 0] += a.T @ (a * (w * p[:, 0] * (1 - p[:, 0]))[:, None])
                continue
            for k in range(m):
                for other in range(k, m):
                    factor = w * p[:, k] * (float(k == other) - p[:, other])
                    part = a.T @ (a * factor[:, None])
                    total[:, k, :, other] += part
                    if other > k:
                        total[:, other, :, k] += part
        return total.reshape(n * m, n * m)

    def margins(self, theta: AnyArray) -> AnyArray:
        """Return how far each row's own class is ahead of each other class, of shape (n_rows, n_classes - 1)."""
        s = self.scores(theta)
        if self.n_outputs == 1:
            return np.where(self.codes[:, None] == 1, s, -s)
        own = s[np.arange(len(s)), self.codes][:, None]
        others = np.arange(self.n_outputs)[None, :] != self.codes[:, None]
        ahead: AnyArray = (own - s)[others].reshape(len(s), -1)
        return ahead


def _probabilities(s: AnyArray) -> AnyArray:
    if s.shape[1] == 1:
        p: AnyArray = expit(s)
        return p
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))
