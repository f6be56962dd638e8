"""The rows that one seed's runs learn from, and those that they are judged on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from strates._random import integer_seed, root_seed
from strates.exceptions import ParameterError, TargetError

Rows = NDArray[np.intp]


def paired_split(y: Any, seed: int, *, test_size: float = 0.25, train_size: float | None = None) -> tuple[Rows, Rows]:
    """Return the split that all runs of a seed share: the same today and tomorrow, alone or among others.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Labels; each class is split in the same proportion.
    seed : int
        Another seed is another split.
    test_size, train_size : float or int, default=0.25, None
        Shares of all rows, or numbers of rows, as in scikit-learn's ``train_test_split``. Without ``train_size`` all
        rows that are not tested are learned from; with both, a part of the rows can be left out.

    Returns
    -------
    train, test : ndarray of int
        Row numbers.

    Raises
    ------
    ParameterError
        The sizes leave a part without rows.
    TargetError
        There is one class only, or a class with one row.

    Examples
    --------
    >>> train, test = paired_split(["a", "b"] * 10, seed=0)
    >>> len(train), len(test)
    (15, 5)
    """
    labels = np.asarray(y, dtype=object)
    if labels.ndim != 1:
        raise TargetError(f"y has shape {labels.shape}; a study expects one label a row. Study one column at a time.")
    codes, classes = pd.factorize(labels, use_na_sentinel=True)
    if (codes < 0).any():
        raise TargetError(
            f"y holds {int((codes < 0).sum())} missing labels among {len(labels)}. Drop those rows first."
        )
    counts = np.bincount(codes, minlength=1)
    if len(classes) < 2 or counts.min() < 2:
        rarest = f"; class {str(classes[int(counts.argmin())])!r} has {counts.min()} row" if len(classes) else ""
        raise TargetError(
            f"y holds {len(classes)} classes{rarest}. A study needs two classes, and two rows of each: one to learn "
            "and one to test."
        )
    try:
        train, test = train_test_split(
            np.arange(len(codes)), test_size=test_size, train_size=train_size, stratify=codes,
            random_state=integer_seed(root_seed(seed), "split"),
        )  # fmt: skip
    except ValueError as error:
        raise ParameterError(
            f"test_size={test_size!r} and train_size={train_size!r} do not split {len(codes)} rows of {len(classes)} "
            f"classes: {error} Give shares such as test_size=0.25, with a row of each class on both sides."
        ) from error
    return train, test
