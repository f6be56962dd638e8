"""What a change of a row is to achieve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray

_TINY = 1e-300  # the logarithm of a probability of 0 is to be finite


@dataclass(frozen=True, eq=False)
class Goal:
    """Another class for each row, or one class in particular.

    Attributes
    ----------
    now : ndarray of shape (n_rows,)
        Number of the class that each row is given.
    target : ndarray of shape (n_rows,) or None
        Number of the class wanted; None for any other.
    """

    now: NDArray[np.intp]
    target: NDArray[np.intp] | None = None

    def judge(self, probabilities: FloatArray, rows: NDArray[np.intp]) -> tuple[NDArray[np.bool_], FloatArray]:
        """Say of changed rows whether the goal is reached, and how far off they are.

        Parameters
        ----------
        probabilities : ndarray of shape (n, n_classes)
        rows : ndarray of shape (n,)
            The rows that they are changes of.

        Returns
        -------
        reached : ndarray of shape (n,)
        margin : ndarray of shape (n,)
            Log-odds of the best class that is wanted against the best that is not.
        """
        told = np.log(np.maximum(probabilities, _TINY))
        each = np.arange(len(rows))
        best = probabilities.argmax(axis=1)
        code = self.now[rows] if self.target is None else self.target[rows]
        one = told[each, code]
        told[each, code] = -np.inf
        others = told.max(axis=1)
        if self.target is None:
            return best != code, others - one
        return best == code, one - others
