"""How unsure a network is, by leaving its dropout on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strates._types import FloatArray


@dataclass(frozen=True, eq=False)
class MonteCarloDropout:
    """Probabilities of many sub-networks, drawn by dropout (Gal & Ghahramani, 2016, https://arxiv.org/abs/1506.02142).

    Attributes
    ----------
    samples : ndarray of shape (n_samples, n_rows, n_classes)
        Each draw's probabilities.

    Examples
    --------
    >>> import numpy as np
    >>> agreed = MonteCarloDropout(np.array([[[0.5, 0.5]], [[0.5, 0.5]]]))
    >>> torn = MonteCarloDropout(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]))
    >>> agreed.predictive_entropy, torn.predictive_entropy  # both are unsure of the class
    (array([0.693]), array([0.693]))
    >>> agreed.mutual_information, torn.mutual_information  # but only the second's networks disagree
    (array([0.]), array([0.693]))
    """

    samples: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Predictive probabilities, of shape (n_rows, n_classes): the mean over the draws."""
        return np.asarray(self.samples.mean(axis=0))

    @property
    def std(self) -> FloatArray:
        """Spread of the probabilities over the draws, of shape (n_rows, n_classes)."""
        return np.asarray(self.samples.std(axis=0))

    @property
    def predictive_entropy(self) -> FloatArray:
        """Entropy of the mean, in nats, of shape (n_rows,): how unsure, for whatever reason."""
        return _entropy(self.mean)

    @property
    def mutual_information(self) -> FloatArray:
        """Entropy of the mean less mean entropy, in nats, of shape (n_rows,): how much the networks disagree.

        It is what more data could remove; the rest of the predictive entropy is in the data.
        """
        return np.asarray(np.maximum(self.predictive_entropy - _entropy(self.samples).mean(axis=0), 0))


def _entropy(p: FloatArray) -> FloatArray:
    p = np.asarray(p, np.float64)
    return np.asarray(-(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1))
