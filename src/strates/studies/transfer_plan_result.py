"""A plan for transfer learning, with what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any

import pandas as pd

from strates.inspection.record import Record
from strates.studies.paired_differences import paired_differences
from strates.studies.summarize_study import summarize_study
from strates.studies.transfer_regime import PlanMeasure


@dataclass(frozen=True)
class DepthAccuracy(Record):
    """What a linear classifier reaches at one depth.

    Attributes
    ----------
    layer : str
        "input" for the rows themselves.
    n_kernels : int
        Convolutions and dense layers from the rows to there.
    width : int
        Numbers that the classifier has of a row.
    accuracy, low, high : float
        Share of rows that are right, cross-validated, with its 95 % interval.
    """

    layer: str
    n_kernels: int
    width: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, repr=False)
class TransferPlan(Record):
    """What :func:`strates.studies.transfer_plan` found, and what it advises.

    Attributes
    ----------
    backbone : str
        Its name.
    n_rows : int
        Rows that were probed.
    depths : tuple of DepthAccuracy
        From the input to the features.
    measures : tuple of PlanMeasure
        The differences that decide.
    regime : str
        "little data, near", "little data, far", "much data, near" or "much data, far".
    strategy : str
        What is advised: "features", "fine_tune" or "scratch".
    layer : str or None
        The layer to cut after; None for the backbone's features.
    advice : tuple of str
        Sentences.
    code : str
        A line of Python that does it.
    runs : tuple of dict
        The runs of the check, a row each; empty without one.

    Examples
    --------
    >>> depths = (DepthAccuracy("input", 0, 64, 0.5, 0.4, 0.6), DepthAccuracy("features", 2, 8, 0.9, 0.8, 0.95))
    >>> plan = TransferPlan("VGG16", 90, depths, (), "little data, near", "features", None, ("Do it.",), "...")
    >>> plan.probes["accuracy"].tolist(), plan.check is None
    ([0.5, 0.9], True)
    """

    backbone: str
    n_rows: int
    depths: tuple[DepthAccuracy, ...]
    measures: tuple[PlanMeasure, ...]
    regime: str
    strategy: str
    layer: str | None
    advice: tuple[str, ...]
    code: str
    runs: tuple[dict[str, Any], ...] = ()

    @property
    def probes(self) -> pd.DataFrame:
        """A row for each depth: layer, n_kernels, width, accuracy, low, high."""
        return pd.DataFrame([one.to_dict() for one in self.depths])

    @property
    def check(self) -> pd.DataFrame | None:
        """A row a run, as :func:`strates.studies.paired_runs` returns it; None where nothing was run."""
        return pd.DataFrame(list(self.runs)) if self.runs else None

    @property
    def reached(self) -> list[tuple[str, float, float, float]]:
        """Test accuracy of each strategy of the check: name, mean over the seeds, and its 95 % interval."""
        if self.check is None:
            return []
        found: list[dict[Any, Any]] = summarize_study(self.check, "test_accuracy").to_dict("records")
        return [(row["strategy"], row["mean"], row["low"], row["high"]) for row in found]

    @property
    def differences(self) -> pd.DataFrame | None:
        """What the advised strategy gains over each other in test accuracy, seed by seed; None without a check."""
        check = self.check
        if check is None:
            return None
        found = paired_differences(check, {"strategy": self.advised}, "test_accuracy")
        low, high = -found["high"], -found["low"]
        return found.assign(mean=-found["mean"], low=low, high=high).drop(columns="measure")

    @property
    def advised(self) -> str:
        """What the advised strategy is called in the check."""
        return self.strategy if self.layer is None else f"{self.strategy} ({self.layer})"

    @property
    def verdict(self) -> str:
        """What the check says of the advice."""
        found = self.differences
        if found is None:
            return "The advice was not checked."
        rows = found.to_dict("records")
        better = [row for row in rows if row["high"] < 0]
        if better:
            best = min(better, key=lambda row: float(row["mean"]))
            gain = _reach(-best["mean"], -best["high"], -best["low"])
            return f"The check speaks against it: {best['strategy']} is better by {gain}."
        equal = [row["strategy"] for row in rows if not row["low"] > 0]
        if not equal:
            return f"The check bears it out: {self.advised} is better than {' and '.join(found['strategy'])}."
        return f"The check does not speak against it: {' and '.join(equal)} may be as good, but not clearly better."

    def with_check(self, frame: pd.DataFrame) -> TransferPlan:
        """Return the same plan with the runs of a check.

        Parameters
        ----------
        frame : DataFrame
            What :func:`strates.studies.paired_runs` returned, with a column "strategy".
        """
        return replace(self, runs=tuple({str(k): v for k, v in row.items()} for row in frame.to_dict("records")))

    def to_frame(self) -> pd.DataFrame:
        """Return all that was measured: "part" ("probe", "difference", "check"), "name", "value", "low", "high"."""
        rows = [("probe", one.layer, one.accuracy, one.low, one.high) for one in self.depths]
        rows += [
            ("difference", f"{one.first} - {one.second}", one.difference, one.low, one.high) for one in self.measures
        ]
        rows += [("check", *one) for one in self.reached]
        return pd.DataFrame(rows, columns=["part", "name", "value", "low", "high"])

    def __repr__(self) -> str:
        width = max(len(one.layer) for one in self.depths)
        lines = [f"TransferPlan: {self.regime} ({self.backbone}, {self.n_rows:,} rows)", "accuracy of linear probes:"]
        lines += [f"  {one.layer:<{width}}  {_interval(one.accuracy, one.low, one.high)}" for one in self.depths]
        lines += [part for one in self.advice for part in wrap(one, 100)] + [f"  {self.code}"]
        if self.check is not None:
            lines.append("test accuracy of each strategy, over the seeds:")
            wide = max(len(name) for name, *_ in self.reached)
            lines += [f"  {name:<{wide}}  {_interval(mean, low, high)}" for name, mean, low, high in self.reached]
        return "\n".join([*lines, *wrap(self.verdict, 100)])


def _interval(value: float, low: float, high: float) -> str:
    reach = "" if low != low else f" ({low:.3f} to {high:.3f})"
    return f"{value:.3f}{reach}"


def _reach(mean: float, low: float, high: float) -> str:
    return f"{100 * mean:.1f} points ({100 * low:.1f} to {100 * high:.1f})"
