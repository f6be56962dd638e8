"""The classes that a picture tells apart, where a classifier knows more than it can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strates._types import FloatArray
from strates.inspection.decision_boundary import MAX_CLASSES

_MANY_SHOWN = 9


@dataclass(frozen=True, eq=False)
class ShownClasses:
    """Which classes stand for themselves; the others become one.

    Attributes
    ----------
    numbers : ndarray of shape (n_shown,) or None
        Their numbers, increasing; None when all do.
    """

    numbers: NDArray[np.intp] | None

    @classmethod
    def of(cls, codes: NDArray[np.intp], n_classes: int) -> ShownClasses:
        """Show all classes, or the nine commonest where there are more than twenty.

        Parameters
        ----------
        codes : ndarray of shape (n_rows,)
            Number of each row's class.
        n_classes : int
            That the classifier knows.
        """
        if n_classes <= MAX_CLASSES:
            return cls(None)
        commonest = np.argsort(-np.bincount(codes, minlength=n_classes), kind="stable")[:_MANY_SHOWN]
        return cls(np.sort(commonest))

    def fold(self, probabilities: FloatArray) -> FloatArray:
        """Put the largest probability of the other classes last, as :func:`decision_boundary` does.

        Parameters
        ----------
        probabilities : ndarray of shape (n_rows, n_classes)

        Returns
        -------
        ndarray of shape (n_rows, n_shown + 1), or the same where all classes are shown

        Examples
        --------
        >>> ShownClasses(np.array([0, 2])).fold(np.array([[0.1, 0.2, 0.4, 0.3]]))
        array([[0.1, 0.4, 0.3]])
        """
        if self.numbers is None:
            return probabilities
        others = np.setdiff1d(np.arange(probabilities.shape[1]), self.numbers)
        return np.column_stack([probabilities[:, self.numbers], probabilities[:, others].max(axis=1)])
