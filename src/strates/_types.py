"""The shapes that the layers agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

FloatArray = NDArray[np.floating[Any]]
AnyArray = NDArray[Any]


@runtime_checkable
class FittedNetwork(Protocol):
    """What every view of a classifier needs: a network, its classes, its probabilities.

    Attributes
    ----------
    network_ : keras.Model
        Inputs to probabilities.
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of the columns of ``predict_proba``.
    """

    network_: keras.Model
    classes_: AnyArray

    def predict_proba(self, X: Any) -> FloatArray:
        """Return probabilities of shape (n_samples, n_classes)."""
