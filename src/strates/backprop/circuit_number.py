"""What may enter a circuit: one real number."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from strates.exceptions import DataError

LARGEST = sys.float_info.max  # of float64


def real_number(data: Any) -> float:
    """Return the one finite number that some data hold.

    Parameters
    ----------
    data : int, float, NumPy scalar, array of one element, ...
        ``True`` counts as 1.

    Returns
    -------
    float

    Raises
    ------
    DataError
        It is no number, more than one, not finite, or too large for float64.

    Examples
    --------
    >>> import numpy as np
    >>> real_number(np.array([3]))
    3.0
    """
    element = data if isinstance(data, int | float) else _only_element(data)
    try:
        number = float(element)
    except OverflowError:
        raise DataError(
            f"A number of type {type(element).__name__} is too large for float64, which ends at {LARGEST:.6g} "
            "(309 digits). Scale it down, or take its logarithm."
        ) from None
    except (TypeError, ValueError):
        raise DataError(_not_real(element)) from None
    if not math.isfinite(number):
        raise DataError(
            f"Value({number}) is not a finite number. Replace it, or leave it out, before the circuit begins."
        )
    return number


def _only_element(data: Any) -> Any:
    """Return what an array, or a number of another library, holds."""
    try:
        array = np.asarray(data)
    except ValueError:  # lists of unequal lengths
        raise DataError(_not_real(data)) from None
    if array.size != 1:
        raise DataError(
            f"A Value holds one real number, but {type(data).__name__} of shape {array.shape} came. Make a Value of "
            "each element, as in [Value(number) for number in x]."
        )
    element = array.item()
    if isinstance(element, str | bytes) or array.dtype.kind in "mM":  # float() would read "3", and dates as integers
        raise DataError(_not_real(data))
    return element


def _not_real(data: Any) -> str:
    return (
        f"A Value holds one real number, but {data!r:.40} of type {type(data).__name__} came. "
        "Write Value(number), with a float or an integer."
    )
