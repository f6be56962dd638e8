"""Rosenblatt's rule for one threshold unit, row by row, without touching the rows that it gets right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strates._types import AnyArray

#: Rows whose products with one another are computed at once: the largest power of two for which BLAS keeps to one
#: thread with tens of columns. Waking a second one costs ten times the product on a busy machine.
_BLOCK = 64


@dataclass
class ThresholdUnit:
    """Weights of one unit while they are learned.

    Attributes
    ----------
    weights : ndarray of shape (n_inputs,)
    mistakes : list of int
        One number an epoch.
    total : ndarray of shape (n_inputs,)
        Each correction times the number of visits before it; with it the mean weights are known at any time.
    visits : int
        Rows seen.
    """

    weights: AnyArray
    mistakes: list[int]
    total: AnyArray
    visits: int = 0

    @classmethod
    def start(cls, weights: AnyArray) -> ThresholdUnit:
        """Return a unit that has seen nothing."""
        return cls(np.array(weights, np.float64), [], np.zeros(len(weights)))

    @property
    def finished(self) -> bool:
        """Whether the last epoch was without a mistake: then no later one has any."""
        return bool(self.mistakes) and self.mistakes[-1] == 0

    @property
    def mean(self) -> AnyArray:
        """Mean of the weights after each visit."""
        return self.weights - self.total / self.visits if self.visits else self.weights

    def epoch(self, rows: AnyArray, signs: AnyArray, rate: float) -> None:
        """Go through the rows once: ``w += rate * y * x`` wherever ``y * (w @ x) <= 0``.

        Rows are taken in blocks. A correction by row i changes the margin of row j by ``rate * y_i y_j (x_i @ x_j)``:
        with the block's products at hand, finding the next mistake costs nothing but that row of numbers.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_inputs)
            The last column of ones where there is an intercept.
        signs : ndarray of shape (n_rows,)
            -1 or 1.
        rate : float
        """
        count = 0
        for first in range(0, len(rows), _BLOCK):
            signed = rows[first : first + _BLOCK] * signs[first : first + _BLOCK, None]
            wrong = self._mistakes(signed, rate)
            if wrong:
                corrections = rate * signed[wrong]
                self.weights = self.weights + corrections.sum(axis=0)
                self.total += (self.visits + np.array(wrong)) @ corrections
                count += len(wrong)
            self.visits += len(signed)
        self.mistakes.append(count)

    def _mistakes(self, signed: AnyArray, rate: float) -> list[int]:
        margins = signed @ self.weights
        if margins.min() > 0:
            return []
        products = rate * (signed @ signed.T)
        wrong, start = [], 0
        while start < len(margins):
            left = margins[start:] <= 0
            ahead = int(left.argmax())
            if not left[ahead]:
                break
            wrong.append(start + ahead)
            margins += products[start + ahead]
            start += ahead + 1
        return wrong
