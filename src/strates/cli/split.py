"""Rows to learn from and rows to test on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from strates._random import stream


def split_rows(y: pd.Series[Any], test_size: float, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw test rows of every class.

    Each class gives its share of test rows, at least one, and keeps at least one to learn from: a rare class is
    neither unlearned nor untested.

    Parameters
    ----------
    y : Series of shape (n_samples,)
        Labels; every class has two rows or more.
    test_size : float
        Share of the rows to test on, in (0, 1).
    seed : int

    Returns
    -------
    train, test : ndarray of int
        Row numbers, in order.

    Examples
    --------
    >>> train, test = split_rows(pd.Series(["a"] * 8 + ["b"] * 2), 0.25, 0)
    >>> len(test), int((test >= 8).sum())
    (3, 1)
    """
    generator = stream(seed, "test rows")
    codes, _ = pd.factorize(y, sort=True)
    is_test = np.zeros(len(codes), bool)
    for code in range(codes.max() + 1):
        rows = generator.permutation(np.flatnonzero(codes == code))
        count = min(max(1, round(test_size * len(rows))), len(rows) - 1)
        is_test[rows[:count]] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)
