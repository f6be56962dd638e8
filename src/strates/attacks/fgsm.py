"""The fast gradient sign method."""

from __future__ import annotations

from typing import Any

from numpy.random import Generator

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import Attack, Found, check_choice, check_positive
from strates.attacks.loss_search import search_ball
from strates.attacks.victim import Victim
from strates.engine.loss_ascent import AscentSettings
from strates.engine.perturbation import NORMS


class FGSM(Attack):
    r"""Fast gradient sign method: one step of length ε, the one that a linear loss would rise most by.

    ::

        linf   x + ε sign(∂L/∂x)
        l2     x + ε g / |g|₂            g = ∂L/∂x
        l1     x + ε sign(g) at the largest |g|

    then cut off at the bounds. L is the cross-entropy; with a target, minus that of the target. An l2 or l1 step leaves
    out what would point out of the bounds, and an l1 step that meets one goes on with the next largest derivative.

    Parameters
    ----------
    epsilon : float, default=0.1
        Length of the step, in the units of X.
    norm : {"linf", "l2", "l1"}, default="linf"
    bounds : tuple (low, high) or None, default=(0, 1)
        Range of the values: numbers, or arrays like one row. None for no bounds, as tables have none.

    See Also
    --------
    PGD : Many small steps: stronger, at as many times the price.

    References
    ----------
    Goodfellow, Shlens & Szegedy (2015), Explaining and harnessing adversarial examples,
    https://arxiv.org/abs/1412.6572.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import LogisticRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(alpha=0.001).fit(X / 16, y)
    >>> result = FGSM(epsilon=0.2).perturb(clf, X / 16, y)
    >>> result.robust_accuracy < 0.2 < 0.9 < result.clean_accuracy
    True
    """

    def __init__(self, *, epsilon: float = 0.1, norm: str = "linf", bounds: Any = (0, 1)) -> None:
        self.epsilon = epsilon
        self.norm = norm
        self.bounds = bounds

    def _check_parameters(self) -> None:
        check_positive("epsilon", self.epsilon, unit=", a distance in the units of X")
        check_choice("norm", self.norm, NORMS)

    def _search(
        self, victim: Victim, X: FloatArray, codes: AnyArray, target_codes: AnyArray | None, rng: Generator
    ) -> Found:
        epsilon = float(self.epsilon)
        settings = AscentSettings(epsilon, self.norm, n_steps=1, step=epsilon, stop=False)  # type: ignore[arg-type]
        return search_ball(victim, X, codes, target_codes, settings, rng)
