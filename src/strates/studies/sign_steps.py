"""The margin of a network along the sign of its gradient: what the linear explanation says, and what is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from strates._types import AnyArray, FloatArray
from strates.engine.gradients import class_gradient


@dataclass(frozen=True, eq=False)
class SignSteps:
    """Rows, and where the sign of the gradient takes them.

    The margin is the logit of the true class less that of its strongest rival at the row (the log-odds of the two).

    Attributes
    ----------
    classifier : classifier
        Fitted, with ``network_`` and ``classes_``.
    rows : ndarray of shape (n_rows, ...), float32
    codes, rivals : ndarray of shape (n_rows,)
        Number of the true class, and of its strongest rival.
    margins : ndarray of shape (n_rows,)
    gradients : ndarray of shape (n_rows, n_inputs)
        Of the margins.
    """

    classifier: Any
    rows: FloatArray
    codes: AnyArray
    rivals: AnyArray
    margins: FloatArray
    gradients: FloatArray

    @classmethod
    def of(cls, classifier: Any, X: Any, y: AnyArray) -> SignSteps:
        """Look at rows as the network takes them."""
        network = classifier.network_
        rows = np.asarray(X, np.float32).reshape(len(X), *network.input_shape[1:])
        codes = np.searchsorted(classifier.classes_, y)
        logits, jacobian = class_gradient(network, rows, logits=True)
        each = np.arange(len(rows))
        others = logits.copy()
        others[each, codes] = -np.inf
        rivals = others.argmax(axis=1)
        half = 0.5 if network.output_shape[-1] == 1 else 1.0  # a single unit's log-odds is its logit, given twice
        slopes = half * (jacobian[each, codes] - jacobian[each, rivals])
        margins = half * (logits[each, codes] - logits[each, rivals])
        return cls(classifier, rows, codes, rivals, margins, slopes.reshape(len(rows), -1).astype(np.float64))

    @property
    def right(self) -> AnyArray:
        """Whether each row is predicted right."""
        return self.margins > 0

    def against(self) -> FloatArray:
        """Return the direction that lowers the margin most in the max-norm: minus the gradient's sign."""
        return -np.sign(self.gradients)

    def at_random(self, rng: Generator) -> FloatArray:
        """Return signs drawn by chance: as large in the max-norm, and in the Euclidean."""
        return rng.choice([-1.0, 1.0], size=self.gradients.shape)

    def moved(self, direction: FloatArray, epsilon: float) -> tuple[FloatArray, AnyArray]:
        """Return each row's margin after a step, and whether another class then leads.

        Parameters
        ----------
        direction : ndarray of shape (n_rows, n_inputs)
        epsilon : float
        """
        there = self.rows + np.float32(epsilon) * direction.reshape(self.rows.shape).astype(np.float32)
        logits, _ = class_gradient(self.classifier.network_, there, logits=True)
        each = np.arange(len(there))
        half = 0.5 if self.classifier.network_.output_shape[-1] == 1 else 1.0
        margins = half * (logits[each, self.codes] - logits[each, self.rivals])
        return margins, logits.argmax(axis=1) != self.codes
