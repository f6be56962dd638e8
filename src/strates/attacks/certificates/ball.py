"""The inputs that a certificate is about: a ball around each row, cut off at the bounds of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strates._types import FloatArray
from strates.attacks.certificates.bend import Interval


@dataclass(frozen=True, eq=False)
class Ball:
    """All inputs within a distance of each row, and within the bounds.

    Attributes
    ----------
    centre : ndarray of shape (n_rows, ...), float64
    radius : ndarray of shape (n_rows,)
        In the units of the inputs.
    norm : {"linf", "l2", "l1"}
    low, high : float or ndarray, of the shape of one row
        Bounds of the data; infinite for none.

    Examples
    --------
    >>> ball = Ball(np.array([[0.1, 0.5]]), np.array([0.3]), "linf", 0.0, 1.0)
    >>> ball.box
    Interval(lower=array([[0. , 0.2]]), upper=array([[0.4, 0.8]]))
    >>> ball.lowest(np.array([[[1.0, -1.0]]]))
    array([[-0.8]])
    """

    centre: FloatArray
    radius: FloatArray
    norm: str
    low: FloatArray | float
    high: FloatArray | float

    @property
    def box(self) -> Interval:
        """The smallest box around it."""
        r = self.radius.reshape(-1, *[1] * (self.centre.ndim - 1))
        return Interval(np.maximum(self.centre - r, self.low), np.minimum(self.centre + r, self.high))

    def lowest(self, A: FloatArray) -> FloatArray:
        """Return the least of A·x over the ball (of an l2 or l1 ball cut off at the bounds, a number below it).

        Parameters
        ----------
        A : ndarray of shape (n_rows, k, ...), or (1, k, ...) for all rows alike

        Returns
        -------
        ndarray of shape (n_rows, k)
        """
        flat = A.reshape(*A.shape[:2], -1)
        n = len(self.centre)
        box = self.box
        middle = ((box.lower + box.upper) / 2).reshape(n, -1)
        half = ((box.upper - box.lower) / 2).reshape(n, -1)
        least = _dot(flat, middle) - _dot(np.abs(flat), half)
        if self.norm == "linf":
            return least
        dual = np.sqrt((flat**2).sum(axis=2)) if self.norm == "l2" else np.abs(flat).max(axis=2)
        return np.asarray(np.maximum(least, _dot(flat, self.centre.reshape(n, -1)) - self.radius[:, None] * dual))

    def rows(self, which: FloatArray | slice) -> Ball:
        """Return the balls of some rows."""
        return Ball(self.centre[which], self.radius[which], self.norm, self.low, self.high)


def _dot(A: FloatArray, x: FloatArray) -> FloatArray:
    return np.asarray((A @ x[:, :, None])[..., 0])
