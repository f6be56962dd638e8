"""The coefficients of a logistic regression as its penalty changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from strates._types import AnyArray


@dataclass(frozen=True)
class RegularizationPath:
    """Coefficients against the strength of the penalty.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        Decreasing: from the strongest penalty to the weakest.
    l1_ratio : float
        Share of L1 in the penalty.
    coefs : ndarray of shape (n_alphas, n_outputs, n_features)
        ``coef_`` at each alpha; ``n_outputs`` is 1 for two classes, else the number of classes.
    intercepts : ndarray of shape (n_alphas, n_outputs)
    n_nonzero : ndarray of shape (n_alphas,)
        Coefficients that are not zero.
    losses : ndarray of shape (n_alphas,)
        Mean cross-entropy over the rows, without the penalty, in nats.
    classes : ndarray of shape (n_outputs,)
        The class that each row of ``coefs`` speaks for.
    feature_names : tuple of str
    """

    alphas: AnyArray
    l1_ratio: float
    coefs: AnyArray
    intercepts: AnyArray
    n_nonzero: AnyArray
    losses: AnyArray
    classes: AnyArray
    feature_names: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return a row an alpha, class and feature: columns "alpha", "class", "feature", "coefficient"."""
        n_alphas, n_outputs, n_features = self.coefs.shape
        return pd.DataFrame(
            {
                "alpha": np.repeat(self.alphas, n_outputs * n_features),
                "class": np.tile(np.repeat(self.classes, n_features), n_alphas),
                "feature": list(self.feature_names) * (n_alphas * n_outputs),
                "coefficient": self.coefs.ravel(),
            }
        )
