"""How much to measure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What the command line says.

    Attributes
    ----------
    quick : bool
        A smoke test: fewer repetitions, shorter calls, smaller grids.
    large : bool
        Stream ten million rows too.
    mnist : Path or None
        Keras's ``mnist.npz``.
    """

    quick: bool = False
    large: bool = False
    mnist: Path | None = None

    @property
    def repetitions(self) -> int:
        """Paired repetitions of a short measurement."""
        return 2 if self.quick else 5

    @property
    def least_seconds(self) -> float:
        """What a timed fit takes at least."""
        return 0.05 if self.quick else 0.3
