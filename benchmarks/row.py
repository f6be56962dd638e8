"""One line of the result: a measurement of strates beside the same of a peer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Row:
    """A comparison, in which a ratio above one says that strates needs less.

    Attributes
    ----------
    section : str
    case : str
        What was done.
    against : str
        The peer, with "not installed" when there is none.
    ours, theirs : float or None
        Medians, in ``unit``.
    unit : str
    ratios : tuple of float
        Theirs over ours, one for each pair of neighbouring repetitions.
    aim : float or None
        The ratio to reach (or, with ``aim_text``, what :attr:`met` says).
    aim_text : str
        An aim that is no ratio.
    met : bool or None
        None where there is no aim, or nothing to compare with.
    details : dict
        For the JSON file.
    """

    section: str
    case: str
    against: str
    ours: float | None = None
    theirs: float | None = None
    unit: str = "s"
    ratios: tuple[float, ...] = ()
    aim: float | None = None
    aim_text: str = ""
    met: bool | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """The median ratio."""
        return median(self.ratios) if self.ratios else None

    def cells(self) -> list[str]:
        """Return the line as text: case, against, ours, theirs, ratio, aim, met."""
        ratio = "-"
        if self.ratio is not None:
            ratio = f"{self.ratio:.3g}x"
            if len(self.ratios) > 1:
                ratio += f" ({min(self.ratios):.3g}..{max(self.ratios):.3g})"
        aim = self.aim_text or ("-" if self.aim is None else f">= {self.aim:g}x")
        met = "-" if self.met is None else ("yes" if self.met else "NO")
        return [
            self.case,
            self.against,
            quantity(self.ours, self.unit),
            quantity(self.theirs, self.unit),
            ratio,
            aim,
            met,
        ]


HEADINGS = ("case", "against", "strates", "peer", "ratio (min..max)", "aim", "met")


def compare(
    section: str, case: str, against: str, ours: Sequence[float], theirs: Sequence[float], *,
    unit: str = "s", aim: float | None = None, details: dict[str, Any] | None = None,
) -> Row:  # fmt: skip
    """Make a row from paired repetitions: ``ours[i]`` and ``theirs[i]`` were measured one right after the other."""
    ratios = tuple(b / a for a, b in zip(ours, theirs, strict=True))
    met = None if aim is None else median(ratios) >= aim
    kept = {"ours": list(ours), "theirs": list(theirs), **(details or {})}
    return Row(section, case, against, median(ours), median(theirs), unit, ratios, aim, met=met, details=kept)


def quantity(value: float | None, unit: str) -> str:
    """Write a number with its unit: seconds in the scale that suits them.

    Examples
    --------
    >>> quantity(0.00012, "s"), quantity(512.3, "MB")
    ('120 us', '512 MB')
    """
    if value is None:
        return "-"
    if unit == "s":
        for scale, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
            if value >= scale:
                return f"{value / scale:.3g} {name}"
        return f"{value * 1e6:.2g} us"
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
