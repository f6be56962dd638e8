"""Projected gradient descent, the attack that others are measured by."""

from __future__ import annotations

from typing import Any, get_args

from numpy.random import Generator

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import Attack, Found, check_choice, check_positive
from strates.attacks.loss_search import search_ball
from strates.attacks.victim import Victim
from strates.engine.loss_ascent import AscentLoss, AscentSettings
from strates.engine.perturbation import NORMS


class PGD(Attack):
    r"""Projected gradient descent on minus the loss: many steps from random points of the ball around a row.

    ::

        x ← clip(x + α steepest(∂L/∂x), bounds)        then the nearest point within ε of the row

    The steepest step is sign(g) for linf, g / |g| for l2, the largest entry of g for l1. What would leave the bounds is
    left out of an l2 step; an l1 step goes on with the next largest entry there.

    The loss is not taken literally: log Σ_{j≠y} exp(z_j) - z_y, of the logits z, has gradients of the cross-entropy's
    direction, which do not vanish where float32 cannot tell the probability from 1. Sure classifiers otherwise look
    robust.

    Parameters
    ----------
    epsilon : float, default=0.1
        Radius of the ball around each row, in the units of X.
    norm : {"linf", "l2", "l1"}, default="linf"
    steps : int, default=40
        Steps at most, of each start.
    step_size : float or "auto", default="auto"
        α, in the units of X. "auto" is 2.5 ε / steps: from any point of the ball its border is in reach.
    n_restarts : int, default=1
        Starts at most, of rows that were not fooled before. Each second one climbs the other loss: the two fail on
        different rows.
    random_start : bool, default=True
        Start at a random point of the ball, drawn uniformly; otherwise at the row itself. Among many columns nearly all
        of an l2 ball is near its border: a single start at the row then often fools more.
    loss : {"cross_entropy", "margin"}, default="cross_entropy"
        Of the first start. "margin" is the lead of the best other class alone, max_{j≠y} z_j - z_y: stronger where
        the classifier is unsure among several classes, often weaker where it is sure.
    early_stopping : bool, default=True
        Whether a row is done at the first point that fools the classifier, which then is its result. If not, all steps
        are taken, and the last point is the result, as in the paper: a larger loss, more queries.
    bounds : tuple (low, high) or None, default=(0, 1)
        Range of the values: numbers, or arrays like one row. None for no bounds, as tables have none.
    random_state : int, RandomState or None, default=None
        Of the random starts.

    See Also
    --------
    FGSM : One step; quick, and weak.
    robustness_curve : The accuracy that is left, by epsilon.

    References
    ----------
    Madry, Makelov, Schmidt, Tsipras & Vladu (2018), Towards deep learning models resistant to adversarial attacks,
    https://arxiv.org/abs/1706.06083. The loss "margin": Carlini & Wagner (2017), https://arxiv.org/abs/1608.04644.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = MLPClassifier((32,), learning_rate="one_cycle", learning_rate_init=0.01, max_iter=10, random_state=0)
    >>> clf = clf.fit(X[:1000] / 16, y[:1000])
    >>> attack = PGD(epsilon=0.1, steps=10, random_state=0)
    >>> result = attack.perturb(clf, X[1000:1200] / 16, y[1000:1200])
    >>> result.robust_accuracy < 0.6 < 0.8 < result.clean_accuracy
    True
    >>> bool(result.distances["linf"].max() <= 0.1)
    True
    """

    def __init__(
        self,
        *,
        epsilon: float = 0.1,
        norm: str = "linf",
        steps: int = 40,
        step_size: float | str = "auto",
        n_restarts: int = 1,
        random_start: bool = True,
        loss: str = "cross_entropy",
        early_stopping: bool = True,
        bounds: Any = (0, 1),
        random_state: Any = None,
    ) -> None:
        self.epsilon = epsilon
        self.norm = norm
        self.steps = steps
        self.step_size = step_size
        self.n_restarts = n_restarts
        self.random_start = random_start
        self.loss = loss
        self.early_stopping = early_stopping
        self.bounds = bounds
        self.random_state = random_state

    def _check_parameters(self) -> None:
        check_positive("epsilon", self.epsilon, unit=", a distance in the units of X")
        check_choice("norm", self.norm, NORMS)
        check_positive("steps", self.steps, whole=True)
        check_positive("n_restarts", self.n_restarts, whole=True)
        check_choice("loss", self.loss, get_args(AscentLoss))
        if self.step_size != "auto":
            check_positive("step_size", self.step_size, unit=' in the units of X, or "auto"')

    def _search(
        self, victim: Victim, X: FloatArray, codes: AnyArray, target_codes: AnyArray | None, rng: Generator
    ) -> Found:
        epsilon, steps = float(self.epsilon), int(self.steps)
        settings = AscentSettings(
            epsilon=epsilon,
            norm=self.norm,  # type: ignore[arg-type]
            n_steps=steps,
            step=2.5 * epsilon / steps if self.step_size == "auto" else float(self.step_size),
            loss=self.loss,  # type: ignore[arg-type]
            random_start=bool(self.random_start),
            stop=bool(self.early_stopping),
        )
        n_restarts = int(self.n_restarts) if self.random_start else 1
        return search_ball(victim, X, codes, target_codes, settings, rng, n_restarts=n_restarts)
