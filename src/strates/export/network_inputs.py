"""Rows as a network takes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.export.fitted_parts import FittedParts


def network_inputs(parts: FittedParts, rows: Any) -> AnyArray:
    """Return rows of the estimator with the network, in the network's shape: flat pixels become images.

    Parameters
    ----------
    parts : FittedParts
    rows : array-like of shape (n_rows, ...)

    Returns
    -------
    ndarray of shape (n_rows, ...), float32
    """
    inputs = np.asarray(rows, np.float32)
    return inputs if None in parts.input_shape else inputs.reshape(-1, *(int(n or 0) for n in parts.input_shape))
