"""Which of the four cases of transfer learning rows are in, from what probes measure."""

from __future__ import annotations

from dataclasses import dataclass

from strates.inspection.intervals import paired_proportions_interval
from strates.inspection.record import Record
from strates.studies.depth_probes import DepthProbes, Hits

#: Rows are much data when twice as many gain less than this share of right answers, by the interval's upper end.
MUCH_BELOW = 0.02
#: ... and less than this share of what is still wrong: where little is wrong, a flat curve says little.
MUCH_SHARE = 0.5
#: What the measures ask.
BEYOND_INPUT = "Do the features tell more than the input?"
EARLIER = "Does an earlier layer tell more than the features?"
MORE_ROWS = "Do more rows help?"


@dataclass(frozen=True)
class PlanMeasure(Record):
    """A difference of two shares of right answers on the same rows.

    Attributes
    ----------
    question : str
    first, second : str
        What is compared.
    difference, low, high : float
        First minus second, with its interval, in [-1, 1].
    """

    question: str
    first: str
    second: str
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class TransferRegime:
    """What the probes say.

    Attributes
    ----------
    much, near : bool
        Whether there is much data, and whether it is near to what the backbone was trained on.
    best : int
        Number of the depth where the most rows are right.
    measures : tuple of PlanMeasure
        What this was read from.
    """

    much: bool
    near: bool
    best: int
    measures: tuple[PlanMeasure, ...]

    @property
    def name(self) -> str:
        """Such as "little data, near"."""
        return f"{'much' if self.much else 'little'} data, {'near' if self.near else 'far'}"


def find_regime(probes: DepthProbes, *, seed: int) -> TransferRegime:
    """Decide how much data there is, and how near it is to what the backbone was trained on.

    Near: the features beat the input, and no earlier depth beats the features. Each earlier depth is compared at the
    level 1 - 0.05 / (number of them), since the best of several is better than it is by luck. Much: at the depth to
    use, learning from all rows gains so little over learning from half of them that the 95 % interval ends below
    :data:`MUCH_BELOW`, and below half of what is still wrong; that is then not for want of rows, and more weights may
    learn from them.

    Parameters
    ----------
    probes : DepthProbes
    seed : int
        Of the halves.

    Returns
    -------
    TransferRegime
    """
    names, hits = [one.name for one in probes.depths], probes.hits
    last = len(names) - 1
    measures = [_compare(BEYOND_INPUT, (names[last], hits[last]), (names[0], hits[0]))]
    near = measures[0].low > 0
    if last > 1:
        earlier = max(range(1, last), key=lambda i: (int(hits[i].sum()), i))
        level = 1 - 0.05 / (last - 1)
        before = _compare(EARLIER, (names[earlier], hits[earlier]), (names[last], hits[last]), level=level)
        measures.append(before)
        near = near and before.low <= 0
    best = last if near else max(range(last + 1), key=lambda i: (int(hits[i].sum()), i))
    rows = _compare(MORE_ROWS, ("all rows", hits[best]), ("half of them", probes.hits_of_half(best, seed)))
    wrong = 1 - float(hits[best].mean())
    return TransferRegime(rows.high < min(MUCH_BELOW, MUCH_SHARE * wrong), near, best, (*measures, rows))


def _compare(question: str, first: tuple[str, Hits], second: tuple[str, Hits], *, level: float = 0.95) -> PlanMeasure:
    (name, a), (other, b) = first, second
    only_first, only_second = int((a & ~b).sum()), int((b & ~a).sum())
    low, high = paired_proportions_interval(only_first, only_second, len(a), level=level)
    return PlanMeasure(question, name, other, (only_first - only_second) / len(a), low, high)
