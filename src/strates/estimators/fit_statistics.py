"""How well a logistic regression fits: deviance, information criteria, McFadden's R2."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import xlogy
from scipy.stats import chi2

from strates._types import AnyArray
from strates.engine.linear_likelihood import LinearLikelihood


@dataclass(frozen=True)
class FitStatistics:
    """How well a logistic regression fits the rows that it was asked about.

    Attributes
    ----------
    n_observations : float
        Sum of the sample weights.
    n_parameters : int
        Coefficients and intercepts that are free: ``(n_classes - 1) * (n_features + 1)``.
    log_likelihood, null_log_likelihood : float
        Of the model, and of the one that knows the classes' shares only; in nats.
    deviance, null_deviance : float
        Minus twice these.
    likelihood_ratio : float
        ``null_deviance - deviance``: large when the features tell something.
    likelihood_ratio_p_value : float
        By its chi-squared distribution when they tell nothing; NaN for a penalised fit.
    aic, bic : float
        ``deviance + 2 n_parameters`` and ``deviance + log(n_observations) n_parameters``; NaN for a penalised fit,
        whose parameters do not count as free.
    mcfadden_r2 : float
        ``1 - log_likelihood / null_log_likelihood``; 0 for a model that knows nothing, at most 1.
    """

    n_observations: float
    n_parameters: int
    log_likelihood: float
    null_log_likelihood: float
    deviance: float
    null_deviance: float
    likelihood_ratio: float
    likelihood_ratio_p_value: float
    aic: float
    bic: float
    mcfadden_r2: float

    def to_dict(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


def measure_fit(likelihood: LinearLikelihood, theta: AnyArray, n_classes: int, *, penalized: bool) -> FitStatistics:
    """Compute the statistics of fit of some parameters.

    Parameters
    ----------
    likelihood : LinearLikelihood
        Weights being counts.
    theta : ndarray of shape (n_features + 1, n_outputs)
    n_classes : int
    penalized : bool
    """
    counts = np.bincount(likelihood.codes, weights=likelihood.weights, minlength=n_classes)
    n = float(counts.sum())
    ours, null = -likelihood.value(theta), float(xlogy(counts, counts / n).sum())
    n_slopes = (n_classes - 1) * (len(theta) - 1)
    n_parameters = n_slopes + n_classes - 1
    ratio = 2 * (ours - null)
    return FitStatistics(
        n_observations=n,
        n_parameters=n_parameters,
        log_likelihood=ours,
        null_log_likelihood=null,
        deviance=-2 * ours,
        null_deviance=-2 * null,
        likelihood_ratio=ratio,
        likelihood_ratio_p_value=np.nan if penalized else float(chi2.sf(max(ratio, 0.0), n_slopes)),
        aic=np.nan if penalized else -2 * ours + 2 * n_parameters,
        bic=np.nan if penalized else -2 * ours + float(np.log(n)) * n_parameters,
        mcfadden_r2=1 - ours / null if null else np.nan,
    )
