"""DeepFool: the nearest class boundary, a plane at a time."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.random import Generator

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import Attack, Found, check_choice, check_positive
from strates.attacks.victim import Victim
from strates.engine.class_margins import rival_classes
from strates.engine.deepfool_search import walk_to_boundary
from strates.exceptions import ParameterError


class DeepFool(Attack):
    r"""DeepFool: a small change that brings a row across the nearest class boundary, however far that is.

    At each step the network f (its logits) is taken to be linear. The boundary to class k is then a plane, and the
    nearest of them is stepped onto, until the class is no longer the row's own, y::

        w_k = ∇f_k(x) - ∇f_y(x)          d_k = f_k(x) - f_y(x)
        l = argmin_k |d_k| / |w_k|_2     x ← x + |d_l| / |w_l|_2^2 w_l          norm="l2"
        l = argmin_k |d_k| / |w_k|_1     x ← x + |d_l| / |w_l|_1 sign(w_l)      norm="linf"

    In the end the whole way is lengthened by ``overshoot``, to come to stand beyond the boundary. For a linear
    classifier the distance is exact: (1 + overshoot) |d_l| / |w_l|.

    Three things are added to the paper's algorithm. The last step is cut where the class changes. Steps stay within
    the bounds; one that the bounds leave less than a tenth of the way is lengthened along them, so that
    a row in a corner comes out. With a target, the only boundary is that to the target.

    Parameters
    ----------
    norm : {"l2", "linf"}, default="l2"
        In which the change is to be small.
    overshoot : float, default=0.02
        Share of the way that is added, at least 0. With 0 a row comes to stand on the boundary, where rounding decides.
    max_iter : int, default=50
        Steps at most; a few are enough as a rule.
    candidates : int or None, default=10
        How many of the most probable classes are looked at, a row's own among them: each costs a gradient. None for
        all.
    bounds : tuple (low, high) or None, default=(0, 1)
        Range of the values: numbers, or arrays like one row. None for no bounds, as tables have none.

    See Also
    --------
    CarliniWagner : Nearer in l2, at hundreds of times the price.
    PGD : Within a given distance, or not at all.

    References
    ----------
    Moosavi-Dezfooli, Fawzi & Frossard (2016), DeepFool: a simple and accurate method to fool deep neural networks,
    https://arxiv.org/abs/1511.04599.

    Examples
    --------
    How far a plane is, and how far DeepFool goes:

    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import minmax_scale
    >>> from strates import LogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = minmax_scale(X)
    >>> clf = LogisticRegression(alpha=0.01).fit(X, y)
    >>> distance = abs(clf.decision_function(X[:3])) / np.linalg.norm(clf.coef_)
    >>> result = DeepFool(overshoot=0.01, bounds=None).perturb(clf, X[:3])
    >>> np.allclose(result.distances["l2"], 1.01 * distance, rtol=1e-3)
    True
    """

    def __init__(
        self,
        *,
        norm: str = "l2",
        overshoot: float = 0.02,
        max_iter: int = 50,
        candidates: int | None = 10,
        bounds: Any = (0, 1),
    ) -> None:
        self.norm = norm
        self.overshoot = overshoot
        self.max_iter = max_iter
        self.candidates = candidates
        self.bounds = bounds

    def _check_parameters(self) -> None:
        check_choice("norm", self.norm, ("l2", "linf"))
        check_share("overshoot", self.overshoot)
        check_positive("max_iter", self.max_iter, whole=True)
        check_candidates(self.candidates)

    def _search(
        self, victim: Victim, X: FloatArray, codes: AnyArray, target_codes: AnyArray | None, rng: Generator
    ) -> Found:
        rows, asked = walk_to_boundary(
            victim.model,
            X,
            codes,
            rivals(victim, X, codes, target_codes, self.candidates),
            wanted=target_codes,
            low=victim.low,
            high=victim.high,
            norm=self.norm,
            overshoot=float(self.overshoot),
            max_iter=int(self.max_iter),
        )
        return Found(rows, asked.astype(np.int64))


def rivals(
    victim: Victim, X: FloatArray, codes: AnyArray, target_codes: AnyArray | None, candidates: int | None
) -> AnyArray:
    """Return the classes whose boundaries are looked at, of shape (n_rows, n_rivals)."""
    if target_codes is not None:
        return target_codes[:, None]
    return rival_classes(victim.predict_proba(X), codes, None if candidates is None else int(candidates))


def check_candidates(candidates: Any) -> None:
    """Refuse what is not a number of classes, of which there are two at least."""
    if candidates is not None:
        check_positive("candidates", candidates, whole=True, unit=", or None for all classes")
        if int(candidates) < 2:
            raise ParameterError(
                f"candidates={candidates!r} cannot be used: a row's own class is one of them. Give 2 or more, or None "
                "for all classes."
            )


def check_share(name: str, value: Any) -> None:
    """Refuse what is not a number of at least 0."""
    number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    if not number or not 0 <= float(value) < np.inf:
        raise ParameterError(f"{name}={value!r} cannot be used: it is a finite number of at least 0.")
