"""Weights that are the transposes of others: learned once, used twice.

The network that people see is made of plain layers, each with weights of its own. While it is trained, only the free
ones are variables, and the others are computed from them in every forward pass, so that both uses add to one gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from strates.engine.architecture import Architecture

_Weight = TypeVar("_Weight")


@dataclass(frozen=True)
class TiedWeights:
    """Which of a network's trainable weights are free.

    Attributes
    ----------
    transposed : tuple of pairs of int
        Place of a weight, place of the free one that it is the transpose of; places are those in
        ``model.trainable_variables``.

    Examples
    --------
    >>> tied = TiedWeights(((2, 0),))
    >>> tied.free(["ab", "c", "ba"])
    ['ab', 'c']
    >>> tied.whole(["ab", "c"], lambda name: name[::-1])
    ['ab', 'c', 'ba']
    """

    transposed: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, architecture: Architecture) -> TiedWeights:
        """Return what an architecture ties; most tie nothing."""
        return cls(tuple(getattr(architecture, "transposed", ())))

    def free(self, weights: Sequence[_Weight]) -> list[_Weight]:
        """Leave out the weights that follow from others."""
        following = {place for place, _ in self.transposed}
        return [weight for place, weight in enumerate(weights) if place not in following]

    def whole(self, free: Sequence[_Weight], transpose: Callable[[_Weight], _Weight]) -> list[_Weight]:
        """Put them back, each from the free weight that it is the transpose of."""
        sources = dict(self.transposed)
        places = self.free(range(len(free) + len(sources)))
        found = dict(zip(places, free, strict=True))
        return [found[p] if p in found else transpose(found[sources[p]]) for p in range(len(free) + len(sources))]
