"""The smallest change of a table's row that flips its class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from strates._types import AnyArray, FloatArray
from strates.attacks.tabular.candidate_rows import CandidateRows
from strates.attacks.tabular.change_table import change_table
from strates.attacks.tabular.changes import Changes
from strates.attacks.tabular.column_domain import ColumnDomain
from strates.attacks.tabular.given_rows import as_frame, each_row, label_codes
from strates.attacks.tabular.goal import Goal
from strates.attacks.tabular.line_search import LineSearch
from strates.attacks.tabular.smallest_change import smallest_changes
from strates.attacks.tabular.table_domain import TableRules, table_domain
from strates.attacks.tabular_attack_result import TabularAttackResult
from strates.exceptions import ParameterError, TargetError


class TabularAttack(BaseEstimator):
    """The smallest change of a row, in the table's own columns, that flips the class predicted.

    "income 31,000 -> 29,400 flips the class": a counterfactual, and the adversarial example of a table. It needs
    nothing but ``predict_proba``, so that any pipeline will do, whatever it does to the columns.

    The cost of a change adds up over columns. A number's costs its distance divided by the column's interquartile range
    (its standard deviation where that is 0); another category costs 1. Rows stay within the data's domain: integers
    stay integers, numbers have as many decimals as the column has and stay within its range, categories are known ones,
    missing values stay missing, dates and text (more than 40 different values) stay as they are.

    Every column is searched alone in both directions, by a few values ever farther apart, then between two of them.
    Changes that fall short are combined, up to ``max_changes`` columns, the most promising first; the cheapest are then
    polished: what is not needed goes, the rest shrinks, and columns trade with each other. No heuristic finds every
    optimum: a class that is found only in a narrow gap between two values tried may be missed, and ``success`` False
    does not prove that there is no change.

    Each column stays within its domain, not the columns together: a loan may become twice as long and stay as large, a
    person without a job may earn as before, and nothing says that a change causes anything outside of the classifier.
    For advice that somebody could follow, name what cannot be changed in ``immutable``, what only rises in
    ``directions``, and make the unlikely dear in ``costs``. To ask how easily the classifier is fooled, leave them out.

    Parameters
    ----------
    immutable : sequence of str, default=()
        Columns that must not change.
    ranges : mapping, optional
        Columns to (low, high), where None is the end that the data show, or to the categories that are allowed (which
        also lets a column of text change among them).
    directions : mapping, optional
        Columns to "increase" or "decrease": an age that only rises.
    steps : mapping, optional
        Columns to the step of their numbers' grid; by default the power of ten that all of them are multiples of.
    costs : mapping, optional
        Columns to the cost of a change by one interquartile range, or to another category; 1 by default.
    max_changes : int, default=3
        How many columns of a row may change.
    beam_width : int, default=16
        How many combinations of a row are gone on from; more find a little cheaper changes, in more time.

    See Also
    --------
    strates.attacks.PGD : For images and rows of numbers: every input moves, within a ball.

    References
    ----------
    S. Wachter, B. Mittelstadt and C. Russell (2018), Counterfactual explanations without opening the black box,
    Harvard Journal of Law & Technology 31. V. Ballet et al. (2019), Imperceptible adversarial attacks on tabular data.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from strates.attacks import TabularAttack
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = LogisticRegression(max_iter=1000).fit(X, y)
    >>> result = TabularAttack(immutable=["petal length (cm)"]).perturb(clf, X[70:73], y[70:73], reference=X)
    >>> result.sentences(1)
    ['row 72: petal width (cm) 1.5 -> 1.7 flips the class (1 -> 2, 0.40 -> 0.55)']
    """

    def __init__(
        self,
        *,
        immutable: Sequence[Any] = (),
        ranges: Mapping[Any, Any] | None = None,
        directions: Mapping[Any, str] | None = None,
        steps: Mapping[Any, float] | None = None,
        costs: Mapping[Any, float] | None = None,
        max_changes: int = 3,
        beam_width: int = 16,
    ) -> None:
        self.immutable = immutable
        self.ranges = ranges
        self.directions = directions
        self.steps = steps
        self.costs = costs
        self.max_changes = max_changes
        self.beam_width = beam_width

    def perturb(
        self, clf: Any, X: Any, y: Any = None, *, target: Any = None, reference: Any = None
    ) -> TabularAttackResult:
        """Change each row until its class flips, as little as possible.

        Parameters
        ----------
        clf : fitted classifier or pipeline
            Anything with ``predict_proba`` and ``classes_`` that takes such rows.
        X : DataFrame or ndarray of shape (n_rows, n_columns)
            The rows.
        y : array-like of shape (n_rows,), optional
            Their classes; rows that are predicted wrong are left alone. By default the predicted classes.
        target : label or array-like of n_rows labels, optional
            The class to arrive at; by default any other.
        reference : DataFrame or ndarray of shape (n_others, n_columns), optional
            Rows that show which values there are, such as the training rows; X by default.

        Returns
        -------
        TabularAttackResult

        Raises
        ------
        ParameterError
            A parameter cannot be used, or no column may change.
        DataError, TargetError
            X, y, target and reference do not belong together.
        """
        self._check()
        frame, as_array = as_frame(X, "X")
        background = frame if reference is None else as_frame(reference, "reference")[0]
        domains = table_domain(background, frame, self._rules())
        if not hasattr(clf, "predict_proba"):
            raise ParameterError(
                f"{type(clf).__name__} has no predict_proba, by which the search knows whether it comes nearer. Wrap "
                "it in sklearn.calibration.CalibratedClassifierCV."
            )
        classes = np.asarray(clf.classes_)
        rows = CandidateRows(clf, frame, domains, as_array=as_array)
        untouched = Changes.none(len(frame), self.max_changes)
        before = rows.probabilities(untouched)
        rows.queries[:] = 0
        now = before.argmax(axis=1)
        truth = now if y is None else label_codes(y, classes, len(frame), "y")
        aim = None if target is None else label_codes(each_row(target, len(frame)), classes, len(frame), "target")
        goal = Goal(now, aim)
        wrong = truth != now
        if aim is not None:
            _refuse_own_class(np.flatnonzero(aim == truth), len(frame))
        _, margin = goal.judge(before, untouched.row)
        search = LineSearch(rows, goal)
        found = smallest_changes(
            search, np.flatnonzero(~wrong), margin, max_changes=self.max_changes, width=self.beam_width
        )
        return self._result(clf, X, rows, found, before, classes, truth, wrong, aim)

    def describe_columns(self, reference: Any) -> pd.DataFrame:
        """Say what may change, and what it costs.

        Parameters
        ----------
        reference : DataFrame or ndarray of shape (n_rows, n_columns)
            Rows that show which values there are.

        Returns
        -------
        DataFrame
            A row for each column: "column", "may" ("rise and fall", "rise", "fall", "change", "stay"), "low", "high",
            "step", "n_categories", "unit" (the change that costs "cost") and "cost".
        """
        frame, _ = as_frame(reference, "reference")
        domains = {one.position: one for one in table_domain(frame, frame, self._rules())}
        return pd.DataFrame([_described(name, domains.get(place)) for place, name in enumerate(frame.columns)])

    # -- inside ---------------------------------------------------------------------------------------

    def _check(self) -> None:
        for name in ("max_changes", "beam_width"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
                raise ParameterError(f"{name}={value!r} cannot be used; expected a whole number from 1 up.")
        if isinstance(self.immutable, str):
            raise ParameterError(f"immutable={self.immutable!r} is one text; expected a list: [{self.immutable!r}].")

    def _rules(self) -> TableRules:
        return TableRules(
            tuple(self.immutable), self.ranges or {}, self.directions or {}, self.steps or {}, self.costs or {}
        )

    def _result(
        self,
        clf: Any,
        X: Any,
        rows: CandidateRows,
        found: Changes,
        before: FloatArray,
        classes: AnyArray,
        truth: NDArray[np.intp],
        wrong: NDArray[np.bool_],
        aim: NDArray[np.intp] | None,
    ) -> TabularAttackResult:
        final = Changes.none(len(before), self.max_changes)
        for name in ("column", "value", "cost"):
            getattr(final, name)[found.row] = getattr(found, name)
        changed = rows.rows(final)
        asked = rows.queries.copy()
        after = rows.probabilities(final)
        success = np.zeros(len(before), dtype=bool)
        success[found.row] = True
        index = X.index if hasattr(X, "index") else None
        cells = change_table(rows, final.take(found.row), changed, before, after, classes, index)
        adversarial: Any = changed.set_axis(X.index) if hasattr(X, "index") else changed.to_numpy()
        return TabularAttackResult(
            original=X, adversarial=adversarial, labels=classes[truth], predicted_before=classes[before.argmax(axis=1)],
            predicted=classes[after.argmax(axis=1)], probabilities_before=before, probabilities=after, classes=classes,
            success=success, already_wrong=wrong, cost=np.where(success, final.cost, np.nan), queries=asked,
            changes=cells, target=None if aim is None else classes[aim], attack=repr(self),
        )  # fmt: skip


def _refuse_own_class(same: NDArray[np.intp], n_rows: int) -> None:
    if len(same):
        shown = ", ".join(str(row) for row in same[:5]) + (", ..." if len(same) > 5 else "")
        raise TargetError(
            f"target is the class of {len(same)} of {n_rows} rows already (row {shown}). Leave these rows out, or give "
            "them another target."
        )


def _described(name: Any, domain: ColumnDomain | None) -> dict[str, Any]:
    if domain is None:
        return {"column": name, "may": "stay"}
    if domain.values is not None:
        told = {"may": "change", "n_categories": len(domain.values), "unit": "another category"}
    else:
        may = {-1: "fall", 0: "rise and fall", 1: "rise"}[domain.direction]
        told = {"may": may, "low": domain.low, "high": domain.high, "step": domain.step, "unit": f"{domain.scale:.4g}"}
    return {"column": name, **told, "cost": domain.cost}
