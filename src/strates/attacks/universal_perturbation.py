"""One perturbation that fools a classifier on most rows."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.random import Generator

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import Attack, Found, check_choice, check_positive
from strates.attacks.attack_result import AttackResult
from strates.attacks.deepfool import check_candidates, check_share, rivals
from strates.attacks.loss_search import within
from strates.attacks.victim import Victim
from strates.engine.perturbation import NORMS
from strates.engine.universal_search import climb_together, universal_pass
from strates.exceptions import ParameterError


@dataclass(frozen=True, eq=False, repr=False)
class UniversalResult(AttackResult):
    """What a search for one perturbation of all rows found.

    Attributes
    ----------
    perturbation : ndarray of the shape of a row, float32
        What is added to each row, in the rows' units; what then leaves the bounds is cut off. Zeros where no row was
        right to begin with.
    n_iter : int
        Passes over the rows.
    original, adversarial, labels, predicted_before, predicted : ndarray of n_rows rows
        See :class:`AttackResult`, as for the rest.
    success, already_wrong, queries : ndarray of shape (n_rows,)
    distances : dict of str to ndarray of shape (n_rows,)
    target : ndarray of shape (n_rows,) or None
    attack : str
    """

    perturbation: FloatArray
    n_iter: int


class UniversalPerturbation(Attack):
    r"""Universal perturbation: one v, |v| <= ε, that changes the class of most rows it is added to.

    Rows are visited in a random order, and v goes back into the ball after each step::

        method="gradient"   v ← P(v + ε / 10 steepest(Σ ∂L(x + v)/∂x))     over batches of 50 rows or fewer
        method="deepfool"   v ← P(v + Δv)     Δv = argmin |r|  such that  class(x + v + r) ≠ y,   row by row

    until a share of ``fooling_rate`` of the rows is fooled, or ``max_iter`` passes are done. The best of all passes is
    the result, which carries it as ``perturbation``: it fools rows that it was not made with, nearly as often. The
    second is the first paper's; the least changes of single rows, added up, fool fewer rows at the same ε (13 % against
    37 % of MNIST's, on a dense network with ε = 0.1), in more time. A row of the first that is fooled by a lead of 2
    in logits has no more say.

    Parameters
    ----------
    epsilon : float, default=0.1
        Radius of the ball that v stays in, in the units of X.
    norm : {"linf", "l2", "l1"}, default="linf"
        Of the ball. Steps are the least in linf for linf, in l2 otherwise.
    fooling_rate : float, default=0.8
        Share of the rows from which on it is enough, in (0, 1].
    max_iter : int, default=10
        Passes over the rows at most.
    method : {"gradient", "deepfool"}, default="gradient"
    overshoot : float, default=0.2
        Of each row's step by DeepFool; the larger, the fewer passes.
    candidates : int or None, default=10
        How many of the most probable classes DeepFool looks at, a row's own among them. None for all.
    bounds : tuple (low, high) or None, default=(0, 1)
        Range of the values: numbers, or arrays like one row. None for no bounds, as tables have none.
    random_state : int, RandomState or None, default=None
        Of the rows' order.

    References
    ----------
    Moosavi-Dezfooli, Fawzi, Fawzi & Frossard (2017), Universal adversarial perturbations,
    https://arxiv.org/abs/1610.08401. By gradients: Shafahi, Najibi, Xu, Dickerson, Davis & Goldstein (2020), Universal
    adversarial training, https://arxiv.org/abs/1811.11304.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from strates import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = MLPClassifier((32,), learning_rate="one_cycle", learning_rate_init=0.01, max_iter=10, random_state=0)
    >>> clf = clf.fit(X / 16, y)
    >>> result = UniversalPerturbation(epsilon=0.3, random_state=0).perturb(clf, X[:200] / 16, y[:200])
    >>> result.success_rate > 0.6
    True
    >>> other = np.clip(X[200:400] / 16 + result.perturbation, 0, 1)  # never seen by the attack
    >>> clf.score(other, y[200:400]) < 0.5
    True
    """

    def __init__(
        self,
        *,
        epsilon: float = 0.1,
        norm: str = "linf",
        fooling_rate: float = 0.8,
        max_iter: int = 10,
        method: str = "gradient",
        overshoot: float = 0.2,
        candidates: int | None = 10,
        bounds: Any = (0, 1),
        random_state: Any = None,
    ) -> None:
        self.epsilon = epsilon
        self.norm = norm
        self.fooling_rate = fooling_rate
        self.max_iter = max_iter
        self.method = method
        self.overshoot = overshoot
        self.candidates = candidates
        self.bounds = bounds
        self.random_state = random_state

    def perturb(self, clf: Any, X: Any, y: Any = None, *, target: Any = None) -> UniversalResult:
        """Search for one perturbation that makes the classifier take most rows for another class.

        Parameters
        ----------
        clf, X, y, target
            See :meth:`Attack.perturb`. Rows that the classifier has wrong have no part in the search.

        Returns
        -------
        UniversalResult
        """
        worker = copy(self)  # what the search keeps beside its rows is not kept in an object of parameters
        result = Attack.perturb(worker, clf, X, y, target=target)
        shape = result.original.shape[1:]
        found = getattr(worker, "_found", np.zeros(shape, np.float32))
        given = {field.name: getattr(result, field.name) for field in fields(result)}
        return UniversalResult(**given, perturbation=found.reshape(shape), n_iter=getattr(worker, "_passes", 0))

    def _check_parameters(self) -> None:
        check_positive("epsilon", self.epsilon, unit=", a distance in the units of X")
        check_choice("norm", self.norm, NORMS)
        check_positive("fooling_rate", self.fooling_rate)
        if float(self.fooling_rate) > 1:
            raise ParameterError(f"fooling_rate={self.fooling_rate!r} cannot be used: it is a share in (0, 1].")
        check_positive("max_iter", self.max_iter, whole=True)
        check_choice("method", self.method, ("gradient", "deepfool"))
        check_share("overshoot", self.overshoot)
        check_candidates(self.candidates)

    def _search(
        self, victim: Victim, X: FloatArray, codes: AnyArray, target_codes: AnyArray | None, rng: Generator
    ) -> Found:
        epsilon, norm = float(self.epsilon), self.norm
        take = self._passes_of(victim, X, codes, target_codes)
        origin = np.zeros((1, *X.shape[1:]), np.float32)
        v, best, most = origin[0], origin[0], -1.0
        adversarial, queries = X, np.zeros(len(X), np.int64)
        self._passes = 0
        for _ in range(int(self.max_iter)):
            v, asked = take(v, rng.permutation(len(X)))
            v = within(origin, v[None], epsilon, norm)[0]  # type: ignore[arg-type]
            points = within(X, np.clip(X + v, victim.low, victim.high), epsilon, norm)  # type: ignore[arg-type]
            said = victim.predict_codes(points)
            queries += asked + 1
            self._passes += 1
            rate = float(np.mean(said != codes if target_codes is None else said == target_codes))
            if rate > most:
                best, most, adversarial = v, rate, points
            if rate >= float(self.fooling_rate):
                break
        self._found = best
        return Found(adversarial, queries)

    def _passes_of(
        self, victim: Victim, X: FloatArray, codes: AnyArray, target_codes: AnyArray | None
    ) -> Callable[[FloatArray, AnyArray], tuple[FloatArray, AnyArray]]:
        """Return what takes a perturbation over the rows in some order; and how often it asks about each."""
        epsilon, norm = float(self.epsilon), self.norm
        if self.method == "deepfool":
            others = rivals(victim, X, codes, target_codes, self.candidates)
            return lambda v, order: universal_pass(
                victim.model, X, codes, others, order, v, epsilon=epsilon, norm=norm,  # type: ignore[arg-type]
                wanted=target_codes, low=victim.low, high=victim.high, overshoot=float(self.overshoot),
            )  # fmt: skip
        goal, once = codes if target_codes is None else target_codes, np.ones(len(X), np.int64)
        return lambda v, order: (
            climb_together(
                victim.model, X, goal, order, v, epsilon=epsilon, norm=norm, step=epsilon / 10,  # type: ignore[arg-type]
                targeted=target_codes is not None, low=victim.low, high=victim.high,
            ),
            once,
        )  # fmt: skip
