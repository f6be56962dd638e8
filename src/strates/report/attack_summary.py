"""What came of an attack, in numbers and in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.stats import binomtest

from strates._types import FloatArray
from strates.attacks import AttackResult, TabularAttackResult, UniversalResult
from strates.inspection.record import Record
from strates.report.wording import count

_NORMS = ("linf", "l2", "l1", "l0")


@dataclass(frozen=True)
class Distances(Record):
    """How far rows were moved until their class changed.

    Attributes
    ----------
    name : str
        "linf", "l2", "l1", "l0", or "cost" and "columns" of a table's changes.
    least, median, most : float
    """

    name: str
    least: float
    median: float
    most: float


@dataclass(frozen=True)
class Share(Record):
    """A share of rows with its 95 % interval (Wilson's)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class AttackSummary(Record):
    """Counts and distances of an attack's result.

    Attributes
    ----------
    noun : str
        What a row is: "row" or "image".
    n_rows, n_wrong, n_changed, n_right : int
        Rows looked at; of these, wrong without an attack, and so not attacked; brought to another class, or to the
        target; still right.
    epsilon : float or None
        What rows could be moved by at most; None where the nearest change was looked for.
    norm : str or None
        Of that distance.
    max_changes : int or None
        Columns of a table that could change at once.
    target : str or None
        The class to reach.
    universal : bool
        Whether one perturbation was added to all rows.
    distances : tuple of Distances
        Of the rows that changed class.
    queries : float
        How often the network was asked about a row, in the median of those attacked.
    accuracy, accuracy_under_attack : Share
    """

    noun: str
    n_rows: int
    n_wrong: int
    n_changed: int
    n_right: int
    epsilon: float | None
    norm: str | None
    max_changes: int | None
    target: str | None
    universal: bool
    distances: tuple[Distances, ...]
    queries: float
    accuracy: Share
    accuracy_under_attack: Share

    @classmethod
    def from_result(
        cls,
        result: AttackResult | TabularAttackResult,
        *,
        noun: str = "row",
        scale: float = 1.0,
        epsilon: float | None = None,
        norm: str | None = None,
        max_changes: int | None = None,
        target: str | None = None,
    ) -> Self:
        """Count.

        Parameters
        ----------
        result : AttackResult or TabularAttackResult
        noun : {"row", "image"}, default="row"
        scale : float, default=1.0
            What distances are divided by: 255 tells those of bytes as shares of the range from black to white.
        epsilon : float, optional
            In the units that are told, after the division.
        norm : str, optional
        max_changes : int, optional
        target : str, optional

        Returns
        -------
        AttackSummary
        """
        n_rows, n_wrong = len(result.success), int(result.already_wrong.sum())
        n_right = round(result.robust_accuracy * n_rows)
        asked = result.queries[~result.already_wrong]
        return cls(
            noun=noun,
            n_rows=n_rows,
            n_wrong=n_wrong,
            n_changed=int(result.success.sum()),
            n_right=n_right,
            epsilon=epsilon,
            norm=norm,
            max_changes=max_changes,
            target=target,
            universal=isinstance(result, UniversalResult),
            distances=_distances(result, scale),
            queries=float(np.median(asked)) if len(asked) else 0.0,
            accuracy=_share(n_rows - n_wrong, n_rows),
            accuracy_under_attack=_share(n_right, n_rows),
        )

    @property
    def n_attacked(self) -> int:
        """Rows that were right, and hence attacked."""
        return self.n_rows - self.n_wrong

    def headline(self) -> str:
        """Say what came of it in a sentence."""
        if not self.n_attacked:
            has = f"none of the {self.n_rows:,} {self.noun}s looked at right"
            if self.n_rows == 1:
                has = f"the one {self.noun} looked at wrong"
            return f"The model has {has}, so that there was nothing to attack."
        if self.n_attacked == 1:
            who, plural = f"The one {self.noun} that the model has right", False
        else:
            who = f"{self._n_changed_text()} of {self.n_attacked:,} {self.noun}s that the model has right"
            plural = self.n_changed > 1
        if self.n_attacked == 1 and not self.n_changed:
            does = "keeps its class" if self.target is None else f"does not become {self.target}"
        elif self.target is None:
            does = "change class" if plural else "changes class"
        else:
            does = f"{'become' if plural else 'becomes'} {self.target}"
        return f"{who} {does}{self._how()}."

    def _n_changed_text(self) -> str:
        return f"{self.n_changed:,}" if self.n_changed else "None"

    def _how(self) -> str:
        ball = "" if self.epsilon is None else f"within epsilon {self.epsilon:g} ({self.norm})"
        if self.universal:
            return f" when one and the same perturbation {ball} is added to all"
        if self.epsilon is not None:
            return f" {ball}"
        if self.max_changes is not None:
            columns = "one column changes" if self.max_changes == 1 else f"up to {self.max_changes} columns change"
            return f" when {columns}"
        far = {one.name: one.median for one in self.distances}.get(str(self.norm))
        return "" if far is None else f", at a distance of {far:.3g} in the median ({self.norm})"

    def counted_apart(self) -> str:
        """Say which rows were not attacked."""
        if not self.n_wrong:
            return f"None of the {count(self.n_rows, self.noun)} is wrong without an attack."
        are = "is" if self.n_wrong == 1 else "are"
        return (
            f"{self.n_wrong:,} of {count(self.n_rows, self.noun)} {are} wrong without an attack: counted apart, and "
            "not attacked."
        )


def _distances(result: AttackResult | TabularAttackResult, scale: float) -> tuple[Distances, ...]:
    if not result.success.any():
        return ()
    if isinstance(result, TabularAttackResult):
        columns = result.to_frame()["n_changes"].to_numpy(float)
        lengths = {"cost": result.cost, "columns": columns}
    else:
        lengths = {name: result.distances[name] / (1.0 if name == "l0" else scale) for name in _NORMS}
    return tuple(_spread(name, one[result.success]) for name, one in lengths.items())


def _spread(name: str, lengths: FloatArray) -> Distances:
    return Distances(name, float(lengths.min()), float(np.median(lengths)), float(lengths.max()))


def _share(n: int, n_rows: int) -> Share:
    found = binomtest(n, n_rows).proportion_ci(0.95, "wilson")
    return Share(n / n_rows, float(found.low), float(found.high))
