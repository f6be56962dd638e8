"""A classifier that votes over noisy copies of a row, and what the votes prove."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.stats import beta, norm
from sklearn.base import BaseEstimator, ClassifierMixin

from strates._random import root_seed, stream
from strates._types import AnyArray, FloatArray
from strates.attacks.attack import check_positive
from strates.attacks.certificates.certificate_result import CertificateResult
from strates.attacks.victim import Victim
from strates.exceptions import ParameterError, TargetError

#: Numbers of one batch of noisy rows, at most.
_NUMBERS = 4_000_000


class RandomizedSmoothing(ClassifierMixin, BaseEstimator):
    """The class that a classifier gives most often to a row with Gaussian noise, certified in l2.

    Let p be the probability of the most frequent class A under noise of standard deviation sigma. No change of the row
    shorter than ``sigma * Phi^-1(p)`` makes another class the most frequent one, whatever the classifier is. p is not
    known, but from ``n_samples`` draws a lower bound of it is, with a confidence (Clopper and Pearson 1934). Which
    class to bound is decided by draws of its own, so that the bound stays honest.

    What is certified is this voting classifier, not the one that is given; train that one with noise of the same sigma
    (``keras.layers.GaussianNoise``) for it to vote well.

    Parameters
    ----------
    clf : fitted classifier or pipeline
        Anything with ``predict`` and ``classes_`` that takes rows of numbers: it need not be a network.
    sigma : float, default=0.25
        Standard deviation of the noise, in the units of X. More proves larger radii of fewer rows.
    n_samples : int, default=1000
        Draws for the bound. The largest radius that they can prove grows slowly with them.
    n_selection : int, default=100
        Draws to guess the class.
    confidence : float, default=0.999
        Probability, for each row, that what :meth:`certify` says of it is true.
    random_state : int, RandomState, Generator or None, default=0
        Of the noise; each row has a stream of its own.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Those of the classifier.

    References
    ----------
    J. Cohen, E. Rosenfeld, J. Z. Kolter (2019), Certified adversarial robustness via randomized smoothing.

    Examples
    --------
    A perceptron has no slopes to follow, but can be certified:

    >>> from strates import Perceptron
    >>> from sklearn.datasets import load_iris
    >>> X, species = load_iris(return_X_y=True)
    >>> clf = Perceptron(random_state=0).fit(X, species == 0)
    >>> result = RandomizedSmoothing(clf, sigma=0.5).certify(X[:2], [True, True])
    >>> result.status.tolist(), result.radius.round(2)
    (['proved', 'proved'], array([1.03, 0.87]))
    """

    def __init__(
        self,
        clf: Any,
        *,
        sigma: float = 0.25,
        n_samples: int = 1000,
        n_selection: int = 100,
        confidence: float = 0.999,
        random_state: Any = 0,
    ) -> None:
        self.clf = clf
        self.sigma = sigma
        self.n_samples = n_samples
        self.n_selection = n_selection
        self.confidence = confidence
        self.random_state = random_state

    @property
    def classes_(self) -> AnyArray:
        """Those of the classifier."""
        return np.asarray(self.clf.classes_)

    def predict_proba(self, X: Any) -> FloatArray:
        """Return each class's share of ``n_samples`` votes.

        Parameters
        ----------
        X : DataFrame or array of n_rows rows

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
        """
        self._check()
        return self._votes(Victim(self.clf, X), self.n_samples, "votes") / self.n_samples

    def predict(self, X: Any) -> AnyArray:
        """Return the class with the most of ``n_samples`` votes.

        Parameters
        ----------
        X : DataFrame or array of n_rows rows

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        shares = self.predict_proba(X)
        return np.asarray(self.classes_[shares.argmax(axis=1)])

    def certify(self, X: Any, y: Any = None, *, epsilon: float | None = None) -> CertificateResult:
        """Find for each row the l2 radius within which the vote stays the same.

        Parameters
        ----------
        X : DataFrame or array of n_rows rows
        y : array-like of shape (n_rows,), optional
            True classes; rows that are voted into another class are counted apart.
        epsilon : float, optional
            A radius to ask about. Without it, every positive radius counts as proved.

        Returns
        -------
        CertificateResult
            Rows whose votes are too even to say anything have the status "abstained". ``distance`` is infinite: no
            counterexamples are looked for.

        Raises
        ------
        ParameterError
            A parameter cannot be used.
        DataError
            X holds what is no finite number.
        TargetError
            A label is not among the classes.
        """
        self._check()
        if epsilon is not None:
            check_positive("epsilon", epsilon, unit=", a distance in the units of X")
        victim = Victim(self.clf, X)
        guessed = self._votes(victim, self.n_selection, "selection").argmax(axis=1)
        codes = guessed if y is None else victim.codes(y)
        if codes.shape != guessed.shape:
            raise TargetError(f"X has {len(guessed)} rows, y has shape {codes.shape}. Give one label for each row.")
        won = self._votes(victim, self.n_samples, "votes")[np.arange(len(guessed)), guessed]
        p_low = lower_bound(won, self.n_samples, self.confidence)
        radius = np.where(p_low > 0.5, self.sigma * norm.ppf(np.maximum(p_low, 0.5)), 0.0)
        wrong = (codes != guessed) & (p_low > 0.5)
        status = np.where(radius >= (epsilon or 0.0), "proved", "undecided").astype("<U14")
        status[p_low <= 0.5] = "abstained"
        status[wrong] = "already wrong"
        return CertificateResult(
            labels=victim.classes[codes],
            predicted=victim.classes[guessed],
            already_wrong=wrong,
            status=status,
            radius=np.where(wrong, 0.0, radius),
            distance=np.full(len(radius), np.inf),
            counterexamples=None,
            epsilon=None if epsilon is None else float(epsilon),
            norm="l2",
            method="smoothing",
            confidence=float(self.confidence),
        )

    def _votes(self, victim: Victim, n_samples: int, purpose: str) -> AnyArray:
        """Return how often each class is given to each row with noise, of shape (n_rows, n_classes)."""
        rows, n_classes = victim.rows, len(victim.classes)
        seed, size = root_seed(self.random_state), math.prod(rows.shape[1:])
        votes = np.zeros((len(rows), n_classes), np.int64)
        draws = min(n_samples, max(1, _NUMBERS // size))
        together = max(1, _NUMBERS // (draws * size))
        for start in range(0, len(rows), together):
            block = rows[start : start + together]
            streams = [stream(seed, f"{purpose} of row {start + i}") for i in range(len(block))]
            for drawn in range(0, n_samples, draws):
                shape = (min(draws, n_samples - drawn), *rows.shape[1:])
                noise = np.stack([one.standard_normal(shape, np.float32) for one in streams])
                noisy = block[:, None] + np.float32(self.sigma) * noise
                codes = victim.predict_codes(noisy.reshape(-1, *rows.shape[1:])).reshape(len(block), -1)
                votes[start : start + len(block)] += (codes[:, :, None] == np.arange(n_classes)).sum(axis=1)
        return votes

    def _check(self) -> None:
        if not (hasattr(self.clf, "predict") and hasattr(self.clf, "classes_")):
            raise ParameterError(
                f"{type(self.clf).__name__} has no predict and classes_; smoothing votes over a fitted classifier."
            )
        check_positive("sigma", self.sigma, unit=", a standard deviation in the units of X")
        check_positive("n_samples", self.n_samples, whole=True)
        check_positive("n_selection", self.n_selection, whole=True)
        if not 0 < self.confidence < 1:
            raise ParameterError(
                f"confidence={self.confidence!r} cannot be used: it is a probability between 0 and 1, such as 0.999."
            )


def lower_bound(successes: AnyArray, n: int, confidence: float) -> FloatArray:
    """Return a probability that the true one exceeds with a confidence: Clopper and Pearson's one-sided bound.

    Parameters
    ----------
    successes : ndarray of int
        Of n draws.
    n : int
    confidence : float

    Returns
    -------
    ndarray

    Examples
    --------
    All of n draws: p^n = 1 - confidence.

    >>> lower_bound(np.array([0, 90, 100]), 100, 0.999).round(3)
    array([0.   , 0.775, 0.933])
    >>> 0.001 ** (1 / 100)
    0.933
    """
    k = np.asarray(successes)
    found = beta.ppf(1 - confidence, np.maximum(k, 1), n - k + 1)
    return np.where(k == 0, 0.0, found)
