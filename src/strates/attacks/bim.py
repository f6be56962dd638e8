"""The basic iterative method."""

from __future__ import annotations

from typing import Any

from numpy.random import Generator

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import Attack, Found, check_choice, check_positive
from strates.attacks.loss_search import search_ball
from strates.attacks.victim import Victim
from strates.engine.loss_ascent import AscentSettings
from strates.engine.perturbation import NORMS


class BIM(Attack):
    r"""Basic iterative method: many small fast-gradient steps from the row itself, kept in the ball and the bounds.

    ::

        x ← clip(x + α sign(∂L/∂x), bounds)        then the nearest point within ε of the row

    Parameters
    ----------
    epsilon : float, default=0.1
        Radius of the ball around each row, in the units of X.
    norm : {"linf", "l2", "l1"}, default="linf"
        See :class:`FGSM` for the steps of l2 and l1.
    steps : int, default=10
        Steps at most.
    step_size : float or "auto", default="auto"
        α, in the units of X. "auto" is 1.25 ε / steps, the paper's proportion of steps to ε.
    early_stopping : bool, default=True
        Whether a row is done at the first step that fools the classifier, which then is its result: the nearest on the
        way. If not, all steps are taken, and the last is the result, as in the paper: a larger loss, more queries.
    bounds : tuple (low, high) or None, default=(0, 1)
        Range of the values: numbers, or arrays like one row. None for no bounds, as tables have none.

    See Also
    --------
    PGD : Starts at random, and again where it failed.

    References
    ----------
    Kurakin, Goodfellow & Bengio (2017), Adversarial examples in the physical world, https://arxiv.org/abs/1607.02533.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import LogisticRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = LogisticRegression(alpha=0.001).fit(X / 16, y)
    >>> result = BIM(epsilon=0.2).perturb(clf, X[:50] / 16, y[:50])
    >>> bool(result.distances["linf"].max() <= 0.2)
    True
    """

    def __init__(
        self,
        *,
        epsilon: float = 0.1,
        norm: str = "linf",
        steps: int = 10,
        step_size: float | str = "auto",
        early_stopping: bool = True,
        bounds: Any = (0, 1),
    ) -> None:
        self.epsilon = epsilon
        self.norm = norm
        self.steps = steps
        self.step_size = step_size
        self.early_stopping = early_stopping
        self.bounds = bounds

    def _check_parameters(self) -> None:
        check_positive("epsilon", self.epsilon, unit=", a distance in the units of X")
        check_choice("norm", self.norm, NORMS)
        check_positive("steps", self.steps, whole=True)
        if self.step_size != "auto":
            check_positive("step_size", self.step_size, unit=' in the units of X, or "auto"')

    def _search(
        self, victim: Victim, X: FloatArray, codes: AnyArray, target_codes: AnyArray | None, rng: Generator
    ) -> Found:
        epsilon, steps = float(self.epsilon), int(self.steps)
        size = 1.25 * epsilon / steps if self.step_size == "auto" else float(self.step_size)
        stop = bool(self.early_stopping)
        settings = AscentSettings(epsilon, self.norm, n_steps=steps, step=size, stop=stop)  # type: ignore[arg-type]
        return search_ball(victim, X, codes, target_codes, settings, rng)
