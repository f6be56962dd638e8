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
    shape = tuple(int(n) for n in parts.model.input_shape[1:]) if None not in parts.model.input_shape[1:] else None
    inputs = np.asarray(rows, np.float32)
    return inputs if shape is None else inputs.reshape(-1, *shape)
