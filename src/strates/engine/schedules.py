"""Learning rates through training, a number a step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from strates._types import AnyArray

SCHEDULES = ("constant", "invscaling", "adaptive", "cosine", "one_cycle")


@dataclass(frozen=True)
class Schedule:
    """A learning rate as a function of the step.

    Attributes
    ----------
    name : {"constant", "invscaling", "adaptive", "cosine", "one_cycle"}
        - "constant": ``base``;
        - "invscaling": ``base / (t + 1)**power_t``, t being the rows seen at the epoch's start (scikit-learn);
        - "adaptive": ``base``, which the fit divides by 5 each time that training stalls (scikit-learn);
        - "cosine": ``base * (1 + cos(pi s / S)) / 2`` at step s of S (Loshchilov & Hutter, 2017,
          https://arxiv.org/abs/1608.03983, without restarts);
        - "one_cycle": from ``base / 25`` up to ``base`` over the first 30 % of the steps, then down to
          ``base / 250 000``, both along a cosine (Smith & Topin, 2018, https://arxiv.org/abs/1708.07120).
    base : float
        ``learning_rate_init``.
    power_t : float
    n_rows : int
        Rows an epoch.
    steps_per_epoch : int
    n_steps : int
        Steps of this fit, had it not to stop earlier.
    first_step : int
        Steps of the fits before it that it goes on from; "cosine" and "one_cycle" start afresh there.
    rows_before : int
        Rows that those fits have seen.
    """

    name: str
    base: float
    power_t: float
    n_rows: int
    steps_per_epoch: int
    n_steps: int
    first_step: int = 0
    rows_before: int = 0

    def with_base(self, base: float) -> Schedule:
        """Return the same schedule around another rate."""
        return replace(self, base=base)

    def rates(self, first: int, n: int) -> AnyArray:
        """Return the learning rates of ``n`` steps from number ``first`` on."""
        steps = np.arange(first, first + n)
        if self.name == "invscaling":
            seen = self.rows_before + (steps - self.first_step) // self.steps_per_epoch * self.n_rows
            return self.base / (seen + 1.0) ** self.power_t
        steps -= self.first_step
        if self.name == "cosine":
            return self.base * (1 + np.cos(np.pi * np.minimum(steps / self.n_steps, 1.0))) / 2
        if self.name == "one_cycle":
            peak = max(1.0, 0.3 * self.n_steps)
            up = np.clip(steps / peak, 0, 1)
            down = np.clip((steps - peak) / max(1.0, self.n_steps - peak), 0, 1)
            rising = self.base / 25 + (self.base - self.base / 25) * (1 - np.cos(np.pi * up)) / 2
            falling = self.base / 250_000 + (self.base - self.base / 250_000) * (1 + np.cos(np.pi * down)) / 2
            return np.where(steps < peak, rising, falling)
        return np.full(n, self.base)
