"""Carlini and Wagner's attack: the nearest input of another class, by optimisation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator

from strates._types import AnyArray, FloatArray
from strates.attacks.attack import Attack, Found, check_positive
from strates.attacks.deepfool import check_share
from strates.attacks.victim import Victim
from strates.engine.carlini_wagner_search import CarliniWagnerSettings, search_nearest


class CarliniWagner(Attack):
    r"""Carlini and Wagner's l2 attack: minimise the distance and the class together.

    ::

        minimise over w    |x' - x|_2^2 + c max(Z_y(x') - max_{k≠y} Z_k(x') + κ, 0)
        where              x' = (high + low) / 2 + (high - low) / 2 tanh(w)

    Z are the logits, y the class to leave; with a target t it is ``max(max_{k≠t} Z_k(x') - Z_t(x') + κ, 0)``. Whatever
    w is, x' is within the bounds. Adam minimises; of all points that it visits, the nearest one of a new class is kept.
    c is searched by row: ten times as large until the class changes, or a tenth until it does not, then in between.

    Without bounds, ``x' = x + s w``, s being the distance to the boundary if the network were linear, so that the units
    of X do not matter. The distance is measured in units of ``(high - low) / 2`` or of s (of the widest column, where
    they differ) while c is searched: images in [0, 255] are attacked as those in [0, 1] are.

    Parameters
    ----------
    confidence : float, default=0.0
        κ, the lead of the new class in logits that is asked for: larger ones are farther, and fool other classifiers
        more often.
    max_iter : int, default=400
        Steps of Adam for each c, at most. A row stops where a tenth of them brings no progress.
    learning_rate : float, default=0.03
        Of Adam. The authors take 0.01, and 10000 steps: on digits and MNIST these defaults come as near within 0.5 %.
    search_steps : int, default=9
        How many values of c are tried.
    initial_c : float, default=1.0
        The first. From 0.001 on, the way ended 3 % farther on a small convolutional network.
    bounds : tuple (low, high) or None, default=(0, 1)
        Range of the values: numbers, or arrays like one row. None for no bounds, as tables have none.

    See Also
    --------
    DeepFool : A few steps instead of thousands, nearly as near.

    References
    ----------
    Carlini & Wagner (2017), Towards evaluating the robustness of neural networks, https://arxiv.org/abs/1608.04644.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import minmax_scale
    >>> from strates import LogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X = minmax_scale(X)
    >>> clf = LogisticRegression(alpha=0.01).fit(X, y)
    >>> result = CarliniWagner().perturb(clf, X[:20], y[:20])
    >>> result.success_rate
    1.0
    """

    def __init__(
        self,
        *,
        confidence: float = 0.0,
        max_iter: int = 400,
        learning_rate: float = 0.03,
        search_steps: int = 9,
        initial_c: float = 1.0,
        bounds: Any = (0, 1),
    ) -> None:
        self.confidence = confidence
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.search_steps = search_steps
        self.initial_c = initial_c
        self.bounds = bounds

    def _check_parameters(self) -> None:
        check_share("confidence", self.confidence)
        check_positive("max_iter", self.max_iter, whole=True)
        check_positive("learning_rate", self.learning_rate)
        check_positive("search_steps", self.search_steps, whole=True)
        check_positive("initial_c", self.initial_c)

    def _search(
        self, victim: Victim, X: FloatArray, codes: AnyArray, target_codes: AnyArray | None, rng: Generator
    ) -> Found:
        settings = CarliniWagnerSettings(
            confidence=float(self.confidence),
            learning_rate=float(self.learning_rate),
            max_iter=int(self.max_iter),
            search_steps=int(self.search_steps),
            initial_c=float(self.initial_c),
        )
        rows, asked = search_nearest(
            victim.model, X, codes, settings, wanted=target_codes, low=victim.low, high=victim.high
        )
        return Found(rows, asked.astype(np.int64))
