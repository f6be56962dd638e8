"""The Square attack: random search that asks for nothing but probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import Attack, Found, check_choice, check_positive
from strates.attacks.loss_search import within
from strates.attacks.square_proposals import first_bumps, first_corners, next_bumps, next_corners
from strates.attacks.victim import Victim
from strates.exceptions import ParameterError

#: Where, as shares of the queries, the changed part is halved.
_HALVED_AT = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
_TINY = 1e-37


class Square(Attack):
    r"""Square attack: change a random square, keep what lowers the class's lead, without any gradient.

    ::

        lead(x') = log p_y(x') - max_{k≠y} log p_k(x')     of the probabilities p; the difference of logits
        δ ← δ', a random change, if lead(x + δ') <= lead(x + δ)

    With a target t, the lead is that of the best other class over t. Only ``predict_proba`` is asked, so that any
    pipeline can be attacked, and what answers in steps too, where as many changes as not are kept (the paper keeps
    those that lower the lead alone).

    Images (rows of shape (height, width) or (height, width, channels)) begin with vertical stripes of ±ε for linf, with
    a grid of bumps for l2. A change is a square that covers a share p of the pixels: in linf set to ±ε, in each channel
    anew, and drawn again where it is so already; in l2 a pair of bumps that takes over the length of another square,
    which becomes empty. p is halved after 0.1, 0.5, 2, 5, 10, 20, 40, 60 and 80 % of the queries.

    The columns of tables, and flat rows, have no neighbours. There a share p of columns drawn at random stands for the
    square: in linf each is set to +ε or -ε; in l2 they take over the length of as many other columns, in random signs.

    Parameters
    ----------
    epsilon : float, default=0.1
        Radius of the ball around each row, in the units of X.
    norm : {"linf", "l2"}, default="linf"
    max_queries : int, default=1000
        Points at which each row's probabilities are asked for, at most. A row is done at its first success.
    p_init : float, default=0.8
        Share of the pixels or columns that the first changes cover, in (0, 1].
    image_shape : tuple of int, optional
        (height, width) or (height, width, channels) of rows that are given flat; those whose network takes images are
        known to be images.
    bounds : tuple (low, high) or None, default=(0, 1)
        Range of the values: numbers, or arrays like one row. None for no bounds, as tables have none.
    random_state : int, RandomState or None, default=None

    See Also
    --------
    PGD : Follows gradients, with a few dozen queries.

    References
    ----------
    Andriushchenko, Croce, Flammarion & Hein (2020), Square attack: a query-efficient black-box adversarial attack via
    random search, https://arxiv.org/abs/1912.00049.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import minmax_scale
    >>> from strates import Perceptron
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = minmax_scale(X)
    >>> clf = Perceptron(average=True, max_iter=20, random_state=0)
    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     clf = clf.fit(X, y)
    >>> result = Square(epsilon=0.3, max_queries=200, random_state=0).perturb(clf, X[:50], y[:50])
    >>> bool(result.success.any()), bool(result.distances["linf"].max() <= 0.3)
    (True, True)
    """

    def __init__(
        self,
        *,
        epsilon: float = 0.1,
        norm: str = "linf",
        max_queries: int = 1000,
        p_init: float = 0.8,
        image_shape: tuple[int, ...] | None = None,
        bounds: Any = (0, 1),
        random_state: Any = None,
    ) -> None:
        self.epsilon = epsilon
        self.norm = norm
        self.max_queries = max_queries
        self.p_init = p_init
        self.image_shape = image_shape
        self.bounds = bounds
        self.random_state = random_state

    def _check_parameters(self) -> None:
        check_positive("epsilon", self.epsilon, unit=", a distance in the units of X")
        check_choice("norm", self.norm, ("linf", "l2"))
        check_positive("max_queries", self.max_queries, whole=True)
        check_positive("p_init", self.p_init)
        if float(self.p_init) > 1:
            raise ParameterError(f"p_init={self.p_init!r} cannot be used: it is a share in (0, 1].")

    def _search(
        self, victim: Victim, X: FloatArray, codes: AnyArray, target_codes: AnyArray | None, rng: Generator
    ) -> Found:
        shape = self._row_shape(X)
        origin = X.reshape(len(X), *shape)
        goal = codes if target_codes is None else target_codes
        sign = 1.0 if target_codes is None else -1.0

        def ask(points: FloatArray, rows: AnyArray) -> tuple[FloatArray, AnyArray]:
            proba = np.asarray(victim.predict_proba(points.reshape(len(points), *X.shape[1:])), np.float64)
            return _lead(proba, goal[rows], sign), (proba.argmax(axis=1) == goal[rows]) == (sign < 0)

        ball = (_Corners if self.norm == "linf" else _Bumps)(
            origin, victim.low.reshape(shape), victim.high.reshape(shape), float(self.epsilon), rng
        )
        best = ball.begin()
        left = np.arange(len(X))
        lead, fooled = ask(best, left)
        queries = np.ones(len(X), np.int64)
        for i in range(1, int(self.max_queries)):
            left = left[~fooled]
            if not len(left):
                break
            share = float(self.p_init) / 2 ** np.searchsorted(_HALVED_AT, i / int(self.max_queries))
            points = ball.change(best[left], left, share)
            now, fooled = ask(points, left)
            queries[left] += 1
            kept = fooled | (now <= lead[left])
            best[left[kept]], lead[left[kept]] = points[kept], now[kept]
        return Found(best.reshape(X.shape), queries)

    def _row_shape(self, X: FloatArray) -> tuple[int, ...]:
        """Return (n_columns,) or (height, width, channels)."""
        shape = tuple(X.shape[1:])
        if self.image_shape is not None:
            shape = tuple(self.image_shape)
            if len(shape) not in (2, 3) or int(np.prod(shape)) != int(np.prod(X.shape[1:])):
                raise ParameterError(
                    f"image_shape={self.image_shape!r} cannot be used: rows have {int(np.prod(X.shape[1:]))} numbers. "
                    "Give (height, width) or (height, width, channels) of as many."
                )
        if len(shape) == 2:
            return (*shape, 1)
        return shape if len(shape) == 3 else (int(np.prod(shape)),)


class _Corners:
    """The ball of linf, whose corners are tried."""

    def __init__(self, X: FloatArray, low: FloatArray, high: FloatArray, epsilon: float, rng: Generator) -> None:
        moved = (np.clip(X + sign * np.float32(epsilon), low, high) for sign in (-1, 1))
        self._lowest, self._highest = (within(X, points, epsilon, "linf") for points in moved)
        self._rng = rng

    def begin(self) -> FloatArray:
        return first_corners(self._lowest, self._highest, self._rng)

    def change(self, points: FloatArray, rows: AnyArray, share: float) -> FloatArray:
        return next_corners(points, self._lowest[rows], self._highest[rows], share, self._rng)


class _Bumps:
    """The ball of l2."""

    def __init__(self, X: FloatArray, low: FloatArray, high: FloatArray, epsilon: float, rng: Generator) -> None:
        self._X, self._low, self._high, self._epsilon, self._rng = X, low, high, epsilon, rng

    def begin(self) -> FloatArray:
        return self._inside(self._X, first_bumps(self._X.shape, self._epsilon, self._rng))

    def change(self, points: FloatArray, rows: AnyArray, share: float) -> FloatArray:
        origin = self._X[rows]
        return self._inside(origin, next_bumps(points - origin, self._epsilon, share, self._rng))

    def _inside(self, origin: FloatArray, deltas: FloatArray) -> FloatArray:
        points = np.clip(origin + deltas, self._low, self._high).astype(np.float32)
        return within(origin, points, self._epsilon, "l2")


def _lead(probabilities: FloatArray, codes: AnyArray, sign: float) -> FloatArray:
    """Return how far a class is ahead of the best other (behind it, for the sign -1), in logits."""
    logs = np.log(np.maximum(probabilities, _TINY))
    own = np.take_along_axis(logs, codes[:, None], axis=1)[:, 0]
    np.put_along_axis(logs, codes[:, None], -np.inf, axis=1)
    lead: FloatArray = sign * (own - logs.max(axis=1))
    return lead
