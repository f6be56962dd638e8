"""What every attack shares: what it takes, what it checks, what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from strates._random import root_seed, stream
from strates._types import AnyArray, FloatArray
from strates.attacks.attack_result import AttackResult
from strates.attacks.victim import Victim
from strates.exceptions import ParameterError, TargetError, did_you_mean


@dataclass(frozen=True, eq=False)
class Found:
    """What a search comes back with.

    Attributes
    ----------
    adversarial : ndarray of shape (n_rows, ...), float32
        Shaped as the rows that the search was given.
    queries : ndarray of int, of shape (n_rows,)
    """

    adversarial: FloatArray
    queries: NDArray[np.int64]


class Attack(BaseEstimator, ABC):
    """Base of the attacks: a subclass says how to search, this class prepares, judges and counts.

    A subclass stores its parameters in ``__init__`` (``bounds`` and ``random_state`` among them), and defines
    ``_check_parameters`` and ``_search``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from strates import LogisticRegression
    >>> class Shift(Attack):  # whatever the classifier is
    ...     def _check_parameters(self):
    ...         pass
    ...
    ...     def _search(self, victim, X, codes, target_codes, rng):
    ...         return Found(X + 1, np.zeros(len(X), int))
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = LogisticRegression(alpha=0.01).fit(X, y)
    >>> print(Shift().perturb(clf, X, y).summary())
    Shift()
    42 of 146 rows fooled (28.8 %); 4 of 150 were wrong before and not attacked
    accuracy 97.3 % before, 69.3 % after
    median distance of those fooled: linf 1, l2 2, l1 4, l0 4
    0 queries a row in the median, 0 at most
    """

    def perturb(self, clf: Any, X: Any, y: Any = None, *, target: Any = None) -> AttackResult:
        """Search, near each row, for one that the classifier takes for another class.

        Parameters
        ----------
        clf : fitted classifier or pipeline
            Of strates; a pipeline whose steps before it are affine, such as a scaler or PCA, is attacked in its own
            units.
        X : DataFrame or array of n_rows rows
            Rows of numbers, or images in any form that the classifier takes.
        y : array-like of shape (n_rows,), optional
            Their true classes. Rows that the classifier has wrong are not attacked, and counted apart. Without it, the
            predicted classes are attacked.
        target : label or array-like of n_rows labels, optional
            The class to reach. Without it, any class but the row's own will do.

        Returns
        -------
        AttackResult

        Raises
        ------
        ParameterError
            A parameter cannot be used, or the classifier has no gradient and the attack needs one.
        DataError
            X is out of bounds, or holds what is no finite number.
        TargetError
            A label is not among the classes, or a target is the row's own class.
        """
        self._check_parameters()
        victim = Victim(clf, X, bounds=getattr(self, "bounds", None))
        rows = victim.rows
        before = victim.predict_codes(rows)
        codes = before if y is None else _codes(victim, y, len(rows), "y")
        goal = None if target is None else _targets(victim, target, codes)
        wrong = codes != before
        adversarial, queries, after = rows.copy(), np.zeros(len(rows), np.int64), before.copy()
        attacked = np.flatnonzero(~wrong)
        if len(attacked):
            rng = stream(root_seed(getattr(self, "random_state", None)), type(self).__name__)
            wanted = None if goal is None else goal[attacked]
            found = self._search(victim, rows[attacked], codes[attacked], wanted, rng)
            adversarial[attacked], queries[attacked] = found.adversarial, found.queries
            after[attacked] = victim.predict_codes(adversarial[attacked])
        return AttackResult(
            original=victim.in_given_shape(rows),
            adversarial=victim.in_given_shape(adversarial),
            labels=victim.classes[codes],
            predicted_before=victim.classes[before],
            predicted=victim.classes[after],
            success=~wrong & (after != codes if goal is None else after == goal),
            already_wrong=wrong,
            distances=_distances(rows, adversarial),
            queries=queries,
            target=None if goal is None else victim.classes[goal],
            attack=repr(self),
        )

    @abstractmethod
    def _check_parameters(self) -> None:
        """Raise a ParameterError where a parameter cannot be used."""

    @abstractmethod
    def _search(
        self, victim: Victim, X: FloatArray, codes: AnyArray, target_codes: AnyArray | None, rng: Generator
    ) -> Found:
        """Return a changed row for each row.

        Parameters
        ----------
        victim : Victim
            Has the model, and ``low`` and ``high``, the bounds, in the shape of a row.
        X : ndarray of shape (n_rows, ...), float32
            Rows that the classifier has right, in the user's units and the model's shape.
        codes : ndarray of shape (n_rows,)
            Numbers of their classes.
        target_codes : ndarray of shape (n_rows,) or None
            Numbers of the classes to reach.
        rng : numpy.random.Generator
        """


def check_positive(name: str, value: Any, *, whole: bool = False, unit: str = "") -> None:
    """Refuse what is not a positive, finite number (or integer).

    Examples
    --------
    >>> check_positive("epsilon", 0.1)
    """
    number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    if not number or not 0 < float(value) < np.inf or (whole and float(value) != int(value)):
        kind = "positive integer" if whole else "positive, finite number"
        raise ParameterError(f"{name}={value!r} cannot be used: it is a {kind}{unit}.")


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Refuse what is not one of some names."""
    if value not in choices:
        raise ParameterError(f"{name}={value!r} cannot be used. {did_you_mean(str(value), choices)}")


def _codes(victim: Victim, labels: Any, n_rows: int, name: str) -> NDArray[np.intp]:
    given = np.asarray(labels, dtype=object)
    given = given[:, 0] if given.ndim == 2 and given.shape[1] == 1 else given
    if given.shape != (n_rows,):
        raise TargetError(f"X has {n_rows} rows, {name} has shape {given.shape}. Give one label for each row.")
    return victim.codes(given, name)


def _targets(victim: Victim, target: Any, codes: AnyArray) -> NDArray[np.intp]:
    labels = np.full(len(codes), target, dtype=object) if np.ndim(target) == 0 else target
    goal = _codes(victim, labels, len(codes), "target")
    same = np.flatnonzero(goal == codes)
    if len(same):
        shown = ", ".join(str(row) for row in same[:5]) + (", ..." if len(same) > 5 else "")
        raise TargetError(
            f"target is the class of {len(same)} of {len(codes)} rows already (row {shown}). Leave these rows out, or "
            "give them another target."
        )
    return goal


def _distances(before: AnyArray, after: AnyArray) -> dict[str, FloatArray]:
    """Return each row's distances in four norms, in float64."""
    delta = np.subtract(after, before, dtype=np.float64).reshape(len(before), -1)
    np.abs(delta, out=delta)
    return {
        "l0": np.count_nonzero(delta, axis=1).astype(np.float64),
        "l1": delta.sum(axis=1),
        "l2": np.sqrt(np.einsum("ij,ij->i", delta, delta)),
        "linf": delta.max(axis=1),
    }
